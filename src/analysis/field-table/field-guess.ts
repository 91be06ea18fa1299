/** The columns of a table without a header, by what stands in them. Pure; the caller says what was guessed. */
import type { ColumnRole } from './column-roles.ts';
import { isHashLike } from './commit-cells.ts';
import type { FieldLayout } from './field-columns.ts';
import { isNothing, readNumber } from './field-numbers.ts';
import type { Separator } from './field-split.ts';
import { isStatusWord } from './field-status.ts';

/** True for a cell that begins with a date. */
export function isDateLike(cell: string): boolean {
  return /^\d{4}[-/.]\d{1,2}[-/.]\d{1,2}([T ]|$)/.test(cell) || /^\d{1,2}[./]\d{1,2}[./]\d{4}\b/.test(cell);
}

/** The share of cells of a column for which something holds, among those that are not empty. */
function shareOf(rows: string[][], index: number, holds: (cell: string) => boolean): number {
  const filled = rows.map((row) => row[index] ?? '').filter((cell) => cell !== '');
  return filled.length === 0 ? 0 : filled.filter(holds).length / filled.length;
}

/** What a guess rests on. */
export interface Guess {
  separator: Separator;
  /** Lines of one width, in cells. */
  rows: string[][];
  /** Least and greatest metric found elsewhere in the file: a column in that range is the metric. */
  near: { least: number; most: number } | null;
}

/** The layout of lines that no header describes; null where they do not look like results: a commit, date or status, and a figure. */
export function guessLayout({ separator, rows, near }: Guess): FieldLayout | null {
  const width = rows[0]?.length ?? 0;
  if (width < 3 || width > 60) return null;
  const columns = [...Array(width).keys()];
  const isNumber = (cell: string) => readNumber(cell).value !== null;
  const find = (holds: (cell: string) => boolean, among: number[], least: number) =>
    among
      .map((index) => ({ index, share: shareOf(rows, index, holds) }))
      .sort((left, right) => right.share - left.share || left.index - right.index)
      .find(({ share }) => share >= least)?.index;
  const roles = new Map<ColumnRole, number>();
  const at = find(isDateLike, columns, 0.8);
  if (at !== undefined) roles.set('at', at);
  const free = () => columns.filter((index) => ![...roles.values()].includes(index));
  const commit = find((cell) => isHashLike(cell) || /^(head|none|baseline)$/i.test(cell), free(), 0.5);
  if (commit !== undefined) roles.set('commit', commit);
  const status = find((cell) => isStatusWord(cell, 'status'), free(), 0.5);
  if (status !== undefined) roles.set('status', status);
  const numbers = free().filter((index) => {
    const filled = rows.filter((row) => !isNothing(row[index] ?? ''));
    return filled.length > 0 && shareOf(filled, index, isNumber) >= 0.5;
  });
  // Something that names the row, and a figure.
  if (numbers.length === 0 || (commit === undefined && at === undefined && status === undefined)) return null;
  if (status === undefined && (commit === undefined || width < 4) && (at === undefined || width < 4)) return null;
  const metric = chooseNumbers(rows, numbers, near);
  const isClassic = commit === 0 && status === 3 && metric === 1 && numbers.includes(2);
  if (isClassic) roles.set('memory', 2);
  const texts = free().filter((index) => !numbers.includes(index));
  const description = texts.at(-1);
  if (description !== undefined) roles.set('description', description);
  return {
    separator,
    names: columns.map(() => ''),
    roles,
    memoryUnit: 'gb',
    metric,
    metricName: null,
    metricRivals: [],
    width,
    headerLine: null,
  };
}

function chooseNumbers(rows: string[][], numbers: number[], near: Guess['near']): number {
  const valuesOf = (index: number) =>
    rows.map((row) => readNumber(row[index] ?? '').value).filter((value) => value !== null);
  const isNear = (index: number) =>
    near !== null &&
    valuesOf(index).some(
      (value) => value >= near.least - Math.abs(near.least) / 2 && value <= near.most + Math.abs(near.most) / 2,
    );
  const [first = -1] = numbers;
  const fitting =
    near === null
      ? undefined
      : numbers.find((index) => isNear(index) && valuesOf(index).some((value) => !Number.isInteger(value)));
  // The second column of the field's tables is the metric; else a figure that is the same in every row measures nothing.
  if (fitting !== undefined) return fitting;
  if (first === 1 && (rows.length === 1 || new Set(valuesOf(1)).size > 1)) return 1;
  const varying = numbers.filter((index) => new Set(valuesOf(index)).size > 1);
  return varying.find((index) => valuesOf(index).some((value) => !Number.isInteger(value))) ?? varying[0] ?? first;
}

/** "column 1 as commit, 2 as metric, 4 as status": a guessed layout in words. */
export function describeLayout({ roles, metric }: FieldLayout): string {
  const words = {
    at: 'time',
    id: 'name',
    memory: 'memory in GB',
    commit: 'commit',
    status: 'status',
    description: 'description',
    category: 'category',
  };
  const parts = [...roles].map(([role, index]) => ({ index, word: words[role] }));
  if (metric !== -1) parts.push({ index: metric, word: 'metric' });
  parts.sort((left, right) => left.index - right.index);
  return parts.map(({ index, word }, place) => `${place === 0 ? 'column ' : ''}${index + 1} as ${word}`).join(', ');
}
