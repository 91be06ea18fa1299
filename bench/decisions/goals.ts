/** The goals of issue E, judged on nights that the tuning never saw, those that break an assumption on purpose left out. A rate is judged as measured; its standard error is printed beside it. */
import type { Mix } from './mixes.ts';
import { addTallies, emptyTally, type Tally } from './play-nights.ts';

/** Tallies by rule, in the order in which rules are printed. */
export type MixTallies = { mix: Mix; byRule: ReadonlyMap<string, Tally> };

/** One goal and what came of it. */
export interface GoalResult {
  goal: string;
  figure: string;
  isMet: boolean;
}

/** Judges the rule named `ours` against the others; `strict` is the one to beat for keeps. */
export function judgeGoals(results: readonly MixTallies[], ours: string, strict: string): GoalResult[] {
  const own = results
    .filter(({ mix }) => !mix.isStress)
    .map(({ mix, byRule }) => ({ mix, tally: byRule.get(ours) ?? emptyTally, byRule }));
  const nulls = own.filter(({ mix }) => mix.isNull);
  const real = own.filter(({ mix }) => !mix.isNull);
  const all = own.reduce((sum, { tally }) => addTallies(sum, tally), emptyTally);
  const nullAll = nulls.reduce((sum, { tally }) => addTallies(sum, tally), emptyTally);
  const realAll = real.reduce((sum, { tally }) => addTallies(sum, tally), emptyTally);
  const shares = real.map(({ mix, tally, byRule }) => {
    const best = Math.max(...[...byRule].filter(([rule]) => rule !== ours).map(([, other]) => other.gain));
    return { name: mix.name, share: tally.gain / best };
  });
  const least = shares.reduce((low, next) => (next.share < low.share ? next : low));
  const most = shares.reduce((top, next) => (next.share > top.share ? next : top));
  const keeps = own.map(({ mix, tally, byRule }) => ({
    name: mix.name,
    share: tally.falseKeeps / (byRule.get(strict)?.falseKeeps ?? Number.NaN),
  }));
  const worstKeeps = keeps.reduce((top, next) => (next.share > top.share ? next : top));
  const biases = real.map(({ mix, tally }) => ({ name: mix.name, ratio: tally.claimed / tally.claimedTrue }));
  const worstBias = biases.reduce((top, next) => (Math.abs(next.ratio - 1) > Math.abs(top.ratio - 1) ? next : top));
  const coverage = all.covered / all.intervals;
  const falseRate = all.falseClaims / all.nights;
  const silent = 1 - nullAll.claims / nullAll.nights;
  return [
    {
      goal: 'true gain at least 97 % of the best other rule, in every mix',
      figure: `least ${percent(least.share)} (${least.name})`,
      isMet: least.share >= 0.97,
    },
    {
      goal: 'at least one mix beats the best other rule outright',
      figure: `${shares.filter(({ share }) => share > 1).length} of ${shares.length}, most ${percent(most.share)} (${most.name})`,
      isMet: most.share > 1,
    },
    {
      goal: 'false claims in at most 2 % of nights',
      figure: withError(falseRate, all.nights),
      isMet: falseRate <= 0.02,
    },
    {
      goal: 'the stated 90 % interval holds the truth in 88 to 92 % of nights',
      figure: `${withError(coverage, all.intervals)}, of the ${percent(all.intervals / all.nights)} of nights that state one`,
      isMet: coverage >= 0.88 && coverage <= 0.92,
    },
    {
      goal: 'claimed within 5 % of true on average, in every mix',
      figure: `all ${percent(realAll.claimed / realAll.claimedTrue)}, furthest ${percent(worstBias.ratio)} (${worstBias.name})`,
      isMet: Math.abs(worstBias.ratio - 1) <= 0.05,
    },
    { goal: 'no claim in 98 % of null nights', figure: withError(silent, nullAll.nights), isMet: silent >= 0.98 },
    {
      goal: "false keeps left at most a third of strict's, in every mix",
      figure: `most ${percent(worstKeeps.share)} (${worstKeeps.name})`,
      isMet: worstKeeps.share <= 1 / 3,
    },
  ];
}

/** A share for people: "97.3 %". */
export function percent(share: number): string {
  return Number.isFinite(share) ? `${(100 * share).toFixed(1)} %` : '-';
}

function withError(share: number, count: number): string {
  return `${percent(share)} ± ${(100 * Math.sqrt((share * (1 - share)) / count)).toFixed(1)}`;
}
