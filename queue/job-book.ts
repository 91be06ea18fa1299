/**
 * All jobs of a lab in memory, beside their folders: what is written, plus what only lives while the daemon does (which step runs,
 * what a record waits for). Every change has a version, so that a client can wait for the next one.
 */
import type { Job } from '../src/domain/job.ts';
import type { Run, StepName } from '../src/domain/run.ts';
import { LabError, messageOf } from '../src/errors/lab-error.ts';
import { reachPoint } from '../src/lab/named-point.ts';
import { applyEdits } from './edited-job.ts';
import { createQueueEntry, type QueueEntry } from './job-schema.ts';
import {
  claimJobNumber,
  deleteJob,
  keepJobNumber,
  type RecordedJob,
  readStoredJobs,
  type StoredJob,
  writeJob,
  writeQueueEntry,
  writeRecorded,
  writeRun,
} from './job-store.ts';
import { matchesRetry } from './retry.ts';
import { createEnvironmentSharing } from './shared-environment.ts';

/** What is going on with a job right now; gone when the daemon ends. */
export interface LiveState {
  attempt: number;
  /** Ids of the devices that it holds. */
  devices: string[];
  /** Whether its processes are stopped (SIGSTOP). */
  isPaused: boolean;
  /** Present once its end was asked for (`lab kill`). */
  isEnding?: true;
  step: StepName | 'start';
  startedAt: string;
  /** Why the worker cannot go on with it although its run does; null where nothing is wrong. */
  problem: string | null;
}

/** A job of the book. */
export interface BookedJob extends StoredJob {
  live: LiveState | null;
  /** Why its records are not committed yet; null where nothing is wrong. */
  recordProblem: string | null;
  /** Version of the book at its last change. */
  changed: number;
}

/** How often a run that the machine lost is tried again. */
const maxInterruptions = 1;

/** The attempt that must run next, now or later; null where the job is over or removed. What keeps it from starting is readiness.ts's. */
export function nextAttempt(stored: StoredJob): number | null {
  const { entry, run, job, recorded } = stored;
  if (entry.removedAt !== null) return null;
  const last = stored.attempts.at(-1);
  if (last === undefined) return 1;
  if (run === null) return last;
  if (last < entry.asked) return last + 1;
  if (run.fate.kind !== 'failed') return null;
  // Only what was over is decided: a rule that takes more failures than the one of then must not bring a night's jobs back to life. Not only
  // what is done: a decision waits for its commit, and a verdict is decided again.
  if (recorded?.attempt === last) return null;
  const retries = matchesRetry(run, job.retry) ? job.retry.times : 0;
  const again = run.fate.failure === 'interrupted' ? retries + maxInterruptions : retries;
  return last < entry.asked + again ? last + 1 : null;
}

/**
 * Whether a person sent the attempt that runs or comes next ahead of everything. What was said of an attempt is not said of its retries:
 * they have their pause and their place like those of any other job.
 */
export function isForced(stored: StoredJob): boolean {
  const { forced, forcedAttempt = 0, asked } = stored.entry;
  return forced && nextAttempt(stored) === Math.max(forcedAttempt, asked);
}

/** Whether an attempt was begun and has no outcome yet: its run may be going on, or wait to be read. */
export const hasBegun = (stored: StoredJob): boolean => stored.attempts.length > 0 && stored.run === null;

/** Whether the job's last attempt is over and none follows. */
export const isOver = (stored: StoredJob): boolean => stored.run !== null && nextAttempt(stored) === null;

/** Whether anything can still happen to a job by itself: it runs, waits, is held, or its records are not written. */
export function isOpen(booked: BookedJob): boolean {
  const { live, run, recorded, entry, attempts } = booked;
  if (live !== null) return true;
  // What has begun may still be running, whatever was said of it meanwhile.
  if (run === null) return entry.removedAt === null || attempts.length > 0;
  return recorded?.isDone !== true || recorded.attempt !== run.attempt || !isOver(booked);
}

/** The jobs of a lab and their changes. */
export interface JobBook {
  readonly version: number;
  /** Jobs whose folders could not be read when the book was opened, with the reason; they are left alone. */
  readonly broken: readonly string[];
  all(): BookedJob[];
  /** The jobs that isOpen takes, in no particular order: most jobs of a long night are over, and looking at them all takes its time. */
  open(): BookedJob[];
  /** Null where there is no such job. */
  find(number: number): BookedJob | null;
  /** Throws LabError (user) where there is no such job. */
  get(number: number): BookedJob;
  /** Numbers the job, writes it synced and adds it. */
  create(make: (number: number) => Promise<Job>, asked?: Partial<QueueEntry>): Promise<BookedJob>;
  /** The job that a submission made; null where the key is new, or its job was withdrawn. */
  findKey(key: string): BookedJob | null;
  /** Changes the entry, synced; changes are applied one after the other, each to what the one before left. */
  setEntry(number: number, change: (entry: QueueEntry) => QueueEntry): Promise<void>;
  /** Notes that an attempt has begun. */
  claim(number: number, live: LiveState): void;
  /** Forgets an attempt that never began; `run` is the outcome of the one before it, null where there is none. */
  dropAttempt(number: number, attempt: number, run: Run | null): void;
  /** Shows how a claimed attempt goes on. */
  setLive(number: number, live: LiveState): void;
  setRun(run: Run): Promise<void>;
  setRecorded(recorded: RecordedJob): Promise<void>;
  setRecordProblem(number: number, problem: string | null): void;
  /** Deletes a job with its folder; its number is never given again. Throws LabError (user) where there is no such job. */
  forget(number: number): Promise<void>;
  /** Resolves at the next change after `seen` of one of `numbers` (empty: of any job), or after `limitMs`. */
  waitForChange(numbers: number[], seen: number, limitMs: number): Promise<number>;
}

/** Opens the book of a lab from its run folders. */
export function openJobBook(runs: string): JobBook {
  const jobs = new Map<number, BookedJob>();
  const waiters = new Set<() => void>();
  // Versions start at the time, so that a client that knew an earlier daemon never waits for a version that was already passed.
  let version = Date.now();
  let entries: Promise<void> = Promise.resolve();
  const keys = new Map<string, BookedJob>();
  const share = createEnvironmentSharing();
  const open = new Set<BookedJob>();
  const sort = (job: BookedJob) => {
    if (isOpen(job) && jobs.get(job.job.number) === job) open.add(job);
    else open.delete(job);
  };
  const broken: string[] = [];
  for (const stored of readStoredJobs(runs, (number, error) =>
    broken.push(`job ${number} is left alone, for it cannot be read: ${messageOf(error)}`),
  )) {
    const booked: BookedJob = { ...stored, live: null, recordProblem: null, changed: version };
    jobs.set(stored.job.number, booked);
    // A later job may have the key of one that was withdrawn.
    if (!stored.entry.isWithdrawn) keys.set(stored.job.key, booked);
    sort(booked);
  }

  const get = (number: number): BookedJob => {
    const found = jobs.get(number);
    if (!found) throw new LabError('user', `there is no job ${number}`, { hints: ['`lab status` lists the jobs'] });
    return found;
  };
  const touch = (job: BookedJob) => {
    version += 1;
    job.changed = version;
    sort(job);
    for (const wake of waiters) wake();
  };

  return {
    broken,
    get version() {
      return version;
    },
    all: () => [...jobs.values()],
    open: () => [...open],
    find: (number) => jobs.get(number) ?? null,
    get,
    findKey(key) {
      const found = key === '' ? undefined : keys.get(key);
      return found === undefined || found.entry.isWithdrawn ? null : found;
    },
    async create(make, asked = {}) {
      const job = share(await make(claimJobNumber(runs)));
      // After all of a batch have theirs: one write for them all.
      keepJobNumber(runs, job.number);
      const entry = createQueueEntry(job.number, asked);
      await writeJob(runs, job, entry);
      reachPoint('job-written');
      const booked: BookedJob = {
        job,
        queued: job,
        entry,
        attempts: [],
        run: null,
        recorded: null,
        live: null,
        recordProblem: null,
        changed: version,
      };
      jobs.set(job.number, booked);
      keys.set(job.key, booked);
      touch(booked);
      return booked;
    },
    async setEntry(number, change) {
      const job = get(number);
      const write = entries.then(async () => {
        const next = change(job.entry);
        await writeQueueEntry(runs, number, next);
        job.entry = next;
        job.job = applyEdits(job.queued, next.edits);
        touch(job);
      });
      // One that fails must not keep the next from being tried; whoever asked for it is told through `write`.
      entries = write.catch(() => undefined);
      await write;
    },
    claim(number, live) {
      const job = get(number);
      if (!job.attempts.includes(live.attempt)) job.attempts = [...job.attempts, live.attempt];
      job.run = null;
      job.live = live;
      touch(job);
    },
    dropAttempt(number, attempt, run) {
      const job = get(number);
      job.attempts = job.attempts.filter((one) => one !== attempt);
      job.run = run;
      touch(job);
    },
    setLive(number, live) {
      const job = get(number);
      job.live = live;
      touch(job);
    },
    async setRun(run) {
      const job = get(run.job);
      await writeRun(runs, run);
      if (!job.attempts.includes(run.attempt)) job.attempts.push(run.attempt);
      job.run = run;
      job.live = null;
      touch(job);
    },
    async setRecorded(recorded) {
      const job = get(recorded.job);
      await writeRecorded(runs, recorded);
      job.recorded = recorded;
      job.recordProblem = null;
      touch(job);
    },
    setRecordProblem(number, problem) {
      const job = get(number);
      if (job.recordProblem === problem) return;
      job.recordProblem = problem;
      touch(job);
    },
    async forget(number) {
      const job = get(number);
      const removal = entries.then(() => {
        deleteJob(runs, number);
        jobs.delete(number);
        if (keys.get(job.job.key) === job) keys.delete(job.job.key);
        touch(job);
      });
      entries = removal.catch(() => undefined);
      await removal;
    },
    async waitForChange(numbers, seen, limitMs) {
      // Before anything waits: a number that is no job must not be met by whoever changes a job next.
      for (const number of numbers) get(number);
      // One that is forgotten meanwhile is a change too.
      const changeOf = (number: number): number => (jobs.get(number) ?? { changed: version }).changed;
      // Every change of any job is a new version; thousands of jobs need not be asked.
      const newest = () =>
        numbers.length === 0 ? version : numbers.reduce((most, n) => Math.max(most, changeOf(n)), 0);
      return await new Promise((resolve) => {
        const finish = () => {
          clearTimeout(timer);
          waiters.delete(check);
          resolve(version);
        };
        const check = () => {
          if (newest() > seen) finish();
        };
        const timer = setTimeout(finish, limitMs);
        waiters.add(check);
        check();
      });
    },
  };
}

/** The track that a job runs under. */
export const trackOf = (stored: StoredJob): string => stored.entry.track ?? stored.job.track;
