/**
 * The tour: a lab of its own, a baseline over its seeds, ideas until there are thirty, and experiments from the best of them, all driven by
 * the same pipeline as any lab, with a recording for an agent. Started again it goes on where it was. What it prints at the end is in
 * tour-report.ts.
 */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type LabPaths, labPaths } from '../../config/lab-paths.ts';
import type { LabConfig } from '../../config/schema.ts';
import type { JobView } from '../../domain/job.ts';
import { LabError } from '../../errors/lab-error.ts';
import { readExperiments } from '../../lab/experiments.ts';
import { ensureChampion, queueBaseline } from '../../pipeline/baseline.ts';
import { chooseBest } from '../../pipeline/choose-ideas.ts';
import type { PipelineContext } from '../../pipeline/context.ts';
import { ensureMetric } from '../../pipeline/ensure-metric.ts';
import { ideate } from '../../pipeline/ideate.ts';
import { runExperiments } from '../../pipeline/run-experiments.ts';
import { call, ensureDaemon } from '../client.ts';
import { createLab } from '../create-lab.ts';
import { openConfig } from '../open-config.ts';
import { listNotices, openPipeline } from '../open-pipeline.ts';
import type { PipelineView } from '../pipeline-view.ts';

/** Ideas that the tour fills up to. */
export const tourIdeas = 30;
/** Experiments that the tour makes of them. */
export const tourExperiments = 7;

/** Runs the tour in `folder` to its end, or throws the signal's reason where it is stopped. Returns the lab's paths and configuration. */
export async function runTour(
  folder: string,
  signal: AbortSignal,
  view: PipelineView,
): Promise<{ paths: LabPaths; config: LabConfig }> {
  if (!existsSync(join(folder, 'lab.yaml'))) {
    const made = await createLab(folder, {
      starter: true,
      fillCharter: true,
      metric: null,
      direction: 'lower',
      train: null,
      score: null,
      hooks: true,
    });
    view.tell(
      `made a lab in ${made.root}: a small language model in pure Python, scored by a frozen scorer it cannot see`,
    );
  } else {
    ensureTourLab(folder);
    view.tell(`the tour looks again at ${folder}, and goes on where it was`);
  }
  const local = join(folder, 'lab.local.yaml');
  if (!existsSync(local)) writeFileSync(local, 'agents:\n  use: recorded\n');
  const paths = labPaths(folder);
  const config = openConfig(paths);
  await ensureDaemon(paths);
  const pipeline = await openPipeline(paths, config, 'recorded', view, signal);
  try {
    const { context } = pipeline;
    for (const notice of listNotices(context, ['ideator'])) view.tell(notice);
    for (const problem of (await call(paths, 'status', { numbers: [] })).problems) view.tell(`note: ${problem}`);
    // The device measures while the agents think: neither waits for the other.
    await queueBaseline(context);
    await together(context, [measureBaseline, (both) => ideate(both, tourIdeas)]);
    const missing = tourExperiments - readExperiments(paths).length;
    if (missing > 0) await chooseBest(context, missing);
    const waiting = (await runExperiments(context)).find(({ waits }) => waits !== null);
    if (waiting?.waits)
      throw new LabError('user', `${waiting.experiment.slug}: ${waiting.waits}`, {
        hints: ['after that the tour goes on from here'],
      });
  } finally {
    pipeline.close();
  }
  return { paths, config };
}

/** Throws LabError (user) where the lab in the folder is somebody's own: the recording fits the starter problem alone. */
function ensureTourLab(folder: string): void {
  if (existsSync(join(folder, 'problem', 'prepare.py')) && existsSync(join(folder, 'problem', 'train.py'))) return;
  throw new LabError(
    'user',
    `${folder} is a lab of its own and not the starter problem, expected a new folder for the tour`,
    {
      hints: ['`lab tour /tmp/look` makes one elsewhere'],
    },
  );
}

/** Runs parts side by side; where one fails, the others are stopped and the failure is thrown once all have ended. */
async function together(
  context: PipelineContext,
  parts: ((context: PipelineContext) => Promise<unknown>)[],
): Promise<void> {
  const stop = new AbortController();
  const both = { ...context, signal: AbortSignal.any([context.signal, stop.signal]) };
  const ends = await Promise.allSettled(
    parts.map((part) =>
      part(both).catch((error: unknown) => {
        stop.abort(error);
        throw error;
      }),
    ),
  );
  context.signal.throwIfAborted();
  if (ends.some((end) => end.status === 'rejected')) throw stop.signal.reason;
}

/** Tells each baseline run as it ends; a baseline that was measured before is told in one line. */
async function measureBaseline(context: PipelineContext): Promise<void> {
  const { gate, signal, tell, config } = context;
  const own = (await gate.look()).jobs.filter(({ job }) => job.kind === 'baseline');
  for (const { job } of own) {
    const view = await gate.waitForJob(job.number, signal, (seen) => context.onJob(seen));
    tell(`  job ${job.number} baseline seed ${job.seed ?? ''}: ${describeEnd(view, config.metric.name)}`);
  }
  const { commit, metric } = await ensureChampion(context);
  tell(`baseline ${commit.slice(0, 7)}: ${config.metric.name} ${metric?.toFixed(6) ?? 'unknown'}`);
  await ensureMetric(context);
}

function describeEnd({ state }: JobView, metric: string): string {
  if (state.kind !== 'ended') return state.kind;
  const { run } = state;
  return run.fate.kind === 'failed'
    ? `${run.fate.failure}: ${run.fate.detail}`
    : `${metric} ${run.metric?.toFixed(6) ?? 'missing'}`;
}
