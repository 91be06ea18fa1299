/** Changes places in the queue: to the top, before another job, or two for each other. Numbers stay. */
import { type BookedJob, isForced, type JobBook } from '../../../queue/job-book.ts';
import { type Place, type Places, placeBefore, placeOnTop, placeSwitched } from '../../../queue/order.ts';
import { listWaiting } from '../../../queue/readiness.ts';
import { LabError } from '../../errors/lab-error.ts';
import type { Outcomes, Routes } from '../routes.ts';
import { describePhase, phaseOf, type QueueParts } from './select.ts';

/**
 * Moves jobs that have not begun. All or nothing: throws LabError (user) where one has begun, also in the very moment of the move, is over or
 * is unknown, usage where the jobs do not fit the way of moving. Each place is in its job's own file, so that a kill -9 between two of them
 * leaves a part; jobs that share a place then go in the order of their numbers.
 */
export async function moveJobs(parts: QueueParts, request: Routes['move']['request']): Promise<Outcomes> {
  const { book, feed } = parts;
  const numbers = [...new Set(request.numbers)];
  const { to } = request;
  if (to.kind === 'switch' && numbers.length !== 1)
    throw new LabError('usage', `${numbers.length} jobs cannot change places with one, expected exactly one`);
  const other = to.kind === 'top' ? null : book.get(to.number);
  for (const booked of [...numbers.map((number) => book.get(number)), ...(other ? [other] : [])]) ensureWaiting(booked);
  if (other !== null && numbers.includes(other.job.number))
    throw new LabError('usage', `job ${other.job.number} cannot be moved relative to itself`);

  // Those that only make room keep their order among themselves: one that begins meanwhile is none the worse for it.
  const asked = [...numbers, ...(to.kind === 'switch' && other !== null ? [other.job.number] : [])];
  const moved = await feed.whileAllWaiting(asked, async () => {
    // One that began and ended since it was looked at can be taken back, but is over.
    for (const number of asked) ensureWaiting(book.get(number));
    await writePlaces(book, choosePlaces(parts, numbers, to, other));
    return 'moved' as const;
  });
  if (moved === 'begun') throw explainBegun(asked.map((number) => book.get(number)));
  feed.feed();
  const order = listWaiting(book.open(), parts.queueContext()).map(({ job }) => job.number);
  return {
    results: asked.map((number) => ({ number, outcome: formatMoved(number, order), ok: true })),
    notes: listForced(parts, numbers),
  };
}

/** Writes all places, or none: where one cannot be written, those before it are put back. Throws what the file system said. */
async function writePlaces(book: JobBook, places: Places): Promise<void> {
  const before: [number, Place][] = [];
  try {
    for (const [number, place] of places) {
      const { priority, rank } = book.get(number).entry;
      await book.setEntry(number, (entry) => ({ ...entry, ...place }));
      before.push([number, { priority, rank }]);
    }
  } catch (error) {
    const stuck: number[] = [];
    for (const [number, place] of before)
      await book.setEntry(number, (entry) => ({ ...entry, ...place })).catch(() => void stuck.push(number));
    if (stuck.length === 0) throw error;
    throw new LabError('user', `only a part could be moved, and could not be put back: job ${stuck.join(', ')}`, {
      hints: ['`lab status` shows the order, `lab switch N --before M` puts a job where it belongs'],
      cause: error,
    });
  }
}

function choosePlaces(
  { book }: QueueParts,
  numbers: number[],
  to: Routes['move']['request']['to'],
  other: BookedJob | null,
): Places {
  const waiting = book.open().filter((booked) => phaseOf(booked) === 'waiting');
  const [first] = numbers;
  if (other === null || first === undefined) return placeOnTop(waiting, numbers);
  return to.kind === 'before' ? placeBefore(waiting, numbers, other) : placeSwitched(book.get(first), other);
}

function formatMoved(number: number, order: readonly number[]): string {
  const place = order.indexOf(number);
  const where = place < 0 ? '; it is not ready yet' : ` to place ${place + 1} of ${order.length}`;
  return `job ${number}: moved${where}`;
}

/** Which of the jobs began while they were about to be moved. */
function explainBegun(asked: readonly BookedJob[]): LabError {
  const begun = asked.filter((booked) => phaseOf(booked) !== 'waiting').map(({ job }) => job.number);
  const who = begun.length === 0 ? 'one of these jobs' : `job ${begun.join(', ')}`;
  return new LabError('user', `${who} began in the same moment: nothing was moved`, {
    hints: ['`lab status` shows what waits'],
  });
}

function ensureWaiting(booked: BookedJob): void {
  if (phaseOf(booked) === 'waiting') return;
  throw new LabError('user', `${describePhase(booked)}: only jobs that have not begun can be moved`, {
    hints: ['`lab status` shows what waits'],
  });
}

/** What stays in front whatever is moved. */
function listForced({ book }: QueueParts, moved: number[]): string[] {
  const forced = book
    .all()
    .filter((booked) => phaseOf(booked) === 'waiting' && isForced(booked) && !moved.includes(booked.job.number));
  if (forced.length === 0) return [];
  return [
    `sent ahead with \`lab start\`, and still before all others: job ${forced.map(({ job }) => job.number).join(', ')}`,
  ];
}
