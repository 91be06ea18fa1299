/** Private copies of a checkout's index, for building trees without touching the user's own. */
import { copyFile, mkdtemp, rm, stat, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { errnoOf } from '../errors/lab-error.ts';
import { runGit } from './run-git.ts';

/** Absolute path of a file in a checkout's own git folder ("index", "MERGE_HEAD"), right for a linked worktree too. */
export async function resolveGitPath(checkoutRoot: string, name: string): Promise<string> {
  return resolve(checkoutRoot, (await runGit(checkoutRoot, ['rev-parse', '--git-path', name])).replace(/\n$/, ''));
}

/** Copies an index file; false where there is none. */
export async function copyIndex(from: string, to: string): Promise<boolean> {
  try {
    const { mtime } = await stat(from);
    await copyFile(from, to);
    // git trusts an entry only where the index is younger than the file. A copy with a new time would make a file that
    // was changed in the very moment of the last `git add` look clean, so the copy gets the old time, rounded down.
    await utimes(to, mtime, Math.floor(mtime.getTime() / 1000));
    return true;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return false;
    throw error;
  }
}

/** Calls `use` with the path of a fresh, still missing index file in a temporary folder, and removes the folder after. */
export async function useTemporaryIndex<T>(use: (indexPath: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'nightlab-index-'));
  try {
    return await use(join(folder, 'index'));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
