/** A result table of the field on a terminal: what it comes to, its rows, and what was read into it. Pure but for the terminal's width. */
import type { AgainstBest, FieldSummary } from '../../analysis/field-summary.ts';
import type { FieldRow, FieldStatus, FieldTable } from '../../domain/field-table.ts';
import { disarmLine } from '../page.ts';
import { cut, renderTable, terminalWidth } from '../render.ts';
import { formatLines, renderNotes } from './group-notes.ts';

/** How much is shown. */
export interface FieldView {
  /** Every row instead of the last ones. */
  isWhole: boolean;
  /** Every note by itself. */
  hasAllNotes: boolean;
}

/** Rows shown where not all are asked for. */
const lastRows = 20;

/** Rows below one heading. */
const rowsAtOnce = 20_000;

const shownStatuses: FieldStatus[] = ['keep', 'discard', 'crash', 'baseline', 'other'];

/** Decimals that every value of a column is shown with: as many as the longest has, six at most. */
function countDecimals(values: readonly number[]): number {
  return Math.min(
    6,
    Math.max(0, ...values.slice(-2000).map((value) => /\.(\d+)$/.exec(String(value))?.[1]?.length ?? 0)),
  );
}

function formatValue(value: number | null, decimals: number): string {
  if (value === null) return '';
  return Math.abs(value) >= 1e15 ? String(value) : value.toFixed(decimals);
}

function renderAgainst(rows: readonly AgainstBest[], one: string, several: string): string {
  if (rows.length === 0) return '';
  return `${rows.length} ${rows.length === 1 ? one : several}: ${formatLines(rows.map(({ line }) => line))}\n`;
}

/** Names of columns by which a row is known where there is no commit. */
function findNameColumn(rows: readonly FieldRow[]): string | null {
  if (rows.some(({ commit }) => commit !== null)) return null;
  const names = Object.keys(rows[0]?.extra ?? {});
  return names.find((name) => /^(#|no|id|exp.*|run.*|iter.*|round|trial|tag|name|task)$/i.test(name)) ?? null;
}

function renderRows(table: FieldTable, summary: FieldSummary, isWhole: boolean): string {
  const from = isWhole ? 0 : Math.max(0, table.rows.length - lastRows);
  const rows = table.rows.slice(from);
  const best = summary.runningBest.slice(from);
  const decimals = countDecimals(rows.flatMap(({ metric }) => metric ?? []));
  const nameColumn = findNameColumn(rows);
  const memory = rows.map(({ memoryGb }) => memoryGb?.toFixed(1) ?? '');
  const columns: { name: string; cells: string[]; isRight?: true }[] = [
    { name: 'line', cells: rows.map(({ line }) => String(line)), isRight: true },
    {
      name: nameColumn === null ? 'commit' : cut(disarmLine(nameColumn), 14),
      cells: rows.map(({ commit, extra }) =>
        cut(disarmLine(nameColumn === null ? (commit ?? '') : (extra[nameColumn] ?? '')), 14),
      ),
    },
    {
      name: cut(disarmLine(table.metricName ?? 'metric'), 20),
      cells: rows.map(({ metric }) => formatValue(metric, decimals)),
      isRight: true,
    },
    { name: 'best', cells: best.map((value) => formatValue(value, decimals)), isRight: true },
    ...(memory.some((cell) => Number(cell) > 0) ? [{ name: 'GB', cells: memory, isRight: true as const }] : []),
    { name: 'status', cells: rows.map(({ status }) => status) },
  ];
  const taken = columns.reduce(
    (sum, { name, cells }) => sum + 2 + cells.reduce((most, cell) => Math.max(most, cell.length), name.length),
    0,
  );
  const room = Math.max(16, terminalWidth() - taken);
  const all = [
    ...columns,
    { name: 'description', cells: rows.map(({ description }) => cut(disarmLine(description), room)) },
  ];
  // In parts, since a table of a hundred thousand rows is more than one call takes.
  const text = Array.from({ length: Math.ceil(rows.length / rowsAtOnce) }, (_, part) =>
    renderTable(
      all.map(({ name }) => name),
      rows
        .slice(part * rowsAtOnce, (part + 1) * rowsAtOnce)
        .map((_, index) => all.map(({ cells }) => cells[part * rowsAtOnce + index] ?? '')),
      new Set(all.flatMap((column, index) => ('isRight' in column && column.isRight === true ? [index] : []))),
    ),
  ).join('');
  return from === 0 ? text : `${text}the last ${rows.length} of ${table.rows.length} rows: --all shows every one\n`;
}

/** The whole text for one file: counts, the best that was kept, rows that say otherwise than their number, the rows, the notes. */
export function renderFieldTable(file: string, table: FieldTable, summary: FieldSummary, view: FieldView): string {
  const { rows, notes, metricName, direction, directionFrom } = table;
  const decimals = countDecimals(rows.flatMap(({ metric }) => metric ?? []));
  const counts = shownStatuses
    .filter((status) => summary.counts[status] > 0)
    .map((status) => `${summary.counts[status]} ${status}`);
  const { best } = summary;
  const lines = [
    `${file}: ${rows.length} ${rows.length === 1 ? 'row' : 'rows'}${counts.length === 0 ? '' : `: ${counts.join(', ')}`}\n`,
    `${metricName === null ? 'the metric has no name' : `metric ${disarmLine(metricName)}`}, ${direction} is better (${disarmLine(directionFrom)})\n`,
    best === null
      ? `best kept: none${summary.counts.keep === 0 ? '; no row says keep' : '; no keep has a metric'}\n`
      : `best kept: ${formatValue(best.metric, decimals)} at ${best.commit === null ? 'no commit' : disarmLine(best.commit)}, line ${best.line}\n`,
    renderAgainst(
      summary.keepsWithoutGain,
      'keep was no improvement on the running best',
      'keeps were no improvement on the running best',
    ),
    renderAgainst(
      summary.betterDiscards,
      'discard was better than the running best',
      'discards were better than the running best',
    ),
  ];
  if (rows.length > 0) lines.push('\n', renderRows(table, summary, view.isWhole));
  if (notes.length > 0) {
    const skipped = notes.filter(({ kind }) => kind === 'skipped').length;
    const counted = `${notes.length} ${notes.length === 1 ? 'note' : 'notes'}${skipped > 0 ? `, ${skipped} of them on lines that were skipped` : ''}`;
    const text = renderNotes(notes, view.hasAllNotes)
      .split('\n')
      .map((line) => (line === '' ? '' : `  ${disarmLine(line)}`))
      .join('\n');
    lines.push('\n', `not taken as it stood (${counted}):\n`, text);
  }
  return lines.join('');
}
