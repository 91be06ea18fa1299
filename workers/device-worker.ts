/**
 * The worker of one device: takes ready jobs from its class's queue, one at a time, and sees each through to its outcome. It owns no
 * process: a run belongs to its supervisor, and a worker that comes back attaches to it.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import { type BookedJob, type JobBook, nextAttempt, trackOf } from '../queue/job-book.ts';
import { attemptFolder } from '../queue/job-store.ts';
import { findObstacle, type QueueContext } from '../queue/readiness.ts';
import type { ReadyJob } from '../queue/ready-queue.ts';
import { messageOf } from '../src/errors/lab-error.ts';
import { reachPoint } from '../src/lab/named-point.ts';
import { computeTrack } from '../src/rules/tracks.ts';
import { type ExecuteContext, executeAttempt, removeTraces } from './execute.ts';
import { attemptPath } from './supervisor/attempt-files.ts';

/** What a device worker needs. */
export interface DeviceWorkerOptions {
  context: ExecuteContext;
  book: JobBook;
  queueName: string;
  connection: Redis;
  /** What readiness is judged by, now. */
  queueContext(): QueueContext;
  /** Called when an attempt was taken out of the queue. */
  onTaken(): void;
  /** Called when an attempt has its outcome; the daemon hands it on to the recorder or queues the next attempt. */
  onOutcome(number: number): Promise<void>;
  onError(error: Error): void;
  say(line: string, details?: Record<string, unknown>): void;
}

/** Starts the worker. `close` leaves a run going. */
export function createDeviceWorker(options: DeviceWorkerOptions): { close(): Promise<void> } {
  const { book, context, say } = options;
  const closing = new AbortController();

  const runReady = async ({ number, attempt }: ReadyJob): Promise<void> => {
    const booked = book.get(number);
    // What Redis hands over may be old; the folder knows better. From the question to the claim nothing may be awaited: another
    // worker of the class could be handed the same attempt meanwhile.
    if (nextAttempt(booked) !== attempt || booked.live !== null) return;
    if (findObstacle(booked, options.queueContext()) !== null) return;
    const live = {
      attempt,
      devices: [context.device.id],
      // A pause outlives the daemon.
      isPaused: existsSync(attemptPath(attemptFolder(context.paths.runs, number, attempt), 'pause')),
      step: 'start' as const,
      startedAt: new Date().toISOString(),
      waits: null,
    };
    const unclaim = book.claim(number, live);
    options.onTaken();
    reachPoint('claimed');
    say('claimed', { job: number, attempt, device: context.device.id });
    for (let tries = 1; !closing.signal.aborted; tries++) {
      try {
        const hold = await findHold(context, booked, attempt);
        if (hold !== null && booked.entry.removedAt === null) {
          await book.setEntry(number, (entry) => ({ ...entry, hold }));
          say('held', { job: number, hold });
        }
        if (hold !== null || booked.entry.removedAt !== null) {
          unclaim();
          return;
        }
        const run = await executeAttempt(context, { ...booked.job, track: trackOf(booked) }, attempt, {
          signal: closing.signal,
          tries,
          onProgress: (progress) =>
            book.setLive(number, {
              ...live,
              ...progress,
              isPaused: booked.live?.isPaused ?? live.isPaused,
              startedAt: progress.startedAt ?? live.startedAt,
            }),
        });
        await book.setRun(run);
        say('ended', { job: number, attempt, fate: run.fate, metric: run.metric });
        await options.onOutcome(number);
        break;
      } catch (error) {
        if (closing.signal.aborted) return;
        // A full disk or a git lock: the run folder keeps everything, so the same step is simply tried again.
        say('trying again', { job: number, attempt, tries, problem: messageOf(error) });
        book.setLive(number, { ...live, waits: messageOf(error) });
        await new Promise((resume) => setTimeout(resume, 1000));
      }
    }
    await removeTraces(context.paths, number, attempt).catch((error: unknown) =>
      say('the checkout stays', { job: number, attempt, problem: messageOf(error) }),
    );
  };

  const worker = new Worker<ReadyJob>(options.queueName, async ({ data }) => runReady(data), {
    connection: options.connection,
    concurrency: 1,
    // A lock protects the record in Redis, not the process: it is long, so that neither a suspend nor an outage hands the job over.
    lockDuration: 300_000,
    stalledInterval: 5_000,
    maxStalledCount: 1_000_000,
  });
  worker.on('error', options.onError);
  worker.on('failed', (job, error) =>
    say('a ready job failed in the worker itself', { id: job?.id, problem: error.message }),
  );
  return {
    async close() {
      closing.abort();
      await worker.close(true);
    },
  };
}

/**
 * Why an attempt must not start: its track moved on, or a secret is missing; null where it may. An attempt that is planned already ends
 * under the track it started with.
 */
async function findHold(context: ExecuteContext, booked: BookedJob, attempt: number): Promise<string | null> {
  const { paths, config, main } = context;
  const { number } = booked.job;
  if (existsSync(join(attemptFolder(paths.runs, number, attempt), 'plan.json'))) return null;
  const known = context.secretsOf(booked.job);
  const missing = booked.job.secretNames.filter((name) => known[name] === undefined);
  if (missing.length > 0) {
    return `${missing.join(', ')} was given with the job and kept in memory only, and the daemon has restarted since: \`lab down\`, \`lab up\` where it is set, then \`lab enqueue ${number}\``;
  }
  const track = await computeTrack(paths, config, main);
  if (track === trackOf(booked)) return null;
  return `queued under track ${trackOf(booked)}, the lab is on ${track} now: its number would not compare; \`lab enqueue ${number}\` runs it under ${track}, \`lab kill ${number}\` drops it`;
}
