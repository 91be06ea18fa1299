/**
 * Groups, tops and rates over rows of results, computed on a danfojs frame that is loaded when one of these is called and not before.
 * Reading and writing of tables is the lab's own.
 *
 * Three traps of danfojs are kept out here: an empty cell counts as zero in its sums and means, so that a frame is given only rows that have
 * the value; a group's key may be joined from texts, so that groups are numbered; and a column named like a property of the frame ("index")
 * takes that property's place.
 */
import type { FieldStatus } from '../../domain/field-table.ts';
import { type Direction, followBest, isStanding, type TrialRow } from '../trial-rows.ts';

/** What happened to the rows of one status. */
export interface StatusGroup {
  status: FieldStatus;
  rows: number;
  /** Rows among them that have a metric. */
  measured: number;
  /** Over those that have a metric; null where none has. */
  meanMetric: number | null;
  bestMetric: number | null;
}

/** One stretch of the session. */
export interface KeepRate {
  /** "rows 1 to 10", "hour 3". */
  span: string;
  tries: number;
  keeps: number;
  /** keeps / tries. */
  rate: number;
}

/** What one kind of change brought. The baseline is no try. */
export interface CategoryYield {
  category: string;
  tries: number;
  keeps: number;
  crashes: number;
  /** keeps / tries. */
  rate: number;
  /** Sum of what its keeps won over the best before them, in the metric's unit; worse keeps count as 0. */
  totalGain: number;
  /** Row of its last try. */
  lastRow: number;
}

type Cells = Record<string, string | number>;

async function createFrame(rows: Cells[]) {
  const { DataFrame } = await import('./danfo.ts');
  return new DataFrame(rows);
}

/** Groups rows by a key and aggregates; answers the keys in the order in which they first occur. */
async function aggregate<Key>(
  rows: readonly { key: Key; cells: Cells }[],
  operations: Record<string, ('sum' | 'count' | 'mean' | 'min' | 'max')[]>,
): Promise<{ key: Key; of: (column: string) => number }[]> {
  if (rows.length === 0) return [];
  const keys = [...new Set(rows.map(({ key }) => key))];
  const frame = await createFrame(rows.map(({ key, cells }) => ({ ...cells, group: keys.indexOf(key) })));
  const grouped = frame.groupby(['group']).agg(operations);
  const place = new Map(grouped.columns.map((column, index) => [column, index]));
  const groups = new Map(grouped.values.map((values) => [Number(values[place.get('group') ?? -1]), values]));
  return keys.map((key, group) => ({
    key,
    of: (column) => Number(groups.get(group)?.[place.get(column) ?? -1]),
  }));
}

/** Rows, mean and best by status, in the order in which the statuses occur. */
export async function groupByStatus(rows: readonly TrialRow[], direction: Direction): Promise<StatusGroup[]> {
  const measured = rows.flatMap(({ status, metric }) =>
    metric === null || !Number.isFinite(metric) ? [] : [{ key: status, cells: { metric } }],
  );
  const counts = await aggregate(
    rows.map(({ status }) => ({ key: status, cells: { one: 1 } })),
    { one: ['count'] },
  );
  const metrics = await aggregate(measured, { metric: ['count', 'mean', 'min', 'max'] });
  return counts.map(({ key, of }) => {
    const values = metrics.find((group) => group.key === key);
    return {
      status: key,
      rows: of('one_count'),
      measured: values?.of('metric_count') ?? 0,
      meanMetric: values?.of('metric_mean') ?? null,
      bestMetric: values?.of(direction === 'lower' ? 'metric_min' : 'metric_max') ?? null,
    };
  });
}

/** The best `most` standing rows (kept, or the baseline), best first; of equal ones the earlier first. */
export async function findTop<Row extends TrialRow>(
  rows: readonly Row[],
  most: number,
  direction: Direction,
): Promise<Row[]> {
  const standing = rows.filter((row) => isStanding(row) && row.metric !== null && Number.isFinite(row.metric));
  if (standing.length === 0) return [];
  const frame = await createFrame(
    standing.map(({ metric }, place) => ({ metric: direction === 'lower' ? (metric ?? 0) : -(metric ?? 0), place })),
  );
  const sorted = frame.sortValues('metric');
  const column = sorted.columns.indexOf('place');
  const order = sorted.values.map((values) => Number(values[column]));
  return order.slice(0, most).flatMap((index) => standing[index] ?? []);
}

const rowsASpan = 10;
const hourMs = 3_600_000;

/** Keeps by the hour where every row has a time, else by ten rows. The baseline is no try; spans without a try are left out. */
export async function followKeepRate(rows: readonly TrialRow[]): Promise<KeepRate[]> {
  const tries = withoutBaseline(rows);
  const times = tries.flatMap(({ atMs }) => atMs ?? []);
  const isTimed = tries.length > 0 && times.length === tries.length;
  const start = times.reduce((least, at) => Math.min(least, at), Number.POSITIVE_INFINITY);
  const spanOf = ({ atMs }: TrialRow, index: number) =>
    isTimed ? Math.floor(((atMs ?? start) - start) / hourMs) : Math.floor(index / rowsASpan);
  const groups = await aggregate(
    tries.map((row, index) => ({
      key: spanOf(row, index),
      cells: { kept: row.status === 'keep' ? 1 : 0, row: row.row },
    })),
    { kept: ['sum', 'count'], row: ['min', 'max'] },
  );
  return groups
    .sort((a, b) => a.key - b.key)
    .map(({ key, of }) => ({
      span: isTimed ? `hour ${key + 1}` : `rows ${of('row_min')} to ${of('row_max')}`,
      tries: of('kept_count'),
      keeps: of('kept_sum'),
      rate: of('kept_sum') / of('kept_count'),
    }));
}

/** Tries, keeps and gain by category, the one that won most first. */
export async function yieldPerCategory(rows: readonly TrialRow[], direction: Direction): Promise<CategoryYield[]> {
  const tries = withoutBaseline(followBest(rows, direction));
  const groups = await aggregate(
    tries.map((row) => ({
      key: row.category,
      cells: {
        kept: row.status === 'keep' ? 1 : 0,
        crashed: row.status === 'crash' ? 1 : 0,
        won: row.status === 'keep' ? Math.max(0, row.gain ?? 0) : 0,
        row: row.row,
      },
    })),
    { kept: ['sum', 'count'], crashed: ['sum'], won: ['sum'], row: ['max'] },
  );
  return groups
    .map(({ key, of }) => ({
      category: key,
      tries: of('kept_count'),
      keeps: of('kept_sum'),
      crashes: of('crashed_sum'),
      rate: of('kept_sum') / of('kept_count'),
      totalGain: of('won_sum'),
      lastRow: of('row_max'),
    }))
    .sort((a, b) => b.totalGain - a.totalGain || b.rate - a.rate || b.tries - a.tries);
}

/** All but the unmodified code: baseline rows, and a first row that was kept with nothing before it. */
function withoutBaseline<Row extends TrialRow>(rows: readonly Row[]): Row[] {
  return rows.filter(
    ({ status, category }, index) =>
      status !== 'baseline' && !(index === 0 && status === 'keep') && !(category === 'baseline' && status !== 'crash'),
  );
}
