/** The next narrow family to try, from what each kind of change brought so far and from what nearly held. Pure. */
import type { CategoryYield } from '../../analysis/frame/frame-groups.ts';
import { type Direction, followBest, formatMetric, type TrialRow } from '../../analysis/trial-rows.ts';
import { familyNames, familyOf } from '../program/families.ts';
import type { NoiseEstimate } from './judge-gains.ts';

/** A family with the reason to try it. */
export interface NextFamily {
  family: string;
  reason: string;
}

/** A discarded row that missed the best by little, or was better and was discarded all the same. */
export interface NearMiss {
  row: number;
  commit: string | null;
  /** How much worse than the best before it, in the metric's unit; negative where it was better. */
  missedBy: number;
  category: string;
  description: string;
}

/** Discards within the noise of the best before them, or within a thousandth of it where no noise is known; the nearest first. */
export function listNearMisses(
  rows: readonly TrialRow[],
  direction: Direction,
  noise: NoiseEstimate | null,
  most = 6,
): NearMiss[] {
  return followBest(rows, direction)
    .flatMap((trial) => {
      const { status, gain, before, row, commit, category, description } = trial;
      if (status !== 'discard' || gain === null || before === null) return [];
      const width = noise === null || noise.sd === 0 ? 0.001 * Math.abs(before) : noise.needed;
      return -gain <= width ? [{ row, commit, missedBy: -gain, category, description }] : [];
    })
    .sort((a, b) => a.missedBy - b.missedBy)
    .slice(0, most);
}

/** Tries at the end that say a family is exhausted. */
const stalled = 4;

/** Up to three families, the first one to be tried next; [] where nothing was tried yet. */
export function chooseNextFamilies(
  rows: readonly TrialRow[],
  yields: readonly CategoryYield[],
  misses: readonly NearMiss[],
): NextFamily[] {
  const named = yields.filter(({ category }) => category !== 'other' && category !== 'baseline');
  if (rows.length < 2) return [];
  // Shrunk, so that one lucky try does not stand above ten that held.
  const worth = named
    .map((one) => ({ ...one, perTry: one.totalGain / (one.tries + 2), isStalled: isStalled(rows, one.category) }))
    .sort((a, b) => Number(a.isStalled) - Number(b.isStalled) || b.perTry - a.perTry);
  const next: NextFamily[] = [];
  const [first] = worth.filter(({ totalGain, isStalled: is }) => totalGain > 0 && !is);
  if (first !== undefined)
    next.push({
      family: first.category,
      reason: `best yield that has not run dry: ${count(first.keeps, 'keep')} of ${count(first.tries, 'try', 'tries')}, ${formatMetric(first.totalGain)} in all, last in row ${first.lastRow}`,
    });
  const byFamily = new Map<string, NearMiss[]>();
  for (const miss of misses.filter(({ category }) => category !== 'other'))
    byFamily.set(miss.category, [...(byFamily.get(miss.category) ?? []), miss]);
  const [nearest] = [...byFamily].sort((a, b) => b[1].length - a[1].length);
  if (nearest !== undefined && nearest[0] !== first?.category)
    next.push({
      family: nearest[0],
      reason: `${count(nearest[1].length, 'near miss', 'near misses')}: row ${nearest[1].map(({ row }) => row).join(', ')}; combined they may hold`,
    });
  // An agent has its own words for categories; the description says which family it was in these.
  const tried = new Set(rows.flatMap(({ category, description }) => [category, familyOf(description.slice(0, 400))]));
  const untried = familyNames.filter((name) => !tried.has(name));
  if (untried.length > 0) next.push({ family: untried.slice(0, 3).join(', '), reason: 'not tried yet' });
  return next;
}

/** Whether the last tries of a family all failed. */
function isStalled(rows: readonly TrialRow[], category: string): boolean {
  const last = rows.filter((row) => row.category === category).slice(-stalled);
  return last.length === stalled && last.every(({ status }) => status !== 'keep');
}

function count(number: number, one: string, many = `${one}s`): string {
  return `${number} ${number === 1 ? one : many}`;
}
