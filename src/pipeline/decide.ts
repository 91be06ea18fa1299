/** Waits for the evaluation and takes over what the recorder decided. The decision itself is made by the recorder, never here. */
import { LabError } from '../errors/lab-error.ts';
import { reachPoint } from '../lab/named-point.ts';
import type { Stage } from './context.ts';
import { endWith, oneLine } from './experiment-steps.ts';

/** The stage. */
export const decide: Stage = async (context, experiment) => {
  const { gate, signal } = context;
  if (experiment.job === null)
    throw new LabError(
      'internal',
      `experiment ${experiment.slug} is to be decided without a job; its state was changed by hand`,
    );
  const view = await gate.waitForJob(experiment.job, signal, (seen) => context.onJob(seen));
  if (view.state.kind === 'held')
    return { kind: 'waits', reason: `job ${experiment.job} is held: ${view.state.hold.reason}` };
  if (view.state.kind === 'removed')
    return endWith(experiment, 'failed', 'evaluate', `job ${experiment.job} was taken out of the queue`);
  if (view.decision === null) throw new LabError('internal', `job ${experiment.job} has ended without a decision`);
  reachPoint('decision-read');
  const { status, reason } = view.decision;
  // What was mixed in by lot may be what crashed: the change has a run of its own before it is called a crash.
  if (status === 'crash' && view.job.variant !== null && experiment.asBuilt !== true)
    return {
      kind: 'next',
      experiment: { ...experiment, asBuilt: true, job: null, next: 'evaluate' },
      note: `crashed with other changes mixed in (${oneLine(reason)}); again as it was built`,
    };
  return {
    kind: 'next',
    experiment: { ...experiment, outcome: { kind: 'decided', job: experiment.job, status, reason }, next: 'report' },
    note: `${status}: ${reason}`,
  };
};
