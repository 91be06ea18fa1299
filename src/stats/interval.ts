/** Where a true change lies, given the measured one and the noise of single runs. Pure; values are in the metric's own unit. It decides nothing (decision.ts). */
import { studentTQuantile } from './student-t.ts';

/** What the interval rests on. */
export interface ChangeIntervalInput {
  /** Measured change: mean of the new runs minus mean of the base's runs; null where one is missing. */
  observed: number | null;
  /** Standard deviation of one run; null where it is unknown. */
  std: number | null;
  /** Runs that the standard deviation rests on. */
  noiseRuns: number;
  /** Runs behind the new value. */
  newRuns: number;
  /** Runs behind the base's value. */
  baseRuns: number;
  /** Two-sided, between 0 and 1: 0.95 leaves 2.5 % on each side. */
  confidence: number;
}

/**
 * The two-sided interval of the true change: observed -+ t(1 - (1 - confidence) / 2, noiseRuns - 1) * std * sqrt(1/newRuns + 1/baseRuns),
 * the difference of two means whose runs share one standard deviation (Student's t; Hahn and Meeker, Statistical Intervals, chapter 4).
 * Null where the change or the noise is unknown: no standard deviation, fewer than two runs behind it, no run on one of the sides.
 */
export function changeInterval(input: ChangeIntervalInput): { low: number; high: number; confidence: number } | null {
  const { observed, std, noiseRuns, newRuns, baseRuns, confidence } = input;
  if (observed === null || std === null || noiseRuns < 2 || newRuns < 1 || baseRuns < 1) return null;
  const t = studentTQuantile(1 - (1 - confidence) / 2, noiseRuns - 1);
  const half = t * std * Math.sqrt(1 / newRuns + 1 / baseRuns);
  return { low: observed - half, high: observed + half, confidence };
}
