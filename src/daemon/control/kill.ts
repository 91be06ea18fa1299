/** Ending jobs: `lab kill`, with or without a signal of one's own, and `lab remove`. */
import { writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import type { BookedJob } from '../../../queue/job-book.ts';
import { attemptFolder } from '../../../queue/job-store.ts';
import { dependenciesOf, findObstacle } from '../../../queue/readiness.ts';
import { sendSignal } from '../../../workers/process-tree.ts';
import { listSignalTargets } from '../../../workers/supervisor/ask-end.ts';
import { sentSignalPath } from '../../../workers/supervisor/attempt-files.ts';
import { requestKill } from '../../../workers/supervisor/launch.ts';
import { stepNames } from '../../../workers/supervisor/plan.ts';
import { listRunProcesses } from '../../../workers/supervisor/run-tree.ts';
import { readStepExit, readStepStart } from '../../../workers/supervisor/step-wrapper.ts';
import type { LabPaths } from '../../config/lab-paths.ts';
import { formatLocalTime, monotonicMs } from '../../domain/time.ts';
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

/** How long a kill waits for a job that begins or ends in this moment, milliseconds. */
const handoverMs = 5_000;
/** How often it looks meanwhile, milliseconds. */
const handoverLookMs = 100;

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
  const paused = await pauseBusyGroups(parts, selectGroups(parts, select), choose());
  // Only now: the pause may have found that another job has just begun.
  const chosen = choose();
  const results: Outcome[] = [];
  for (const booked of chosen) results.push(await killJob(paths, parts, booked, request.graceSeconds));
  parts.feed.feed();
  const notes = paused.map(
    (name) => `the group ${name} is paused, for another of its jobs would begin; \`lab start --group ${name}\` goes on`,
  );
  return { results, notes: [...notes, ...describeDependants(parts, results)] };
}

/** Ends one job: asks the run to end, or takes it out of the queue; one that is just changing hands is waited for. */
export async function killJob(
  paths: LabPaths,
  parts: KillParts,
  booked: BookedJob,
  graceSeconds: number | null,
): Promise<Outcome> {
  return await overHandover(parts, booked, () => tryKill(paths, parts, booked, graceSeconds));
}

/** What comes of a verb for one job, tried anew as long as it is null: while the job changes hands, for a few seconds. */
async function overHandover(
  { book }: KillParts,
  { job: { number } }: BookedJob,
  attempt: () => Promise<Outcome | null>,
): Promise<Outcome> {
  for (const endMs = monotonicMs() + handoverMs; ; ) {
    // Over and purged meanwhile: what came of the other jobs must not be lost by that.
    if (book.find(number) === null) return describeOver(number);
    const { version } = book;
    const outcome = await attempt();
    if (outcome !== null) return outcome;
    if (book.find(number) === null) return describeOver(number);
    const leftMs = endMs - monotonicMs();
    if (leftMs <= 0) {
      const later = `\`lab kill ${number}\` ends it once one does`;
      return { number, outcome: `job ${number} has begun, and no worker tells of it yet; ${later}`, ok: false };
    }
    // Looked at now and then, too: that a worker is done with an attempt changes nothing in the book.
    await book.waitForChange([number], version, Math.min(leftMs, handoverLookMs));
  }
}

/** Ends one job as it is now; null, and nothing done, where it is just changing hands. */
async function tryKill(
  paths: LabPaths,
  parts: KillParts,
  booked: BookedJob,
  graceSeconds: number | null,
): Promise<Outcome | null> {
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
  return phaseOf(booked) === 'waiting' ? await takeOut(parts, booked) : describeOver(number);
}

const describeOver = (number: number): Outcome => ({ number, outcome: `job ${number} is over already`, ok: false });

/** Takes waiting jobs out for good and puts ended ones out of sight. */
export async function removeJobs(parts: KillParts, request: Routes['remove']['request']): Promise<Outcomes> {
  const results: Outcome[] = [];
  for (const booked of selectJobs(parts, { ...request, group: null, all: false }, () => true)) {
    results.push(await overHandover(parts, booked, () => tryRemove(parts, booked)));
  }
  parts.feed.feed();
  return { results, notes: describeDependants(parts, results) };
}

/** Removes one job as it is now, which never ends a run; null, and nothing done, where it is just changing hands. */
async function tryRemove(parts: KillParts, booked: BookedJob): Promise<Outcome | null> {
  const { number } = booked.job;
  const phase = phaseOf(booked);
  if (phase === 'waiting') return await takeOut(parts, booked);
  if (phase === 'ended' || phase === 'removed') {
    await parts.book.setEntry(number, (entry) => ({ ...entry, archivedAt: formatLocalTime(new Date()) }));
    return { number, outcome: `job ${number}: out of sight; \`lab status --archived\` shows it`, ok: true };
  }
  const way = phase === 'running' ? `; \`lab kill ${number}\` ends it` : '';
  return { number, outcome: `${describePhase(booked)}${way}`, ok: false };
}

/** Takes a waiting job out; null, and nothing changed, where it has begun in this moment. */
async function takeOut({ book, feed }: KillParts, booked: BookedJob): Promise<Outcome | null> {
  const { number } = booked.job;
  const before = booked.run === null ? 'before it ran' : 'before its next attempt';
  const came = await feed.whileWaiting(number, () =>
    book.setEntry(number, (entry) => ({ ...entry, removedAt: formatLocalTime(new Date()) })),
  );
  return came === 'begun' ? null : { number, outcome: `job ${number}: removed from the queue ${before}`, ok: true };
}

/** Pauses those of the groups that have jobs which would begin by themselves once the chosen ones are killed, and names them. */
async function pauseBusyGroups(parts: KillParts, names: string[], chosen: readonly BookedJob[]): Promise<string[]> {
  const { book, groups, feed } = parts;
  const isComing = createForesight(parts, chosen);
  const busy = names.filter((name) => book.open().some((booked) => booked.entry.group === name && isComing(booked)));
  if (busy.length > 0) await groups.change(busy, (group) => ({ ...group, isPaused: true }));
  feed.settle();
  return busy;
}

/**
 * Says of a job whether it will begin by itself once the chosen ones are killed: it waits for its turn, for its retry or for jobs that it will see
 * end as it needs, and not for a person or a moment.
 */
function createForesight({ book, queueContext }: KillParts, chosen: readonly BookedJob[]) {
  const context = queueContext();
  const killed = new Set(chosen.map(({ job }) => job.number));
  // Each is asked once, however many come after it; and none for ever, should two come after each other.
  const known = new Map<number, boolean>();
  const isComing = (booked: BookedJob): boolean => {
    const { number } = booked.job;
    const answer = known.get(number);
    if (answer !== undefined) return answer;
    known.set(number, false);
    const isSo = phaseOf(booked) === 'waiting' && willGo(booked);
    known.set(number, isSo);
    return isSo;
  };
  const willGo = (booked: BookedJob): boolean => {
    const obstacle = findObstacle(booked, context);
    if (obstacle?.kind === 'held' || obstacle?.kind === 'stashed') return false;
    if (obstacle?.kind === 'delayed') return obstacle.why === 'retry';
    if (obstacle?.kind !== 'dependent') return true;
    const after = dependenciesOf(booked);
    return obstacle.on.every((number) => {
      const before = book.find(number);
      if (before === null) return false;
      if (killed.has(number)) return after.every(({ job, any }) => job !== number || any);
      return phaseOf(before) === 'waiting' ? isComing(before) : true;
    });
  };
  return isComing;
}

/** What is held from now on, because what it comes after will never succeed. */
function describeDependants({ book }: KillParts, results: Outcome[]): string[] {
  return results.flatMap(({ number, ok }) => {
    const booked = book.find(number);
    const after = ok && booked !== null && phaseOf(booked) === 'removed' ? listDependants(book, number) : [];
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
  const folder = attemptFolder(paths.runs, number, attempt);
  const wrapper = findWrapper(folder);
  const processes = wrapper === null ? [] : listRunProcesses(wrapper, `${paths.id}/${number}.${attempt}`);
  const targets = ['SIGSTOP', 'SIGCONT', 'SIGKILL'].includes(signal) ? processes : listSignalTargets(processes, signal);
  // Before it is sent: an end by it is on request, and is not tried again.
  if (targets.length > 0) writeFileSync(sentSignalPath(folder, signal), '');
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
