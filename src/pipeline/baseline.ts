/** Makes sure that the track has a baseline: what experiments start from, and the noise that they are judged by. */
import { randomUUID } from 'node:crypto';
import type { JobView } from '../domain/job.ts';
import { LabError } from '../errors/lab-error.ts';
import type { PipelineContext } from './context.ts';
import type { LabSight } from './lab-gate.ts';

/** Queues the seeds that the baseline of the present track lacks, in their order. Gives the numbers of all its jobs. */
export async function queueBaseline(context: PipelineContext): Promise<number[]> {
  const { gate, config, paths, tell } = context;
  const { jobs, track } = await gate.look();
  const own = jobs.filter(
    ({ job, state }) => job.kind === 'baseline' && job.track === track && state.kind !== 'removed',
  );
  const known = new Set(own.map(({ job }) => job.seed));
  const missing = config.run.seeds.filter((seed) => !known.has(seed));
  if (missing.length > 0)
    tell(
      `baseline: the unchanged code with the seeds ${missing.join(', ')}; their spread is the noise that every result is judged by`,
    );
  const numbers = own.map(({ job }) => job.number);
  for (const seed of missing) {
    const { number } = await gate.addJob({
      key: randomUUID(),
      kind: 'baseline',
      label: null,
      command: null,
      checkout: paths.root,
      seed,
      wallSeconds: null,
      base: null,
    });
    numbers.push(number);
  }
  return numbers;
}

/** The champion of the track; measures the baseline first where there is none. Throws LabError where that gives no number. */
export async function ensureChampion(context: PipelineContext): Promise<NonNullable<LabSight['champion']>> {
  const { gate, signal } = context;
  const before = (await gate.look()).champion;
  if (before !== null) return before;
  const views: JobView[] = [];
  for (const number of await queueBaseline(context))
    views.push(await gate.waitForJob(number, signal, (view) => context.onJob(view)));
  const { champion } = await gate.look();
  if (champion !== null) return champion;
  const held = views.find(({ state }) => state.kind === 'held');
  if (held?.state.kind === 'held')
    throw new LabError('user', `baseline job ${held.job.number} is held: ${held.state.hold.reason}`);
  const failed = views.find(({ state }) => state.kind === 'ended' && state.run.fate.kind === 'failed');
  throw new LabError('job-failed', 'the baseline gave no number, so there is nothing to start experiments from', {
    hints: [failed ? `\`lab log ${failed.job.number}\` shows why` : '`lab status` shows why'],
  });
}
