/**
 * The attempts that were handed out and have not ended: which devices each may have, and whether it has begun. The attempt's file `started`
 * decides between the daemon that takes one back and the supervisor that begins it; this book only follows it.
 */
import { existsSync } from 'node:fs';
import type { Handout } from '../../queue/handouts.ts';
import { type BookedJob, type JobBook, nextAttempt } from '../../queue/job-book.ts';
import { attemptFolder } from '../../queue/job-store.ts';
import { attemptPath } from '../../workers/supervisor/attempt-files.ts';
import { readAttempt } from '../../workers/supervisor/launch.ts';
import { readStarted, withdrawAttempt } from '../../workers/supervisor/started.ts';
import type { LabConfig } from '../config/schema.ts';
import { monotonicMs } from '../domain/time.ts';

/** An attempt that was handed out. */
export interface HandedOut extends Handout {
  attempt: number;
  /** Tells this handing out from another one of the same attempt. */
  token: string;
  /** What it is made ready with. */
  config: LabConfig;
  /** `sent`: no worker has it yet; `leaving`: it was taken back and its worker still clears up. */
  state: 'sent' | 'taken' | 'begun' | 'leaving';
  /** Why it is not made ready yet; null where nothing is wrong. */
  problem: string | null;
  /** Who else holds devices that it waits for, by device; as the end of a sentence. */
  holders: Map<string, string>;
  /** Aborts when it is taken back. */
  withdrawal: AbortController;
  /** Since when it is handed out, by monotonicMs. */
  sinceMs: number;
}

/** The handed-out attempts. */
export interface HandoutBook {
  all(): HandedOut[];
  get(number: number): HandedOut | null;
  put(handout: Handout, attempt: number, config: LabConfig): HandedOut;
  /** Takes note of an attempt that began before this daemon did, so that a worker attaches to it. */
  attach(booked: BookedJob, config: LabConfig): HandedOut;
  /** For a worker: the handing out with that token; null where it was taken back, or is taken already. */
  take(number: number, token: string): HandedOut | null;
  /** Takes a job's attempt back. True where nothing of it has begun and nothing will; false where it has begun. */
  withdraw(number: number): boolean;
  /** Notes that it has begun (or ended without beginning), on the devices that `started` names. */
  begin(handed: HandedOut): void;
  /** Gives every handing out that no worker has a new token: what Redis may have lost is carried again, and what it finds later is refused. */
  renewTokens(): void;
  /** Ends the handing out. */
  release(handed: HandedOut): void;
}

/** Whether that attempt of the job has its outcome. */
const isEnded = ({ live, run }: BookedJob, attempt: number): boolean => live === null && run?.attempt === attempt;

/** Creates an empty book; `runs` is the folder of the jobs. */
export function createHandoutBook(
  runs: string,
  book: JobBook,
  say: (line: string, details?: Record<string, unknown>) => void,
): HandoutBook {
  const handed = new Map<number, HandedOut>();
  let last = 0;
  const folderOf = ({ number, attempt }: HandedOut) => attemptFolder(runs, number, attempt);

  const nextToken = (): string => {
    last += 1;
    return `-${last}`;
  };
  const put = (handout: Handout, attempt: number, config: LabConfig): HandedOut => {
    const entry: HandedOut = {
      ...handout,
      attempt,
      token: nextToken(),
      config,
      state: 'sent',
      problem: null,
      holders: new Map(),
      withdrawal: new AbortController(),
      sinceMs: monotonicMs(),
    };
    handed.set(handout.number, entry);
    return entry;
  };
  const begin = (entry: HandedOut) => {
    if (entry.state === 'begun') return;
    entry.state = 'begun';
    entry.holders.clear();
    const folder = folderOf(entry);
    const started = readStarted(folder);
    const known = started === null || started === 'withdrawn' ? null : started;
    book.claim(entry.number, {
      attempt: entry.attempt,
      devices: readAttempt(folder).devices ?? entry.devices.slice(0, entry.count),
      // A pause outlives the daemon, and so does what was asked to end.
      isPaused: existsSync(attemptPath(folder, 'pause')),
      ...(existsSync(attemptPath(folder, 'kill')) ? { isEnding: true as const } : {}),
      step: 'start',
      startedAt: known?.at ?? new Date().toISOString(),
      problem: null,
    });
  };
  return {
    all: () => [...handed.values()],
    get: (number) => handed.get(number) ?? null,
    put,
    begin,
    attach(booked, config) {
      const { number } = booked.job;
      const attempt = nextAttempt(booked) ?? booked.attempts.at(-1) ?? 1;
      const devices = readAttempt(attemptFolder(runs, number, attempt)).devices ?? [`${booked.job.device}0`];
      const entry = put({ number, devices, count: devices.length, isStart: true }, attempt, config);
      begin(entry);
      // A worker has to come for it all the same.
      entry.state = 'sent';
      return entry;
    },
    take(number, token) {
      const entry = handed.get(number);
      if (entry?.token !== token || entry.state !== 'sent') return null;
      entry.state = book.get(number).live === null ? 'taken' : 'begun';
      return entry;
    },
    withdraw(number) {
      const entry = handed.get(number);
      if (entry === undefined || entry.state === 'leaving') return true;
      const booked = book.find(number);
      // With its outcome written it is over; its worker only clears up, and nothing of the next attempt has begun.
      if (entry.state === 'begun') return booked === null || isEnded(booked, entry.attempt);
      if (booked?.live != null) return false;
      if (withdrawAttempt(folderOf(entry)) === 'begun') {
        begin(entry);
        return false;
      }
      entry.withdrawal.abort();
      say('taken back', { job: number, attempt: entry.attempt });
      if (entry.state === 'sent') handed.delete(number);
      else entry.state = 'leaving';
      return true;
    },
    renewTokens() {
      for (const entry of handed.values()) if (entry.state === 'sent') entry.token = nextToken();
    },
    release(entry) {
      if (handed.get(entry.number) === entry) handed.delete(entry.number);
    },
  };
}
