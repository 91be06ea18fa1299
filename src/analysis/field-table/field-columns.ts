/** Which column of a header means what, and which of them is the metric. Pure; cells are read in field-row.ts, tables without a header in field-guess.ts. */
import { isMetricLike } from '../../lab/results-cells.ts';
import { type ColumnRole, findRole, plainName } from './column-roles.ts';
import { isNothing, readNumber } from './field-numbers.ts';
import type { Separator } from './field-split.ts';

/** How the lines of a table are read. */
export interface FieldLayout {
  separator: Separator;
  /** As written; "" for one without a name. */
  names: string[];
  /** Position by role. */
  roles: Map<ColumnRole, number>;
  memoryUnit: 'gb' | 'mb';
  /** Position; -1: there is none. */
  metric: number;
  /** As written; null: there is none, or it has no name. */
  metricName: string | null;
  /** Other columns that could have been the metric. */
  metricRivals: string[];
  width: number;
  /** Line of the header; null: there is none. */
  headerLine: number | null;
}

// Figures that come with a metric and are none themselves: changes of it, its spread, its cost, its counts, its parts on other data.
const secondary =
  /^(delta.*|.*_delta|diff.*|change.*|improvement.*|gain.*|.*std.*|.*_sd|sd|stderr|stdev|ci.*|n|seeds?|n_.*|num_.*|.*_count|count|total_.*|steps?|epochs?|params?.*|.*_params|seconds|minutes|duration.*|.*_time|time.*|.*_seconds|elapsed.*|lr|.*_lr|batch.*|guard.*|.*_before|before|old.*|new_value|cost.*|.*tokens?.*|depth|artifact.*|ram.*|size.*|lines|train.*|prior|posterior|threshold|confidence|baseline.*|best_.*|prev.*|target.*|mfu.*)$/;
const primary =
  /^(metric|metric_value|primary_metric|metric_after|after|score|value|(val|valid|validation)_.*|.*_val)$/;

/** How well a name fits a metric: 0 best, 3 any figure, 5 a figure that goes with one. */
function rankMetricName(name: string, isAfterCommit: boolean): number {
  // "best_r2_score" right after the commit is what the file is about.
  if (isAfterCommit && (isMetricLike(name) || !secondary.test(name))) return primary.test(name) ? 0 : 1;
  if (secondary.test(name)) return 5;
  if (primary.test(name)) return 0;
  return isMetricLike(name) || /^(mean_|cv_|test_)/.test(name) ? 2 : 3;
}

/** The share of figures among what stands in a column; null where nothing stands in it. */
function shareOfNumbers(sample: string[][], index: number): number | null {
  const filled = sample.map((row) => row[index] ?? '').filter((cell) => !isNothing(cell));
  if (filled.length === 0) return null;
  return filled.filter((cell) => readNumber(cell).value !== null).length / filled.length;
}

function chooseMetric(
  names: string[],
  roles: Map<ColumnRole, number>,
  sample: string[][],
  asked: string | null,
): { index: number; rivals: number[] } {
  if (asked !== null) return { index: names.findIndex((name) => plainName(name) === plainName(asked)), rivals: [] };
  const taken = new Set(roles.values());
  const afterCommit = (roles.get('commit') ?? -2) + 1;
  const ranked = names.flatMap((cell, index) => {
    const name = plainName(cell);
    if (taken.has(index) || name === '' || findRole(cell) !== null) return [];
    const share = shareOfNumbers(sample, index);
    const rank = rankMetricName(name, index === afterCommit);
    if (share !== null && share < 0.5) return rank <= 2 && primary.test(name) ? [{ index, rank: 4 }] : [];
    // Nothing stands below it, and its name says nothing either: no ground to take it for the metric.
    if (share === null && rank > 2) return [];
    return [{ index, rank }];
  });
  ranked.sort((left, right) => left.rank - right.rank || left.index - right.index);
  const [best, ...others] = ranked;
  const rivals = others.filter((other) => other.rank <= 2).map((other) => other.index);
  return { index: best?.index ?? -1, rivals };
}

function isName(cell: string): boolean {
  return cell.length <= 60 && cell.split(/\s+/).length <= 4 && readNumber(cell).value === null;
}

/** What a header is looked for with. */
export interface HeaderSearch {
  separator: Separator;
  line: number;
  /** Lines below, in cells: they tell a column of figures from one of words. Asked for only where the line can be a header. */
  readSample(): string[][];
  /** Name of the metric's column that was asked for. */
  asked: string | null;
  /** A header stands above already: only one with the words of a result table is another. */
  isSecond: boolean;
}

/** The layout that a line lays down; null where it is no header. */
export function parseFieldHeader(cells: string[], search: HeaderSearch): FieldLayout | null {
  const { asked, separator } = search;
  while (cells.length > 0 && cells.at(-1) === '') cells = cells.slice(0, -1);
  if (cells.length < 2 || cells.length > 300 || !cells.every(isName)) return null;
  const roles = new Map<ColumnRole, number>();
  const ranks = new Map<ColumnRole, number>();
  let memoryUnit: 'gb' | 'mb' | null = null;
  cells.forEach((cell, index) => {
    const found = findRole(cell);
    if (found === null || found.rank >= (ranks.get(found.role) ?? Number.POSITIVE_INFINITY)) return;
    roles.set(found.role, index);
    ranks.set(found.role, found.rank);
    if (found.role === 'memory') memoryUnit = found.unit;
  });
  const metricLike = cells.filter(
    (cell) => findRole(cell) === null && (isMetricLike(cell) || primary.test(plainName(cell))),
  ).length;
  const isResultTable = roles.has('status') || roles.has('commit') || roles.has('memory');
  if (!isHeader(cells, roles.size, metricLike, isResultTable, search)) return null;
  const sample = search.readSample();
  // A column of that name whose cells are figures is a duration, and one of changes by figures no description.
  for (const role of ['at', 'description', 'status', 'category'] as const) {
    const index = roles.get(role);
    if (
      index !== undefined &&
      role !== 'at' &&
      (shareOfNumbers(sample, index) ?? 0) > 0.9 &&
      !/^(kept|keep)$/.test(plainName(cells[index] ?? ''))
    )
      roles.delete(role);
    if (
      index !== undefined &&
      role === 'at' &&
      plainName(cells[index] ?? '') === 'time' &&
      (shareOfNumbers(sample, index) ?? 0) > 0.9
    )
      roles.delete(role);
  }
  const { index, rivals } = chooseMetric(cells, roles, sample, asked);
  const memory = roles.get('memory');
  return {
    separator,
    names: cells,
    roles,
    memoryUnit: memoryUnit ?? (memory !== undefined && isMegabytes(sample, memory) ? 'mb' : 'gb'),
    metric: index,
    metricName: index === -1 ? null : (cells[index] ?? null),
    metricRivals: rivals.map((rival) => cells[rival] ?? ''),
    width: cells.length,
    headerLine: search.line,
  };
}

function isHeader(
  cells: string[],
  known: number,
  metricLike: number,
  isResultTable: boolean,
  { separator, readSample, isSecond }: HeaderSearch,
): boolean {
  const share = (known + metricLike) / cells.length;
  // A sentence has words of a header in it too.
  if (separator === 'spaces')
    return (
      isResultTable && known + metricLike >= 3 && share >= 0.6 && cells.every((cell) => /^[\w.%()/#-]+$/.test(cell))
    );
  if (isResultTable && known + metricLike >= 2 && (cells.length >= 3 || metricLike > 0)) return true;
  if (isSecond) return false;
  if (known + metricLike >= 2 && share >= 0.3 && metricLike > 0) return true;
  // Any names above a column of figures of the same width, where some line below has it.
  if (separator === 'comma' || known + metricLike === 0) return false;
  const alike = readSample().filter((row) => row.length === cells.length);
  return cells.some((_, index) => (shareOfNumbers(alike, index) ?? 0) > 0.5);
}

/** True where a memory column that names no unit can only be in MB. */
function isMegabytes(sample: string[][], index: number): boolean {
  const values = sample.map((row) => readNumber(row[index] ?? '').value).filter((value) => value !== null && value > 0);
  return values.length > 0 && values.every((value) => value !== null && value > 1000);
}

/** True where a memory column's name leaves the unit open. */
export function isUnitOpen(layout: FieldLayout): boolean {
  const index = layout.roles.get('memory');
  return index !== undefined && findRole(layout.names[index] ?? '')?.unit === null;
}
