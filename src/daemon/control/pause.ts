/** Stopping and going on: `lab pause` and `lab start`, of jobs and of groups. The supervisor acts on the file `pause` in the attempt's folder. */
import { rmSync, writeFileSync } from 'node:fs';
import { type BookedJob, nextAttempt } from '../../../queue/job-book.ts';
import { attemptFolder } from '../../../queue/job-store.ts';
import { attemptPath } from '../../../workers/supervisor/attempt-files.ts';
import type { LabPaths } from '../../config/lab-paths.ts';
import { LabError } from '../../errors/lab-error.ts';
import type { Outcomes, Routes } from '../routes.ts';
import { changeWaiting } from './change.ts';
import { listInVain } from './hold.ts';
import {
  describePhase,
  type Outcome,
  phaseOf,
  type QueueParts,
  runningAttempt,
  selectGroups,
  selectJobs,
} from './select.ts';

/** Stops the processes of jobs, or pauses groups: with `keepRunning` only new jobs are kept from starting. */
export async function pauseJobs(
  paths: LabPaths,
  parts: QueueParts,
  request: Routes['pause']['request'],
): Promise<Outcomes> {
  const { select, keepRunning } = request;
  const names = selectGroups(parts, select);
  if (keepRunning && names.length === 0)
    throw new LabError('usage', 'a job cannot be paused and go on; only a group can keep its running jobs', {
      hints: ['`lab pause --group default --wait` keeps new jobs from starting'],
    });
  if (names.length > 0) await parts.groups.change(names, (group) => ({ ...group, isPaused: true }));
  parts.feed.settle();
  // Only now: settling may have found that another job has just begun.
  const chosen = selectJobs(parts, select, (booked) => phaseOf(booked) === 'running');
  const results = keepRunning ? [] : chosen.map((booked) => pauseJob(paths, parts, booked));
  parts.feed.feed();
  return {
    results,
    notes: [
      ...names.map((name) => `the group ${name} is paused; \`lab start --group ${name}\` goes on`),
      ...(results.some(({ ok }) => ok)
        ? ['stopped processes keep their memory, that of the GPU too, and their device']
        : []),
    ],
  };
}

/** Lets groups and stopped jobs go on, and sends waiting jobs ahead of everything. */
export async function startJobs(
  paths: LabPaths,
  parts: QueueParts,
  request: Routes['start']['request'],
): Promise<Outcomes> {
  const { select } = request;
  const chosen = selectJobs(parts, select, (booked) => booked.live?.isPaused === true);
  const names = selectGroups(parts, select);
  if (names.length > 0) await parts.groups.change(names, (group) => ({ ...group, isPaused: false }));
  const results: Outcome[] = [];
  for (const booked of chosen) results.push(await startJob(paths, parts, booked));
  parts.feed.feed();
  return { results, notes: names.map((name) => `the group ${name} goes on`) };
}

function pauseJob(paths: LabPaths, { book }: QueueParts, booked: BookedJob): Outcome {
  const { number } = booked.job;
  const attempt = runningAttempt(booked);
  if (attempt === null) {
    const hint = phaseOf(booked) === 'waiting' ? `; \`lab stash ${number}\` puts it aside` : '';
    return { number, outcome: `${describePhase(booked)}: only running jobs can be paused${hint}`, ok: false };
  }
  const folder = attemptFolder(paths.runs, number, attempt);
  writeFileSync(attemptPath(folder, 'pause'), '');
  if (booked.live !== null) book.setLive(number, { ...booked.live, isPaused: true });
  return { number, outcome: `job ${number}: paused; \`lab start ${number}\` goes on`, ok: true };
}

async function startJob(paths: LabPaths, parts: QueueParts, booked: BookedJob): Promise<Outcome> {
  const { number } = booked.job;
  const attempt = runningAttempt(booked);
  if (attempt !== null) {
    const wasPaused = booked.live?.isPaused === true;
    rmSync(attemptPath(attemptFolder(paths.runs, number, attempt), 'pause'), { force: true });
    if (booked.live !== null) parts.book.setLive(number, { ...booked.live, isPaused: false });
    return { number, outcome: wasPaused ? `job ${number}: goes on` : `job ${number} runs already`, ok: true };
  }
  // What the lab itself holds would not compare or lacks its secret: sending it ahead must not pass over that.
  if (phaseOf(booked) === 'waiting' && booked.entry.hold !== null)
    return { number, outcome: `job ${number} is held: ${booked.entry.hold}`, ok: false };
  const dropped = listInVain(parts, booked).map(({ job }) => job);
  return changeWaiting(parts, number, {
    verb: 'started',
    change: (entry) => ({
      ...entry,
      forced: true,
      forcedAttempt: nextAttempt(booked) ?? entry.asked,
      stashed: false,
      // Sent ahead is one attempt; what is passed over for good must not come back at a retry.
      notBefore: null,
      after: entry.after.filter(({ job }) => !dropped.includes(job)),
    }),
    outcome: () =>
      [
        `job ${number}: next, ahead of everything`,
        ...(dropped.length === 0 ? [] : [`no longer after job ${dropped.join(', ')}`]),
      ].join(', '),
  });
}
