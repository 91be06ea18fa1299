/**
 * Hands out attempts: decides which jobs start and which one is made ready for each busy device (queue/handouts.ts), puts them into BullMQ
 * for the worker, and takes back what has not begun when the decision changes. Ended jobs go to the recorder's queue. Redis only carries:
 * what is handed out is known here, so that an empty or stopped Redis delays and loses nothing.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { mustSeeEnd } from '../../queue/failure-pause.ts';
import type { Handout } from '../../queue/handouts.ts';
import { planHandouts } from '../../queue/handouts.ts';
import { type BookedJob, hasBegun, isForced, isOver, type JobBook, nextAttempt } from '../../queue/job-book.ts';
import type { ReadyJob } from '../../queue/placement.ts';
import { listWaiting, type QueueContext } from '../../queue/readiness.ts';
import { type ReadyQueue, readyId } from '../../queue/ready-queue.ts';
import type { Reservation } from '../../queue/reservation.ts';
import type { LabPaths } from '../config/lab-paths.ts';
import type { LabConfig } from '../config/schema.ts';
import { monotonicMs } from '../domain/time.ts';
import { messageOf } from '../errors/lab-error.ts';
import { describeShortage, readFreeBytes } from '../lab/disk-space.ts';
import type { DeviceWatch } from './device-watch.ts';
import type { HandedOut, HandoutBook } from './handout-book.ts';
import { computeNextLookMs } from './next-look.ts';

/** What is fed, from what. */
export interface QueueFeedOptions {
  paths: LabPaths;
  book: JobBook;
  handouts: HandoutBook;
  watch: DeviceWatch;
  config(): LabConfig;
  /** By part: "run" and "record"; a part that is missing is not fed. */
  ready: ReadonlyMap<string, ReadyQueue>;
  context(): QueueContext;
  onError(error: Error): void;
}

/** The feeding of the queues. */
export interface QueueFeed {
  /** Decides anew soon; calls in between are one. */
  feed(): void;
  /** Decides before it returns, so that nothing begins any more that must not; Redis follows. */
  settle(): void;
  /** Decides now, and resolves when Redis has what was decided. Throws what Redis throws. */
  feedNow(): Promise<void>;
  /**
   * Changes something of a job that has not begun: takes its attempt back where it was handed out, and keeps it from being handed out until
   * `change` is done. `begun`, and nothing changed, where it has begun meanwhile.
   */
  whileWaiting<T>(number: number, change: () => Promise<T>): Promise<T | 'begun'>;
  /** The same for several jobs at once: `begun`, and nothing changed, where any of them has. */
  whileAllWaiting<T>(numbers: readonly number[], change: () => Promise<T>): Promise<T | 'begun'>;
  /** As feedNow, after Redis may have lost something: whatever no worker has is carried anew. */
  resend(): Promise<void>;
  /** What kept the last decision from being made; null where nothing did. */
  problem(): string | null;
  /** Why a waiting job does not start, where it is more than its place in the queue; null otherwise. */
  waitsOf(number: number): string | null;
  /** Ends the feeding and takes back what has not begun; resolves when that is cleared up, or after a few seconds. */
  stop(): Promise<void>;
}

/** How soon it is looked again while something waits for what tells nobody when it changes, milliseconds. */
const foreignLookMs = 4_000;
/** And while GPU jobs wait for nothing but jobs of this lab: asking for strangers must not disturb the run all night. */
const calmLookMs = 15_000;
const roomLookMs = 500;
/** After a shortage of room nothing is made ready for so long: the checkout itself may be what filled the disk. */
const roomPauseMs = 60_000;
/** What was made ready is made anew after so long: what it was made from (secret files, settings of the machine) may have changed. */
const stagedAgeMs = 600_000;
const configLookMs = 1_000;
/** What is not cleared up by then is so at the next start, milliseconds. */
const stopPatienceMs = 3_000;

/** Creates the feed. It looks again by itself when a delay ends. */
export function createQueueFeed(options: QueueFeedOptions): QueueFeed {
  const { paths, book, handouts, watch, context } = options;
  const waitingSince = new Map<number, number>();
  const blocked = new Map<number, number>();
  let reservations: readonly Reservation[] = [];
  let waits: ReadonlyMap<number, string> = new Map();
  let timer: NodeJS.Timeout | null = null;
  let isStopped = false;
  let isPlanned = false;
  let problem: string | null = null;
  let noStagingUntilMs = 0;
  let carrying: Promise<void> = Promise.resolve();
  let nextCarry: Promise<void> | null = null;

  const toPlacement = (booked: BookedJob, nowMs: number): ReadyJob => {
    const { job, entry } = booked;
    const since = waitingSince.get(job.number) ?? nowMs;
    waitingSince.set(job.number, since);
    const { number, device, needs } = job;
    return { number, class: device, needs, group: entry.group, waitingSinceMs: since, ignoresSlots: isForced(booked) };
  };

  /** One decision: takes back what it no longer wants and notes what it wants. Nothing is awaited in it. */
  const decide = (): void => {
    const now = context();
    // Ages must not jump with the clock.
    const ageMs = monotonicMs();
    const config = options.config();
    const open = book.open();
    for (const job of open)
      if (hasBegun(job) && job.live === null && handouts.get(job.job.number) === null) handouts.attach(job, config);
    const waiting = listWaiting(open, now);
    const numbers = new Set(waiting.map(({ job }) => job.number));
    for (const number of waitingSince.keys()) if (!numbers.has(number)) waitingSince.delete(number);
    const { jobOn, groupOn, running } = listRunning(open);
    for (const handed of handouts.all()) for (const [id, who] of handed.holders) watch.setHolder(id, who);
    const plan = planHandouts({
      jobs: waiting.map((job) => toPlacement(job, ageMs)),
      devices: watch.judge(jobOn),
      groupOn,
      groups: new Map([...now.groups].map(([name, { slots }]) => [name, { slots, running: running.get(name) ?? 0 }])),
      nowMs: ageMs,
      reservations,
      rule: config.devices,
      preferred: listPreferred(handouts.all()),
    });
    reservations = plan.reservations;
    const shortage = describeShortage(paths.runs, readFreeBytes(paths.runs), config.devices.reserveMb);
    if (shortage !== null) noStagingUntilMs = ageMs + roomPauseMs;
    waits = shortage === null ? plan.waits : new Map(waiting.map(({ job }) => [job.number, shortage]));
    const awaitsEnd = ({ number, devices }: Handout) => {
      const group = book.find(number)?.entry.group ?? '';
      return devices.some((id) => mustSeeEnd(config.queue.pauseOnFailure, groupOn.get(id), group));
    };
    const mayStage = (handout: Handout) => ageMs >= noStagingUntilMs && !awaitsEnd(handout);
    // A start that is being made ready goes on when room gets short; nothing else is made.
    const mayPut = (handout: Handout) => shortage === null && (handout.isStart || mayStage(handout));
    const isStarting = plan.handouts.some(({ isStart }) => isStart);
    const wanted = new Map(plan.handouts.map((handout) => [handout.number, handout]));
    for (const handed of handouts.all()) {
      // One that began before this daemon is carried to a worker, and stays.
      if (handed.state === 'begun' || handed.state === 'leaving' || book.find(handed.number)?.live != null) continue;
      const want = wanted.get(handed.number);
      const isFresh = handed.isStart || ageMs - handed.sinceMs < stagedAgeMs;
      const isKept = want !== undefined && isFresh && (handed.isStart || mayPut(handed));
      if (isKept && handed.config === config && isStillWanted(handed, want, isStarting)) continue;
      // Begun in this moment: the next decision sees it run.
      if (!withdraw(handed)) feed();
    }
    for (const handout of plan.handouts) {
      const job = book.get(handout.number);
      const attempt = nextAttempt(job);
      const isFree = attempt !== null && job.live === null && !blocked.has(handout.number);
      // While starts are made ready the devices that are busy change with each that begins.
      if (isFree && mayPut(handout) && (handout.isStart || !isStarting) && !handouts.get(handout.number))
        handouts.put(handout, attempt, config);
    }
    const wantsGpu = waiting.some(({ job }) => job.device === 'gpu');
    const lookMs = waits.size > 0 ? foreignLookMs : calmLookMs;
    if (wantsGpu) watch.refresh(lookMs);
    lookAgain(open, now, [
      ...(shortage === null ? [] : [roomLookMs]),
      ...(waiting.length > 0 && ageMs < noStagingUntilMs ? [noStagingUntilMs - ageMs] : []),
      ...(waits.size > 0 || wantsGpu ? [lookMs] : []),
      ...(plan.nextMs === null ? [] : [plan.nextMs - ageMs]),
    ]);
  };
  /** Takes one back; where the file system does not let it, the others are still decided. */
  const withdraw = (handed: HandedOut): boolean => {
    try {
      return handouts.withdraw(handed.number);
    } catch (error) {
      handed.problem = messageOf(error);
      return true;
    }
  };
  /** A look at the moment at which time alone changes something; `inMs` from now on. */
  const lookAgain = (jobs: BookedJob[], now: QueueContext, inMs: number[]) => {
    if (timer !== null) clearTimeout(timer);
    const nextMs = computeNextLookMs({ jobs, context: now, others: inMs.map((ms) => now.nowMs + ms) });
    if (nextMs !== null && !isStopped) timer = setTimeout(feed, Math.min(nextMs, 3_600_000));
  };

  /** Brings Redis in line with what was decided. */
  const carry = async () => {
    const sent = handouts.all().filter(({ state }) => state === 'sent');
    await options.ready.get('run')?.add(sent.map(({ number, attempt, token }) => ({ number, attempt, token })));
    const recordQueue = options.ready.get('record');
    const ended = book.open().filter((job) => isOver(job) && !isRecorded(job));
    if (recordQueue === undefined || ended.length === 0) return;
    const known = await recordQueue.listIds();
    const ready = ended.map(({ job, run }) => ({ number: job.number, attempt: run?.attempt ?? 1, token: '' }));
    await recordQueue.add(ready.filter((job) => !known.has(readyId(job))));
  };
  /** Carries once what is decided until its turn comes, however often it is asked while Redis is away. */
  const carrySoon = (): Promise<void> => {
    nextCarry ??= carrying.then(() => {
      nextCarry = null;
      const done = isStopped ? Promise.resolve() : carry();
      carrying = done.catch(() => undefined);
      return done;
    });
    return nextCarry;
  };
  const feedNow = async () => {
    if (isStopped) return;
    try {
      decide();
      problem = null;
    } catch (error) {
      problem = `the queue: ${messageOf(error)}`;
      lookAgain([], context(), [1000]);
    }
    await carrySoon();
  };
  function feed(): void {
    if (isPlanned || isStopped) return;
    isPlanned = true;
    setImmediate(() => {
      isPlanned = false;
      void feedNow().catch(options.onError);
    });
  }
  async function whileAllWaiting<T>(numbers: readonly number[], change: () => Promise<T>): Promise<T | 'begun'> {
    for (const number of numbers) blocked.set(number, (blocked.get(number) ?? 0) + 1);
    try {
      return numbers.every((number) => handouts.withdraw(number)) ? await change() : 'begun';
    } finally {
      for (const number of numbers) {
        const left = (blocked.get(number) ?? 1) - 1;
        if (left === 0) blocked.delete(number);
        else blocked.set(number, left);
      }
      feed();
    }
  }
  // What is ready for a busy device begins without this process: a changed configuration must not wait for the next decision.
  const configTimer = setInterval(() => {
    const staged = handouts.all().filter(({ state, isStart }) => !isStart && (state === 'sent' || state === 'taken'));
    if (staged.length > 0 && staged.some(({ config }) => config !== options.config())) feed();
  }, configLookMs);
  return {
    feed,
    settle: () => void feedNow().catch(options.onError),
    feedNow,
    resend() {
      handouts.renewTokens();
      return feedNow();
    },
    whileWaiting: (number, change) => whileAllWaiting([number], change),
    whileAllWaiting,
    waitsOf: (number) => handouts.get(number)?.problem ?? waits.get(number) ?? null,
    problem: () => problem,
    async stop() {
      isStopped = true;
      clearInterval(configTimer);
      if (timer !== null) clearTimeout(timer);
      for (const handed of handouts.all()) withdraw(handed);
      const isLeaving = () => handouts.all().some(({ state }) => state === 'leaving');
      for (const endMs = monotonicMs() + stopPatienceMs; isLeaving() && monotonicMs() < endMs; ) await sleep(10);
    },
  };
}

/**
 * Whether what was handed out still is what the decision wants: a start may be any part of what the attempt may take anyway, and while starts
 * are made ready (`isStarting`) one that comes next need not wait for all the devices that are becoming busy.
 */
function isStillWanted(handed: HandedOut, want: Handout, isStarting: boolean): boolean {
  if (handed.count !== want.count) return false;
  if (want.isStart) return want.devices.every((id) => handed.devices.includes(id));
  const isPart = handed.devices.every((id) => want.devices.includes(id));
  return isPart && (isStarting || want.devices.length === handed.devices.length);
}

/** The devices that starts are being made ready for. */
const listPreferred = (handed: readonly HandedOut[]): Map<number, string[]> =>
  new Map(
    handed.filter(({ state, isStart }) => isStart && state !== 'leaving').map((one) => [one.number, one.devices]),
  );

/** What runs on the devices, and how many of each group run on the processor. */
function listRunning(jobs: readonly BookedJob[]) {
  const jobOn = new Map<string, number>();
  const groupOn = new Map<string, string>();
  const running = new Map<string, number>();
  for (const { job, entry, live } of jobs) {
    if (live === null) continue;
    if (job.device === 'cpu') running.set(entry.group, (running.get(entry.group) ?? 0) + 1);
    for (const id of live.devices) {
      jobOn.set(id, job.number);
      groupOn.set(id, entry.group);
    }
  }
  return { jobOn, groupOn, running };
}

/** Whether the records of the job's last attempt are written. */
const isRecorded = (job: BookedJob): boolean =>
  job.recorded?.isDone === true && job.recorded.attempt === job.run?.attempt;
