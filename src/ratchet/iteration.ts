/**
 * What a session tried, one file per iteration: the truth that results.tsv, branch and summary follow from. Each step is kept before the next
 * one begins, so that a session that was killed at any moment goes on where it was.
 */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { LabPaths } from '../config/lab-paths.ts';
import { failureClasses } from '../domain/run.ts';
import { LabError } from '../errors/lab-error.ts';
import { readJson, writeJsonSynced } from '../lab/atomic-write.ts';
import { sessionFolder } from './session.ts';

const hash = z.string().regex(/^[0-9a-f]{40,64}$/);

const outcomeSchema = z.object({
  job: z.number().int().positive(),
  /** Of the job; 0 where it never ran. */
  attempt: z.number().int().nonnegative(),
  /** Null where the run has none. */
  metric: z.number().nullable(),
  /** As train prints it (peak_vram_mb), else as the lab measured it. */
  memoryMib: z.number().nullable(),
  memorySource: z.enum(['process-tree', 'nvidia-smi', 'summary', 'none']),
  /** As the lab measured it, whatever train prints. */
  measuredMib: z.number().nullable(),
  measuredSource: z.enum(['process-tree', 'nvidia-smi', 'summary', 'none']),
  failure: z.enum(failureClasses).nullable(),
  /** Why it failed, one line; "" where it did not. */
  detail: z.string(),
  /** As train prints it; null where it does not. */
  trainingSeconds: z.number().nullable(),
  /** Wall seconds of train; null where it never started. */
  seconds: z.number().nullable(),
  deviceId: z.string(),
  /** "" where it never ran. */
  deviceModel: z.string(),
  flags: z.array(z.string()),
});

const trySchema = z.object({
  commit: hash,
  /** Null for the file's own default. */
  seed: z.number().nullable(),
  /** How often it was queued again, because what went wrong was not the change's fault. */
  reruns: z.number().int().nonnegative(),
  outcome: outcomeSchema.nullable(),
});

const iterationSchema = z.object({
  schema: z.literal(1),
  /** 0 is the unmodified code. */
  number: z.number().int().nonnegative(),
  /** What it was built on: the best so far. */
  base: hash,
  description: z.string(),
  hypothesis: z.string(),
  category: z.string(),
  /** Ideas for after it, the agent's own words. */
  next: z.array(z.string()),
  /** The run, and the one after a fix; empty while the agent is at work. */
  tries: z.array(trySchema),
  /** Whether its last crash is not to be mended any more: the agent could not, or would not. */
  isGivenUp: z.boolean(),
  /** Null while it is not decided. */
  decision: z.object({ status: z.enum(['keep', 'discard', 'crash']), reason: z.string() }).nullable(),
  /** How wide the search was, from 0. */
  exploration: z.number().int().nonnegative(),
  beganAt: z.string(),
  /** Null while row, branch and worktree do not follow yet. */
  endedAt: z.string().nullable(),
});

/** How one run of an iteration came out. */
export type RatchetOutcome = z.output<typeof outcomeSchema>;
/** One run of an iteration. */
export type RatchetTry = z.output<typeof trySchema>;
/** One iteration of a session. */
export type Iteration = z.output<typeof iterationSchema>;
/** An iteration that row and branch follow from. */
export type DecidedIteration = Iteration & { decision: NonNullable<Iteration['decision']> };

const folderOf = (paths: Pick<LabPaths, 'state'>, tag: string): string => join(sessionFolder(paths, tag), 'iterations');

/** Keeps an iteration as it stands. */
export async function writeIteration(paths: LabPaths, tag: string, iteration: Iteration): Promise<void> {
  await writeJsonSynced(join(folderOf(paths, tag), `${iteration.number}.json`), iteration);
}

/** The iterations of a session by number, from 0 without a gap. Throws LabError (user) where a file is broken or one is missing. */
export function readIterations(paths: Pick<LabPaths, 'state'>, tag: string): Iteration[] {
  const folder = folderOf(paths, tag);
  const names = existsSync(folder) ? readdirSync(folder).filter((name) => /^\d+\.json$/.test(name)) : [];
  const read = names.map((name) => {
    const parsed = iterationSchema.safeParse(readJson(join(folder, name)));
    if (parsed.success) return parsed.data;
    const [issue] = parsed.error.issues;
    throw broken(`${join(folder, name)} is no iteration: ${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}`);
  });
  read.sort((a, b) => a.number - b.number);
  const gap = read.findIndex(({ number }, index) => number !== index);
  if (gap !== -1) throw broken(`${join(folder, `${gap}.json`)} is missing, and later iterations are there`);
  return read;
}

function broken(text: string): LabError {
  return new LabError('user', text, {
    hints: ['was it changed by hand? `lab autoresearch run --tag <another>` begins a new session; the old one stays'],
  });
}

/** Whether it is decided. */
export function isDecided(iteration: Iteration): iteration is DecidedIteration {
  return iteration.decision !== null;
}

/** The run that the decision is about: the last one. Null while there is none. */
export function lastTry({ tries }: Iteration): RatchetTry | null {
  return tries.at(-1) ?? null;
}

/** Its metric where the run has one, of the unmodified code the mean of its runs; null else. */
export function metricOf(iteration: Iteration): number | null {
  if (iteration.number > 0) return lastTry(iteration)?.outcome?.metric ?? null;
  const metrics = iteration.tries.flatMap(({ outcome }) => outcome?.metric ?? []);
  return metrics.length === 0 ? null : metrics.reduce((sum, metric) => sum + metric, 0) / metrics.length;
}

/** The newest kept iteration: its commit is what comes next is built on, and what the branch ends with. Null before the first keep. */
export function findBest(iterations: readonly Iteration[]): DecidedIteration | null {
  return iterations.filter(isDecided).findLast(({ decision }) => decision.status === 'keep') ?? null;
}
