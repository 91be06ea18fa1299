/**
 * Copies skills of the package to where agents look, and takes them away again. A file that somebody changed is neither overwritten nor
 * deleted unless it is forced; then the skill it belongs to is left whole, because half of two versions is worse than either.
 */
import { existsSync, readdirSync, rmdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { errnoOf } from '../../errors/lab-error.ts';
import { writeFileSynced, writeJsonSynced } from '../../lab/atomic-write.ts';
import {
  ensureBelow,
  type InstalledSkill,
  isInner,
  readInstalledSkill,
  readSkillRecord,
  recordName,
  type SkillRecord,
} from './installed-skill.ts';
import type { PackedSkill } from './packed-skills.ts';
import type { SkillPlace } from './skill-places.ts';

/** What is done, or would be, to one skill in one place. */
export interface SkillStep {
  skill: string;
  place: SkillPlace;
  /** Absolute folder of the skill there. */
  target: string;
  /** `kept`: files of somebody else stand in the way. */
  action: 'install' | 'update' | 'overwrite' | 'remove' | 'none' | 'kept';
  /** Files that are written or removed, relative to `target`. */
  files: string[];
  /** Files with somebody else's words: replaced by `overwrite`, else left. */
  changed: string[];
}

/** Where and how. */
export interface SkillsTarget {
  /** The repository's root, or the home. */
  base: string;
  places: readonly SkillPlace[];
  isForced: boolean;
  /** A repository's links may not lead out of it; a home's may. */
  staysBelow: boolean;
}

/** What an installation would do, in the order of places and skills. Throws LabError (refused) on a link that leads out. */
export function planInstallation(skills: readonly PackedSkill[], target: SkillsTarget): SkillStep[] {
  return eachSkill(skills, target, (skill, place, folder) => {
    const found = readInstalledSkill(skill, folder);
    const files = [...found.toWrite, ...found.toRemove];
    const step = { skill: skill.name, place, target: folder, changed: found.changed };
    const action = chooseAction(found, target.isForced);
    // `overwrite` also takes the place of changed files that this version has no more.
    const touched = action === 'overwrite' ? [...new Set([...files, ...found.changed])] : files;
    return { ...step, action, files: action === 'none' || action === 'kept' ? [] : touched };
  });
}

function chooseAction(found: InstalledSkill, isForced: boolean): SkillStep['action'] {
  if (found.state === 'current') return 'none';
  if (found.state === 'absent') return 'install';
  if (found.state === 'outdated') return 'update';
  return isForced ? 'overwrite' : 'kept';
}

/** Does what the plan says. `version` goes into the record beside the files. */
export async function installSkills(
  skills: readonly PackedSkill[],
  steps: readonly SkillStep[],
  version: string,
): Promise<void> {
  for (const step of steps) {
    const skill = skills.find(({ name }) => name === step.skill);
    if (skill === undefined || step.action === 'kept' || step.action === 'none') continue;
    for (const file of skill.files.filter(({ path }) => step.files.includes(path))) {
      const mode = file.bytes.subarray(0, 2).toString() === '#!' ? 0o755 : 0o644;
      await writeFileSynced(join(step.target, file.path), file.bytes, { mode });
    }
    for (const path of step.files.filter((one) => !skill.files.some((file) => file.path === one))) {
      rmSync(join(step.target, path), { force: true });
      removeEmptyFolders(dirname(join(step.target, path)), step.target);
    }
    // Last, so that a stop on the way leaves files that equal either the old record or the package.
    const record: SkillRecord = {
      schema: 1,
      version,
      files: Object.fromEntries(skill.files.map(({ path, sha256 }) => [path, sha256])),
    };
    await writeJsonSynced(join(step.target, recordName), record);
  }
}

/** What a removal would do. Only what the lab installed goes: a folder without its record is left. */
export function planRemoval(skills: readonly PackedSkill[], target: SkillsTarget): SkillStep[] {
  return eachSkill(skills, target, (skill, place, folder) => {
    const record = readSkillRecord(folder);
    const { changed } = readInstalledSkill(skill, folder);
    const step = { skill: skill.name, place, target: folder, changed };
    if (record === null) return { ...step, action: changed.length > 0 ? 'kept' : 'none', files: [] };
    const files = Object.keys(record.files).filter((path) => isInner(path) && existsSync(join(folder, path)));
    const gone = target.isForced ? files : files.filter((path) => !changed.includes(path));
    return { ...step, action: changed.length > 0 && !target.isForced ? 'kept' : 'remove', files: gone };
  });
}

/** Does what the plan says. A skill with a changed file stays whole. */
export function removeSkills(steps: readonly SkillStep[], base: string): void {
  for (const step of steps) {
    if (step.action !== 'remove') continue;
    for (const path of [...step.files, recordName]) {
      rmSync(join(step.target, path), { force: true });
      removeEmptyFolders(dirname(join(step.target, path)), base);
    }
  }
}

function eachSkill(
  skills: readonly PackedSkill[],
  { base, places, staysBelow }: SkillsTarget,
  plan: (skill: PackedSkill, place: SkillPlace, folder: string) => SkillStep,
): SkillStep[] {
  return places.flatMap((place) =>
    skills.map((skill) => {
      const folder = join(base, place, skill.name);
      if (staysBelow) ensureSkillBelow(base, skill, folder);
      return plan(skill, place, folder);
    }),
  );
}

/** Throws LabError (refused) where a file of the skill, now or by the record, lies behind a link that leads out of `base`. */
function ensureSkillBelow(base: string, skill: PackedSkill, folder: string): void {
  // First, because the record is read through it.
  ensureBelow(base, folder);
  const recorded = Object.keys(readSkillRecord(folder)?.files ?? {}).filter(isInner);
  const paths = [...skill.files.map(({ path }) => path), ...recorded];
  for (const place of new Set(paths.map((path) => dirname(join(folder, path))))) ensureBelow(base, place);
}

/** Removes a folder and those above it while they are empty, up to `end`, which stays. */
function removeEmptyFolders(folder: string, end: string): void {
  for (let place = folder; place.startsWith(`${end}/`); place = dirname(place)) {
    try {
      if (readdirSync(place).length > 0) return;
      rmdirSync(place);
    } catch (error) {
      // Gone already, or a link to a folder, which is the user's.
      if (errnoOf(error) === 'ENOENT') continue;
      if (errnoOf(error) === 'ENOTDIR') return;
      throw error;
    }
  }
}
