/**
 * What changed in a worktree while an agent had it: edited, new and deleted files, and what the agent committed itself. A file that git
 * ignores is not seen. Contents count, not times, so a file that was already changed before is named only where it changed again.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { lstat, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { errnoOf } from '../errors/lab-error.ts';
import { switchOffFiltersIn } from '../git/filter-settings.ts';
import { runGit, runGitResult } from '../git/run-git.ts';

/** A worktree at one moment, as far as it differs from its commit. */
export interface TreeState {
  /** Full hash of HEAD; null where nothing is committed. */
  head: string | null;
  /** What stands at each path that git calls changed or new: a hash of the content, "" where there is nothing. */
  changed: Map<string, string>;
}

/** Reads the state of the worktree whose top is `directory`. Throws LabError where git cannot read it. */
export async function readTreeState(directory: string): Promise<TreeState> {
  const head = await runGitResult(directory, ['rev-parse', '--verify', '--quiet', 'HEAD']);
  const changed = new Map<string, string>();
  for (const path of await listChangedPaths(directory)) changed.set(path, await fingerprint(join(directory, path)));
  return { head: head.exitCode === 0 ? head.stdout.toString('utf8').trim() : null, changed };
}

/**
 * Paths below `directory` (a worktree's top) that changed since `before` was read, sorted; without `before`: since its commit.
 * Throws LabError where git cannot read the worktree.
 */
export async function listTreeChanges(directory: string, before?: TreeState): Promise<string[]> {
  const after = await readTreeState(directory);
  if (before === undefined) return [...after.changed.keys()].sort();
  const paths = new Set([...before.changed.keys(), ...after.changed.keys()]);
  if (after.head !== null && after.head !== before.head) {
    for (const path of await listCommitted(directory, before.head, after.head)) paths.add(path);
  }
  const found: string[] = [];
  for (const path of paths) {
    const stood = before.changed.get(path);
    // What git did not call changed was as committed, so that its being listed now is the change.
    if (stood === undefined || stood !== (await fingerprint(join(directory, path)))) found.push(path);
  }
  return found.sort();
}

async function listChangedPaths(directory: string): Promise<string[]> {
  const options = ['--porcelain=v1', '-z', '--untracked-files=all', '--ignored=no', '--no-renames'];
  // Whatever a person's settings say of submodules.
  options.push('--ignore-submodules=none');
  const { config } = await switchOffFiltersIn(directory);
  const text = await runGit(directory, ['status', ...options], { config });
  return text
    .split('\0')
    .filter((entry) => entry !== '')
    .map((entry) => entry.slice(3));
}

async function listCommitted(directory: string, from: string | null, to: string): Promise<string[]> {
  const text =
    from === null
      ? await runGit(directory, ['ls-tree', '-r', '-z', '--name-only', to])
      : await runGit(directory, ['diff-tree', '-r', '-z', '--name-only', '--no-renames', from, to]);
  return text.split('\0').filter((path) => path !== '');
}

/** A text that differs where kind, mode or content differ; "" for nothing there. */
async function fingerprint(path: string): Promise<string> {
  try {
    const found = await lstat(path);
    if (found.isSymbolicLink()) return `link ${await readlink(path)}`;
    // A folder is listed where it is a repository of its own.
    if (!found.isFile()) return found.isDirectory() ? 'folder' : 'special';
    const hash = createHash('sha256');
    await pipeline(createReadStream(path), hash);
    return `${(found.mode & 0o111) === 0 ? 'file' : 'program'} ${hash.digest('hex')}`;
  } catch (error) {
    const code = errnoOf(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return '';
    if (code === 'EACCES') return 'unreadable';
    throw error;
  }
}
