/**
 * What stands where a skill is installed, compared with the package and with what was installed last. The record of that lies beside the
 * files (`.nightlab.json`): it tells a file of an older version, which may be replaced, from one that somebody changed, which may not.
 */
import { lstatSync, readFileSync, realpathSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { z } from 'zod';
import { errnoOf, LabError } from '../../errors/lab-error.ts';
import { hashBytes, type PackedSkill } from './packed-skills.ts';

/** Name of the record in an installed skill's folder. */
export const recordName = '.nightlab.json';

const recordSchema = z.object({
  schema: z.literal(1),
  /** Version of the package that wrote them. */
  version: z.string(),
  /** SHA-256 by path, as installed. */
  files: z.record(z.string(), z.string()),
});
/** The content of `.nightlab.json`. */
export type SkillRecord = z.infer<typeof recordSchema>;

/**
 * absent: nothing there. current: as in the package. outdated: as an earlier version left it, or incomplete, as a first installation that was
 * cut off leaves it. changed: a file of ours was changed by somebody. foreign: no record, and a file that the lab never wrote where one of
 * ours would be.
 */
export type SkillState = 'absent' | 'current' | 'outdated' | 'changed' | 'foreign';

/** How a skill stands in one place. */
export interface InstalledSkill {
  state: SkillState;
  /** Files of the package's version that are missing or differ: what an installation writes. */
  toWrite: string[];
  /** Files of an earlier version that the package has no more, unchanged: what an installation removes. */
  toRemove: string[];
  /** Files with words of somebody else, which only --force replaces. */
  changed: string[];
  /** Version that was installed; null where the lab installed nothing. */
  version: string | null;
}

/** The record in an installed skill; null where there is none that can be read, so that its files count as somebody else's. */
export function readSkillRecord(target: string): SkillRecord | null {
  const bytes = readBytes(join(target, recordName));
  if (bytes === null) return null;
  try {
    return recordSchema.parse(JSON.parse(bytes.toString('utf8')));
  } catch {
    return null;
  }
}

/** Compares a place with the package. `target` is the skill's own folder there. */
export function readInstalledSkill(skill: PackedSkill, target: string): InstalledSkill {
  const record = readSkillRecord(target);
  const isThere = lstatSync(target, { throwIfNoEntry: false }) !== undefined;
  const toWrite: string[] = [];
  const changed: string[] = [];
  let isAnyThere = false;
  for (const { path, sha256 } of skill.files) {
    const bytes = readBytes(join(target, path));
    if (bytes !== null) isAnyThere = true;
    const hash = bytes === null ? null : hashBytes(bytes);
    if (hash === sha256) continue;
    toWrite.push(path);
    if (hash !== null && hash !== record?.files[path]) changed.push(path);
  }
  const packed = new Set(skill.files.map(({ path }) => path));
  const toRemove: string[] = [];
  for (const [path, installed] of Object.entries(record?.files ?? {})) {
    // The record is a file like any other: a path that leads elsewhere is nobody's to remove.
    if (packed.has(path) || !isInner(path)) continue;
    const bytes = readBytes(join(target, path));
    if (bytes === null) continue;
    if (hashBytes(bytes) === installed) toRemove.push(path);
    else changed.push(path);
  }
  const isCurrent = toWrite.length === 0 && toRemove.length === 0 && changed.length === 0;
  const version = record?.version ?? null;
  const rest = { toWrite, toRemove, changed, version };
  if (!isThere) return { state: 'absent', ...rest };
  // Without our record: some of our files and none that differs is our own beginning, all of them as good as installed; none of them is free.
  if (record === null && !isAnyThere) return { state: 'absent', ...rest };
  if (record === null && changed.length > 0) return { state: 'foreign', ...rest };
  if (changed.length > 0) return { state: 'changed', ...rest };
  return { state: isCurrent ? 'current' : 'outdated', ...rest };
}

/** Whether a relative path stays below its folder. */
export function isInner(path: string): boolean {
  return path !== '' && !path.startsWith('/') && !path.split(/[\\/]/).includes('..');
}

/**
 * Throws LabError (refused) where a link on the way leads out of `base`: a repository that was cloned must not choose where the lab writes.
 */
export function ensureBelow(base: string, target: string): void {
  for (let folder = target; ; folder = dirname(folder)) {
    if (!isPresent(folder) && folder !== dirname(folder)) continue;
    const real = resolveLink(folder);
    const way = relative(realpathSync(base), real);
    if (way === '..' || way.startsWith(`..${sep}`))
      throw new LabError('refused', `${folder} leads to ${real}, expected a place below ${base}`, {
        hints: ['replace the link by a folder, or install with `lab skills install --user`'],
      });
    return;
  }
}

function isPresent(path: string): boolean {
  try {
    return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch (error) {
    // A file on the way: nothing lies below it.
    if (errnoOf(error) === 'ENOTDIR') return false;
    throw error;
  }
}

function resolveLink(folder: string): string {
  try {
    return realpathSync(folder);
  } catch (error) {
    throw new LabError('user', `${folder} is a link that leads to nothing, expected a folder`, { cause: error });
  }
}

function readBytes(path: string): Buffer | null {
  try {
    return readFileSync(path);
  } catch (error) {
    const code = errnoOf(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return null;
    throw new LabError('user', `${path} cannot be read`, { cause: error });
  }
}
