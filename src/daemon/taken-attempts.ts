/** The worker's side of a handing out: what it may do with an attempt that it got, in terms of the daemon's books. */
import type { JobBook } from '../../queue/job-book.ts';
import type { ReadyEntry } from '../../queue/ready-queue.ts';
import type { TakenAttempt } from '../../workers/run-worker.ts';
import type { DeviceWatch } from './device-watch.ts';
import type { HandoutBook } from './handout-book.ts';
import type { QueueFeed } from './queue-feed.ts';

/** What taking needs. */
export interface TakenParts {
  book: JobBook;
  handouts: HandoutBook;
  watch: DeviceWatch;
  feed: QueueFeed;
}

/** Gives the worker what stands behind a handing out; null where it is not valid any more, or somebody has it. */
export function createTakenAttempts({
  book,
  handouts,
  watch,
  feed,
}: TakenParts): (ready: ReadyEntry) => TakenAttempt | null {
  return ({ number, token }) => {
    const handed = handouts.take(number, token);
    if (handed === null) return null;
    return {
      number,
      attempt: handed.attempt,
      devices: handed.devices.map((id) => watch.find(id)).filter((device) => device !== null),
      count: handed.count,
      withdrawn: handed.withdrawal.signal,
      // A late question about a handing out that is over must not take back the next one.
      withdraw: () => handed.state !== 'begun' && handouts.get(number) === handed && handouts.withdraw(number),
      begin() {
        if (handed.state === 'begun') return;
        handouts.begin(handed);
        for (const id of book.get(number).live?.devices ?? []) watch.setHolder(id, null);
        // The device has somebody to be made ready for it now.
        feed.feed();
      },
      tellProblem(problem) {
        handed.problem = problem;
      },
      tellHolders(holders) {
        for (const id of handed.devices) if (!holders.has(id)) watch.setHolder(id, null);
        handed.holders = new Map(holders);
        feed.feed();
      },
      release() {
        handouts.release(handed);
        feed.feed();
      },
    };
  };
}
