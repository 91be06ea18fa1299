/** Ending jobs: `lab kill`, with or without a signal of one's own, and `lab remove`. */
import { constants } from 'node:os';
import type { BookedJob } from '../../../queue/job-book.ts';
import { attemptFolder } from '../../../queue/job-store.ts';
import { sendSignal } from '../../../workers/process-tree.ts';
import { listSignalTargets } from '../../../workers/supervisor/ask-end.ts';
import { requestKill } from '../../../workers/supervisor/launch.ts';
import { stepNames } from '../../../workers/supervisor/plan.ts';
import { listRunProcesses } from '../../../workers/supervisor/run-tree.ts';
import { readStepExit, readStepStart } from '../../../workers/supervisor/step-wrapper.ts';
import type { LabPaths } from '../../config/lab-paths.ts';
import { formatLocalTime } from '../../domain/time.ts';
import { LabError } from '../../errors/lab-error.ts';
import type { Daemon } from '../daemon.ts';
import type { Outcomes, Routes } from '../routes.ts';
import {
  describePhase,
  listDependants,
  type Outcome,
  phaseOf,
  type QueueParts,
  runningAttempt,
  selectGroups,
  selectJobs,
} from './select.ts';

/** What ending jobs needs. */
export type KillParts = QueueParts & Pick<Daemon, 'config'>;

/**
 * Ends running jobs and takes waiting ones out. Of a group or of all only what runs is ended, and a group with more to do is paused, so
 * that the next job does not begin at once. With a signal only that is sent.
 */
export async function killJobs(
  paths: LabPaths,
  parts: KillParts,
  request: Routes['kill']['request'],
): Promise<Outcomes> {
  const select = request.select ?? { numbers: request.numbers, group: null, all: false };
  const choose = () => selectJobs(parts, select, (booked) => phaseOf(booked) === 'running');
  const signal = request.signal ?? null;
  if (signal !== null) {
    ensureSignal(signal);
    return { results: choose().map((booked) => signalJob(paths, booked, signal)), notes: [] };
  }
  const paused = await pauseBusyGroups(parts, selectGroups(parts, select));
  // Only now: the pause may have found that another job has just begun.
  const chosen = choose();
  const results: Outcome[] = [];
  for (const booked of chosen) results.push(await killJob(paths, parts, booked, request.graceSeconds));
  parts.feed.feed();
  const notes = paused.map(
    (name) => `the group ${name} is paused, for it has jobs that wait; \`lab start --group ${name}\` goes on`,
  );
  return { results, notes: [...notes, ...describeDependants(parts, results)] };
}

/** Ends one job: asks the run to end, or takes it out of the queue. */
export async function killJob(
  paths: LabPaths,
  parts: KillParts,
  booked: BookedJob,
  graceSeconds: number | null,
): Promise<Outcome> {
  const { number } = booked.job;
  const attempt = runningAttempt(booked);
  if (attempt !== null) {
    const folder = attemptFolder(paths.runs, number, attempt);
    const seconds = graceSeconds ?? parts.config.run.graceSeconds;
    requestKill(folder, seconds);
    if (booked.live !== null) parts.book.setLive(number, { ...booked.live, isEnding: true });
    const how =
      seconds === 0 ? 'asked to end at once, by SIGKILL' : `asked to end; it gets ${seconds} s before SIGKILL`;
    return { number, outcome: `job ${number}: ${how}`, ok: true };
  }
  if (phaseOf(booked) !== 'waiting') return { number, outcome: `job ${number} is over already`, ok: false };
  const before = booked.run === null ? 'before it ran' : 'before its next attempt';
  if ((await takeOut(parts, number)) === 'begun') {
    if (runningAttempt(booked) !== null) return killJob(paths, parts, booked, graceSeconds);
    return { number, outcome: `job ${number} is just changing hands; try again`, ok: false };
  }
  return { number, outcome: `job ${number}: removed from the queue ${before}`, ok: true };
}

/** Takes waiting jobs out for good and puts ended ones out of sight. */
export async function removeJobs(
  paths: LabPaths,
  parts: KillParts,
  request: Routes['remove']['request'],
): Promise<Outcomes> {
  const results: Outcome[] = [];
  for (const booked of selectJobs(parts, { ...request, group: null, all: false }, () => true)) {
    const { number } = booked.job;
    const phase = phaseOf(booked);
    if (phase === 'waiting') results.push(await killJob(paths, parts, booked, null));
    else if (phase === 'ended' || phase === 'removed') {
      await parts.book.setEntry(number, (entry) => ({ ...entry, archivedAt: formatLocalTime(new Date()) }));
      results.push({ number, outcome: `job ${number}: out of sight; \`lab status --archived\` shows it`, ok: true });
    } else {
      const way = phase === 'running' ? `; \`lab kill ${number}\` ends it` : '';
      results.push({ number, outcome: `${describePhase(booked)}${way}`, ok: false });
    }
  }
  parts.feed.feed();
  return { results, notes: describeDependants(parts, results) };
}

/** Takes a waiting job out; `begun`, and nothing changed, where it has begun in this moment. */
function takeOut({ book, feed }: KillParts, number: number): Promise<undefined | 'begun'> {
  return feed.whileWaiting(number, async () => {
    await book.setEntry(number, (entry) => ({ ...entry, removedAt: formatLocalTime(new Date()) }));
    return undefined;
  });
}

/** Pauses those of the groups that have jobs waiting, and names them. */
async function pauseBusyGroups({ book, groups, feed }: KillParts, names: string[]): Promise<string[]> {
  const busy = names.filter((name) =>
    book.open().some((booked) => booked.entry.group === name && phaseOf(booked) === 'waiting'),
  );
  for (const name of busy) await groups.set({ ...groups.get(name), isPaused: true });
  feed.settle();
  return busy;
}

/** What is held from now on, because what it comes after will never succeed. */
function describeDependants({ book }: KillParts, results: Outcome[]): string[] {
  return results.flatMap(({ number, ok }) => {
    const after = ok && phaseOf(book.get(number)) === 'removed' ? listDependants(book, number) : [];
    return after.length === 0
      ? []
      : [
          `${after.length === 1 ? 'job' : 'jobs'} ${after.join(', ')} came after job ${number} and ${after.length === 1 ? 'is' : 'are'} held, unless its end was enough`,
        ];
  });
}

function ensureSignal(signal: string): asserts signal is NodeJS.Signals {
  if (Object.hasOwn(constants.signals, signal)) return;
  throw new LabError('usage', `there is no signal "${signal}" here, expected one such as SIGTERM, SIGINT or SIGUSR1`, {
    hints: ['`kill -l` lists the signals'],
  });
}

/** Sends a signal to the outermost real programs of the running step, as the polite end does; STOP, CONT and KILL to all of its processes. */
function signalJob(paths: LabPaths, booked: BookedJob, signal: NodeJS.Signals): Outcome {
  const { number } = booked.job;
  const attempt = runningAttempt(booked);
  if (attempt === null)
    return { number, outcome: `${describePhase(booked)}: nothing of it runs that a signal could reach`, ok: false };
  const wrapper = findWrapper(attemptFolder(paths.runs, number, attempt));
  const processes = wrapper === null ? [] : listRunProcesses(wrapper, `${paths.id}/${number}.${attempt}`);
  const targets = ['SIGSTOP', 'SIGCONT', 'SIGKILL'].includes(signal) ? processes : listSignalTargets(processes, signal);
  for (const { pid } of targets) sendSignal(pid, signal);
  const names = targets.map(({ name, pid }) => `${name} (${pid})`).join(', ');
  return targets.length === 0
    ? { number, outcome: `job ${number}: no step of it runs right now, so ${signal} reached nothing`, ok: false }
    : { number, outcome: `job ${number}: sent ${signal} to ${names}`, ok: true };
}

/** Pid of the wrapper of the step that runs; null between steps. */
function findWrapper(folder: string): number | null {
  for (const name of stepNames) {
    const start = readStepStart(folder, name);
    if (start !== null && start !== 'unfinished' && readStepExit(folder, name) === null) return start.identity.pid;
  }
  return null;
}
