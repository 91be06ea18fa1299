/**
 * `lab follow` without a number: each job from the moment at which it begins, until the queue is empty. The daemon is asked for what runs
 * and what has just ended, one question at a time; the logs are read from the run folders meanwhile.
 */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LabPaths } from '../../config/lab-paths.ts';
import type { Routes, StatusFilter } from '../../daemon/routes.ts';
import type { JobView } from '../../domain/job.ts';
import { exitCodes, LabError } from '../../errors/lab-error.ts';
import { call } from '../client.ts';
import { isFinal, isSuccess } from '../render.ts';
import { findBlocker, renderDigest } from '../wait-for-jobs.ts';
import { createLogStream, createSharedOutput, type SharedWriter } from './log-stream.ts';
import { describeNow } from './wait-reason.ts';

/** How often the logs are read, milliseconds. */
export const readLogsMs = 100;

/** Shortest time between two looks at the queue, milliseconds: a night's queue can change a hundred times a second. */
const leastMs = 100;

/** Every job that is not over. */
export const openJobs: StatusFilter = {
  states: [],
  group: null,
  label: null,
  idea: null,
  since: null,
  ended: 0,
  isArchived: false,
};

/** What runs, and as many of those that ended as may have begun and ended between two looks. */
const begunJobs: StatusFilter = { ...openJobs, states: ['running', 'recording', 'ended'], ended: 50 };

/** A job whose log is shown. */
interface Follower {
  readonly number: number;
  /** The attempt that was seen last. */
  attempt: number;
  /** Ids of the devices that it had last. */
  devices: string[];
  /** Whether only its record is waited for. */
  isRecording: boolean;
  /** The line that was told of it last. */
  told: string;
  /** Shows what its log gained. */
  read(): void;
  /** Ends its part of the output until its log gains more. */
  rest(): void;
}

/** Shows the logs of all jobs that run from now on, and a digest of each as it ends. Returns 0, or 3 where one failed or needs a human. */
export async function followQueue(paths: LabPaths, isEndless: boolean): Promise<number> {
  const openPart = createSharedOutput((text) => process.stdout.write(text));
  const followers = new Map<number, Follower>();
  // The last attempt of each job that is no news any more: one that is restarted in place is followed again, from the next attempt on.
  const shown = new Map<number, number>();
  let count = 0;
  let isGood = true;
  let told = '';

  const begin = (number: number): Follower => {
    const follower = createFollower(paths, number, shown.get(number) ?? 0, openPart);
    followers.set(number, follower);
    return follower;
  };
  const drop = (follower: Follower, isSuccessful: boolean): void => {
    follower.read();
    follower.rest();
    followers.delete(follower.number);
    shown.set(follower.number, follower.attempt);
    count += 1;
    isGood &&= isSuccessful;
  };
  const update = (follower: Follower, view: JobView): void => {
    const { state } = view;
    if (state.kind === 'running') {
      follower.attempt = state.attempt;
      follower.devices = state.device.split('+');
    } else {
      if (state.kind === 'ended') follower.attempt = state.run.attempt;
      // What runs on is not marked as one of several for a job that prints no more.
      follower.read();
      follower.rest();
    }
    follower.isRecording = state.kind === 'recording' && state.problem === null;
    if (isFinal(state) || state.kind === 'held' || state.kind === 'stashed') {
      drop(follower, isSuccess(view));
      process.stderr.write(`\n${renderDigest(paths, view)}`);
      return;
    }
    follower.told = tell(describeNow(view, new Map(), follower.told), follower.told);
  };

  const timer = setInterval(() => {
    for (const follower of followers.values()) follower.read();
  }, readLogsMs);
  try {
    let answer = await look(paths, 0);
    // What was over before is no news: these, and all that ended before them. A moment alone does not tell, for it is a whole second.
    let overMs = 0;
    for (const { job, state } of answer.jobs) {
      if (state.kind === 'ended') shown.set(job.number, state.run.attempt);
      overMs = Math.max(overMs, endMsOf(state));
    }
    for (;;) {
      const views = new Map(answer.jobs.map((view) => [view.job.number, view]));
      for (const follower of [...followers.values()]) {
        const view = views.get(follower.number) ?? (await readView(paths, follower.number));
        if (view !== null) update(follower, view);
        else {
          drop(follower, false);
          process.stderr.write(`\njob ${follower.number} was deleted before its end was seen\n`);
        }
      }
      const isNew = ({ job, state }: JobView): boolean =>
        !followers.has(job.number) && isNews(state, shown.get(job.number) ?? 0, overMs);
      for (const view of answer.jobs.filter(isNew).sort(compareBegun))
        if (!isBehind(view, [...followers.values()])) update(begin(view.job.number), view);

      if (followers.size > 0) told = '';
      else {
        const { jobs } = await call(paths, 'status', { numbers: [], filter: openJobs });
        const known = new Map(jobs.map((view) => [view.job.number, view]));
        const next = findNext(jobs.filter((view) => findBlocker(view, known) === null));
        if (next !== null) told = tell(describeNow(next, known, told), told);
        else if (!isEndless) {
          // A job may have begun and ended since the queue was looked at.
          const newer = await look(paths, 0);
          if (newer.seen === answer.seen) return endOf(count, isGood);
          answer = newer;
          continue;
        }
      }
      await sleep(leastMs);
      answer = await look(paths, answer.seen);
    }
  } finally {
    clearInterval(timer);
  }
}

function endOf(count: number, isGood: boolean): number {
  if (count > 0) return isGood ? 0 : exitCodes['job-failed'];
  throw new LabError('user', 'nothing runs and nothing is queued, expected a job to follow', {
    hints: ['`lab log <number>` shows a log that ended'],
  });
}

const look = (paths: LabPaths, seen: number): Promise<Routes['wait']['response']> =>
  call(paths, 'wait', { numbers: [], seen, filter: begunJobs });

/** A job that is neither running nor has lately ended: it waits for its next attempt, or was put away. Null where it was deleted. */
async function readView(paths: LabPaths, number: number): Promise<JobView | null> {
  try {
    return (await call(paths, 'status', { numbers: [number] })).jobs[0] ?? null;
  } catch (error) {
    if (error instanceof LabError && error.kind === 'user') return null;
    throw error;
  }
}

function createFollower(
  paths: LabPaths,
  number: number,
  afterAttempt: number,
  openPart: (prefix: string) => SharedWriter,
): Follower {
  let part: SharedWriter | null = null;
  const folder = join(paths.runs, String(number));
  const take = (bytes: Buffer) => {
    part ??= openPart(`${number} | `);
    part.take(bytes);
  };
  return {
    ...{ number, attempt: afterAttempt, devices: [], isRecording: false, told: '' },
    read: createLogStream(folder, take, afterAttempt),
    rest() {
      part?.end();
      part = null;
    },
  };
}

/** Whether there is something of the job to show: an attempt after the last one shown that runs, or that ended since a moment. */
function isNews(state: JobView['state'], lastShown: number, overMs: number): boolean {
  if (state.kind === 'running' || state.kind === 'recording') return state.attempt > lastShown;
  return state.kind === 'ended' && state.run.attempt > lastShown && endMsOf(state) >= overMs;
}

const endMsOf = (state: JobView['state']): number => (state.kind === 'ended' ? Date.parse(state.run.endedAt) : 0);

/** Whether the job has taken over from one that is still being recorded: that one's digest comes first, unless its record is stuck. */
function isBehind({ state }: JobView, followers: readonly Follower[]): boolean {
  const recording = followers.filter(({ isRecording }) => isRecording);
  if (state.kind === 'recording') return recording.length > 0;
  if (state.kind !== 'running') return false;
  const devices = state.device.split('+');
  return recording.some((follower) => follower.devices.some((id) => devices.includes(id)));
}

/** What ended first, then what is being recorded, then what runs. */
function compareBegun(a: JobView, b: JobView): number {
  const rank = ({ state }: JobView): number => (state.kind === 'ended' ? 0 : state.kind === 'recording' ? 1 : 2);
  return rank(a) - rank(b) || endMsOf(a.state) - endMsOf(b.state) || a.job.number - b.job.number;
}

/** The job that probably begins next; null where there is none. */
function findNext(coming: readonly JobView[]): JobView | null {
  const placeOf = ({ state }: JobView): number =>
    state.kind === 'queued' && state.position > 0 ? state.position : Number.POSITIVE_INFINITY;
  const rest = coming.filter((view) => placeOf(view) === Number.POSITIVE_INFINITY);
  const queued = coming.filter((view) => !rest.includes(view)).sort((a, b) => placeOf(a) - placeOf(b));
  return queued[0] ?? rest[0] ?? null;
}

/** Says a line on standard error where it is another than the one that was told last; gives what is told now. */
function tell(line: string, told: string): string {
  if (line !== '' && line !== told) process.stderr.write(`${line}\n`);
  return line;
}
