/**
 * A job as its folder tells it, read for an audit: every file by itself, so that a broken one becomes a finding and the rest is still
 * checked. The daemon's own reader (queue/job-store.ts) throws at the first broken file.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { parseJob, parseQueueEntry, parseRun, type QueueEntry } from '../../../queue/job-schema.ts';
import { attemptFolder, jobFolder, type RecordedJob } from '../../../queue/job-store.ts';
import type { LabPaths } from '../../config/lab-paths.ts';
import type { Job } from '../../domain/job.ts';
import type { Run } from '../../domain/run.ts';
import { messageOf } from '../../errors/lab-error.ts';
import { readJson } from '../../lab/atomic-write.ts';
import { type Finding, wrong } from './finding.ts';

/** What is left of a job on this machine. Null stands for a file that is missing or broken. */
export interface AuditedJob {
  number: number;
  job: Job | null;
  entry: QueueEntry | null;
  /** Numbers of the attempt folders, ascending. */
  attempts: number[];
  /** The attempt that counts: the recorded one, else the last; null where there is none. */
  attempt: number | null;
  /** Outcome of that attempt. */
  run: Run | null;
  recorded: RecordedJob | null;
  /** What could not be read. */
  problems: Finding[];
}

const decision = z.object({
  status: z.enum(['keep', 'discard', 'crash']),
  reason: z.string(),
  evidence: z.enum(['', 'provisional', 'confirmed', 'refuted']),
  observed: z.number().nullable(),
  noiseWidths: z.number().nullable(),
});
const recordedSchema = z.object({
  schema: z.literal(1),
  job: z.number(),
  attempt: z.number(),
  decision: decision.nullable(),
  metric: z.string(),
  row: z.string().nullable(),
  entry: z.string().nullable(),
  commit: z.string().nullable(),
  isDone: z.boolean(),
});

const numberName = /^[1-9]\d*$/;

/** Path of a job's file as findings name it, relative to the root. */
export function runsPlace(...parts: (string | number)[]): string {
  return ['.lab', 'runs', ...parts].join('/');
}

function listNumbers(folder: string): number[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true })
    .filter((found) => found.isDirectory() && numberName.test(found.name))
    .map((found) => Number(found.name))
    .sort((a, b) => a - b);
}

function readJob(paths: LabPaths, number: number): AuditedJob | null {
  const folder = jobFolder(paths.runs, number);
  const problems: Finding[] = [];
  const read = <T>(place: string, file: string, parse: (raw: unknown) => T): T | null => {
    try {
      const raw = readJson(file);
      return raw === null ? null : parse(raw);
    } catch (error) {
      const message =
        messageOf(error)
          .replace(file, '')
          .replace(/^[: ]+/, '')
          .split('\n')[0] ?? '';
      problems.push(wrong(place, `cannot be read: ${message}`));
      return null;
    }
  };
  const jobFile = join(folder, 'job.json');
  const job = read(runsPlace(number, 'job.json'), jobFile, (raw) => parseJob(raw, jobFile));
  const entryFile = join(folder, 'state.json');
  const entry = read(runsPlace(number, 'state.json'), entryFile, (raw) => parseQueueEntry(raw, entryFile));
  const attempts = listNumbers(folder);
  const recorded = read(runsPlace(number, 'record.json'), join(folder, 'record.json'), (raw) => {
    const parsed = recordedSchema.safeParse(raw);
    if (parsed.success) return parsed.data satisfies RecordedJob;
    const [issue] = parsed.error.issues;
    throw new Error(`${issue?.path.join('.') || 'the file'}: ${issue?.message ?? 'not readable'}`);
  });
  if (!existsSync(jobFile)) {
    // A number that was taken and never confirmed to anybody holds nothing else.
    if (attempts.length === 0 && !existsSync(join(folder, 'record.json'))) return null;
    problems.push(
      wrong(runsPlace(number, 'job.json'), 'is missing, and its run is there; expected the job as it was queued'),
    );
  } else if (job !== null && job.number !== number) {
    problems.push(wrong(runsPlace(number, 'job.json'), `has the number ${job.number}, expected ${number}`));
  }
  const attempt = recorded !== null && recorded.attempt > 0 ? recorded.attempt : (attempts.at(-1) ?? null);
  const runFile = attempt === null ? '' : join(attemptFolder(paths.runs, number, attempt), 'run.json');
  const run =
    attempt === null ? null : read(runsPlace(number, attempt, 'run.json'), runFile, (raw) => parseRun(raw, runFile));
  return { number, job, entry, attempts, attempt, run, recorded, problems };
}

/** Every job that has a folder, ascending by number. Never throws because of what is in a file. */
export function readAuditedJobs(paths: LabPaths): AuditedJob[] {
  return listNumbers(paths.runs).flatMap((number) => readJob(paths, number) ?? []);
}

/** The highest number that was ever given out, as far as this machine knows. */
export function readHighestNumber(paths: LabPaths, jobs: readonly AuditedJob[]): number {
  const file = join(paths.runs, 'last-number');
  const written = existsSync(file) ? Number(readFileSync(file, 'utf8')) || 0 : 0;
  return Math.max(written, jobs.at(-1)?.number ?? 0);
}
