/**
 * Keeps BullMQ's queues fed: the first few ready jobs of each device class, in the order of the book, and all ended jobs for the recorder.
 * Only the head of the queue is in Redis, so that a job that moves, waits or is taken out costs the same with 10 as with 10,000 behind it.
 */
import { type BookedJob, hasBegun, isOver, type JobBook, nextAttempt } from '../../queue/job-book.ts';
import { listWaiting, type QueueContext } from '../../queue/readiness.ts';
import { type ReadyQueue, readyId } from '../../queue/ready-queue.ts';

/** How many ready jobs of a class are in Redis besides those that run. */
const headLength = 16;

/** What is fed, from what. */
export interface QueueFeedOptions {
  book: JobBook;
  /** By part: a device class, or "record". */
  ready: ReadonlyMap<string, ReadyQueue>;
  context(): QueueContext;
  onError(error: Error): void;
}

/** The feeding of all queues. */
export interface QueueFeed {
  /** Brings the queues in line with the book soon; calls in between are one. */
  feed(): void;
  /** The same, and resolves when it is done. Throws what Redis throws. */
  feedNow(): Promise<void>;
  /** The waiting jobs of a class, in order. */
  waiting(part: string): BookedJob[];
  stop(): void;
}

/** Creates the feed. It looks again by itself when a delay ends. */
export function createQueueFeed({ book, ready, context, onError }: QueueFeedOptions): QueueFeed {
  let timer: NodeJS.Timeout | null = null;
  let isStopped = false;
  let isPlanned = false;
  let work: Promise<void> = Promise.resolve();

  const waiting = (part: string) =>
    listWaiting(
      book.all().filter((job) => job.job.device === part && nextAttempt(job) !== null),
      context(),
    );
  const feedPart = async (part: string, queue: ReadyQueue) => {
    const wanted =
      part === 'record'
        ? book.all().filter((job) => isOver(job) && !isRecorded(job))
        : waiting(part).slice(0, headLength);
    const jobs = wanted.map(toReady);
    if (part === 'record') {
      const known = await queue.listIds();
      await queue.add(jobs.filter((job) => !known.has(readyId(job))));
      return;
    }
    const { waiting: present, active } = await queue.listOrder();
    const next = jobs.filter((job) => !active.has(readyId(job)));
    const isAhead = present.every((id, place) => next[place] !== undefined && readyId(next[place]) === id);
    // What stands in the way of the order is taken out and put in again; a worker that was quicker has it, and that is fine.
    if (!isAhead) for (const id of present) await queue.removeId(id);
    await queue.add(isAhead ? next.slice(present.length) : next);
  };
  const feedAll = async () => {
    for (const [part, queue] of ready) await feedPart(part, queue);
    plan();
  };
  /** A look at the moment at which the next delay ends. */
  const plan = () => {
    if (timer !== null) clearTimeout(timer);
    const { nowMs } = context();
    const moments = book.all().flatMap((job) => {
      const ms = job.entry.notBefore === null ? Number.NaN : Date.parse(job.entry.notBefore);
      return ms > nowMs && nextAttempt(job) !== null ? [ms] : [];
    });
    // A retry's pause is not written anywhere: it is looked for every second while a job waits for one.
    const isRetrying = book.all().some((job) => job.run !== null && job.live === null && nextAttempt(job) !== null);
    const inMs = Math.min(...moments.map((ms) => ms - nowMs), isRetrying ? 1000 : Number.POSITIVE_INFINITY);
    if (Number.isFinite(inMs) && !isStopped) timer = setTimeout(feed, Math.min(Math.max(inMs, 0), 3_600_000));
  };
  const feedNow = () => {
    const done = work.then(() => (isStopped ? undefined : feedAll()));
    work = done.catch(() => undefined);
    return done;
  };
  const feed = () => {
    if (isPlanned || isStopped) return;
    isPlanned = true;
    setImmediate(() => {
      isPlanned = false;
      void feedNow().catch(onError);
    });
  };
  return {
    feed,
    feedNow,
    waiting,
    stop() {
      isStopped = true;
      if (timer !== null) clearTimeout(timer);
    },
  };
}

function toReady(job: BookedJob) {
  return {
    number: job.job.number,
    attempt: nextAttempt(job) ?? job.run?.attempt ?? 1,
    priority: hasBegun(job) ? 1 : 2,
  };
}

/** Whether the records of the job's last attempt are written. */
const isRecorded = (job: BookedJob): boolean =>
  job.recorded?.isDone === true && job.recorded.attempt === job.run?.attempt;
