/** What a job may come after: known jobs, and never itself by a detour. */
import type { JobBook } from '../../../queue/job-book.ts';
import type { Dependency } from '../../domain/job.ts';
import { LabError } from '../../errors/lab-error.ts';

/**
 * Throws LabError (user) where a job of `after` is unknown, or where it would come after itself; the message names the way round.
 * `number` is the job that gets them; null for one that has no number yet, which nothing can come after.
 */
export function ensureDependencies(book: JobBook, number: number | null, after: readonly Dependency[]): void {
  const unknown = after.filter(({ job }) => job !== number && book.find(job) === null).map(({ job }) => job);
  if (unknown.length > 0) {
    throw new LabError(
      'user',
      `there ${unknown.length === 1 ? 'is no job' : 'are no jobs'} ${unknown.join(', ')} to come after, expected ${unknown.length === 1 ? 'a number' : 'numbers'} that \`lab status --all\` shows`,
      { hints: ['`lab status --all` lists the jobs'] },
    );
  }
  if (number === null) return;
  const cycle = findCycle(book, number, after);
  if (cycle === null) return;
  throw new LabError('user', `job ${number} would wait for itself: ${cycle.join(' → ')} ("→": comes after)`, {
    hints: cycle.slice(1, -1).map((other) => `\`lab edit ${other} --after …\` changes what job ${other} comes after`),
  });
}

/** The way from the job back to itself; null where there is none. */
function findCycle(book: JobBook, number: number, after: readonly Dependency[]): number[] | null {
  const cameFrom = new Map<number, number>();
  const open = after.map(({ job }) => ({ job, from: number }));
  for (let next = open.shift(); next !== undefined; next = open.shift()) {
    const { job, from } = next;
    if (cameFrom.has(job)) continue;
    cameFrom.set(job, from);
    if (job === number) {
      const way = [number];
      for (let at = from; at !== number; at = cameFrom.get(at) ?? number) way.unshift(at);
      return [number, ...way];
    }
    for (const before of book.find(job)?.entry.after ?? []) open.push({ job: before.job, from: job });
  }
  return null;
}
