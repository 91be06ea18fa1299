/** What `lab metric check` is given and what it says, and how its figures are written. Types and pure functions; it judges nothing (metric-check.ts). */

/** `fail` keeps experiments from starting; `warn` is for a person to read; `unknown`: what it takes to tell is missing. */
export type FindingState = 'pass' | 'fail' | 'warn' | 'unknown';

/** What is looked at, in the order in which it is told. */
export const findingNames = ['time', 'repeat', 'seeds', 'noise', 'direction', 'memory'] as const;

/** One thing that was looked at. */
export interface MetricFinding {
  name: (typeof findingNames)[number];
  state: FindingState;
  /** What was found, without a full stop. */
  measured: string;
  /** What was expected. */
  wanted: string;
  /** What to change; "" where there is nothing to change. */
  advice: string;
}

/** Runs of the unchanged code on one track and device model. */
export interface MetricRuns {
  /** One value for each seed; a null seed is the command's own default. */
  seeds: readonly { seed: number | null; value: number }[];
  /** The same seed run twice. */
  repeats: readonly { seed: number | null; first: number; again: number }[];
  /** Wall seconds of train and score together, run by run. */
  seconds: readonly number[];
  /** Highest peak of the runs, MiB; null where nothing was measured. */
  peakMemoryMib: number | null;
  /** Memory of the device, MiB; null where it is not known. */
  deviceMemoryMib: number | null;
}

/** What the lab asks of its metric: keys of lab.yaml under `metric` and `decision`. */
export interface MetricWishes {
  name: string;
  direction: 'lower' | 'higher';
  smallestEffect: number | null;
  minMinutes: number;
  maxMinutes: number;
  alpha: number;
  confirmShare: number;
}

/** The middle value; null of none. */
export function median(values: readonly number[]): number | null {
  const sorted = [...values].sort((a, b) => a - b);
  const [low, high] = [sorted[Math.floor((sorted.length - 1) / 2)], sorted[Math.floor(sorted.length / 2)]];
  return low === undefined || high === undefined ? null : (low + high) / 2;
}

/** A share as "12 %". */
export function formatPercent(share: number): string {
  return `${(100 * share).toFixed(0)} %`;
}

/** A spread or an effect with three digits. */
export function showFigure(value: number): string {
  return String(Number(value.toPrecision(3)));
}

/** A value of the metric, to the six decimals that the records have. */
export function showValue(value: number | undefined): string {
  return value === undefined ? 'nothing' : String(Number(value.toFixed(6)));
}
