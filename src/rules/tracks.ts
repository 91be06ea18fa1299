/**
 * The track: the fingerprint of what makes numbers comparable. Evaluator files, train and score commands, metric and direction, run
 * budget, data fingerprint, dependency lock. Not the charter, journals, agents, devices, limits or further metrics.
 */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import type { LabPaths } from '../config/lab-paths.ts';
import type { LabConfig } from '../config/schema.ts';
import { type DataPart, fingerprintData } from './data-fingerprint.ts';
import { listFrozenFiles } from './frozen.ts';

// Frozen, yet not part of what makes numbers comparable (DESIGN.md section 1). lab.yaml counts through its values, not its text.
const notOfTheTrack = new Set(['program.md', 'lab.yaml', 'meta_journal.md', '0_docs/problem.md']);

const lockNames =
  /^(?:uv\.lock|poetry\.lock|pdm\.lock|Pipfile\.lock|conda-lock\.yml|requirements[^/]*\.(?:lock|txt))$/i;

/** What a track is made of. */
export interface TrackParts {
  /** FROZEN files of main in git's order: the evaluator, and what the dependencies are locked by. */
  files: { path: string; blob: string; role: 'evaluator' | 'dependencies' }[];
  /** "" where lab.yaml has none. */
  commands: { prepare: string; train: string; score: string; model: string };
  metric: { name: string; direction: 'lower' | 'higher' };
  wallSeconds: number;
  /** Hash of the secret seed of the validation data, 64 hex digits (4 of them in what is stored); null where there is none. */
  scoreSeed: string | null;
  data: DataPart[];
}

/** The parts of the lab's track at main's present state. Throws LabError (user) where data that lab.yaml names cannot be read. */
export async function describeTrack(paths: LabPaths, config: LabConfig, main: string): Promise<TrackParts> {
  const frozen = await listFrozenFiles(paths.root, main, config.rules);
  const { prepare, train, score, model } = config.commands;
  return {
    files: frozen
      .filter(({ path }) => !notOfTheTrack.has(path))
      .map(({ path, blob }) => ({ path, blob, role: lockNames.test(basename(path)) ? 'dependencies' : 'evaluator' })),
    commands: { prepare: prepare ?? '', train, score: score ?? '', model: model ?? '' },
    metric: { name: config.metric.name, direction: config.metric.direction },
    wallSeconds: config.run.wallSeconds,
    scoreSeed: existsSync(paths.scoreSeed)
      ? createHash('sha256').update(readFileSync(paths.scoreSeed)).digest('hex')
      : null,
    data: await fingerprintData(paths, config),
  };
}

/** The name of a track, 8 hex digits. What is hashed and in which order never changes: every row ever written names its track by it. */
export function hashTrack(parts: TrackParts): string {
  const hash = createHash('sha256');
  const add = (...words: string[]) => hash.update(`${JSON.stringify(words)}\n`);
  for (const { path, blob } of parts.files) add('file', path, blob);
  const { prepare, train, score, model } = parts.commands;
  add('commands', prepare, train, score, model);
  add('metric', parts.metric.name, parts.metric.direction);
  add('budget', String(parts.wallSeconds));
  if (parts.scoreSeed !== null) add('score-seed', parts.scoreSeed);
  for (const { role, path, fingerprint } of parts.data) add(role, path, fingerprint);
  return hash.digest('hex').slice(0, 8);
}

/** The lab's track at main's present state, 8 hex digits. Throws as describeTrack does. */
export async function computeTrack(paths: LabPaths, config: LabConfig, main: string): Promise<string> {
  return hashTrack(await describeTrack(paths, config, main));
}
