/**
 * Reads the logs of an ended attempt again, with the reader that the worker used, and says where run.json differs from them. Log files
 * that were cleaned away since are no lie: they are told apart from those that say something else.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { readOutcome } from '../../../workers/read-outcome.ts';
import type { Job } from '../../domain/job.ts';
import type { Run } from '../../domain/run.ts';
import { messageOf } from '../../errors/lab-error.ts';
import { readJson } from '../../lab/atomic-write.ts';

/** What came of reading again. */
export type Reread =
  | {
      kind: 'read';
      /** The outcome as the logs tell it. */
      run: Run;
      /** The log that the metric is from, "score.log"; null where nothing is scored. */
      log: string | null;
      /** Where run.json differs: what, its value, what was expected. */
      differences: string[];
    }
  /** A file that it takes is not there any more. */
  | { kind: 'gone'; file: string }
  /** A file that it takes cannot be read. */
  | { kind: 'broken'; message: string };

const settingSchema = z.object({
  schema: z.literal(1),
  measuredBy: z.object({ name: z.string(), direction: z.enum(['lower', 'higher']), unit: z.string() }),
  scoring: z.enum(['score', 'self', 'none']),
  // Attempts of today name it in plan.json and started.
  device: z.object({ id: z.string(), class: z.enum(['cpu', 'gpu']), model: z.string() }).optional(),
  flags: z.array(z.string()),
});
const exitSchema = z.object({
  schema: z.literal(1),
  reason: z.enum(['completed', 'timeout', 'killed', 'idle', 'log-limit', 'interrupted']),
  steps: z.array(
    z.object({
      name: z.enum(['prepare', 'train', 'score']),
      exitCode: z.number().nullable(),
      signal: z.string().nullable(),
      seconds: z.number(),
    }),
  ),
  peakMemoryMib: z.number().nullable(),
  memorySource: z.enum(['process-tree', 'nvidia-smi', 'summary', 'none']),
  startedAt: z.string().nullable(),
  endedAt: z.string(),
  supervisors: z.number(),
  problem: z.string().nullable(),
  limit: z.string().nullable().default(null),
  flags: z.array(z.string()).default([]),
});

/** Reads the attempt in `folder` again; `run` is what run.json says and `track` what the job was bound to when it ran. */
export async function rereadRun(folder: string, job: Job, run: Run, track: string): Promise<Reread> {
  // A run that was refused before it was planned has no logs, and no figures either.
  const wasRefused = run.steps.length === 0 && run.metric === null && !existsSync(join(folder, 'exit'));
  if (wasRefused) return { kind: 'read', run, log: null, differences: [] };
  if (!existsSync(folder)) return { kind: 'gone', file: 'the whole folder' };
  try {
    for (const name of ['setting.json', 'exit'])
      if (!existsSync(join(folder, name))) return { kind: 'gone', file: name };
    const setting = settingSchema.parse(readJson(join(folder, 'setting.json')));
    if (setting.device === undefined && !existsSync(join(folder, 'plan.json')))
      return { kind: 'gone', file: 'plan.json' };
    const exit = exitSchema.parse(readJson(join(folder, 'exit')));
    const logs = { prepare: 'prepare.log', train: 'run.log', score: 'score.log' };
    for (const step of exit.steps)
      if (!existsSync(join(folder, logs[step.name]))) return { kind: 'gone', file: logs[step.name] };
    const again = await readOutcome(folder, { ...job, track }, run.attempt, setting, exit);
    const log = setting.scoring === 'none' ? null : setting.scoring === 'self' ? 'run.log' : 'score.log';
    return { kind: 'read', run: again, log, differences: compareRuns(run, again, log) };
  } catch (error) {
    const message = error instanceof z.ZodError ? (error.issues[0]?.message ?? 'not readable') : messageOf(error);
    return { kind: 'broken', message: message.split('\n')[0] ?? '' };
  }
}

const fixed = (value: number | null): string => (value === null ? 'none' : value.toFixed(6));

function compareRuns(run: Run, again: Run, log: string | null): string[] {
  const fate = ({ fate: one }: Run) => (one.kind === 'done' ? 'done' : `failed (${one.failure})`);
  const time = (text: string) => Math.floor(Date.parse(text) / 1000);
  const pairs: [what: string, has: string | number, expected: string | number, source: string][] = [
    ['job', run.job, again.job, 'job.json'],
    ['track', run.track, again.track, 'job.json'],
    ['metric', fixed(run.metric), fixed(again.metric), log ?? 'setting.json'],
    ['fate', fate(run), fate(again), 'the exit file and the logs'],
    ['train seconds', fixed(run.trainSeconds), fixed(again.trainSeconds), 'the exit file'],
    ['peak memory in MiB', fixed(run.peakMemoryMib), fixed(again.peakMemoryMib), 'the exit file'],
    ['device', run.device.model, again.device.model, 'the plan'],
    [
      'name of the metric',
      run.measuredBy?.name ?? '',
      run.measuredBy === null ? '' : (again.measuredBy?.name ?? ''),
      'setting.json',
    ],
  ];
  const differences = pairs
    .filter(([, has, expected]) => has !== expected)
    .map(([what, has, expected, source]) => `${what} is ${has}, expected ${expected} by ${source}`);
  for (const [what, has, expected] of [
    ['start', run.startedAt, again.startedAt],
    ['end', run.endedAt, again.endedAt],
  ] as const)
    if (time(has) !== time(expected)) differences.push(`${what} is ${has}, expected ${expected} by the exit file`);
  for (const [name, value] of Object.entries(run.metrics)) {
    const expected = again.metrics[name];
    if (expected === undefined || fixed(expected) !== fixed(value))
      differences.push(`further metric ${name} is ${value}, expected ${expected ?? 'none'} by the logs`);
  }
  // More flags than the logs tell are no lie: some are set while the run is watched.
  for (const flag of again.flags)
    if (!run.flags.includes(flag))
      differences.push(`the flag "${flag}" is missing, expected by setting.json and the logs`);
  return differences;
}
