/** Waits for the evaluation and takes over what the recorder decided. The decision itself is made by the recorder, never here. */
import type { Experiment } from '../domain/experiment.ts';
import type { JobView } from '../domain/job.ts';
import type { FailureClass, RunFate } from '../domain/run.ts';
import { LabError } from '../errors/lab-error.ts';
import { nameDecision } from '../lab/decision-words.ts';
import { reachPoint } from '../lab/named-point.ts';
import type { Stage, StageResult } from './context.ts';
import { endWith, oneLine } from './experiment-steps.ts';

/**
 * Failures that code can cause. A run that a person or the machine ended, or that the lab could not prepare or score, would end so whatever was mixed
 * in.
 */
const causedByCode: ReadonlySet<FailureClass> = new Set([
  'exception',
  'out-of-memory',
  'nan',
  'timeout',
  'idle',
  'log-limit',
  'no-metric',
]);

// A run that was done is called a crash for what it took: the soft limit of memory.
const mayBeCode = (fate: RunFate): boolean => fate.kind === 'done' || causedByCode.has(fate.failure);

/** The stage. */
export const decide: Stage = async (context, experiment) => {
  const { gate, signal } = context;
  if (experiment.job === null)
    throw new LabError(
      'internal',
      `experiment ${experiment.slug} is to be decided without a job; its state was changed by hand`,
    );
  const view = await gate.waitForJob(experiment.job, signal, (seen) => context.onJob(seen));
  return takeOver(experiment, experiment.job, view);
};

/** What an experiment's evaluation, that job, comes to. Pure but for a named point. Throws LabError (internal) where it ended without a decision. */
export function takeOver(experiment: Experiment, job: number, view: JobView): StageResult {
  if (view.state.kind === 'held') return { kind: 'waits', reason: `job ${job} is held: ${view.state.hold.reason}` };
  if (view.state.kind === 'removed')
    return endWith(experiment, 'failed', 'evaluate', `job ${job} was taken out of the queue`);
  if (view.decision === null) throw new LabError('internal', `job ${job} has ended without a decision`);
  reachPoint('decision-read');
  const { status, reason, evidence } = view.decision;
  // What was mixed in by lot may be what crashed: the change has a run of its own before it is called a crash.
  const fate = view.state.kind === 'ended' ? view.state.run.fate : null;
  const isMixedIn = status === 'crash' && view.job.variant !== null && fate !== null && mayBeCode(fate);
  if (isMixedIn && experiment.asBuilt !== true)
    return {
      kind: 'next',
      experiment: { ...experiment, asBuilt: true, job: null, next: 'evaluate' },
      note: `crashed with other changes mixed in (${oneLine(reason)}); again as it was built`,
    };
  return {
    kind: 'next',
    experiment: { ...experiment, outcome: { kind: 'decided', job, status, reason }, next: 'report' },
    note: `${nameDecision(status, evidence)}: ${reason}`,
  };
}
