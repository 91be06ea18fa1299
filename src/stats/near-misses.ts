/**
 * Discards that one run could not tell from the champion: which to remember, when one comes back, how they are combined. Pure; scores are
 * oriented so that higher is better.
 *
 * A near miss costs no run of its own: it rides along in the base of some later experiments, by lot, several at a time, so that each of
 * those runs also measures it on the champion of its day (two questions per run, as `chooseLeftOut` asks them of doubtful keeps). Where
 * nothing else is ready to run, the best are run together on the champion.
 */
import type { EffectPosterior } from './effect-prior.ts';

/** A remembered discard and what all runs say it is worth. */
export interface NearMiss<Key> {
  change: Key;
  /** Null where the posterior does not know it: it is dropped. */
  effect: EffectPosterior | null;
}

/** How many are remembered, and how near is near. */
export interface NearMissRule {
  /** Expected loss up to which a discard is near, in widths of one run. */
  withinWidths: number;
  /** Largest number remembered; each more makes all judgements slower and the bases more of a patchwork. */
  most: number;
  /** Chance that one rides along in the base of an experiment. */
  share: number;
}

/** The rule as chosen on the tuning seeds of `npm run bench decisions`. */
export const usualNearMisses: NearMissRule = { withinWidths: 0.6, most: 6, share: 0.3 };

/** What becomes of the remembered ones. */
export interface NearMissReview<Key> {
  /** Expected to help by now: they join the champion. */
  promote: Key[];
  /** Still near, best first. */
  stay: Key[];
  /** Too bad by now, or crowded out. */
  drop: Key[];
}

/** Looks at all remembered discards again, the newest run's included. */
export function reviewNearMisses<Key>(
  misses: readonly NearMiss<Key>[],
  sd: number,
  rule: NearMissRule,
): NearMissReview<Key> {
  const valued = misses.map(({ change, effect }) => ({ change, mean: effect?.mean ?? Number.NEGATIVE_INFINITY }));
  const near = valued
    .filter(({ mean }) => mean <= 0 && mean >= -rule.withinWidths * sd)
    .sort((a, b) => b.mean - a.mean)
    .map(({ change }) => change);
  const stay = near.slice(0, rule.most);
  return {
    promote: valued.filter(({ mean }) => mean > 0).map(({ change }) => change),
    stay,
    drop: valued
      .map(({ change }) => change)
      .filter((change, index) => !stay.includes(change) && !((valued[index]?.mean ?? 0) > 0)),
  };
}

/** Those that ride along in the next experiment's base, each with the chance `share`. `dice` gives numbers in [0, 1) from the experiment's own seed. */
export function chooseRiders<Key>(stay: readonly Key[], share: number, dice: () => number): Key[] {
  return stay.filter(() => dice() < share);
}

/** The near misses that an otherwise idle device runs together on the champion: the best ones, while their expected losses add up to less than half a width. */
export function combineNearMisses<Key>(misses: readonly NearMiss<Key>[], sd: number): Key[] {
  const ranked = misses
    .flatMap(({ change, effect }) => (effect === null ? [] : [{ change, mean: effect.mean }]))
    .sort((a, b) => b.mean - a.mean);
  let sum = 0;
  const together: Key[] = [];
  for (const { change, mean } of ranked) {
    sum += Math.min(mean, 0);
    if (sum < -0.5 * sd) break;
    together.push(change);
  }
  return together;
}
