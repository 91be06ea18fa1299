/**
 * The jobs of a lab as folders: `.lab/runs/<number>/`. This is the truth; Redis only orders what is ready and can be thrown away.
 * One process, the daemon, writes here; a number is taken by making its folder, so it is never given twice and never reused.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ChampionState } from '../src/domain/change.ts';
import type { TestVerdict } from '../src/domain/fresh-test.ts';
import type { Job } from '../src/domain/job.ts';
import type { Decision } from '../src/domain/result.ts';
import type { Run } from '../src/domain/run.ts';
import { errnoOf, LabError } from '../src/errors/lab-error.ts';
import { readJson, writeJsonPairSynced, writeJsonSynced } from '../src/lab/atomic-write.ts';
import { applyEdits } from './edited-job.ts';
import { parseJob, parseQueueEntry, parseRun, type QueueEntry } from './job-schema.ts';
import { createEnvironmentSharing, type EnvironmentSharing } from './shared-environment.ts';

/** What the recorder left in a job's folder: enough to write the same records again. */
export interface RecordedJob {
  schema: 1;
  job: number;
  attempt: number;
  /** Null where there is nothing to decide: a task, a baseline. */
  decision: Decision | null;
  /** Name of the primary metric: which table the row belongs to. */
  metric: string;
  /** The line of results.tsv without its newline; null where the job adds none. */
  row: string | null;
  /** The journal entry; null where the job adds none. */
  entry: string | null;
  /** The champion of the run's track and device model after this decision; null where the job says nothing of it. Absent before 2026-11-21. */
  champion?: ChampionState | null;
  /** What came of the test whose last run this is; absent for any other job. */
  verdict?: TestVerdict;
  /** Place in the order in which jobs were decided, from 1; absent before 2026-11-21, when the end of the run said it. */
  place?: number;
  /** Commit of the records on main; null where none is made yet or none is needed. */
  commit: string | null;
  /** Whether everything is written; false between the decision and its commit. */
  isDone: boolean;
}

/** Everything known of one job from its folder. */
export interface StoredJob {
  /** The job as it runs: what job.json holds, with what people changed since. */
  job: Job;
  /** The job as it was queued. */
  queued: Job;
  entry: QueueEntry;
  /** Attempts that have a folder, ascending. */
  attempts: number[];
  /** Outcome of the last attempt; null while it is not over. */
  run: Run | null;
  recorded: RecordedJob | null;
}

/** The folder of a job. */
export const jobFolder = (runs: string, number: number): string => join(runs, String(number));

/** The folder of one attempt of a job. */
export const attemptFolder = (runs: string, number: number, attempt: number): string =>
  join(runs, String(number), String(attempt));

const numberName = /^[1-9]\d*$/;

/** Numbers of all jobs that have a job.json, ascending. A folder without one was never confirmed to anybody. */
export function listJobNumbers(runs: string): number[] {
  if (!existsSync(runs)) return [];
  return listNumberNames(runs).filter((number) => existsSync(join(jobFolder(runs, number), 'job.json')));
}

// The highest number that this process took or saw, by folder: thousands of names are listed once and not for each job.
const highest = new Map<string, number>();

/** Takes the next free number by making its folder. */
export function claimJobNumber(runs: string): number {
  mkdirSync(runs, { recursive: true });
  const seen = highest.get(runs) ?? Math.max(0, ...listNumberNames(runs).slice(-1));
  // The mark is read each time: it alone tells of numbers whose folders were on another machine.
  for (let number = Math.max(readMark(runs), seen) + 1; ; number++) {
    try {
      mkdirSync(join(runs, String(number)));
    } catch (error) {
      if (errnoOf(error) === 'EEXIST') continue;
      throw error;
    }
    highest.set(runs, number);
    return number;
  }
}

/**
 * Keeps a claimed number taken for the time after its folder is gone, and with it all that were claimed by now: folders may be archived
 * later. Before anybody is told the number.
 */
export function keepJobNumber(runs: string, number: number): void {
  if (readMark(runs) < number) writeMark(runs, Math.max(number, highest.get(runs) ?? 0));
}

/** Sees to it that no number up to `least` is given any more: a lab's records may name jobs whose folders are on another machine. */
export function raiseJobNumber(runs: string, least: number): void {
  mkdirSync(runs, { recursive: true });
  if (readMark(runs) < least) writeMark(runs, least);
}

const markOf = (runs: string): string => join(runs, 'last-number');

function readMark(runs: string): number {
  const file = markOf(runs);
  return existsSync(file) ? Number(readFileSync(file, 'utf8')) || 0 : 0;
}

/** Without a pause in between, so that of two at once the higher number is written last. */
function writeMark(runs: string, number: number): void {
  const file = markOf(runs);
  writeFileSync(`${file}.tmp`, `${number}\n`, { flush: true });
  renameSync(`${file}.tmp`, file);
}

/** Numbers of all folders, with a job in them or not, ascending. */
function listNumberNames(runs: string): number[] {
  return readdirSync(runs)
    .filter((name) => numberName.test(name))
    .map(Number)
    .sort((a, b) => a - b);
}

/** Writes a job and its queue entry, synced; when this returns the job is safe. */
export async function writeJob(runs: string, job: Job, entry: QueueEntry): Promise<void> {
  const folder = jobFolder(runs, job.number);
  await writeJsonPairSynced(folder, [
    { name: 'state.json', value: entry },
    { name: 'job.json', value: job },
  ]);
}

/** Replaces the changeable part of a job, synced. */
export async function writeQueueEntry(runs: string, number: number, entry: QueueEntry): Promise<void> {
  await writeJsonSynced(join(jobFolder(runs, number), 'state.json'), entry);
}

/** Writes the outcome of an attempt, synced. */
export async function writeRun(runs: string, run: Run): Promise<void> {
  await writeJsonSynced(join(attemptFolder(runs, run.job, run.attempt), 'run.json'), run);
}

/** Writes what the recorder decided, synced. */
export async function writeRecorded(runs: string, recorded: RecordedJob): Promise<void> {
  await writeJsonSynced(join(jobFolder(runs, recorded.job), 'record.json'), recorded);
}

/** Deletes a job's folder; its number stays taken. */
export function deleteJob(runs: string, number: number): void {
  raiseJobNumber(runs, number);
  const folder = jobFolder(runs, number);
  // First what makes the folder a job: half a folder with a job.json would be a job that lost its outcome, and would run again.
  rmSync(join(folder, 'job.json'), { force: true });
  rmSync(folder, { recursive: true, force: true });
}

/** Reads one attempt's outcome; null while it is not over. */
export function readRun(runs: string, number: number, attempt: number): Run | null {
  const file = join(attemptFolder(runs, number, attempt), 'run.json');
  const raw = readJson(file);
  return raw === null ? null : parseRun(raw, file);
}

/** Reads one job from its folder. Throws LabError (user) where there is no such job. */
export function readStoredJob(runs: string, number: number): StoredJob {
  const stored = findStoredJob(runs, number, createEnvironmentSharing());
  if (stored === null)
    throw new LabError('user', `there is no job ${number}`, { hints: ['`lab status` lists the jobs'] });
  return stored;
}

/** The job of a folder; null where it has no job.json. `share` keeps one copy of what several jobs have in common. */
function findStoredJob(runs: string, number: number, share: EnvironmentSharing): StoredJob | null {
  const folder = jobFolder(runs, number);
  const names = listNames(folder);
  // A file that is missing costs an exception, which is dear at ten thousand jobs.
  if (!names.includes('job.json')) return null;
  const jobFile = join(folder, 'job.json');
  const rawJob = readJson(jobFile);
  if (rawJob === null) return null;
  const entryFile = join(folder, 'state.json');
  const attempts = names
    .filter((name) => numberName.test(name))
    .map(Number)
    .sort((a, b) => a - b);
  const last = attempts.at(-1);
  const queued = share(parseJob(rawJob, jobFile));
  const entry = parseQueueEntry(readJson(entryFile), entryFile, number);
  return {
    job: applyEdits(queued, entry.edits),
    queued,
    entry,
    attempts,
    run: last === undefined ? null : readRun(runs, number, last),
    recorded: names.includes('record.json') ? (readJson(join(folder, 'record.json')) as RecordedJob | null) : null,
  };
}

/** Names in a folder; none where there is no such folder. */
function listNames(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw error;
  }
}

/**
 * Reads every job of the lab, ascending by number. One that cannot be read (a newer lab's, a broken disk's) throws, or is left out and told to
 * `onBroken`.
 */
export function readStoredJobs(runs: string, onBroken?: (number: number, error: unknown) => void): StoredJob[] {
  const share = createEnvironmentSharing();
  if (!existsSync(runs)) return [];
  return listNumberNames(runs).flatMap((number) => {
    try {
      return findStoredJob(runs, number, share) ?? [];
    } catch (error) {
      if (onBroken === undefined) throw error;
      onBroken(number, error);
      return [];
    }
  });
}
