/**
 * Whether exploring goes on from a change: keep or discard from one run. It claims nothing (claim.ts) and keeps nothing for good (prune.ts).
 * Pure; scores are oriented so that higher is better.
 *
 * The rule is the posterior mean of the change's effect, given all runs of the track (track-posterior.ts): the choice with the best expected
 * outcome under any loss that is linear in the gain. `strict` is the ratchet as its authors wrote it: the lower number wins.
 */
import type { EffectPosterior } from './effect-prior.ts';
import type { Estimate } from './track-posterior.ts';

/** How changes are judged. */
export type AdvanceRule = 'posterior' | 'strict';

/** What a decision rests on. */
export interface AdvanceInput {
  /** What the change is worth given all runs. */
  effect: EffectPosterior;
  /** Standard deviation of one run. */
  sd: number;
  /** Lines that the change adds less those it takes away; null where it is unknown. */
  linesAdded: number | null;
  /**
   * What counts as a near tie, in widths of one run: inside it fewer lines win. 0: size does not matter. A change of unknown size is
   * judged as one that adds nothing.
   */
  tieWidths: number;
}

/** Keep or discard, and why. */
export interface Advance {
  isKept: boolean;
  /** `tie`: within the near tie, decided by the number of lines. */
  by: 'gain' | 'tie';
}

/** Keeps what is expected to help. */
export function advance({ effect, sd, linesAdded, tieWidths }: AdvanceInput): Advance {
  const lines = linesAdded ?? 0;
  if (lines === 0 || Math.abs(effect.mean) > tieWidths * sd) return { isKept: effect.mean > 0, by: 'gain' };
  return { isKept: lines < 0, by: 'tie' };
}

/** The ratchet as written: better than the best number seen. `best` null: nothing ran yet, so the run is kept. */
export function advanceStrict(score: number, best: number | null): boolean {
  return best === null || score > best;
}

/** The champion's value as a person should read it: allowing for having been chosen, beside the number that it was chosen by. */
export interface ChampionValue {
  /** Posterior mean and standard deviation. */
  value: number;
  sd: number;
  /** The luck in the number it was chosen by: that number less `value`; null where it did not run by itself. */
  luck: number | null;
}

/** Reads the champion's value off the posterior. */
export function valueChampion(level: Estimate, chosenBy: number | null): ChampionValue {
  return {
    value: level.mean,
    sd: Math.sqrt(level.variance),
    luck: chosenBy === null ? null : chosenBy - level.mean,
  };
}
