/** Makes sure that the track has a baseline: what experiments start from, and the noise that they are judged by. */
import { randomUUID } from 'node:crypto';
import type { JobView } from '../domain/job.ts';
import { LabError } from '../errors/lab-error.ts';
import type { PipelineContext } from './context.ts';
import type { LabGate, LabSight } from './lab-gate.ts';

/** Seeds that a command has queued, as "track:seed"; a command is known by its door to the daemon. */
const queuedBy = new WeakMap<LabGate, Set<string>>();

/** True for a job that is over without a metric: another one of its seed may give one. */
function hasNoMetric({ state }: JobView): boolean {
  return state.kind === 'ended' && state.run.metric === null;
}

/**
 * Queues the seeds that the baseline of the present track lacks, in their order. A seed whose jobs were all in vain (without more: ended
 * without a metric) is lacking too, but a command queues no seed twice. Where some seeds have their number the others run the same commit: main
 * may have moved since, and half a baseline of another commit would count as a baseline of its own. Gives the numbers of the jobs that count, of
 * other seeds as well, and without those that were in vain.
 */
export async function queueBaseline(
  context: Pick<PipelineContext, 'gate' | 'config' | 'tell'>,
  isInVain: (view: JobView) => boolean = hasNoMetric,
): Promise<number[]> {
  const { gate, config, tell } = context;
  const { jobs, track } = await gate.look();
  const queued = queuedBy.get(gate) ?? new Set<string>();
  queuedBy.set(gate, queued);
  const own = jobs.filter(
    ({ job, state }) => job.kind === 'baseline' && job.track === track && state.kind !== 'removed',
  );
  const counting = own.filter((view) => !isInVain(view) || queued.has(`${track}:${view.job.seed}`));
  const known = new Set(counting.map(({ job }) => job.seed));
  const missing = config.run.seeds.filter((seed) => !known.has(seed));
  const measured = own.filter((view) => view.state.kind === 'ended' && !isInVain(view));
  const newest = measured.sort((a, b) => a.job.number - b.job.number).at(-1);
  const commit = newest?.job.commit ?? null;
  const failed = missing.filter((seed) => own.some(({ job }) => job.seed === seed));
  if (missing.length > 0)
    tell(
      `baseline: the unchanged code with the seeds ${missing.join(', ')}; their spread is the noise that every result is judged by`,
    );
  if (failed.length > 0) tell(`  again, because the runs before gave no number: ${failed.join(', ')}`);
  if (missing.length > 0 && commit !== null)
    tell(`  at ${commit.slice(0, 7)}, as the other seeds; \`lab baseline\` measures main as it is now`);
  const numbers = counting.map(({ job }) => job.number);
  for (const seed of missing) {
    const { number } = await gate.addJob({
      key: randomUUID(),
      kind: 'baseline',
      label: null,
      command: null,
      commit,
      experiment: null,
      seed,
      wallSeconds: null,
      base: null,
      flags: [],
    });
    queued.add(`${track}:${seed}`);
    numbers.push(number);
  }
  return numbers;
}

/** The champion of the track; measures the baseline first where there is none. Throws LabError where that gives no number. */
export async function ensureChampion(context: PipelineContext): Promise<NonNullable<LabSight['champion']>> {
  const { gate, signal } = context;
  const before = (await gate.look()).champion;
  if (before !== null) return before;
  await tellOfOldChampion(context);
  const views: JobView[] = [];
  for (const number of await queueBaseline(context))
    views.push(await gate.waitForJob(number, signal, (view) => context.onJob(view)));
  const { champion } = await gate.look();
  if (champion !== null) return champion;
  const held = views.find(({ state }) => state.kind === 'held');
  if (held?.state.kind === 'held')
    throw new LabError('user', `baseline job ${held.job.number} is held: ${held.state.hold.reason}`);
  // The newest: an older one may have failed for what has been mended since.
  const failed = views.filter(hasNoMetric).at(-1);
  throw new LabError('job-failed', 'the baseline gave no number, so there is nothing to start experiments from', {
    hints: [
      failed ? `\`lab log ${failed.job.number}\` shows why` : '`lab status` shows why',
      'once that is mended, `lab baseline` measures it again, and so does the same command',
    ],
  });
}

/** A new track begins at its baseline, however far the one before had come: whoever changed the evaluator is told how to go on from there. */
async function tellOfOldChampion({ gate, tell }: PipelineContext): Promise<void> {
  const { jobs, track } = await gate.look();
  const old = jobs.findLast(
    ({ job, state }) =>
      job.kind === 'experiment' && state.kind === 'ended' && state.status === 'keep' && state.run.track !== track,
  );
  if (old?.state.kind !== 'ended') return;
  const from = old.state.run.track;
  tell(
    `track ${track} has no champion yet and begins at the unchanged code; \`lab tracks compare ${from} ${track}\` measures the champion of ${from} under it, and brings it over where it is better`,
  );
}
