/** The change of one waiting job's entry: refused where the job has begun, also in the very moment of the change. */
import type { QueueEntry } from '../../../queue/job-schema.ts';
import { describePhase, type Outcome, phaseOf, type QueueParts } from './select.ts';

/** What a change is about. */
export interface WaitingChange {
  /** Participle for the refusal: "moved", "edited". */
  verb: string;
  change(entry: QueueEntry): QueueEntry;
  /** What a person reads when it is done. */
  outcome(): string;
}

/** Changes the entry of a job that has not begun. */
export async function changeWaiting(
  { book, feed }: Pick<QueueParts, 'book' | 'feed'>,
  number: number,
  { verb, change, outcome }: WaitingChange,
): Promise<Outcome> {
  const booked = book.get(number);
  if (phaseOf(booked) !== 'waiting') {
    return {
      number,
      outcome: `${describePhase(booked)}: only jobs that have not begun can be ${verb}`,
      ok: false,
    };
  }
  const came = await feed.whileWaiting(number, () => book.setEntry(number, change));
  if (came === 'begun')
    return { number, outcome: `job ${number} began in the same moment: nothing of it was ${verb}`, ok: false };
  return { number, outcome: outcome(), ok: true };
}
