/**
 * The BullMQ queues of a lab: one for attempts that were handed out, one for the recorder. They carry; they own nothing: what they hold is
 * put in again at every start of the daemon and whenever Redis came back empty.
 */
import { Queue } from 'bullmq';
import type { Redis } from 'ioredis';

/** What travels through Redis: which attempt of which job. */
export interface ReadyEntry {
  number: number;
  attempt: number;
  /** Tells one handing out of an attempt from the next; "" for the recorder. */
  token: string;
}

/** Id of an attempt in BullMQ. */
export const readyId = ({ number, attempt, token }: ReadyEntry): string => `j${number}.${attempt}${token}`;

/** Name of a lab's queue; `part` is "run" or "record". */
export const queueName = (labId: string, part: string): string => `nightlab-${labId}-${part}`;

/** One queue of ready jobs. */
export interface ReadyQueue {
  name: string;
  /** Adds attempts in this order; one that is already there is left alone. */
  add(jobs: ReadyEntry[]): Promise<void>;
  /** Ids of everything in it: waiting, taken, or being retried. */
  listIds(): Promise<Set<string>>;
  /** Empties the queue, taken entries and their locks included. Only while no worker listens. */
  clear(): Promise<void>;
  close(): Promise<void>;
}

/** Opens a queue on a Redis connection; errors of the connection go to `onError`. */
export function createReadyQueue(name: string, connection: Redis, onError: (error: Error) => void): ReadyQueue {
  const queue = new Queue<ReadyEntry>(name, {
    connection,
    defaultJobOptions: { attempts: 1, removeOnComplete: true, removeOnFail: true },
  });
  queue.on('error', onError);
  return {
    name,
    async add(jobs) {
      if (jobs.length === 0) return;
      await queue.addBulk(
        // Always with a priority: BullMQ puts jobs without one before all others.
        jobs.map((job) => ({ name: 'run', data: job, opts: { jobId: readyId(job), priority: 1 } })),
      );
    },
    async listIds() {
      const jobs = await queue.getJobs(['waiting', 'prioritized', 'active', 'delayed']);
      return new Set(jobs.flatMap((job) => (job?.id ? [job.id] : [])));
    },
    clear: () => queue.obliterate({ force: true }),
    close: () => queue.close(),
  };
}
