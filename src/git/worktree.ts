/**
 * Worktrees that the lab makes: detached checkouts for runs and one per experiment. Removal works only below a folder that
 * the lab owns; what the user made elsewhere is never touched, pruned or forced.
 */
import { existsSync } from 'node:fs';
import { chmod, mkdir, readdir, rm } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { errnoOf, LabError } from '../errors/lab-error.ts';
import { isFullHash } from './content-memory.ts';
import { type CheckoutSettings, readCheckoutSettings, switchOffFilters } from './filter-settings.ts';
import { findCommit } from './repository.ts';
import { createGitError, type GitOptions, isLockContention, runGit, runGitResult } from './run-git.ts';
import {
  canMakeEntry,
  createEntry,
  findGitFolder,
  removeEntries,
  resolveAbove,
  resolveReal,
  sweepHalfMadeEntries,
} from './worktree-entry.ts';

const maxAttempts = 12;

/** True where a second `git worktree` at the same moment is to blame: git reads the half-made entries of others and stops. */
function isWorktreeRace(stderr: string): boolean {
  return /failed to read .*commondir|could not create directory of .*worktrees/.test(stderr);
}

/** Runs a git command that takes locks others may hold for a moment. `told` is the command that an error names in its place. */
async function runPatiently(
  cwd: string,
  args: string[],
  options: GitOptions = {},
  told: { root: string; args: string[] } = { root: cwd, args },
): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    const result = await runGitResult(cwd, args, options);
    if (result.exitCode === 0) return;
    const isPassing = isLockContention(result.stderr) || isWorktreeRace(result.stderr);
    if (attempt === maxAttempts || !isPassing) throw createGitError(told.root, told.args, result);
    await delay(Math.random() * 30 * attempt);
  }
}

function ensureBelow(path: string, ownedFolder: string): string {
  const target = resolveAbove(path);
  const steps = relative(resolveReal(ownedFolder), target);
  if (steps !== '' && steps !== '..' && !steps.startsWith(`..${sep}`) && !steps.startsWith(sep)) return target;
  throw new LabError(
    'internal',
    `refusing to remove ${path}: it does not lie below ${ownedFolder}, the folder of the lab's own trees`,
  );
}

/**
 * Checks out a commit at a new path, on no branch. No hook runs, and no filter whose command names a file of the commit; gives the names of
 * such filters. `settings` are the repository's where the caller has just read them. Throws LabError where the path is taken or the commit
 * unknown.
 */
export async function addDetachedWorktree(
  root: string,
  path: string,
  commit: string,
  settings: CheckoutSettings | null = null,
): Promise<string[]> {
  await mkdir(dirname(path), { recursive: true });
  const known = settings ?? (await readCheckoutSettings(root));
  const filters = await switchOffFilters(root, commit, known);
  // -f: an entry whose folder is gone, as a crash leaves it, is taken over; an existing folder is still refused.
  const args = ['worktree', 'add', '--quiet', '-f', '--detach', path, commit];
  const target = resolveAbove(path);
  const gitFolder = known.isPlain && isFullHash(commit) && canMakeEntry(target) ? findGitFolder(root) : null;
  if (gitFolder === null) await runPatiently(root, args, { config: filters.config });
  else await fillEntry(root, gitFolder, target, commit, filters.config, args);
  return filters.names;
}

/** What `git worktree add` does, with one git process in place of three: git calls itself for two of them. */
async function fillEntry(
  root: string,
  gitFolder: string,
  path: string,
  commit: string,
  config: string[],
  args: string[],
): Promise<void> {
  const entry = await createEntry(gitFolder, path, commit).catch((cause: unknown) => {
    throw createFileError(`git ${args.slice(0, 4).join(' ')} failed in ${root}: ${path} could not be made`, cause);
  });
  try {
    // Both are named, as git does for itself: then it looks for no repository, and asks nobody whether the folder may be trusted.
    const env = { GIT_DIR: entry, GIT_WORK_TREE: path };
    const reset = ['reset', '--hard', '--quiet', '--no-recurse-submodules', commit];
    await runPatiently(path, reset, { config, env }, { root, args });
  } catch (error) {
    await rm(path, { recursive: true, force: true });
    removeEntries(gitFolder, path);
    throw error;
  }
}

/** A refusal of the file system as git would have told it: one that is tried again a few times, and not without end. */
function createFileError(message: string, cause: unknown): unknown {
  return errnoOf(cause) === null ? cause : new LabError('user', message, { cause });
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
  await runPatiently(root, ['worktree', 'add', '--quiet', ...args], { config: filters.config });
  return { isNewBranch };
}

/**
 * Removes a worktree with everything in it, committed or not, and git's entry for it. A folder that git does not know, as a
 * crash leaves it, goes too; a missing one is fine. Throws LabError where it does not lie below `ownedFolder` (links resolved).
 */
export async function removeWorktree(root: string, path: string, ownedFolder: string): Promise<void> {
  const target = ensureBelow(path, ownedFolder);
  const gitFolder = findGitFolder(root);
  if (gitFolder === null) await removeByGit(root, target);
  await removeFolder(target);
  // The folder first: an entry without one is taken over by whoever comes next, and a folder without an entry is nobody's.
  if (gitFolder === null) return;
  try {
    removeEntries(gitFolder, target);
  } catch (cause) {
    throw createFileError(`git's entry of ${target} could not be removed below ${gitFolder}`, cause);
  }
}

async function removeByGit(root: string, target: string): Promise<void> {
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
}

async function removeFolder(target: string): Promise<void> {
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
  const gitFolder = findGitFolder(root);
  if (gitFolder !== null) sweepHalfMadeEntries(gitFolder);
  for (const worktree of gone) await runPatiently(root, ['worktree', 'remove', '--force', '--force', worktree.path]);
  return gone.map((worktree) => worktree.path);
}
