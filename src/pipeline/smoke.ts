/** Does the change run at all? A tiny run through the queue, in the same checkout and sandbox as the evaluation. A crash goes back once. */
import { join } from 'node:path';
import { readLogTail } from '../../workers/log-reading/log-tail.ts';
import type { JobView } from '../domain/job.ts';
import { reachPoint } from '../lab/named-point.ts';
import type { PipelineContext, Stage } from './context.ts';
import { ensureBuilt } from './ensure-built.ts';
import { endWith, sendBack } from './experiment-steps.ts';

/** The stage. */
export const smoke: Stage = async (context, experiment) => {
  const { gate, config, signal } = context;
  const { base, commit } = ensureBuilt(experiment);
  if (config.commands.smoke === null)
    return {
      kind: 'next',
      experiment: { ...experiment, next: 'evaluate' },
      note: 'skipped: commands.smoke is not set',
    };
  const { number } = await gate.addJob({
    key: `smoke:${experiment.slug}:${experiment.attempt}:${commit}`,
    kind: 'check',
    label: null,
    command: config.commands.smoke,
    commit,
    experiment: experiment.slug,
    seed: config.run.seeds[0] ?? null,
    wallSeconds: config.experiment.smokeSeconds,
    base,
    flags: [],
  });
  reachPoint('smoke-queued');
  const view = await gate.waitForJob(number, signal, (seen) => context.onJob(seen));
  const tested = { ...experiment, smokeJobs: [...new Set([...experiment.smokeJobs, number])] };
  if (view.state.kind === 'held') return { kind: 'waits', reason: `job ${number} is held: ${view.state.hold.reason}` };
  const problem = describeFailure(context, view);
  if (problem === null)
    return { kind: 'next', experiment: { ...tested, next: 'evaluate' }, note: `job ${number}: it runs` };
  return (
    sendBack(tested, 'smoke', problem) ??
    endWith(tested, 'failed', 'smoke', `the smoke run failed a second time: ${problem.split('\n')[0] ?? ''}`)
  );
};

/** What went wrong, with the end of the log; null where nothing did. */
function describeFailure({ paths }: PipelineContext, { job, state }: JobView): string | null {
  if (state.kind === 'removed') return `job ${job.number} was taken out of the queue`;
  if (state.kind !== 'ended' || state.run.fate.kind === 'done') return null;
  const { failure, detail } = state.run.fate;
  const tail = readLogTail(join(paths.runs, String(job.number), String(state.run.attempt)), 20);
  return `${failure}: ${detail}${tail === '' ? '' : `\n\nThe end of its log:\n\n${tail}`}`;
}
