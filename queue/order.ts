/** The arithmetic of places in the queue: ranks that put jobs before another one, or before all. Pure; who may be moved is the daemon's question. */
import type { BookedJob } from './job-book.ts';

/** Where a job stands: priority first (higher runs sooner), then rank (lower runs sooner). */
export interface Place {
  priority: number;
  rank: number;
}

/** New places by job number. */
export type Places = Map<number, Place>;

/** Places of `moved` before all of `waiting`, in the order in which they are named. */
export function placeOnTop(waiting: readonly BookedJob[], moved: readonly number[]): Places {
  const others = waiting.filter(({ job }) => !moved.includes(job.number));
  const all = others.length > 0 ? others : waiting;
  const priority = Math.max(...all.map(({ entry }) => entry.priority));
  const lowest = Math.min(...all.filter(({ entry }) => entry.priority === priority).map(({ entry }) => entry.rank));
  return new Map(moved.map((number, place) => [number, { priority, rank: lowest - moved.length + place }]));
}

/**
 * Places of `moved` right before `target`. Where the ranks leave no room between it and the one before, those before it make room and
 * have new places too.
 */
export function placeBefore(waiting: readonly BookedJob[], moved: readonly number[], target: BookedJob): Places {
  const { priority, rank } = target.entry;
  const ahead = waiting.filter(
    ({ job, entry }) =>
      entry.priority === priority &&
      !moved.includes(job.number) &&
      (entry.rank < rank || (entry.rank === rank && job.number < target.job.number)),
  );
  const before = Math.max(...ahead.map(({ entry }) => entry.rank));
  const start = Number.isFinite(before) ? before : rank - moved.length - 1;
  const step = (rank - start) / (moved.length + 1);
  const ranks = moved.map((_, place) => start + step * (place + 1));
  const hasRoom = [start, ...ranks, rank].every(
    (value, place, values) => place === 0 || value > (values[place - 1] ?? value),
  );
  if (hasRoom) return new Map(moved.map((number, place) => [number, { priority, rank: ranks[place] ?? rank }]));
  const shift = moved.length + 1;
  return new Map([
    ...ahead.map(({ job, entry }) => [job.number, { priority, rank: entry.rank - shift }] as const),
    ...moved.map((number, place) => [number, { priority, rank: rank - moved.length + place }] as const),
  ]);
}

/** Places of two jobs that change them. */
export function placeSwitched(a: BookedJob, b: BookedJob): Places {
  const placeOf = ({ entry }: BookedJob): Place => ({ priority: entry.priority, rank: entry.rank });
  return new Map([
    [a.job.number, placeOf(b)],
    [b.job.number, placeOf(a)],
  ]);
}
