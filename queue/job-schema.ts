/**
 * Reads job.json, state.json and run.json back: unknown text in, checked types out. The files are the lab's own, so a broken one is
 * an error that names the file, never a guess.
 */
import { z } from 'zod';
import type { Dependency, Job, JobEdits } from '../src/domain/job.ts';
import { failureClasses, type Run } from '../src/domain/run.ts';
import { LabError } from '../src/errors/lab-error.ts';

const expectation = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('change'), amount: z.number(), unit: z.string() }),
  z.object({ kind: z.literal('value'), value: z.number(), unit: z.string() }),
  z.object({ kind: z.literal('factor'), factor: z.number(), quantity: z.string() }),
  z.object({ kind: z.literal('none') }),
]);

const labelSchema = z.object({
  text: z.string(),
  question: z.string(),
  hypothesis: z.string(),
  expected: expectation,
});

/** What a job asks of its device; also used where requests are checked. */
export const needsSchema = z.object({
  deviceId: z.string().min(1).nullable(),
  gpus: z.number().int().positive(),
  vramMib: z.number().positive().nullable(),
});

/** When a failed attempt is tried again; also used where requests are checked. */
export const retrySchema = z.object({
  times: z.number().int().nonnegative(),
  on: z.array(z.string().min(1)),
  delaySeconds: z.number().nonnegative(),
});

/** Limits of the train step; also used where requests are checked. */
export const limitsSchema = z.object({
  idleSeconds: z.number().positive().nullable(),
  logMb: z.number().positive().nullable(),
});

const changeSchema = z.object({ slug: z.string().min(1), commit: z.string().min(1), start: z.string().min(1) });

/** An experiment's code as it ran; also used where requests are checked. */
export const variantSchema = z.object({
  of: z.string().min(1),
  leftOut: z.array(changeSchema),
  riders: z.array(changeSchema),
});

/** Which run of which test a job is; also used where requests are checked. */
export const testRunSchema = z.object({
  test: z.number().int().positive(),
  arm: z.number().int().nonnegative(),
  root: z.string().min(1),
  changes: z.array(z.string().min(1)),
});

const job = z.object({
  schema: z.literal(1),
  number: z.number().int().positive(),
  // Jobs of labs from before keys existed have none.
  key: z.string().default(''),
  kind: z.enum([
    'plain',
    'experiment',
    'baseline',
    'task',
    'check',
    'replay',
    'bridge',
    'confirm',
    'ablation',
    'ratchet',
  ]),
  experiment: z.string().nullable(),
  // Jobs of labs from before there were replays have none.
  replays: z.number().int().positive().nullable().default(null),
  // Nor bridges, nor flags of jobs.
  fromTrack: z.string().nullable().default(null),
  // Nor what an experiment's change is told against, nor tests.
  start: z.string().nullable().default(null),
  variant: variantSchema.nullable().default(null),
  test: testRunSchema.nullable().default(null),
  label: labelSchema.nullable(),
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
  // Jobs of labs from before these could be asked for have none of the four.
  needs: needsSchema.default({ deviceId: null, gpus: 1, vramMib: null }),
  retry: retrySchema.default({ times: 0, on: [], delaySeconds: 0 }),
  limits: limitsSchema.default({ idleSeconds: null, logMb: null }),
  stdin: z.boolean().default(false),
  flags: z.array(z.string()).default([]),
  queuedAt: z.string(),
});

const failure = z.enum(failureClasses);

const run = z.object({
  schema: z.literal(1),
  job: z.number(),
  attempt: z.number(),
  fate: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('done') }),
    z.object({
      kind: z.literal('failed'),
      failure,
      detail: z.string(),
      isUnasked: z.literal(true).exactOptional(),
    }),
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
      pausedSeconds: z.number().exactOptional(),
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
  schema: 2;
  /** Order among jobs of equal priority: lower runs first. A new job's is its number. */
  rank: number;
  /** Higher runs sooner; 0 is normal. */
  priority: number;
  group: string;
  /** Jobs that it comes after. */
  after: Dependency[];
  /** ISO 8601 moment before which it does not start; null where it may. */
  notBefore: string | null;
  /** Whether a person put it aside until `lab enqueue`. */
  stashed: boolean;
  /** Reason of the lab's own why the job waits for a human; null where it does not. */
  hold: string | null;
  /** Track that a human bound the job to anew when letting it go; null: the one it was queued under. */
  track: string | null;
  /** Whether a person sent it ahead of slots, pauses, dependencies and delays; for one attempt, so that isForced says whether it counts now. */
  forced: boolean;
  /** The attempt that `forced` was said of; absent, or below `asked`: the one that people asked for last. */
  forcedAttempt?: number;
  /** Attempts that people asked for: 1, and one more for each restart in place. */
  asked: number;
  /** ISO 8601 moment at which a queued job was removed; null where it was not. */
  removedAt: string | null;
  /** Present where the job was taken out with a submission that failed half-way: its key is free again. */
  isWithdrawn?: true;
  /** ISO 8601 moment at which `lab clean` put the ended job away; null where it did not. */
  archivedAt: string | null;
  edits: JobEdits;
}

const edits = z.object({
  command: z.string().optional(),
  label: labelSchema.optional(),
  env: z.record(z.string(), z.string().nullable()).optional(),
  seed: z.number().int().nullable().optional(),
  wallSeconds: z.number().positive().optional(),
  device: z.enum(['cpu', 'gpu']).optional(),
  needs: needsSchema.optional(),
  retry: retrySchema.optional(),
  limits: limitsSchema.optional(),
  stdin: z.boolean().optional(),
});

const entry = z.object({
  schema: z.literal(2),
  rank: z.number(),
  priority: z.number(),
  group: z.string(),
  after: z.array(z.object({ job: z.number().int().positive(), any: z.boolean() })),
  notBefore: z.string().nullable(),
  stashed: z.boolean(),
  hold: z.string().nullable(),
  track: z.string().nullable(),
  forced: z.boolean(),
  forcedAttempt: z.number().int().positive().exactOptional(),
  asked: z.number().int().positive(),
  removedAt: z.string().nullable(),
  isWithdrawn: z.literal(true).exactOptional(),
  archivedAt: z.string().nullable(),
  edits,
});

/** Version 1 counted priorities downwards from 1000 and knew no groups. */
const firstEntry = z.object({
  schema: z.literal(1),
  rank: z.number(),
  priority: z.number(),
  hold: z.string().nullable(),
  track: z.string().nullable().default(null),
  removedAt: z.string().nullable(),
});

/** Name of the group of jobs that name none; it cannot be removed. */
export const defaultGroup = 'default';

/** Priority of a job that names none. */
export const normalPriority = 0;

/** Priority of a check: it is short, and an experiment waits for it. */
export const checkPriority = 500;

/** The entry of a job that was just numbered: ready at once, but for what `asked` says. */
export function createQueueEntry(number: number, asked: Partial<QueueEntry> = {}): QueueEntry {
  return {
    schema: 2,
    rank: number,
    priority: normalPriority,
    group: defaultGroup,
    after: [],
    notBefore: null,
    stashed: false,
    hold: null,
    track: null,
    forced: false,
    asked: 1,
    removedAt: null,
    archivedAt: null,
    edits: {},
    ...asked,
  };
}

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

/** Checks the content of a state.json, of any version. Throws LabError (internal) naming the file. */
export function parseQueueEntry(raw: unknown, file: string, number = 0): QueueEntry {
  if ((raw as { schema?: unknown } | null)?.schema !== 1) return parseWith(entry, raw, file) as QueueEntry;
  const { schema: _first, ...old } = parseWith(firstEntry, raw, file);
  return createQueueEntry(number, { ...old, rank: number, priority: 1000 - old.priority });
}
