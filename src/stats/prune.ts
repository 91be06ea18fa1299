/**
 * Which keeps a champion loses: those that what came after does not bear out, and the guilty ones of a group that fresh seeds refuted.
 * Pure; scores are oriented so that higher is better. Reverting, and what does not revert cleanly, is the lab's work.
 */
import type { EffectPosterior } from './effect-prior.ts';
import { studentTQuantile } from './student-t.ts';

/** A keep and what it is worth by now; null where the posterior does not know it, which leaves it alone. */
export interface KeptChange<Key> {
  change: Key;
  effect: EffectPosterior | null;
}

/** How keeps are doubted. */
export interface PruneRule {
  /** See `chooseReverts`. */
  weight: number;
  /** Chance that a doubtful keep is left out of the base of an experiment; 0: never. */
  leaveOut: number;
  /** Probability of helping from which a keep is sure. */
  isSureFrom: number;
}

/** The rule as chosen on the tuning seeds of `npm run bench decisions`. */
export const usualPruning: PruneRule = { weight: 0.7, leaveOut: 0.3, isSureFrom: 0.97 };

/**
 * The keeps to revert. A keep stays while its expected gain is above `weight` widths of one run (`sd`) times the chance that it does not help:
 * `weight` is what leaving a useless change in is worth avoiding, 0 asks for the gain alone. (The choice between two errors of linear
 * cost: DeGroot, Optimal Statistical Decisions, 1970, chapter 11.)
 */
export function chooseReverts<Key>(keeps: readonly KeptChange<Key>[], weight: number, sd: number): Key[] {
  return keeps
    .filter(({ effect }) => effect !== null && effect.mean <= weight * sd * (1 - effect.helpful))
    .map(({ change }) => change);
}

/**
 * The keeps that the next exploring run leaves out of its base, so that it also says what they are worth (a fractional design, two questions
 * per run: Box, Hunter and Hunter, Statistics for Experimenters, 2005, chapter 6; random subsets are group screening, Watson,
 * Technometrics 3, 1961). Sure ones stay in. `dice` gives numbers in [0, 1) from the experiment's own seed.
 */
export function chooseLeftOut<Key>(
  keeps: readonly KeptChange<Key>[],
  share: number,
  isSureFrom: number,
  dice: () => number,
): Key[] {
  return keeps
    .filter(({ effect }) => effect !== null && effect.helpful < isSureFrom)
    .filter(() => dice() < share)
    .map(({ change }) => change);
}

/** A group of keeps that fresh seeds refuted. Level i is the code with the first i of them: level 0 is the baseline, the last the champion. */
export interface BisectState {
  /** How many keeps the group has. */
  keeps: number;
  /** Fresh scores of each level, by level; those not measured are absent. */
  scores: ReadonlyMap<number, readonly number[]>;
  /** Standard deviation of one run and its degrees of freedom. */
  sd: number;
  degrees: number;
  /** Runs that may still be spent. */
  budget: number;
}

/** A stretch of keeps between two measured levels. */
export interface BisectSegment {
  /** Keeps from + 1 to to. */
  from: number;
  to: number;
  gain: number;
  error: number;
  /** `open`: the runs cannot tell. */
  state: 'helps' | 'harms' | 'open';
}

/** What to do next. */
export type BisectStep =
  | { kind: 'run'; level: number }
  | {
      kind: 'done';
      /** Keeps to revert, counted from 1: those in stretches whose measured gain is not above zero. */
      revert: number[];
      segments: BisectSegment[];
    };

/**
 * The next step of the bisection. The levels are commits that exist, so nothing has to be reverted to measure them. A stretch that can be told
 * from zero (two-sided, 90 %) is closed as a whole if it helps; one that harms or is open is split at its middle while it holds more than one
 * keep, else run again at its less measured end. Noisy bisection with repeats: Karp and Kleinberg, SODA 2007.
 */
export function planBisect(state: BisectState): BisectStep {
  const { scores, budget, keeps } = state;
  const ends = [0, keeps].find((level) => (scores.get(level)?.length ?? 0) === 0);
  if (ends !== undefined && budget > 0) return { kind: 'run', level: ends };
  const segments = measureSegments(state);
  const unsure = segments
    .filter((segment) => segment.state === 'open' || (segment.state === 'harms' && segment.to - segment.from > 1))
    .sort((a, b) => b.to - b.from - (a.to - a.from) || a.gain - b.gain);
  const [next] = unsure;
  if (next === undefined || budget <= 0) {
    const revert = segments
      .filter(({ gain }) => gain <= 0)
      .flatMap(({ from, to }) => Array.from({ length: to - from }, (_, index) => from + 1 + index));
    return { kind: 'done', revert, segments };
  }
  if (next.to - next.from > 1) return { kind: 'run', level: Math.floor((next.from + next.to) / 2) };
  const count = (level: number) => scores.get(level)?.length ?? 0;
  return { kind: 'run', level: count(next.from) < count(next.to) ? next.from : next.to };
}

function measureSegments({ scores, sd, degrees }: BisectState): BisectSegment[] {
  const levels = [...scores].filter(([, values]) => values.length > 0).sort(([a], [b]) => a - b);
  const t = studentTQuantile(0.95, Math.max(degrees, 1));
  return levels.slice(1).map(([to, values], index) => {
    const [from, before] = levels[index] ?? [0, []];
    const gain = average(values) - average(before);
    const error = sd * Math.sqrt(1 / values.length + 1 / before.length);
    return { from, to, gain, error, state: gain > t * error ? 'helps' : gain < -t * error ? 'harms' : 'open' };
  });
}

function average(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
