/**
 * Worktrees that the lab makes: detached checkouts for runs and one per experiment. Removal works only below a folder that
 * the lab owns; what the user made elsewhere is never touched, pruned or forced.
 */
import { existsSync, realpathSync } from 'node:fs';
import { chmod, mkdir, readdir, rm } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { errnoOf, LabError } from '../errors/lab-error.ts';
import { switchOffFilters } from './filter-settings.ts';
import { findCommit } from './repository.ts';
import { createGitError, isLockContention, runGit, runGitResult } from './run-git.ts';

const maxAttempts = 12;

/** True where a second `git worktree` at the same moment is to blame: git reads the half-made entries of others and stops. */
function isWorktreeRace(stderr: string): boolean {
  return /failed to read .*commondir|could not create directory of .*worktrees/.test(stderr);
}

/** Runs a git command that takes locks others may hold for a moment. */
async function runPatiently(root: string, args: string[], config: string[] = []): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    const result = await runGitResult(root, args, { config });
    if (result.exitCode === 0) return;
    const isPassing = isLockContention(result.stderr) || isWorktreeRace(result.stderr);
    if (attempt === maxAttempts || !isPassing) throw createGitError(root, args, result);
    await delay(Math.random() * 30 * attempt);
  }
}

/** Absolute path with links resolved as far as it exists. */
function resolveReal(path: string): string {
  const absolute = resolve(path);
  if (existsSync(absolute)) return realpathSync(absolute);
  const parent = dirname(absolute);
  return parent === absolute ? absolute : join(resolveReal(parent), basename(absolute));
}

function ensureBelow(path: string, ownedFolder: string): string {
  const target = join(resolveReal(dirname(resolve(path))), basename(path));
  const steps = relative(resolveReal(ownedFolder), target);
  if (steps !== '' && steps !== '..' && !steps.startsWith(`..${sep}`) && !steps.startsWith(sep)) return target;
  throw new LabError(
    'internal',
    `refusing to remove ${path}: it does not lie below ${ownedFolder}, the folder of the lab's own trees`,
  );
}

/**
 * Checks out a commit at a new path, on no branch. No hook runs, and no filter whose command names a file of the commit; gives the names of
 * such filters. Throws LabError where the path is taken or the commit unknown.
 */
export async function addDetachedWorktree(root: string, path: string, commit: string): Promise<string[]> {
  await mkdir(dirname(path), { recursive: true });
  const filters = await switchOffFilters(root, commit);
  // -f: an entry whose folder is gone, as a crash leaves it, is taken over; an existing folder is still refused.
  await runPatiently(root, ['worktree', 'add', '--quiet', '-f', '--detach', path, commit], filters.config);
  return filters.names;
}

/**
 * Checks out an experiment's branch at a new path: the branch where it exists, else a new one that starts at `base`.
 * Throws LabError where the path is taken, the branch is checked out elsewhere, or `base` is unknown.
 */
export async function addExperimentWorktree(
  root: string,
  path: string,
  branch: string,
  base: string,
): Promise<{ isNewBranch: boolean }> {
  await mkdir(dirname(path), { recursive: true });
  const isNewBranch = (await findCommit(root, `refs/heads/${branch}`)) === null;
  const args = isNewBranch ? ['--no-track', '-b', branch, path, base] : [path, branch];
  // Not -f here: it would also allow the same branch in two places. A vanished folder's entry goes first.
  if (!existsSync(path)) await runGitResult(root, ['worktree', 'remove', '--force', '--force', path]);
  const filters = await switchOffFilters(root, isNewBranch ? base : `refs/heads/${branch}`);
  await runPatiently(root, ['worktree', 'add', '--quiet', ...args], filters.config);
  return { isNewBranch };
}

/**
 * Removes a worktree with everything in it, committed or not, and git's entry for it. A folder that git does not know, as a
 * crash leaves it, goes too; a missing one is fine. Throws LabError where it does not lie below `ownedFolder` (links resolved).
 */
export async function removeWorktree(root: string, path: string, ownedFolder: string): Promise<void> {
  const target = ensureBelow(path, ownedFolder);
  const args = ['worktree', 'remove', '--force', '--force', target];
  for (let attempt = 1; attempt <= maxAttempts; attempt += 1) {
    const result = await runGitResult(root, args);
    if (result.exitCode === 0) break;
    if ((isLockContention(result.stderr) || isWorktreeRace(result.stderr)) && attempt < maxAttempts) {
      await delay(Math.random() * 30 * attempt);
      continue;
    }
    if (
      !/is not a working tree|validation failed|Directory not empty|failed to delete|Permission denied/.test(
        result.stderr,
      )
    ) {
      throw createGitError(root, args, result);
    }
    break;
  }
  try {
    await rm(target, { recursive: true, force: true });
  } catch (error) {
    if (errnoOf(error) !== 'EACCES' && errnoOf(error) !== 'EPERM' && errnoOf(error) !== 'ENOTEMPTY') throw error;
    // Package caches (Go's, for one) are written without write permission on their folders.
    await makeFoldersWritable(target);
    await rm(target, { recursive: true, force: true });
  }
}

/** Gives the owner all rights on every folder below; links are not followed. */
async function makeFoldersWritable(folder: string): Promise<void> {
  await chmod(folder, 0o700);
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) await makeFoldersWritable(join(folder, entry.name));
  }
}

/** A worktree that git knows. */
export interface Worktree {
  /** Absolute root. */
  path: string;
  /** Full hash; null where nothing is committed yet. */
  commit: string | null;
  /** Branch name without refs/heads/; null where HEAD is detached. */
  branch: string | null;
}

/** Every worktree of the repository, the main checkout first. */
export async function listWorktrees(root: string): Promise<Worktree[]> {
  const worktrees: Worktree[] = [];
  for (const block of (await runGit(root, ['worktree', 'list', '--porcelain'])).split('\n\n')) {
    const read = (name: string): string | null => new RegExp(`^${name} (.*)$`, 'm').exec(block)?.[1] ?? null;
    const path = read('worktree');
    if (path === null) continue;
    worktrees.push({ path, commit: read('HEAD'), branch: read('branch')?.replace(/^refs\/heads\//, '') ?? null });
  }
  return worktrees;
}

/** Removes git's entries for worktrees below `ownedFolder` whose folder is gone; entries elsewhere stay. Gives the removed paths. */
export async function pruneWorktrees(root: string, ownedFolder: string): Promise<string[]> {
  const owned = resolveReal(ownedFolder) + sep;
  const gone = (await listWorktrees(root)).filter(
    (worktree) => worktree.path.startsWith(owned) && !existsSync(worktree.path),
  );
  for (const worktree of gone) await runPatiently(root, ['worktree', 'remove', '--force', '--force', worktree.path]);
  return gone.map((worktree) => worktree.path);
}
