/**
 * Reads job.json, state.json and run.json back: unknown text in, checked types out. The files are the lab's own, so a broken one is
 * an error that names the file, never a guess.
 */
import { z } from 'zod';
import type { Job } from '../src/domain/job.ts';
import type { Run } from '../src/domain/run.ts';
import { LabError } from '../src/errors/lab-error.ts';

const expectation = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('change'), amount: z.number(), unit: z.string() }),
  z.object({ kind: z.literal('value'), value: z.number(), unit: z.string() }),
  z.object({ kind: z.literal('factor'), factor: z.number(), quantity: z.string() }),
  z.object({ kind: z.literal('none') }),
]);

const job = z.object({
  schema: z.literal(1),
  number: z.number().int().positive(),
  // Jobs of labs from before keys existed have none.
  key: z.string().default(''),
  kind: z.enum(['plain', 'experiment', 'baseline', 'task', 'check', 'replay', 'bridge']),
  experiment: z.string().nullable(),
  // Jobs of labs from before there were replays have none.
  replays: z.number().int().positive().nullable().default(null),
  // Nor bridges, nor flags of jobs.
  fromTrack: z.string().nullable().default(null),
  label: z.object({ text: z.string(), question: z.string(), hypothesis: z.string(), expected: expectation }).nullable(),
  command: z.string(),
  commit: z.string(),
  snapshot: z.boolean(),
  base: z.string().nullable(),
  directory: z.string(),
  here: z.string().nullable(),
  device: z.enum(['cpu', 'gpu']),
  seed: z.number().int().nullable(),
  env: z.record(z.string(), z.string()),
  secretNames: z.array(z.string()),
  track: z.string(),
  wallSeconds: z.number(),
  flags: z.array(z.string()).default([]),
  queuedAt: z.string(),
});

const failure = z.enum([
  'out-of-memory',
  'nan',
  'exception',
  'timeout',
  'killed',
  'command-not-found',
  'truncated',
  'interrupted',
  'no-metric',
  'prepare-failed',
  'score-refused',
]);

const run = z.object({
  schema: z.literal(1),
  job: z.number(),
  attempt: z.number(),
  fate: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('done') }),
    z.object({ kind: z.literal('failed'), failure, detail: z.string() }),
  ]),
  metric: z.number().nullable(),
  measuredBy: z
    .object({ name: z.string(), direction: z.enum(['lower', 'higher']), unit: z.string() })
    .nullable()
    .default(null),
  metrics: z.record(z.string(), z.number()),
  steps: z.array(
    z.object({
      name: z.enum(['prepare', 'train', 'score']),
      exitCode: z.number().nullable(),
      signal: z.string().nullable(),
      seconds: z.number(),
    }),
  ),
  trainSeconds: z.number().nullable(),
  peakMemoryMib: z.number().nullable(),
  memorySource: z.enum(['process-tree', 'nvidia-smi', 'summary', 'none']),
  device: z.object({ id: z.string(), class: z.enum(['cpu', 'gpu']), model: z.string() }),
  flags: z.array(z.string()),
  track: z.string(),
  startedAt: z.string(),
  endedAt: z.string(),
});

/** The changeable part of a job: what state.json holds. */
export interface QueueEntry {
  schema: 1;
  /** Order among jobs of equal priority: lower runs first, equal ones by number. */
  rank: number;
  /** Lower runs first; 1000 is normal. */
  priority: number;
  /** Reason why the job waits for a human; null where it does not. */
  hold: string | null;
  /** Track that a human bound the job to anew when letting it go; null: the one it was queued under. */
  track: string | null;
  /** ISO 8601 moment at which a queued job was removed; null where it was not. */
  removedAt: string | null;
}

const entry = z.object({
  schema: z.literal(1),
  rank: z.number(),
  priority: z.number(),
  hold: z.string().nullable(),
  track: z.string().nullable().default(null),
  removedAt: z.string().nullable(),
});

function parseWith<T>(schema: z.ZodType<T>, raw: unknown, file: string): T {
  const parsed = schema.safeParse(raw);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new LabError(
    'internal',
    `${file}: ${issue?.path.join('.') || 'the file'}: ${issue?.message ?? 'not readable'}`,
    {
      hints: ['the file is written by the lab; `lab logs` shows what happened around it'],
    },
  );
}

/** Checks the content of a job.json. Throws LabError (internal) naming the file. */
export const parseJob = (raw: unknown, file: string): Job => parseWith<Job>(job, raw, file);

/** Checks the content of a run.json. Throws LabError (internal) naming the file. */
export const parseRun = (raw: unknown, file: string): Run => parseWith<Run>(run, raw, file);

/** Checks the content of a state.json. Throws LabError (internal) naming the file. */
export const parseQueueEntry = (raw: unknown, file: string): QueueEntry => parseWith<QueueEntry>(entry, raw, file);
