/** Runs a commit of a session through the queue and reads what came of it. Asked again after a crash it is the same job. */
import type { JobView } from '../domain/job.ts';
import type { RatchetSession } from '../domain/ratchet.ts';
import { LabError } from '../errors/lab-error.ts';
import { reachPoint } from '../lab/named-point.ts';
import type { PipelineContext } from '../pipeline/context.ts';
import type { Iteration, RatchetOutcome, RatchetTry } from './iteration.ts';

/**
 * Measures the last try of an iteration. Throws LabError (user) where the job is held: what main froze has changed, and a person has to say
 * whether it runs all the same.
 */
export async function measureTry(
  context: Pick<PipelineContext, 'gate' | 'signal' | 'onJob'>,
  session: RatchetSession,
  iteration: Iteration,
  { commit, seed }: RatchetTry,
): Promise<RatchetOutcome> {
  const { gate, signal, onJob } = context;
  const { tag, beganAt, budget } = session;
  const { number } = await gate.addJob({
    key: `ratchet:${tag}:${beganAt}:${iteration.number}.${iteration.tries.length}`,
    kind: 'ratchet',
    label: `${tag} ${iteration.number}: ${iteration.description}`,
    command: null,
    commit,
    experiment: null,
    seed,
    wallSeconds: budget.wallSeconds,
    base: iteration.base,
    device: session.device,
    deviceId: session.deviceId,
    flags: [],
  });
  reachPoint('ratchet-queued');
  const view = await gate.waitForJob(number, signal, onJob);
  reachPoint('ratchet-measured');
  return readOutcome(number, view);
}

function readOutcome(job: number, { state }: JobView): RatchetOutcome {
  if (state.kind === 'held') {
    throw new LabError('user', `job ${job} is held: ${state.hold.reason}`, {
      hints: [
        `\`lab enqueue ${job}\` lets it run, \`lab remove ${job}\` drops it; then \`lab autoresearch resume\``,
        '`lab autoresearch run --tag <another>` begins a session on the new track',
      ],
    });
  }
  const nothing = { attempt: 0, trainingSeconds: null, seconds: null, deviceModel: '', flags: [], memoryMib: null };
  if (state.kind !== 'ended')
    return { ...nothing, job, metric: null, memorySource: 'none', failure: 'killed', detail: 'the job was removed' };
  const { run } = state;
  const printed = run.metrics.peak_vram_mb ?? 0;
  const failed = run.fate.kind === 'failed' ? run.fate : null;
  return {
    job,
    attempt: run.attempt,
    metric: failed === null ? run.metric : null,
    memoryMib: printed > 0 ? printed : run.peakMemoryMib,
    memorySource: printed > 0 ? 'summary' : run.memorySource,
    failure: failed?.failure ?? (run.metric === null ? 'no-metric' : null),
    detail: failed?.detail ?? '',
    trainingSeconds: run.metrics.training_seconds ?? null,
    seconds: run.trainSeconds,
    deviceModel: run.device.model,
    flags: run.flags,
  };
}
