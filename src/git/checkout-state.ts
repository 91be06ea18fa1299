/**
 * Where a branch is checked out, whether git is in the middle of something there, and the index lock. Together they say
 * if the lab may move the branch now. The lock is git's own `index.lock`, so that git and the lab never write at once.
 */
import { existsSync, linkSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { errnoOf, LabError } from '../errors/lab-error.ts';
import { runGit, runGitResult } from './run-git.ts';

/** A checkout of a branch: the main one or a linked worktree. */
export interface Checkout {
  /** Absolute root of its files. */
  path: string;
  /** Its own git folder: the common one, or `worktrees/<name>` below it. */
  gitDirectory: string;
}

/** The index lock of one checkout, held by this process. */
export interface IndexLock {
  release(): void;
}

// Order matters: a rebase that stopped at a conflict has CHERRY_PICK_HEAD as well.
const operations: [entry: string, words: string][] = [
  ['rebase-merge', 'a rebase is'],
  ['rebase-apply', 'a rebase is'],
  ['MERGE_HEAD', 'a merge is'],
  ['CHERRY_PICK_HEAD', 'a cherry-pick is'],
  ['REVERT_HEAD', 'a revert is'],
  ['BISECT_LOG', 'a bisect is'],
  ['sequencer', 'a cherry-pick or revert is'],
];

async function readText(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const code = errnoOf(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return null;
    throw new LabError('user', `${path} cannot be read`, { cause: error });
  }
}

/** Absolute path of the git folder that all checkouts of a repository share. */
export async function resolveCommonDirectory(root: string): Promise<string> {
  return resolve(root, (await runGit(root, ['rev-parse', '--git-common-dir'])).replace(/\n$/, ''));
}

/** Every checkout of the repository: the main one first, then the linked worktrees that git has registered. */
async function listCheckouts(root: string): Promise<Checkout[]> {
  const common = await resolveCommonDirectory(root);
  const checkouts: Checkout[] = [{ path: root, gitDirectory: common }];
  let names: string[] = [];
  try {
    names = await readdir(join(common, 'worktrees'));
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw new LabError('user', `${common}/worktrees cannot be read`, { cause: error });
  }
  for (const name of names) {
    const gitDirectory = join(common, 'worktrees', name);
    const target = (await readText(join(gitDirectory, 'gitdir')))?.replace(/\n$/, '');
    if (target !== undefined && basename(target) === '.git') {
      checkouts.push({ path: dirname(resolve(gitDirectory, target)), gitDirectory });
    }
  }
  return checkouts;
}

/** True where the branch is checked out, or is what a rebase or bisect there will come back to. */
async function holdsBranch(checkout: Checkout, branch: string): Promise<boolean> {
  const read = async (name: string): Promise<string> =>
    ((await readText(join(checkout.gitDirectory, name))) ?? '').trim();
  const ref = `refs/heads/${branch}`;
  const head = await read('HEAD');
  if (head === `ref: ${ref}`) return true;
  // A repository with reftables keeps a placeholder in HEAD, and only git can tell.
  if (head === 'ref: refs/heads/.invalid') {
    const result = await runGitResult(checkout.path, ['symbolic-ref', '--quiet', 'HEAD']);
    if (result.stdout.toString('utf8').trim() === ref) return true;
  }
  if ((await read('rebase-merge/head-name')) === ref || (await read('rebase-apply/head-name')) === ref) return true;
  return (await read('BISECT_START')) === branch;
}

/** The checkouts that a move of the branch would leave behind; usually the main one or none. `root` is the main checkout. */
export async function findCheckoutsOf(root: string, branch: string): Promise<Checkout[]> {
  const holding: Checkout[] = [];
  for (const checkout of await listCheckouts(root)) {
    // A worktree whose folder is gone (deleted, unplugged) has no files to keep in step.
    if (existsSync(checkout.path) && (await holdsBranch(checkout, branch))) holding.push(checkout);
  }
  return holding;
}

/** What git is in the middle of in a checkout, as a sentence; null where nothing is. */
export function findOperation(checkout: Checkout): string | null {
  for (const [entry, words] of operations) {
    if (existsSync(join(checkout.gitDirectory, entry))) return `${words} in progress in ${checkout.path}`;
  }
  return null;
}

const lockPrefix = 'nightlab index lock, pid ';

/** True while a process of this id runs, the user's or not. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errnoOf(error) === 'EPERM';
  }
}

/** The process of the lab that holds an index lock; null where git holds it or nobody does. */
function readLabOwner(lockPath: string): number | null {
  try {
    const text = readFileSync(lockPath, 'utf8');
    return text.startsWith(lockPrefix) ? Number.parseInt(text.slice(lockPrefix.length), 10) : null;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return null;
    throw new LabError('user', `${lockPath} cannot be read`, { cause: error });
  }
}

/** Name of the index that a process of the lab prepares, in the checkout's git folder. */
export function nextIndexName(pid: number): string {
  return `nightlab-index-${pid}`;
}

/** Takes away indexes that dead processes of the lab were preparing. */
function removeLeftovers(checkout: Checkout): void {
  for (const name of readdirSync(checkout.gitDirectory)) {
    const pid = /^nightlab-(?:index|lock)-(\d+)(?:\.lock)?$/.exec(name)?.[1];
    if (pid !== undefined && !isAlive(Number(pid))) rmSync(join(checkout.gitDirectory, name), { force: true });
  }
}

/** Makes the lock with its text in one step; throws EEXIST where it is taken. */
function writeLock(path: string, checkout: Checkout): void {
  const text = `${lockPrefix}${process.pid}\n`;
  const draft = join(checkout.gitDirectory, `nightlab-lock-${process.pid}`);
  writeFileSync(draft, text);
  try {
    // A link, so that a kill can never leave an empty lock, which would look like git's.
    linkSync(draft, path);
  } catch (error) {
    if (!['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'].includes(errnoOf(error) ?? '')) throw error;
    writeFileSync(path, text, { flag: 'wx' });
  } finally {
    rmSync(draft, { force: true });
  }
}

/** Takes away the index lock that a dead process of the lab left, because the user's git would stop at it; true where it did. */
export function removeDeadIndexLock(checkout: Checkout): boolean {
  const path = join(checkout.gitDirectory, 'index.lock');
  const owner = readLabOwner(path);
  if (owner === null || isAlive(owner)) return false;
  rmSync(path, { force: true });
  return true;
}

/**
 * Takes a checkout's index lock. A lock that a dead process of the lab left is removed; a living one of the lab is waited
 * for, one of git's only shortly. Gives the reason, naming the file, where it stays taken. Throws LabError where the git
 * folder cannot be written.
 */
export async function createIndexLock(checkout: Checkout): Promise<IndexLock | { reason: string }> {
  const path = join(checkout.gitDirectory, 'index.lock');
  const startedAt = Date.now();
  for (;;) {
    try {
      writeLock(path, checkout);
      removeLeftovers(checkout);
      return { release: () => rmSync(path, { force: true }) };
    } catch (error) {
      if (errnoOf(error) !== 'EEXIST') throw new LabError('user', `${path} cannot be written`, { cause: error });
    }
    if (removeDeadIndexLock(checkout)) continue;
    const owner = readLabOwner(path);
    // Given back between the two looks: nobody holds it, git least of all.
    if (owner === null && !existsSync(path)) continue;
    const patienceMs = owner === null ? 400 : 10_000;
    if (Date.now() - startedAt > patienceMs) return { reason: `git is at work in ${checkout.path}: ${path} exists` };
    await delay(10 + Math.random() * 30);
  }
}
