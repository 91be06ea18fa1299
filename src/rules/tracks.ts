/**
 * The track: the fingerprint of what makes numbers comparable. Evaluator files, train and score commands, metric and direction, run
 * budget, data fingerprint, dependency lock. Not the charter, journals, agents, devices or limits.
 */
import { createHash } from 'node:crypto';
import { createReadStream, existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { LabPaths } from '../config/lab-paths.ts';
import type { LabConfig } from '../config/schema.ts';
import { readJson, writeJsonSynced } from '../lab/atomic-write.ts';
import { listFrozenFiles } from './frozen.ts';

// Frozen, yet not part of what makes numbers comparable (DESIGN.md section 1). lab.yaml counts through its values, not its text.
const notOfTheTrack = new Set(['program.md', 'lab.yaml', 'meta_journal.md', '0_docs/problem.md']);

/** The lab's track at main's present state, 8 hex digits. */
export async function computeTrack(paths: LabPaths, config: LabConfig, main: string): Promise<string> {
  const hash = createHash('sha256');
  const add = (...parts: string[]) => hash.update(`${JSON.stringify(parts)}\n`);
  const frozen = await listFrozenFiles(paths.root, main, config.rules);
  for (const file of frozen) if (!notOfTheTrack.has(file.path)) add('file', file.path, file.blob);
  const { prepare, train, score, model } = config.commands;
  add('commands', prepare ?? '', train, score ?? '', model ?? '');
  add('metric', config.metric.name, config.metric.direction);
  add('budget', String(config.run.wallSeconds));
  if (existsSync(paths.scoreSeed))
    add('score-seed', createHash('sha256').update(readFileSync(paths.scoreSeed)).digest('hex'));
  for (const path of config.data) add('data', path, await fingerprintData(paths, path));
  return hash.digest('hex').slice(0, 8);
}

interface KnownContent {
  size: number;
  mtimeMs: number;
  inode: number;
  sha256: string;
}

/** Content hash of a file or of all files of a folder; a file is read again only where its size, time or inode changed. */
async function fingerprintData(paths: LabPaths, path: string): Promise<string> {
  const cacheFile = join(paths.state, 'data-fingerprints.json');
  const known = (readJson(cacheFile) ?? {}) as Record<string, KnownContent>;
  const hash = createHash('sha256');
  let changed = false;
  for (const file of listFiles(paths.root, path)) {
    const { size, mtimeMs, ino } = statSync(join(paths.root, file));
    let content = known[file];
    if (!content || content.size !== size || content.mtimeMs !== mtimeMs || content.inode !== ino) {
      content = { size, mtimeMs, inode: ino, sha256: await hashFile(join(paths.root, file)) };
      known[file] = content;
      changed = true;
    }
    hash.update(`${JSON.stringify([file, content.sha256])}\n`);
  }
  if (changed) await writeJsonSynced(cacheFile, known);
  return hash.digest('hex');
}

function listFiles(root: string, path: string): string[] {
  const full = join(root, path);
  if (!existsSync(full)) return [];
  if (!statSync(full).isDirectory()) return [path];
  return readdirSync(full)
    .sort()
    .flatMap((name) => listFiles(root, join(path, name)));
}

async function hashFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}
