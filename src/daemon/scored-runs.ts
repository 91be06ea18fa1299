/**
 * The scored runs of the book, kept as long as no job that has one changes: thousands of them are sorted once, and not for each job that
 * is added. Which runs count is the recorder's question.
 */
import type { JobBook } from '../../queue/job-book.ts';
import { listScoredRuns, tellsOfTrack } from '../../workers/recorder/decide-job.ts';
import type { ScoredRun } from '../stats/track-view.ts';

interface Known {
  version: number;
  /** How many jobs there were. */
  count: number;
  highest: number;
  numbers: ReadonlySet<number>;
  runs: ScoredRun[];
}

const kept = new WeakMap<JobBook, Known>();

/** What listScoredRuns gives for all jobs of the book. The list is shared: nobody may change it. */
export function scoredRunsOf(book: JobBook): ScoredRun[] {
  const { version } = book;
  const before = kept.get(book);
  if (before?.version === version) return before.runs;
  const all = book.all();
  const highest = all.reduce((most, { job }) => Math.max(most, job.number), 0);
  if (before !== undefined) {
    const changed = all.filter((booked) => booked.changed > before.version);
    const fresh = changed.filter(({ job }) => job.number > before.highest).length;
    // One that was forgotten leaves the count too low.
    const isSame =
      all.length === before.count + fresh &&
      !changed.some((booked) => tellsOfTrack(booked) || before.numbers.has(booked.job.number));
    if (isSame) {
      kept.set(book, { ...before, version, count: all.length, highest });
      return before.runs;
    }
  }
  const runs = listScoredRuns(all);
  kept.set(book, { version, count: all.length, highest, numbers: new Set(runs.map(({ job }) => job)), runs });
  return runs;
}
