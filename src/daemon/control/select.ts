/** Which jobs a verb is about: from a request's selection to jobs of the book, and in which of the phases that verbs know a job is. */
import { type BookedJob, hasBegun, isOver, type JobBook } from '../../../queue/job-book.ts';
import { dependenciesOf } from '../../../queue/readiness.ts';
import { LabError } from '../../errors/lab-error.ts';
import type { Daemon } from '../daemon.ts';
import type { Outcomes, Selection } from '../routes.ts';

/** What the verbs change. */
export type QueueParts = Pick<Daemon, 'book' | 'groups' | 'feed' | 'queueContext'>;

/** What came of a verb for one job. */
export type Outcome = Outcomes['results'][number];

/**
 * Where a job is for the verbs. `waiting`: its next attempt has not begun, whatever it waits for; `recording`: it is over and its
 * records are not written yet; `removed`: taken out before it ran.
 */
export type Phase = 'waiting' | 'running' | 'recording' | 'ended' | 'removed';

/** The phase of a job. */
export function phaseOf(booked: BookedJob): Phase {
  const { entry, live, run, recorded } = booked;
  if (live !== null) return 'running';
  if (run === null && entry.removedAt !== null) return 'removed';
  // Begun before this daemon: a worker attaches to it soon.
  if (hasBegun(booked)) return 'running';
  if (!isOver(booked)) return 'waiting';
  return recorded?.isDone && recorded.attempt === run?.attempt ? 'ended' : 'recording';
}

/** The attempt that runs; null where none does. */
export function runningAttempt(booked: BookedJob): number | null {
  return phaseOf(booked) === 'running' ? (booked.live?.attempt ?? booked.attempts.at(-1) ?? null) : null;
}

/** The phase as a sentence about the job, for refusals. */
export function describePhase(booked: BookedJob): string {
  const { number } = booked.job;
  const words: Record<Phase, string> = {
    waiting: 'has not begun',
    running: 'has begun',
    recording: 'is over, and its record is being written',
    ended: 'is over already',
    removed: 'was removed before it ran',
  };
  return `job ${number} ${words[phaseOf(booked)]}`;
}

/**
 * The jobs of a selection. Numbers win over a group and over `all`, and each must exist, whatever its phase; of a group or of all only
 * those that `fits` takes. Throws LabError: user for an unknown number or group, usage where nothing is selected.
 */
export function selectJobs(
  { book, groups }: Pick<QueueParts, 'book' | 'groups'>,
  { numbers, group, all }: Selection,
  fits: (booked: BookedJob) => boolean,
): BookedJob[] {
  if (numbers.length > 0) return [...new Set(numbers)].map((number) => book.get(number));
  if (group !== null) {
    const { name } = groups.get(group);
    return book.all().filter((booked) => booked.entry.group === name && fits(booked));
  }
  if (all) return book.all().filter(fits);
  throw new LabError('usage', 'no job is named, expected numbers, a group or all', {
    hints: ['`lab status` shows the numbers'],
  });
}

/** Names of the groups that a selection is about; none where it names jobs. Throws LabError (user) for an unknown one. */
export function selectGroups({ groups }: Pick<QueueParts, 'groups'>, { numbers, group, all }: Selection): string[] {
  if (numbers.length > 0) return [];
  if (group !== null) return [groups.get(group).name];
  return all ? [...groups.groups.keys()] : [];
}

/** Jobs whose next attempt has not begun and comes after that one, in any way. */
export function listDependants(book: JobBook, number: number): number[] {
  return book
    .all()
    .filter((booked) => phaseOf(booked) === 'waiting' && dependenciesOf(booked).some(({ job }) => job === number))
    .map(({ job }) => job.number);
}
