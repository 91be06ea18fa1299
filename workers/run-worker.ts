/**
 * The worker: takes attempts that were handed out from BullMQ, makes each ready, and sees it through to its outcome. It owns no process: a run
 * belongs to its supervisor, and a worker that comes back attaches to it. What is handed out, and taken back, is the daemon's decision.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import { listPausedBy } from '../queue/failure-pause.ts';
import type { GroupStore } from '../queue/group-store.ts';
import { type BookedJob, type JobBook, trackOf } from '../queue/job-book.ts';
import { attemptFolder } from '../queue/job-store.ts';
import type { ReadyEntry } from '../queue/ready-queue.ts';
import type { Run } from '../src/domain/run.ts';
import { messageOf } from '../src/errors/lab-error.ts';
import { readRefStamp } from '../src/git/ref-stamp.ts';
import { reachPoint } from '../src/lab/named-point.ts';
import { computeTrack } from '../src/rules/tracks.ts';
import type { Device } from './device-probe.ts';
import { clearAttempt, type ExecuteContext, endLostAttempt, executeAttempt, removeTraces } from './execute.ts';
import { endWithdrawn } from './supervisor/launch.ts';
import { watchTip, writeGuard } from './tip-guard.ts';

/** An attempt as the worker got it. */
export interface TakenAttempt {
  number: number;
  attempt: number;
  /** What it may run on. */
  devices: Device[];
  /** How many of them it takes: all, or one. */
  count: number;
  /** Aborts when the attempt is taken back before it has begun. */
  withdrawn: AbortSignal;
  /** True where nothing of it has begun any more, and nothing will. */
  withdraw(): boolean;
  /** To be called when it has begun, or ended without beginning. */
  begin(): void;
  /** Says why it is not made ready yet; null: nothing is in the way any more. */
  tellProblem(problem: string | null): void;
  /** Says who else holds devices that it waits for, by device. */
  tellHolders(holders: ReadonlyMap<string, string>): void;
  /** To be called when the worker is done with it, whatever became of it. */
  release(): void;
}

/** What the worker needs. */
export interface RunWorkerOptions {
  context: ExecuteContext;
  book: JobBook;
  groups: GroupStore;
  queueName: string;
  connection: Redis;
  /** Null where the handing out is not valid any more, or somebody has it. */
  take(ready: ReadyEntry): TakenAttempt | null;
  /** Called when an attempt has its outcome. */
  onOutcome(): void;
  onError(error: Error): void;
  say(line: string, details?: Record<string, unknown>): void;
}

/** Starts the worker. `close` leaves a run going. */
export function createRunWorker(options: RunWorkerOptions): { close(): Promise<void> } {
  const { book, context, groups, say } = options;
  const closing = new AbortController();

  /** Runs the attempt; false where it was taken back. */
  const runTaken = async (taken: TakenAttempt): Promise<boolean> => {
    const { number, attempt } = taken;
    const booked = book.get(number);
    for (let tries = 1; !closing.signal.aborted; tries++) {
      if (taken.withdrawn.aborted) return false;
      try {
        const tip = { stamp: readRefStamp(context.paths.root, context.main) };
        if (!(await passHold(booked, taken))) return false;
        const stopWatching = watchTip(context.paths.root, context.main, tip.stamp, (stamp) =>
          recheck(booked, taken, tip, stamp),
        );
        const run = await executeAttempt({ ...context }, { ...booked.job, track: trackOf(booked) }, attempt, {
          group: booked.entry.group,
          devices: taken.devices,
          deviceCount: taken.count,
          tipStamp: () => tip.stamp,
          signal: closing.signal,
          withdrawn: taken.withdrawn,
          tries,
          onWait: (holders) => {
            taken.tellProblem(null);
            taken.tellHolders(holders);
          },
          onProgress: (step) => {
            stopWatching();
            taken.begin();
            const { live } = booked;
            if (live !== null && (live.step !== step || live.problem !== null))
              book.setLive(number, { ...live, step, problem: null });
          },
        }).finally(stopWatching);
        if (run === 'withdrawn' && booked.live === null) return false;
        taken.begin();
        const outcome =
          run === 'withdrawn'
            ? await endLostAttempt(context, booked.job, attempt, taken.devices, (line) => say(line, { job: number }))
            : run;
        await pauseForFailure(booked, outcome);
        await book.setRun(outcome);
        say('ended', { job: number, attempt, fate: outcome.fate, metric: outcome.metric });
        break;
      } catch (error) {
        if (closing.signal.aborted) return true;
        // A full disk or a git lock: the run folder keeps everything, so the same step is simply tried again.
        say('trying again', { job: number, attempt, tries, problem: messageOf(error) });
        taken.tellProblem(messageOf(error));
        if (booked.live !== null) book.setLive(number, { ...booked.live, problem: messageOf(error) });
        await new Promise((resume) => setTimeout(resume, 1000));
      }
    }
    // Before the traces are gone: whoever comes next does not wait for that.
    options.onOutcome();
    return true;
  };

  /** Pauses what a failure pauses, before the outcome counts: nothing may begin in between, also where the daemon dies there. */
  const pauseForFailure = async (booked: BookedJob, run: Run): Promise<void> => {
    const asked = listPausedBy(booked, run, context.config.queue.pauseOnFailure, groups.groups.keys());
    const names = asked.filter((name) => groups.groups.get(name)?.isPaused === false);
    if (names.length === 0) return;
    await groups.change(names, (group) => (group.isPaused ? group : { ...group, isPaused: true, failedJob: run.job }));
    say('paused after a failure', { job: run.job, groups: names });
  };
  /** Whether it may go on; where not, the job is held, and nothing of it has begun. */
  const passHold = async (booked: BookedJob, taken: TakenAttempt): Promise<boolean> => {
    const { number } = booked.job;
    const hold = booked.live === null ? await findHold(context, booked) : null;
    if (hold === null) return true;
    if (!taken.withdraw()) return true;
    await book.setEntry(number, (entry) => ({ ...entry, hold }));
    say('held', { job: number, hold });
    return false;
  };
  /** Main moved while the attempt waits for its device: what it was made ready for may not be so any more. */
  const recheck = async (
    booked: BookedJob,
    taken: TakenAttempt,
    tip: { stamp: string },
    stamp: string,
  ): Promise<void> => {
    const folder = attemptFolder(context.paths.runs, taken.number, taken.attempt);
    try {
      if (taken.withdrawn.aborted || booked.live !== null || !(await passHold(booked, taken))) return;
      // Moved on while the track was computed: the next look is about that.
      if (readRefStamp(context.paths.root, context.main) !== stamp) return;
      // While it is still being made ready, the plan takes this along.
      tip.stamp = stamp;
      if (booked.live === null && existsSync(join(folder, 'plan.json')))
        writeGuard(folder, context.paths.root, context.main, stamp);
    } catch (error) {
      say('the track could not be looked up', { job: taken.number, problem: messageOf(error) });
    }
  };

  const runReady = async (ready: ReadyEntry): Promise<void> => {
    const taken = options.take(ready);
    if (taken === null) return;
    const { number, attempt } = taken;
    try {
      reachPoint('claimed');
      say('claimed', { job: number, attempt, devices: taken.devices.map(({ id }) => id) });
      const isDone = await runTaken(taken);
      if (closing.signal.aborted && isDone) return;
      if (!isDone) await endWithdrawn(attemptFolder(context.paths.runs, number, attempt));
      await removeTraces(context.paths, number, attempt).catch((error: unknown) =>
        say('the checkout stays', { job: number, attempt, problem: messageOf(error) }),
      );
      if (!isDone) clearAttempt(context.paths, number, attempt);
    } catch (error) {
      say('an attempt that was taken back is not cleared up', { job: number, attempt, problem: messageOf(error) });
      await new Promise((resume) => setTimeout(resume, 1000));
    } finally {
      taken.release();
    }
  };

  const worker = new Worker<ReadyEntry>(options.queueName, async ({ data }) => runReady(data), {
    connection: options.connection,
    // The daemon hands out no more than devices can run and have waiting.
    concurrency: 1000,
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

/** Why an attempt must not start: its track moved on, or a secret is missing; null where it may. */
async function findHold(context: ExecuteContext, booked: BookedJob): Promise<string | null> {
  const { paths, config, main } = context;
  const { number } = booked.job;
  const known = context.secretsOf(booked.job);
  const missing = booked.job.secretNames.filter((name) => known[name] === undefined);
  if (missing.length > 0) {
    return `${missing.join(', ')} was given with the job and kept in memory only, and the daemon has restarted since: \`lab enqueue ${number}\` where it is set`;
  }
  const track = await computeTrack(paths, config, main);
  if (track === trackOf(booked)) return null;
  return `queued under track ${trackOf(booked)}, the lab is on ${track} now: its number would not compare; \`lab enqueue ${number}\` runs it under ${track}, \`lab kill ${number}\` drops it`;
}
