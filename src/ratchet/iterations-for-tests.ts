/** Iterations of a session for tests of what is derived from them. */
import type { FailureClass } from '../domain/run.ts';
import type { Iteration, RatchetOutcome } from './iteration.ts';

const hashOf = (number: number, attempt = 0): string =>
  `${number.toString(16).padStart(3, '0')}${attempt}`.padEnd(40, 'a');

/** An outcome with a number, or a failure. */
export function createOutcome(given: Partial<RatchetOutcome> & { failure?: FailureClass | null } = {}): RatchetOutcome {
  const isFailed = given.failure != null;
  return {
    ...{ job: 1, attempt: 1, metric: isFailed ? null : 1, memoryMib: 1000, memorySource: 'summary' },
    ...{ measuredMib: 1000, measuredSource: 'nvidia-smi', deviceId: 'gpu0' },
    ...{ failure: null, detail: '', trainingSeconds: 300, seconds: 310, deviceModel: 'card', flags: [] },
    ...given,
  };
}

/** What differs in an iteration. */
export type GivenIteration = Partial<Omit<Iteration, 'tries'>> & {
  /** One run each; a number is its metric. */
  runs?: (number | Partial<RatchetOutcome>)[];
};

/** An iteration; `decision` absent: not decided. */
export function createIteration(number: number, { runs = [1], ...given }: GivenIteration = {}): Iteration {
  return {
    ...{ schema: 1, number, base: hashOf(0), description: `change ${number}`, hypothesis: '', category: '', next: [] },
    ...{ isGivenUp: false, decision: null, exploration: 0, beganAt: '2026-11-21T22:00:00+00:00', endedAt: null },
    ...given,
    tries: runs.map((run, attempt) => ({
      // The unmodified code is one commit, however often it runs.
      commit: hashOf(number, number === 0 ? 0 : attempt),
      seed: null,
      reruns: 0,
      outcome: createOutcome(typeof run === 'number' ? { metric: run, job: 10 * number + attempt } : run),
    })),
  };
}

/** The same, decided. */
export function createDecided(
  number: number,
  status: 'keep' | 'discard' | 'crash',
  given: GivenIteration = {},
): Iteration {
  return createIteration(number, { ...given, decision: { status, reason: '' } });
}
