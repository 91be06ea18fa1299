/** Runs a commit of a session through the queue and reads what came of it. Asked again after a crash it is the same job. */
import type { JobView } from '../domain/job.ts';
import type { RatchetSession } from '../domain/ratchet.ts';
import { LabError } from '../errors/lab-error.ts';
import { reachPoint } from '../lab/named-point.ts';
import type { PipelineContext } from '../pipeline/context.ts';
import type { Iteration, RatchetOutcome, RatchetTry } from './iteration.ts';

/**
 * Measures the last try of an iteration on `deviceId`, or on any device of the session's class where that is null. Throws LabError (user) where the job is held: what main froze has changed, and a person has to say
 * whether it runs all the same.
 */
export async function measureTry(
  context: Pick<PipelineContext, 'gate' | 'signal' | 'onJob'>,
  session: RatchetSession,
  iteration: Iteration,
  { commit, seed, reruns }: RatchetTry,
  deviceId: string | null,
): Promise<RatchetOutcome> {
  const { gate, signal, onJob } = context;
  const { tag, beganAt, budget } = session;
  const run = `${iteration.number}.${iteration.tries.length}${reruns === 0 ? '' : `.${reruns}`}`;
  const { number } = await gate.addJob({
    key: `ratchet:${tag}:${beganAt}:${run}`,
    kind: 'ratchet',
    label: `${tag} ${iteration.number}: ${iteration.description}`,
    // Not lab.yaml's of this moment: what the session's numbers were made with.
    command: budget.command,
    commit,
    experiment: null,
    seed,
    wallSeconds: budget.wallSeconds,
    base: iteration.base,
    device: session.device,
    deviceId,
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
  if (state.kind !== 'ended') {
    return {
      ...{ job, attempt: 0, metric: null, memoryMib: null, memorySource: 'none', measuredMib: null },
      ...{ measuredSource: 'none', failure: 'interrupted', detail: 'the job was removed', trainingSeconds: null },
      ...{ seconds: null, deviceId: '', deviceModel: '', flags: [] },
    };
  }
  const { run } = state;
  const printed = run.metrics.peak_vram_mb ?? 0;
  const failed = run.fate.kind === 'failed' ? run.fate : null;
  return {
    job,
    attempt: run.attempt,
    metric: failed === null ? run.metric : null,
    memoryMib: printed > 0 ? printed : run.peakMemoryMib,
    memorySource: printed > 0 ? 'summary' : run.memorySource,
    measuredMib: run.peakMemoryMib,
    measuredSource: run.memorySource,
    failure: failed?.failure ?? (run.metric === null ? 'no-metric' : null),
    detail: failed?.detail ?? '',
    trainingSeconds: run.metrics.training_seconds ?? null,
    seconds: run.trainSeconds,
    deviceId: run.device.id,
    deviceModel: run.device.model,
    flags: run.flags,
  };
}
