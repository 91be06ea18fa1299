/** `lab follow`: the live logs of jobs from their run folders, from start to end, whichever step and attempt they are in. */
import { join } from 'node:path';
import type { LabPaths } from '../../config/lab-paths.ts';
import { findQueueLab } from '../../config/own-lab.ts';
import type { Routes } from '../../daemon/routes.ts';
import type { JobView } from '../../domain/job.ts';
import { exitCodes, LabError } from '../../errors/lab-error.ts';
import { call } from '../client.ts';
import { type CommandSpec, parseJobNumbers } from '../define.ts';
import { describeGoingOn, tellOnInterrupt } from '../interrupt.ts';
import { isFinal, isSuccess } from '../render.ts';
import { followQueue, openJobs, readLogsMs } from '../status/follow-queue.ts';
import { createLinePrefix, createLogStream } from '../status/log-stream.ts';
import { describeNow, listBlocking } from '../status/wait-reason.ts';
import { renderDigest } from '../wait-for-jobs.ts';

/** Follows jobs. */
export const follow: CommandSpec = {
  name: 'follow',
  summary: 'Follow the logs of running jobs',
  usage: '[number…]',
  options: [{ name: 'all', short: 'a', description: 'Without a number: go on when the queue is empty, until Ctrl-C' }],
  examples: ['lab follow 3', 'lab follow 3-5', 'lab follow    # each job as it begins, until the queue is empty'],
  async run(input) {
    const numbers = parseJobNumbers(input.words);
    if (numbers.length > 0 && input.flag('all'))
      throw new LabError('usage', '--all follows whatever runs, expected no number with it');
    const paths = findQueueLab(process.cwd());
    const all = [...new Set(numbers)];
    const over = new Set<number>();
    tellOnInterrupt(() => describeGoingOn(all.filter((number) => !over.has(number))));
    if (all.length === 0) return await followQueue(paths, input.flag('all'));
    // An unknown number must not come to light after the log of another was printed.
    await call(paths, 'status', { numbers: all });
    const followOne = async (number: number): Promise<JobView> => {
      const view = await followJob(paths, number, all.length > 1);
      over.add(number);
      return view;
    };
    const views = await Promise.all(all.map(followOne));
    for (const view of views) process.stderr.write(`\n${renderDigest(paths, view)}`);
    return views.every(isSuccess) ? 0 : exitCodes['job-failed'];
  },
};

/** Waits until the job is over or needs a human to go on; says on stderr what it waits for, and again when that changes. */
async function waitForEnd(paths: LabPaths, number: number): Promise<JobView> {
  let seen = 0;
  let told = '';
  // What keeps the job is watched with it: a hold or a pause there changes nothing in the job itself.
  let watched = [number];
  for (;;) {
    const answer = await waitForAny(paths, watched, seen);
    if (answer === null) {
      watched = [number];
      continue;
    }
    const view = answer.jobs.find(({ job }) => job.number === number);
    if (view === undefined) throw new LabError('internal', `the daemon knows nothing of job ${number}`);
    const { state } = view;
    if (isFinal(state) || state.kind === 'held' || state.kind === 'stashed') return view;
    const running = state.kind === 'queued' ? await listRunning(paths) : [];
    const wanted = [number, ...listBlocking(view, running).filter((other) => other !== number)];
    const isNew = wanted.some((other) => !watched.includes(other));
    watched = wanted;
    seen = isNew ? 0 : answer.seen;
    if (isNew) continue;
    const others = answer.jobs.filter(({ job }) => job.number !== number && wanted.includes(job.number));
    const line = describeNow(view, new Map(others.map((other) => [other.job.number, other])), told);
    if (line !== '' && line !== told) process.stderr.write(`${line}\n`);
    told = line;
  }
}

/** The next change of one of the jobs; null where one that was watched besides is not there any more. */
async function waitForAny(
  paths: LabPaths,
  numbers: number[],
  seen: number,
): Promise<Routes['wait']['response'] | null> {
  try {
    return await call(paths, 'wait', { numbers, seen });
  } catch (error) {
    if (numbers.length > 1 && error instanceof LabError && error.kind === 'user') return null;
    throw error;
  }
}

async function listRunning(paths: LabPaths): Promise<JobView[]> {
  const { jobs } = await call(paths, 'status', { numbers: [], filter: { ...openJobs, states: ['running'] } });
  return jobs;
}

/** Prints what the logs hold and gain until the job is over or needs a human to go on. */
async function followJob(paths: LabPaths, number: number, hasPrefix: boolean): Promise<JobView> {
  const folder = join(paths.runs, String(number));
  const lines = createLinePrefix(`${number} | `, (text) => process.stdout.write(text));
  const read = createLogStream(folder, hasPrefix ? lines.take : (bytes) => process.stdout.write(bytes));
  const timer = setInterval(read, readLogsMs);
  try {
    return await waitForEnd(paths, number);
  } finally {
    clearInterval(timer);
    read();
    lines.end();
  }
}
