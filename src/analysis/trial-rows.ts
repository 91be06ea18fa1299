/**
 * Rows of results as the analysis takes them, from a session's own table or from one that was found in the field, and what each won over the
 * best before it. Pure; nothing is filled in where a table says nothing.
 */
import type { FieldStatus, FieldTable } from '../domain/field-table.ts';
import { familyOf } from '../ratchet/program/families.ts';
import type { TriedRow } from '../ratchet/program/tried-lines.ts';

/** One result. */
export interface TrialRow {
  /** Place among the data rows, from 1. */
  row: number;
  /** As written; null where the table has none. */
  commit: string | null;
  /** Null where there is none, and always for a crash. */
  metric: number | null;
  memoryGb: number | null;
  status: FieldStatus;
  description: string;
  /** The agent's word or the table's own column, else by the words of the description; "baseline", "other" where they say nothing known. */
  category: string;
  /** Milliseconds since 1970; null where the table has no time, or one that cannot be read. */
  atMs: number | null;
}

/** Which way is better. */
export type Direction = 'lower' | 'higher';

/** Rows of a table found in the field. */
export function trialsOfTable(table: FieldTable): TrialRow[] {
  return table.rows.map((row, index) => ({
    row: index + 1,
    commit: row.commit,
    metric: row.status === 'crash' ? null : row.metric,
    memoryGb: row.memoryGb,
    status: row.status,
    description: row.description,
    category: nameCategory(row.category, row.description),
    atMs: parseTime(row.at),
  }));
}

/** Rows of a session. Its first one is the unmodified code and has the status keep, as in the file. */
export function trialsOfSession(rows: readonly TriedRow[]): TrialRow[] {
  return rows.map((row, index) => ({
    commit: row.commit,
    metric: row.metric,
    memoryGb: row.memoryGb,
    status: row.status,
    description: row.description,
    row: index + 1,
    category: nameCategory(row.category, row.description),
    atMs: null,
  }));
}

/** A baseline's description speaks of the code as it is, whatever else it names ("baseline, seed 2", "unmodified train.py"). */
const ofBaseline = /^\W*(?:the )?(?:unmodified|unchanged|baseline)\b[^+]{0,24}$/i;

function nameCategory(own: string | null | undefined, description: string): string {
  const category = own?.trim().toLowerCase() ?? '';
  if (category !== '') return category;
  const family = familyOf(description.slice(0, 400));
  return ofBaseline.test(description) && family === 'other' ? 'baseline' : family;
}

function parseTime(at: string | null): number | null {
  const parsed = at === null ? Number.NaN : Date.parse(at);
  return Number.isNaN(parsed) ? null : parsed;
}

/** Whether a row's code became what the next one starts from: kept, or the baseline. */
export function isStanding({ status }: Pick<TrialRow, 'status'>): boolean {
  return status === 'keep' || status === 'baseline';
}

/** A row beside the best before it. */
export interface Trial extends TrialRow {
  /** Best of the standing rows before this one; null where there is none. */
  before: number | null;
  /** How much better than `before`, in the metric's unit, negative where worse; null where either is missing. */
  gain: number | null;
  /** Best of the standing rows up to and with this one; null where there is none yet. */
  best: number | null;
}

/** `gain` of a value over another: positive is better, whichever way is better. */
export function gainOver(value: number, before: number, direction: Direction): number {
  return direction === 'lower' ? before - value : value - before;
}

/** Every row with its gain. A standing row that is worse than the best leaves the best as it is. */
export function followBest(rows: readonly TrialRow[], direction: Direction): Trial[] {
  let best: number | null = null;
  return rows.map((row) => {
    const before = best;
    const gain = row.metric === null || before === null ? null : gainOver(row.metric, before, direction);
    if (isStanding(row) && row.metric !== null && (gain === null || gain > 0)) best = row.metric;
    return { ...row, before, gain, best };
  });
}

/** A metric as the field writes it: six decimals, fewer where the whole part is large. */
export function formatMetric(value: number): string {
  const size = Math.abs(value);
  return value.toFixed(size >= 1000 ? 2 : size >= 100 ? 3 : size >= 10 ? 4 : 6);
}
