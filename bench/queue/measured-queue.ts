/**
 * What every queue that is measured side by side can do, and the two ways in which its jobs are run: behind a job that sleeps (the
 * dispatch gap), or from the first enqueue on (end to end). One file per queue implements it.
 */
import { gapsMs, parseStamps, type Stamp } from '../stamp.ts';

/** Seconds of the job that keeps a queue busy: longer than any measurement behind it. */
export const holdSeconds = 3600;

/** A queue that runs one job after the other. */
export interface MeasuredQueue {
  name: string;
  /** Found in the command line or the environment of each of its processes, and of no other. */
  marker: string;
  /** The stamp program, as a job of it names it. */
  program: string;
  /** How many queued and how many finished jobs it was filled with; null where with none. */
  filled: { queued: number; ended: number } | null;
  /** Enqueues one job from a fresh process of its client and gives milliseconds; null where it has no client. */
  addFresh: (() => number) | null;
  /** Enqueues jobs the quickest way that it has. `isAhead`: they run before what it was filled with. */
  addBatch(jobs: string[][], isAhead: boolean): Promise<void>;
  /** Takes out what addFresh and addBatch queued. */
  drop(): Promise<void>;
  /** Sees to it that a job that sleeps runs; in a filled queue that is always so. */
  hold(): Promise<void>;
  /** Ends the job that sleeps. */
  release(): Promise<void>;
  /** Waits until the last batch ended, and gives what its jobs printed. */
  finish(): Promise<string>;
  close(): Promise<void>;
}

/** What a run of stamps gave. */
export interface StampRun {
  stamps: Stamp[];
  /** Milliseconds of each enqueue; one figure where all were given in a batch. */
  enqueueMs: number[];
  /** Milliseconds from the end of each job to the start of the next one. */
  gaps: number[];
  /** From before the first enqueue to the end of the last job. */
  tookMs: number;
}

/** What a queue is called in a table: "tsp", or "tsp (700 + 700)" with so many queued and so many finished jobs. */
export function nameOf({ name, filled }: MeasuredQueue): string {
  return filled === null ? name : `${name} (${shorten(filled.queued)} + ${shorten(filled.ended)})`;
}

const shorten = (count: number): string => (count % 1000 === 0 ? `${count / 1000}k` : String(count));

const pause = (ms: number) => new Promise((resume) => setTimeout(resume, ms));

/** Waits until a condition holds, looking every 25 ms. Throws after 5 minutes, naming what never came. */
export async function waitUntil(what: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 300_000;
  while (!(await isSo())) {
    if (Date.now() > deadline) throw new Error(`waited 5 minutes for ${what}`);
    await pause(25);
  }
}

/** How a run of stamps is queued. */
export interface StampOptions {
  /** Whether all are queued before the first may start; the queue then gets a moment to get ready. */
  isHeld: boolean;
  /** Whether they are queued one by one, each timed, instead of in a batch. */
  isOneByOne?: boolean;
}

/** Runs `count` stamps that sleep `seconds` each. */
export async function runStamps(
  queue: MeasuredQueue,
  count: number,
  seconds: number,
  { isHeld, isOneByOne = false }: StampOptions,
): Promise<StampRun> {
  const jobs = Array.from({ length: count }, (_, index) => [queue.program, String(index), String(seconds)]);
  if (isHeld) await queue.hold();
  const beganMs = Date.now();
  const enqueueMs: number[] = [];
  for (const part of isOneByOne ? jobs.map((job) => [job]) : [jobs]) {
    const partMs = performance.now();
    await queue.addBatch(part, true);
    enqueueMs.push(performance.now() - partMs);
  }
  if (isHeld) {
    await pause(1000);
    await queue.release();
  }
  const stamps = parseStamps(await queue.finish());
  return { stamps, enqueueMs, gaps: gapsMs(stamps, count), tookMs: (stamps.at(-1)?.endMs ?? Number.NaN) - beganMs };
}
