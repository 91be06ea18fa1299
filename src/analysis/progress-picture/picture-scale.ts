/**
 * Which values the picture's axis spans: the way from the first result to the best, and most of what was tried around it. What lies far out
 * is drawn at the edge instead of flattening everything else. Pure.
 */
import { type Direction, followBest, type TrialRow } from '../trial-rows.ts';

/** The span of the axis. */
export interface PictureScale {
  low: number;
  high: number;
}

/** Share of the axis that is kept free on the better side: the labels of the keeps go there. */
const labelRoom = 0.34;

/** Null where no row has a metric that could be drawn. */
export function choosePictureScale(rows: readonly TrialRow[], direction: Direction): PictureScale | null {
  const values = rows.flatMap(({ metric }) => (metric !== null && Number.isFinite(metric) ? [metric] : []));
  if (values.length === 0) return null;
  // From here on as costs: less is better whichever way the metric goes.
  const sign = direction === 'lower' ? 1 : -1;
  const costs = values.map((value) => sign * value).sort((a, b) => a - b);
  const way = followBest(rows, direction).flatMap(({ best }) => (best === null ? [] : [sign * best]));
  const [good, bad] = findSpan(costs, way);
  const span = bad - good || Math.abs(bad) * 0.02 || 1;
  const middle = (good + bad) / 2;
  const top = bad > good ? bad + 0.06 * span : middle + 0.5 * span;
  const bottom = (bad > good ? good : middle - 0.5 * span) - labelRoom * span;
  return sign === 1 ? { low: bottom, high: top } : { low: -top, high: -bottom };
}

/** The lowest and highest cost that must be seen well. */
function findSpan(costs: number[], way: number[]): [number, number] {
  const at = (share: number) => costs[Math.round(share * (costs.length - 1))] ?? 0;
  const [lower, upper] = [at(0.25), at(0.75)];
  const width = upper - lower;
  // Where half of all rows gave the same to the digit, the way of the best says what a usual difference is.
  const usual = width > 0 ? width : Math.max(at(0.9) - at(0.1), 0);
  const start = way[0] ?? upper;
  const end = way.at(-1) ?? lower;
  const wayLength = Math.abs(start - end);
  const fence = 1.5 * usual;
  const isWayOutside = usual > 0 && costs.length > 4 && wayLength > 12 * usual;
  if (isWayOutside) {
    // A first row or a kept one is out of all proportion: it goes to the edge, what most rows say stays readable.
    const inside = (cost: number) => cost >= lower - 2 * fence && cost <= upper + 2 * fence;
    const seen = costs.filter(inside);
    return [seen[0] ?? lower, seen.at(-1) ?? upper];
  }
  const around = Math.max(wayLength, usual);
  const worstLimit = Math.min(upper + Math.max(fence, 0.3 * wayLength), Math.max(start, lower) + 1.5 * around);
  const inside = costs.filter((cost) => cost <= worstLimit && cost >= end - 0.3 * around);
  return [Math.min(end, inside[0] ?? end), Math.max(start, inside.at(-1) ?? start)];
}
