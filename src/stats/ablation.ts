/**
 * What each change of the champion is worth by an ablation: fresh runs of the champion against fresh runs of the code without that change.
 * Pure; scores are oriented so that higher is better. Which code runs how often is test-progress.ts's.
 */
import type { FreshTest } from '../domain/fresh-test.ts';
import { ordinaryScores, poolNoise, type Repeats } from './noise-model.ts';
import { chooseReverts } from './prune.ts';
import { studentTCdf, studentTQuantile } from './student-t.ts';

/** One change and what the champion loses without it. */
export interface ChangeWorth {
  /** Commit of the change. */
  change: string;
  slug: string;
  /** What the champion loses without it: positive helps. Null where there is no number for it. */
  worth: number | null;
  /** Two-sided; null where there is no number or no noise is known. */
  interval: { low: number; high: number } | null;
  /** Runs without it that count. */
  runs: number;
  /**
   * `open`: cannot be told from nothing; `needed`: the code without it gives no number, so others are built on it; `untested`: it has no
   * arm, because it cannot be taken out by itself, or nobody asked for it.
   */
  verdict: 'helps' | 'harms' | 'open' | 'needed' | 'untested';
}

/** What the worth of changes is measured by. */
export interface AblationData {
  test: FreshTest;
  /** Scores by arm; arm 0 is the champion. */
  scores: readonly (readonly number[])[];
  /** By arm: whether it was given up. */
  isBroken: readonly boolean[];
  /** Repeats of the track from before, for the noise. */
  otherRepeats: readonly Repeats[];
  /** Two-sided. */
  confidence: number;
  /** See chooseReverts of prune.ts. */
  pruneWeight: number;
}

/**
 * Measures all changes. A change is not worth its place where chooseReverts says so of the measured loss alone: under a flat prior the
 * chance that it helps is Student's t at the loss over its error.
 */
export function measureWorth(data: AblationData): { worth: ChangeWorth[]; revert: string[] } {
  const { test, scores, isBroken, confidence, pruneWeight } = data;
  const groups = scores.map((own, arm): Repeats => ({ commit: `arm ${arm}`, scores: own }));
  const noise = poolNoise([...groups, ...data.otherRepeats]);
  const means = groups.map((group) => {
    const own = ordinaryScores(noise, group);
    return { mean: own.reduce((sum, score) => sum + score, 0) / own.length, runs: own.length };
  });
  const whole = means[0];
  const degrees = Math.max(noise.degrees, 1);
  const judged = test.champion.changes.map(({ slug, commit: change }) => {
    const arm = test.arms.findIndex(({ changes }, place) => place > 0 && !changes.includes(change));
    const without = means[arm];
    const unknown = { change, slug, worth: null, interval: null, runs: without?.runs ?? 0 };
    if (arm < 1 || without === undefined) return { told: { ...unknown, verdict: 'untested' } as const, effect: null };
    if (isBroken[arm]) return { told: { ...unknown, verdict: 'needed' } as const, effect: null };
    if (whole === undefined || whole.runs === 0 || without.runs === 0)
      return { told: { ...unknown, verdict: 'open' } as const, effect: null };
    const worth = whole.mean - without.mean;
    const error = noise.sd === null ? null : noise.sd * Math.sqrt(1 / whole.runs + 1 / without.runs);
    if (error === null) return { told: { ...unknown, worth, verdict: 'open' } as const, effect: null };
    const reach = studentTQuantile((1 + confidence) / 2, degrees) * error;
    const interval = { low: worth - reach, high: worth + reach };
    const verdict: ChangeWorth['verdict'] = interval.low > 0 ? 'helps' : interval.high < 0 ? 'harms' : 'open';
    const helpful = error === 0 ? (worth > 0 ? 1 : 0) : studentTCdf(worth / error, degrees);
    const effect = { mean: worth, variance: error * error, harmful: 1 - helpful, none: 0, helpful };
    return { told: { ...unknown, worth, interval, verdict }, effect: { ...effect, harmSize: 0, helpSize: 0 } };
  });
  const kept = judged.map(({ told, effect }) => ({ change: told.change, effect }));
  return { worth: judged.map(({ told }) => told), revert: chooseReverts(kept, pruneWeight, noise.sd ?? 0) };
}
