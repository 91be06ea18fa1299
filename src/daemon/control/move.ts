/** Changes places in the queue: to the top, before another job, or two for each other. Numbers stay. */
import type { BookedJob } from '../../../queue/job-book.ts';
import { type Places, placeBefore, placeOnTop, placeSwitched } from '../../../queue/order.ts';
import { listWaiting } from '../../../queue/readiness.ts';
import { LabError } from '../../errors/lab-error.ts';
import type { Outcomes, Routes } from '../routes.ts';
import { changeWaiting } from './change.ts';
import { describePhase, type Outcome, phaseOf, type QueueParts } from './select.ts';

/**
 * Moves jobs that have not begun. All or nothing: throws LabError (user) where one has begun, is over or is unknown, usage where the
 * jobs do not fit the way of moving.
 */
export async function moveJobs(parts: QueueParts, request: Routes['move']['request']): Promise<Outcomes> {
  const { book } = parts;
  const numbers = [...new Set(request.numbers)];
  const { to } = request;
  if (to.kind === 'switch' && numbers.length !== 1)
    throw new LabError('usage', `${numbers.length} jobs cannot change places with one, expected exactly one`);
  const other = to.kind === 'top' ? null : book.get(to.number);
  for (const booked of [...numbers.map((number) => book.get(number)), ...(other ? [other] : [])]) ensureWaiting(booked);
  if (other !== null && numbers.includes(other.job.number))
    throw new LabError('usage', `job ${other.job.number} cannot be moved relative to itself`);

  const places = choosePlaces(parts, numbers, to, other);
  const results: Outcome[] = [];
  for (const [number, place] of places) {
    const result = await changeWaiting(parts, number, {
      verb: 'moved',
      change: (entry) => ({ ...entry, ...place }),
      outcome: () => `job ${number}: moved`,
    });
    // Those that only made room are nobody's question.
    if (numbers.includes(number) || number === other?.job.number) results.push(result);
  }
  parts.feed.feed();
  const order = listWaiting(book.open(), parts.queueContext()).map(({ job }) => job.number);
  return {
    results: results.map((result) => ({ ...result, outcome: withPlace(result, order) })),
    notes: listForced(parts, numbers),
  };
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

function withPlace({ number, outcome, ok }: Outcome, order: number[]): string {
  if (!ok) return outcome;
  const place = order.indexOf(number);
  return place < 0 ? `${outcome}; it is not ready yet` : `${outcome} to place ${place + 1} of ${order.length}`;
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
    .filter((booked) => phaseOf(booked) === 'waiting' && booked.entry.forced && !moved.includes(booked.job.number));
  if (forced.length === 0) return [];
  return [
    `sent ahead with \`lab start\`, and still before all others: job ${forced.map(({ job }) => job.number).join(', ')}`,
  ];
}
