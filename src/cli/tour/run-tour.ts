/**
 * The tour: a lab of its own, a baseline over its seeds, and experiments that really change train.py. Every part is looked up before it is
 * made, so that a tour that was stopped goes on where it was. What it prints at the end is in tour-report.ts.
 */
import { randomUUID } from 'node:crypto';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type LabPaths, labPaths } from '../../config/lab-paths.ts';
import { loadConfig } from '../../config/load.ts';
import type { LabConfig } from '../../config/schema.ts';
import type { JobView, Routes } from '../../daemon/routes.ts';
import { LabError } from '../../errors/lab-error.ts';
import { commitPaths, readSubject } from '../../git/porcelain.ts';
import { readBlob, resolveCommit } from '../../git/repository.ts';
import { addExperimentWorktree } from '../../git/worktree.ts';
import { captureEnvironment } from '../capture-environment.ts';
import { call, ensureDaemon } from '../client.ts';
import { createLab } from '../create-lab.ts';
import { isFinal } from '../render.ts';
import { type TourEdit, tourEdits } from './tour-edits.ts';
import { createTourProgress } from './tour-progress.ts';

const trainPath = 'problem/train.py';

type Status = Routes['status']['response'];

/** A tour under way. */
interface Tour {
  paths: LabPaths;
  config: LabConfig;
  env: Record<string, string>;
  signal: AbortSignal;
  tell(line: string): void;
}

/** Runs the tour in `folder` to its end, or throws the signal's reason where it is stopped. Returns the lab's paths and configuration. */
export async function runTour(
  folder: string,
  signal: AbortSignal,
  tell: (line: string) => void,
): Promise<{ paths: LabPaths; config: LabConfig }> {
  if (!existsSync(join(folder, 'lab.yaml'))) {
    const made = await createLab(folder, {
      starter: true,
      fillCharter: true,
      metric: null,
      direction: 'lower',
      train: null,
      score: null,
    });
    tell(`made a lab in ${made.root}: a small language model in pure Python, scored by a frozen scorer it cannot see`);
  } else tell(`the tour goes on in ${folder}`);
  const paths = labPaths(folder);
  const config = loadConfig(paths.root, { environment: process.env });
  const { env } = captureEnvironment(process.env, config.env.pass, []);
  await ensureDaemon(paths);
  const tour: Tour = { paths, config, env, signal, tell };
  for (const problem of (await readStatus(tour)).problems) tell(`note: ${problem}`);
  const progress = createTourProgress(config.run.seeds.length + tourEdits.length, tell);
  try {
    await queueBaseline(tour);
    await watch(tour, progress.show);
    const [first, ...others] = tourEdits;
    if (first) {
      await queueExperiment(tour, first);
      await watch(tour, progress.show);
    }
    // The others start from what the first one made of the champion; the queue holds them all, the device runs one at a time.
    for (const edit of others) await queueExperiment(tour, edit);
    await watch(tour, progress.show);
  } finally {
    progress.close();
  }
  return { paths, config };
}

async function readStatus({ paths }: Tour): Promise<Status> {
  return await call(paths, 'status', { numbers: [] });
}

/** Shows what goes on until nothing is queued or running. */
async function watch(tour: Tour, show: (jobs: JobView[]) => void): Promise<void> {
  for (;;) {
    tour.signal.throwIfAborted();
    const { jobs } = await readStatus(tour);
    show(jobs);
    const held = jobs.find((view) => view.state.kind === 'held');
    if (held?.state.kind === 'held') {
      throw new LabError('user', `job ${held.job.number} is held: ${held.state.hold.reason}`, {
        hints: ['after that the tour goes on from here'],
      });
    }
    if (jobs.every((view) => isFinal(view.state))) return;
    await new Promise((resume) => setTimeout(resume, 250));
  }
}

async function queueBaseline(tour: Tour): Promise<void> {
  const { jobs, track } = await readStatus(tour);
  const known = new Set(
    jobs
      .filter((view) => view.job.kind === 'baseline' && view.job.track === track && view.state.kind !== 'removed')
      .map((view) => view.job.seed),
  );
  const missing = tour.config.run.seeds.filter((seed) => !known.has(seed));
  if (missing.length > 0)
    tour.tell(
      `baseline: the unchanged code with the seeds ${missing.join(', ')}; their spread is the noise that every result is judged by`,
    );
  for (const seed of missing) await add(tour, tour.paths.root, { kind: 'baseline', label: null, seed });
}

/** Builds an edit in its own worktree from the champion, commits it on exp/<slug>, and queues it with its label; once. */
async function queueExperiment(tour: Tour, edit: TourEdit): Promise<void> {
  tour.signal.throwIfAborted();
  const { paths } = tour;
  const { jobs, champion } = await readStatus(tour);
  if (jobs.some((view) => view.job.experiment === edit.slug && view.state.kind !== 'removed')) return;
  if (champion === null) {
    const failed = jobs.find((view) => view.state.kind === 'ended' && view.state.run.fate.kind === 'failed');
    throw new LabError('job-failed', 'the baseline gave no number, so there is nothing to start experiments from', {
      hints: [
        failed
          ? `\`lab log ${failed.job.number}\` in ${paths.root} shows why`
          : `\`lab status\` in ${paths.root} shows why`,
      ],
    });
  }
  const tree = join(paths.worktrees, edit.slug);
  const branch = `exp/${edit.slug}`;
  if (!existsSync(join(tree, '.git'))) await addExperimentWorktree(paths.root, tree, branch, champion.commit);
  const head = await resolveCommit(tree, 'HEAD');
  const subject = await readSubject(tree, head);
  if (!subject.startsWith(`exp(${edit.slug}): `)) {
    // Half a tour may have left an edited file: it is written again from the commit's own text.
    const text = (await readBlob(tree, head, trainPath))?.toString('utf8') ?? '';
    writeFileSync(join(tree, trainPath), edit.apply(text));
    await commitPaths(tree, `exp(${edit.slug}): ${edit.title}`, [trainPath]);
  }
  await add(tour, tree, { kind: 'plain', label: edit.label, seed: tour.config.run.seeds[0] ?? null });
}

async function add(
  tour: Tour,
  checkout: string,
  job: Pick<Routes['add']['request'], 'kind' | 'label' | 'seed'>,
): Promise<void> {
  await call(tour.paths, 'add', {
    key: randomUUID(),
    ...job,
    command: null,
    checkout,
    directory: '',
    here: false,
    device: 'cpu',
    env: tour.env,
    secrets: {},
    wallSeconds: null,
  });
}
