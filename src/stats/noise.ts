/** Mean and spread of a few runs, and how far luck alone may carry one more run. Pure; values are in the metric's own unit. */
import { mean, sampleStandardDeviation } from 'simple-statistics';
import { studentTQuantile } from './student-t.ts';

/** What repeated runs of the same code gave. */
export interface Noise {
  mean: number;
  /** Standard deviation of one run (n - 1 in the denominator); null where n is 1. */
  std: number | null;
  n: number;
}

/** Mean and sample standard deviation; null for no values. */
export function summarise(values: number[]): Noise | null {
  if (values.length === 0) return null;
  return { mean: mean(values), std: values.length > 1 ? sampleStandardDeviation(values) : null, n: values.length };
}

/**
 * The change that luck alone exceeds with probability 1 - confidence, comparing the mean of `newRuns` runs with a base measured by
 * `baseRuns` runs: t(confidence, n - 1) * sd * sqrt(1/newRuns + 1/baseRuns) (one-sided prediction interval, Student's t; Hahn and
 * Meeker, Statistical Intervals, chapter 4). `noise.n` is the number of runs that the sd rests on. Null where the sd is unknown.
 */
export function luckBound(noise: Noise, newRuns: number, baseRuns: number, confidence: number): number | null {
  if (noise.std === null) return null;
  return studentTQuantile(confidence, noise.n - 1) * noise.std * Math.sqrt(1 / newRuns + 1 / baseRuns);
}
