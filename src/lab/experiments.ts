/**
 * What this machine keeps of experiments between two stages: `.lab/experiments/<slug>/experiment.json`, written and synced after each
 * stage. A retry moves the old state to `attempt-<n>.json`. The record that people read is not here: idea, report, journal, results.tsv.
 */
import { existsSync, readdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { LabPaths } from '../config/lab-paths.ts';
import { agentRoles, type Experiment, experimentStages } from '../domain/experiment.ts';
import { LabError } from '../errors/lab-error.ts';
import { readJson, writeJsonSynced } from './atomic-write.ts';

const stage = z.enum(experimentStages);
const outcome = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('decided'),
    job: z.number().int().positive(),
    status: z.enum(['keep', 'discard', 'crash']),
    reason: z.string(),
  }),
  z.strictObject({ kind: z.literal('refused'), stage, reason: z.string() }),
  z.strictObject({ kind: z.literal('failed'), stage, reason: z.string() }),
]);

const schema = z.strictObject({
  schema: z.literal(1),
  slug: z.string(),
  title: z.string(),
  attempt: z.number().int().positive(),
  place: z.number().int().positive(),
  ideaPath: z.string(),
  next: z.enum([...experimentStages, 'done']),
  choice: z.array(z.string()),
  expected: z.string(),
  refutedBy: z.string(),
  isOwn: z.boolean(),
  waits: z.string().nullable(),
  base: z.string().nullable(),
  // Experiments from before evaluators were laid over start from their base.
  start: z.string().nullable().default(null),
  label: z.string(),
  commit: z.string().nullable(),
  smokeJobs: z.array(z.number().int().positive()),
  job: z.number().int().positive().nullable(),
  rounds: z.number().int().nonnegative(),
  returns: z.array(z.strictObject({ stage: z.enum(['review', 'smoke']), reason: z.string() })),
  notes: z.string(),
  reviewNotes: z.string(),
  outcome: outcome.nullable(),
  report: z.string().nullable(),
  agents: z.array(
    z.strictObject({
      role: z.enum(agentRoles),
      agent: z.string(),
      // Experiments from before models were kept have none.
      model: z.string().nullable().default(null),
      status: z.string(),
      seconds: z.number(),
      tokens: z.number().nullable(),
      costUsd: z.number().nullable(),
      // Experiments from before flags were kept have none.
      flags: z.array(z.string()).default([]),
      run: z.string(),
    }),
  ),
  history: z.array(
    z.strictObject({ at: z.string(), stage: z.enum([...experimentStages, 'select']), note: z.string() }),
  ),
});

/** Folder of an experiment's state. */
export function experimentFolder(paths: LabPaths, slug: string): string {
  return join(paths.state, 'experiments', slug);
}

/** The experiment of that slug; null where there is none. Throws LabError (internal) that names a broken file. */
export function readExperiment(paths: LabPaths, slug: string): Experiment | null {
  return readStateFile(join(experimentFolder(paths, slug), 'experiment.json'));
}

function readStateFile(file: string): Experiment | null {
  if (!existsSync(file)) return null;
  const parsed = schema.safeParse(readJson(file));
  if (parsed.success) return parsed.data satisfies Experiment;
  const [issue] = parsed.error.issues;
  throw new LabError(
    'internal',
    `${file}: ${issue?.path.join('.') || 'the file'}: ${issue?.message ?? 'not readable'}`,
    {
      hints: ['the file is written by the lab; moving its folder away forgets the experiment, its commits stay'],
    },
  );
}

/** Every experiment, in the order in which they were chosen. */
export function readExperiments(paths: LabPaths): Experiment[] {
  const folder = join(paths.state, 'experiments');
  const names = existsSync(folder) ? readdirSync(folder) : [];
  return names
    .flatMap((name) => readExperiment(paths, name) ?? [])
    .sort((a, b) => a.place - b.place || a.slug.localeCompare(b.slug));
}

/** Every attempt of every experiment, those that were put aside included; in no order. Throws as readExperiment does. */
export function readAllAttempts(paths: LabPaths): Experiment[] {
  const folder = join(paths.state, 'experiments');
  const places = existsSync(folder) ? readdirSync(folder, { withFileTypes: true }) : [];
  return places.flatMap((place) => {
    const names = place.isDirectory() ? readdirSync(join(folder, place.name)) : [];
    const states = names.filter((name) => /^(?:experiment|attempt-\d+)\.json$/.test(name));
    return states.flatMap((name) => readStateFile(join(folder, place.name, name)) ?? []);
  });
}

/** Writes the state; on disk for good once it resolves. */
export async function writeExperiment(paths: LabPaths, experiment: Experiment): Promise<void> {
  await writeJsonSynced(join(experimentFolder(paths, experiment.slug), 'experiment.json'), experiment);
}

/** Puts the state of a finished attempt aside, so that a new one can begin. */
export function archiveExperiment(paths: LabPaths, experiment: Experiment): void {
  const folder = experimentFolder(paths, experiment.slug);
  renameSync(join(folder, 'experiment.json'), join(folder, `attempt-${experiment.attempt}.json`));
}

/** How many attempts of an experiment were put aside. */
export function countArchivedAttempts(paths: LabPaths, slug: string): number {
  const folder = experimentFolder(paths, slug);
  return existsSync(folder) ? readdirSync(folder).filter((name) => /^attempt-\d+\.json$/.test(name)).length : 0;
}
