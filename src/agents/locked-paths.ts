/**
 * Which files of a worktree an agent's sandbox keeps as they are: all that have a rule. Files of HEAD only: a file that is not there yet
 * cannot be locked, and is found by the check of the change.
 */
import { realpathSync } from 'node:fs';
import { join } from 'node:path';
import type { LabConfig } from '../config/schema.ts';
import { errnoOf } from '../errors/lab-error.ts';
import { runGit } from '../git/run-git.ts';
import { rulesOf } from '../rules/taxonomy.ts';

/** A folder with more locked files than this is locked as a whole: every one of them would be a mount. */
const maxFilesOfFolder = 100;

/**
 * Absolute paths below the worktree's top `directory` that an agent may not change: FROZEN files (but for `mayEditFrozen`), HUMAN, GLOBAL,
 * APPEND-ONLY and RECORD ones. A folder stands for its files where everything that could lie in it has a rule, and where it holds more than a
 * hundred of them and nothing else. Links are left out. Throws LabError where git cannot read HEAD.
 */
export async function listLockedPaths(
  directory: string,
  rules: LabConfig['rules'],
  mayEditFrozen: boolean,
): Promise<string[]> {
  const top = realpathSync(directory);
  const isLocked = (path: string): boolean => rulesOf(path, rules).some((rule) => rule !== 'FROZEN' || !mayEditFrozen);
  const all = await listFiles(directory);
  const files = all.filter(isLocked);
  const mixed = new Set(all.filter((path) => !isLocked(path)).flatMap(listFoldersAbove));
  const counts = new Map<string, number>();
  for (const path of files) counts.set(folderOf(path), (counts.get(folderOf(path)) ?? 0) + 1);
  // Two depths, because a glob may speak of the files of a folder and not of those below.
  const isLockedWhole = (folder: string): boolean =>
    ((counts.get(folder) ?? 0) > maxFilesOfFolder && !mixed.has(folder)) ||
    ['any name', 'any/name'].every((name) => isLocked(`${folder}/${name}`));
  const found = new Set(files.map((path) => listFoldersAbove(path).find(isLockedWhole) ?? path));
  return [...found].map((path) => join(top, path)).filter(isReal);
}

async function listFiles(directory: string): Promise<string[]> {
  const listing = await runGit(directory, ['ls-tree', '-r', '-z', '--full-tree', 'HEAD']);
  return listing.split('\0').flatMap((record) => {
    const match = /^(\d+) blob [0-9a-f]+\t([\s\S]+)$/.exec(record);
    return match?.[2] === undefined || match[1] === '120000' ? [] : [match[2]];
  });
}

/** "" for a file at the top. */
function folderOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')));
}

/** "a", "a/b" for "a/b/c". */
function listFoldersAbove(path: string): string[] {
  const parts = path.split('/').slice(0, -1);
  return parts.map((_, index) => parts.slice(0, index + 1).join('/'));
}

/** Whether it is there and no link leads to it; a link's target is not the worktree's to lock. */
function isReal(path: string): boolean {
  try {
    return realpathSync(path) === path;
  } catch (error) {
    const code = errnoOf(error);
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ELOOP') return false;
    throw error;
  }
}
