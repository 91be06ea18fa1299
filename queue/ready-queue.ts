/**
 * The BullMQ queues of a lab: one per device class for jobs that are ready to run, one for the recorder. They order; they own nothing:
 * what they hold is rebuilt from the run folders at every start of the daemon and whenever Redis came back empty.
 */
import { Queue } from 'bullmq';
import type { Redis } from 'ioredis';

/** What travels through Redis: which attempt of which job. */
export interface ReadyJob {
  number: number;
  attempt: number;
  /** 1 to 2 097 151, lower runs first, equal ones as they were added. Always set: BullMQ puts jobs without one before all others. */
  priority: number;
}

/** Id of an attempt in BullMQ. */
export const readyId = (job: { number: number; attempt: number }): string => `j${job.number}.${job.attempt}`;

/** Name of a lab's queue; `part` is a device class or "record". */
export const queueName = (labId: string, part: string): string => `nightlab-${labId}-${part}`;

/** One queue of ready jobs. */
export interface ReadyQueue {
  name: string;
  /** Adds attempts in this order; one that is already there is left alone. */
  add(jobs: ReadyJob[]): Promise<void>;
  /** Ids in the order in which they will be taken, and of those that are taken. */
  listOrder(): Promise<{ waiting: string[]; active: Set<string> }>;
  /** Drops what has that id and was not taken; false where it is not waiting (any more). */
  removeId(id: string): Promise<boolean>;
  /** Ids of everything in it: waiting, taken, or being retried. */
  listIds(): Promise<Set<string>>;
  /** Empties the queue, taken entries and their locks included. Only while no worker listens. */
  clear(): Promise<void>;
  close(): Promise<void>;
}

/** Opens a queue on a Redis connection; errors of the connection go to `onError`. */
export function createReadyQueue(name: string, connection: Redis, onError: (error: Error) => void): ReadyQueue {
  const queue = new Queue<ReadyJob>(name, {
    connection,
    defaultJobOptions: { attempts: 1, removeOnComplete: true, removeOnFail: true },
  });
  queue.on('error', onError);
  const removeId = async (id: string): Promise<boolean> => {
    const found = await queue.getJob(id);
    if (!found || (await found.isActive())) return false;
    try {
      await found.remove();
      return true;
    } catch (error) {
      // A worker took it between the question and the removal: BullMQ refuses to remove what is locked.
      if (await found.isActive()) return false;
      throw error;
    }
  };
  return {
    name,
    async add(jobs) {
      if (jobs.length === 0) return;
      await queue.addBulk(
        jobs.map((job) => ({ name: 'run', data: job, opts: { jobId: readyId(job), priority: job.priority } })),
      );
    },
    removeId,
    async listOrder() {
      const [waiting, active] = await Promise.all([
        queue.getJobs(['waiting', 'prioritized'], 0, -1, true),
        queue.getJobs(['active']),
      ]);
      const idsOf = (jobs: typeof waiting) => jobs.flatMap((job) => (job?.id ? [job.id] : []));
      return { waiting: idsOf(waiting), active: new Set(idsOf(active)) };
    },
    async listIds() {
      const jobs = await queue.getJobs(['waiting', 'prioritized', 'active', 'delayed']);
      return new Set(jobs.flatMap((job) => (job?.id ? [job.id] : [])));
    },
    clear: () => queue.obliterate({ force: true }),
    close: () => queue.close(),
  };
}
