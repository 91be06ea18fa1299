/**
 * What the next run of a night is for: measuring the noise, exploring, or confirming. Pure; it starts nothing and knows no devices. The
 * numbers it is asked with come from noise-model.ts and claim.ts.
 */
import type { NoiseModel } from './noise-model.ts';

/** Where a night stands. */
export interface NightState {
  /** Runs that still fit, this one included; null where nobody said when the night ends. */
  left: number | null;
  /** Runs of the whole night; null likewise. */
  budget: number | null;
  /** Whether an experiment is ready to run: false is an idle slot. */
  hasExperiment: boolean;
  noise: NoiseModel;
  /** Repeats of the baseline that ran. */
  baselineRuns: number;
  /**
   * The claim test of today's champion: `none` begun, `open`, or `ended`. A champion that changed since is `none` again.
   */
  claim: 'none' | 'open' | 'ended';
  /** Runs that a claim of today's champion probably needs (`runsForClaim`); null where it cannot be shown, or there is nothing to show. */
  need: number | null;
}

/** How a night's runs are shared out. */
export interface SpendRule {
  /** Baseline runs before the first experiment. */
  baselineRuns: number;
  /** Share of the night that confirming may take. */
  confirmShare: number;
  /** Runs kept back beyond what the claim probably needs: for seeds that diverge and for bad luck. What is left over explores. */
  spareRuns: number;
}

/** The rule as chosen on the tuning seeds of `npm run bench decisions`. */
export const usualSpending: SpendRule = { baselineRuns: 4, confirmShare: 0.1, spareRuns: 2 };

/** Doubt in the noise below which one more repeat is asked for, and how many at most. */
const doubtLimit = 0.1;
const moreRepeats = 3;

/** What the next run is for; `wait`: nothing is worth running now. */
export type Spending = 'measure-noise' | 'explore' | 'confirm' | 'wait';

/**
 * Noise first, since all else rests on it; then exploring, until the claim needs what is left. A test that began is finished before
 * anything else runs, so that exploring cannot move what it tests; an idle slot begins it early.
 */
export function spendRun(state: NightState, rule: SpendRule): Spending {
  const { left, noise, baselineRuns, claim, need, hasExperiment } = state;
  if (left !== null && left <= 0) return 'wait';
  if (baselineRuns < rule.baselineRuns) return 'measure-noise';
  const isDoubtful = noise.doubt !== null && noise.doubt < doubtLimit;
  if (isDoubtful && baselineRuns < rule.baselineRuns + moreRepeats) return 'measure-noise';
  if (claim === 'open') return 'confirm';
  const isDue = left !== null && need !== null && left <= need + rule.spareRuns && left <= confirmRuns(state, rule);
  if (claim === 'none' && need !== null && (isDue || !hasExperiment)) return 'confirm';
  return hasExperiment ? 'explore' : 'wait';
}

/** The most that confirming may take of this night; 12, three hours of a usual night, where its length is unknown. */
export function confirmRuns({ budget }: Pick<NightState, 'budget'>, { confirmShare }: SpendRule): number {
  return budget === null ? 12 : Math.floor(budget * confirmShare);
}
