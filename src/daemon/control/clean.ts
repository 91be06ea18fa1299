/** Putting ended jobs out of sight, deleting what left no record, and starting over: `lab clean`, `lab reset`. */
import type { BookedJob } from '../../../queue/job-book.ts';
import type { LabPaths } from '../../config/lab-paths.ts';
import { formatLocalTime } from '../../domain/time.ts';
import { runGit } from '../../git/run-git.ts';
import type { Outcomes, Routes } from '../routes.ts';
import { type KillParts, killJob } from './kill.ts';
import { formatNumbers } from './number-ranges.ts';
import { describePhase, listDependants, type Outcome, phaseOf, type QueueParts, selectJobs } from './select.ts';

const isPast = (booked: BookedJob): boolean => ['ended', 'removed'].includes(phaseOf(booked));

/**
 * Puts ended, recorded jobs out of sight. With `purge` the folder and the ref of a job are deleted where nothing rests on them: it left
 * no row and no journal entry, nothing is compared with it, and no job comes after it; the others are put out of sight and named.
 */
export async function cleanJobs(
  paths: LabPaths,
  parts: QueueParts,
  request: Routes['clean']['request'],
): Promise<Outcomes> {
  const { numbers, group, successfulOnly, purge } = request;
  const results: Outcome[] = [];
  const kept: number[] = [];
  const fits = (booked: BookedJob) =>
    isPast(booked) &&
    (purge || booked.entry.archivedAt === null) &&
    (!successfulOnly || booked.run?.fate.kind === 'done');
  for (const booked of selectJobs(parts, { numbers, group, all: true }, fits)) {
    const { number } = booked.job;
    if (!isPast(booked) || !fits(booked)) {
      results.push({ number, outcome: describeRest(booked), ok: false });
    } else if (purge && isExpendable(parts, booked)) {
      await runGit(paths.root, ['update-ref', '-d', `refs/nightlab/jobs/${number}`]);
      await parts.book.forget(number);
      results.push({ number, outcome: `job ${number}: deleted`, ok: true });
    } else {
      if (booked.entry.archivedAt === null) await archive(parts, number);
      if (purge) kept.push(number);
      results.push({ number, outcome: `job ${number}: out of sight`, ok: true });
    }
  }
  parts.feed.feed();
  const notes =
    kept.length === 0
      ? []
      : [
          `kept on disk, for a record, a comparison or a later job rests on them: job ${formatNumbers(kept)}; \`lab status --archived\` shows them`,
        ];
  return { results, notes };
}

/** Ends what runs, takes out what waits, and puts away what is over; of a group or of all. */
export async function resetQueue(
  paths: LabPaths,
  parts: KillParts,
  request: Routes['reset']['request'],
): Promise<Outcomes> {
  const { group, graceSeconds } = request;
  const selection = { numbers: [], group, all: true };
  const results: Outcome[] = [];
  // First what waits: the end of a running job must not let the next one begin.
  for (const phase of ['waiting', 'running'] as const) {
    for (const booked of selectJobs(parts, selection, (one) => phaseOf(one) === phase))
      results.push(await killJob(paths, parts, booked, graceSeconds));
  }
  for (const booked of selectJobs(parts, selection, (one) => isPast(one) && one.entry.archivedAt === null)) {
    const { number } = booked.job;
    await archive(parts, number);
    if (!results.some((result) => result.number === number))
      results.push({ number, outcome: `job ${number}: out of sight`, ok: true });
  }
  parts.feed.feed();
  const ending = results
    .filter(({ number, ok }) => ok && parts.book.find(number)?.entry.archivedAt === null)
    .map(({ number }) => number);
  const notes =
    ending.length === 0 ? [] : [`still ending: job ${formatNumbers(ending)}; \`lab clean\` puts away what has ended`];
  return { results, notes };
}

function archive({ book }: QueueParts, number: number): Promise<void> {
  return book.setEntry(number, (entry) => ({ ...entry, archivedAt: formatLocalTime(new Date()) }));
}

function describeRest(booked: BookedJob): string {
  if (!isPast(booked)) return `${describePhase(booked)}: only jobs that are over can be cleaned`;
  return booked.entry.archivedAt === null
    ? `job ${booked.job.number} did not succeed`
    : `job ${booked.job.number} is out of sight already`;
}

/** Whether nothing rests on the job's folder. */
function isExpendable({ book }: QueueParts, { job, run, recorded }: BookedJob): boolean {
  if (recorded !== null && (recorded.row !== null || recorded.entry !== null)) return false;
  // They leave no row, and yet say what rows are compared with.
  if ((job.kind === 'baseline' || job.kind === 'bridge') && run?.fate.kind === 'done') return false;
  // A session that goes on finds its runs by their jobs.
  if (job.kind === 'ratchet' && run !== null) return false;
  // A test is its runs, the failed ones too: without one of them it would run again.
  if (job.test !== null && run !== null) return false;
  return listDependants(book, job.number).length === 0;
}
