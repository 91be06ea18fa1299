/**
 * Keep, discard or crash for an iteration of a session, or another try after a slip. The ratchet as its authors wrote it: lower is kept, equal
 * or worse is thrown away. The rule that knows the noise is judge-noise.ts's. Pure.
 */
import type { RatchetRow, RatchetSession } from '../domain/ratchet.ts';
import type { FailureClass } from '../domain/run.ts';
import { judgeMemory } from '../stats/memory-limit.ts';
import {
  type DecidedIteration,
  findBest,
  type Iteration,
  lastTry,
  metricOf,
  type RatchetOutcome,
} from './iteration.ts';

/**
 * What becomes of an iteration. `fix`: it crashed by what may be a slip, and has one more try. `rerun`: what went wrong was not the change's
 * fault, so that its run says nothing.
 */
export type IterationVerdict =
  | { kind: 'decided'; status: RatchetRow['status']; reason: string }
  | { kind: 'fix'; reason: string }
  | { kind: 'rerun'; reason: string };

/** Crashes that an edit of a line may mend. Running out of memory or time, or a diverged loss, is what the change came to. */
const slips: readonly FailureClass[] = ['exception', 'command-not-found', 'truncated', 'no-metric'];

/** What befell the run: an environment that could not be set up, a lost machine, a job that a person took out. */
const mishaps: readonly FailureClass[] = ['prepare-failed', 'interrupted'];

/** Training longer than the budget by more than this is a run of another budget: a step that was under way may end. */
const budgetSlack = 1.1;

/** Wall time beyond the baseline's by more than this share of the budget is training that the printed seconds leave out. */
const wallSlack = 0.5;

/** What the session allows besides a better number. */
export interface IterationLimits {
  /** decision.memoryFactor. */
  memoryFactor: number | null;
}

/** Judges the last run of `iteration` against those before it. `before`: all earlier iterations. */
export function decideIteration(
  session: Pick<RatchetSession, 'metric' | 'budget'>,
  before: readonly Iteration[],
  iteration: Iteration,
  limits: IterationLimits,
): IterationVerdict {
  const outcome = lastTry(iteration)?.outcome ?? null;
  if (outcome === null) return crash(iteration.isGivenUp ? 'it could not be built' : 'it never ran');
  const { failure, detail, metric } = outcome;
  if (failure !== null || metric === null) {
    const word = failure ?? 'no-metric';
    const reason = detail === '' ? word : `${word}: ${detail}`;
    // Whoever kills the baseline does not mean its code.
    if (mishaps.includes(word) || (word === 'killed' && iteration.number === 0)) return { kind: 'rerun', reason };
    const mayMend = slips.includes(word) && iteration.tries.length === 1 && iteration.number > 0;
    return mayMend && !iteration.isGivenUp ? { kind: 'fix', reason } : crash(reason);
  }
  const first = before[0] === undefined ? null : (lastTry(before[0])?.outcome ?? null);
  const tooLong = checkTraining(session, first, outcome);
  if (tooLong !== null) return crash(tooLong);
  if (first !== null) {
    // Both readings, because train could print another number, or none.
    const printed = (one: RatchetOutcome) => ({ peakMemoryMib: one.memoryMib, memorySource: one.memorySource });
    const measured = (one: RatchetOutcome) => ({ peakMemoryMib: one.measuredMib, memorySource: one.measuredSource });
    for (const read of [printed, measured]) {
      const memory = judgeMemory(read(outcome), [read(first)], limits.memoryFactor);
      if (memory.isOver) return crash(memory.text);
    }
  }
  const best = findBest(before);
  const bar = best === null ? null : metricOf(best);
  if (best === null || bar === null) return keep(`${session.metric.name} ${metric.toFixed(6)}`);
  const against = `${session.metric.name} ${metric.toFixed(6)} against ${bar.toFixed(6)} of ${formatPlace(best)}`;
  const isBetter = session.metric.direction === 'lower' ? metric < bar : metric > bar;
  return isBetter ? keep(against) : { kind: 'decided', status: 'discard', reason: against };
}

function checkTraining(
  { budget }: Pick<RatchetSession, 'budget'>,
  first: RatchetOutcome | null,
  { trainingSeconds, seconds }: RatchetOutcome,
): string | null {
  if (budget.trainingSeconds === null) return null;
  const over = seconds === null || first?.seconds == null ? 0 : seconds - first.seconds;
  if (over > wallSlack * budget.trainingSeconds + 10)
    return `it took ${seconds?.toFixed(0)} s, ${over.toFixed(0)} s more than the baseline, and the training budget is ${budget.trainingSeconds} s`;
  if (trainingSeconds === null) return null;
  const usual = Math.max(budget.trainingSeconds, first?.trainingSeconds ?? 0);
  if (trainingSeconds <= usual * budgetSlack) return null;
  return `it trained for ${trainingSeconds.toFixed(1)} s, and the budget is ${budget.trainingSeconds} s`;
}

const crash = (reason: string): IterationVerdict => ({ kind: 'decided', status: 'crash', reason });
const keep = (reason: string): IterationVerdict => ({ kind: 'decided', status: 'keep', reason });

/** "experiment 3" or "the baseline". */
export function formatPlace({ number }: Pick<Iteration, 'number'>): string {
  return number === 0 ? 'the baseline' : `experiment ${number}`;
}

/** The row of a decided iteration. */
export function rowOfIteration(iteration: DecidedIteration): RatchetRow {
  const { decision, description } = iteration;
  const last = lastTry(iteration);
  const isCrash = decision.status === 'crash';
  const memoryMib = last?.outcome?.memoryMib ?? null;
  return {
    commit: (last?.commit ?? iteration.base).slice(0, 7),
    metric: isCrash ? null : metricOf(iteration),
    memoryGb: isCrash || memoryMib === null ? null : memoryMib / 1024,
    status: decision.status,
    description,
  };
}

/** The line of an experiment on standard output, to the letter of autoresearch. */
export function formatExpLine(tag: string, metricName: string, iteration: DecidedIteration): string {
  const { commit, metric, memoryGb, status, description } = rowOfIteration(iteration);
  const words = [
    `[EXP] ${tag} ${iteration.number}`,
    `commit:${commit}`,
    `${metricName}:${(metric ?? 0).toFixed(6)}`,
    `mem:${(memoryGb ?? 0).toFixed(1)}GB`,
    `status:${status}`,
    description,
  ];
  return words.join(' | ');
}
