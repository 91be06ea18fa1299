/** Which column of a result table is which, by its header's names. Pure; rows are read in results-tsv.ts. */
import { isMetricLike, parseColumnName, parseNumberCell } from './results-cells.ts';

/** Positions of the known columns in one header, and the metric's. */
export interface Layout {
  columns: Map<string, number>;
  /** The status column's name as written. */
  statusName: string;
  metricIndex: number;
  metric: string;
  width: number;
}

/** The cells of a line: by tabs, or by runs of spaces where it has none (a table copied from a terminal). */
export function splitCells(line: string): string[] {
  return line.includes('\t') ? line.split('\t') : line.trim().split(/ {2,}/);
}

/**
 * The layout that a header line lays down; null where the line is no header. `sample` are some lines below it, which tell
 * a column of figures from one of words.
 */
export function parseHeader(cells: string[], sample: string[][]): Layout | null {
  const names = cells.map((cell) => cell.trim());
  const columns = new Map<string, number>();
  names.forEach((name, index) => {
    const column = parseColumnName(name);
    if (column !== null && !columns.has(column)) columns.set(column, index);
  });
  const isHeader = columns.size >= 2 && names.every((name) => parseNumberCell(name) === null);
  if (!isHeader || !['commit', 'status', 'description', 'memory_gb'].some((column) => columns.has(column))) return null;
  const free = names
    .map((_, index) => index)
    .filter((index) => parseColumnName(names[index] ?? '') === null && names[index] !== '');
  const isNumeric = (index: number): boolean => {
    const filled = sample.map((row) => row[index] ?? '').filter((cell) => cell.trim() !== '');
    return filled.filter((cell) => parseNumberCell(cell) !== null).length * 2 > filled.length;
  };
  const second = columns.get('commit') === 0 && free.includes(1) ? 1 : undefined;
  const metricIndex = second ?? free.find((index) => isMetricLike(names[index] ?? '')) ?? free.find(isNumeric) ?? -1;
  const statusName = (names[columns.get('status') ?? -1] ?? '').toLowerCase();
  return { columns, statusName, metricIndex, metric: names[metricIndex] ?? '', width: names.length };
}

/** The layout of a table without a header: the field's five columns. */
export const bareLayout: Layout = {
  columns: new Map([
    ['commit', 0],
    ['memory_gb', 2],
    ['status', 3],
    ['description', 4],
  ]),
  statusName: 'status',
  metricIndex: 1,
  metric: '',
  width: 5,
};
