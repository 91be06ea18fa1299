/**
 * Whether a run spent its time elsewhere than the baseline did: work that was moved before the clock, or a train step that takes longer than
 * the unchanged code. Pure; it judges no number, it tells a reader to look.
 */
import { median } from 'simple-statistics';

/** Wall seconds of a run's steps; null where a step did not run. */
export interface StepSeconds {
  prepare: number | null;
  train: number | null;
}

/** Flags that a row may have besides its run's own. */
export const slowFlags = ['slow-prepare', 'slow-train'] as const;

/** Wall seconds of a run's steps. */
export function stepSecondsOf(steps: readonly { name: string; seconds: number }[]): StepSeconds {
  const secondsOf = (name: string) => steps.find((step) => step.name === name)?.seconds ?? null;
  return { prepare: secondsOf('prepare'), train: secondsOf('train') };
}

/**
 * `slow-prepare` where prepare took more than twice the baselines' median and 10 s, `slow-train` where train took more than 1.5 times it and
 * 5 s. `baselines` are runs of the same track and device model; without one that has the step nothing is said of it.
 */
export function findSlowSteps(run: StepSeconds, baselines: readonly StepSeconds[]): string[] {
  const isSlow = (name: keyof StepSeconds, factor: number, spareSeconds: number): boolean => {
    const own = run[name];
    const others = baselines.flatMap((baseline) => baseline[name] ?? []);
    return own !== null && others.length > 0 && own > factor * median(others) + spareSeconds;
  };
  return slowFlags.filter((flag) => (flag === 'slow-prepare' ? isSlow('prepare', 2, 10) : isSlow('train', 1.5, 5)));
}
