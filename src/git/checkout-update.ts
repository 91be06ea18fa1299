/**
 * Keeps a checkout in step after the lab moved its branch: index entries and files of the lab's own paths, and only where
 * they are what the branch held before. Whatever the user staged or saved stays. Also mends what a crash left half done.
 */
import { chmod, lstat, mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { errnoOf, messageOf } from '../errors/lab-error.ts';
import { type Checkout, createIndexLock, findOperation, nextIndexName } from './checkout-state.ts';
import { readTreeEntry } from './repository.ts';
import { labIdentity, runGit, runGitBytes, runGitResult } from './run-git.ts';
import { copyIndex } from './temporary-index.ts';

/** One path that the branch moved: what may be replaced, and by what. */
export interface PathMove {
  /** Relative to the root, with slashes. */
  path: string;
  /** Blobs that may be replaced; null stands for "not there". */
  from: (string | null)[];
  /** Blob that the branch holds now. */
  to: string;
  mode: string;
}

/** What became of the files of a checkout. */
export interface CheckoutUpdate {
  /** Paths whose file has the branch's content now. */
  updated: string[];
  /** Paths whose file has something else in it, the user's, and was not touched. */
  left: string[];
  /** One sentence for each file that should have been written and could not be. */
  problems: string[];
}

/** The blob that the working file would be committed as (autocrlf and filters applied); null where it is missing, `other` where it is no plain file. */
async function hashWorkingFile(checkout: Checkout, path: string): Promise<string | null | 'other'> {
  try {
    if (!(await lstat(join(checkout.path, path))).isFile()) return 'other';
  } catch (error) {
    const code = errnoOf(error);
    if (code === 'ENOENT') return null;
    return 'other';
  }
  const result = await runGitResult(checkout.path, ['hash-object', '--', path]);
  return result.exitCode === 0 ? result.stdout.toString('utf8').trim() : 'other';
}

/** The blob in the index; null where the path is not in it, `other` where it is unmerged or only announced. */
async function readIndexEntry(checkout: Checkout, path: string): Promise<string | null | 'other'> {
  const records = (await runGit(checkout.path, ['ls-files', '--stage', '-z', '--', path]))
    .split('\0')
    .filter((record) => record !== '');
  const [first] = records;
  if (first === undefined) return null;
  const found = /^\d+ ([0-9a-f]+) (\d)\t/.exec(first);
  return records.length === 1 && found?.[2] === '0' ? (found[1] ?? 'other') : 'other';
}

/** Replaces a file in one step with the branch's content, converted as git would on checkout. Keeps its mode; a file made read-only is refused. */
async function writeWorkingFile(checkout: Checkout, move: PathMove): Promise<void> {
  const target = join(checkout.path, move.path);
  const data = await runGitBytes(checkout.path, ['cat-file', '--filters', `--path=${move.path}`, move.to]);
  let mode: number | null = null;
  try {
    mode = (await lstat(target)).mode & 0o7777;
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
    await mkdir(dirname(target), { recursive: true });
  }
  // A rename would go through, but whoever took the write bits away meant it.
  if (mode !== null && (mode & 0o222) === 0) throw new Error('it is read-only');
  const slash = target.lastIndexOf('/');
  // One fixed name: what a crash leaves is taken over by the next write and never piles up.
  const temporary = `${target.slice(0, slash + 1)}.${target.slice(slash + 1)}.nightlab-tmp`;
  try {
    const file = await open(temporary, 'w', move.mode === '100755' ? 0o777 : 0o666);
    try {
      await file.writeFile(data);
      await file.sync();
    } finally {
      await file.close();
    }
    if (mode !== null) await chmod(temporary, mode);
    await rename(temporary, target);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/** Writes the files that may be written. The caller holds the index lock and has moved the branch. */
async function updateFiles(checkout: Checkout, moves: PathMove[]): Promise<CheckoutUpdate> {
  const update: CheckoutUpdate = { updated: [], left: [], problems: [] };
  for (const move of moves) {
    const content = await hashWorkingFile(checkout, move.path);
    if (content === move.to) {
      update.updated.push(move.path);
      continue;
    }
    if (content === 'other' || !move.from.includes(content)) {
      update.left.push(move.path);
      continue;
    }
    try {
      await writeWorkingFile(checkout, move);
      update.updated.push(move.path);
    } catch (error) {
      update.left.push(move.path);
      update.problems.push(
        `${move.path} in ${checkout.path} could not be written: ${messageOf(error)}; the commit on the branch has its new lines`,
      );
    }
  }
  return update;
}

/**
 * Brings index and files of a checkout in step, with the index lock held by the caller. `moveBranch` is called once the
 * new index is ready and before anything of the checkout changes; where it gives false, nothing changes and the answer is null.
 */
export async function updateCheckout(
  checkout: Checkout,
  moves: PathMove[],
  moveBranch: () => Promise<boolean>,
): Promise<CheckoutUpdate | null> {
  const userIndex = join(checkout.gitDirectory, 'index');
  const nextIndex = join(checkout.gitDirectory, nextIndexName(process.pid));
  const env = { GIT_INDEX_FILE: nextIndex };
  try {
    // Without an index git takes every file as deleted; an index of our few entries alone would make that the user's staging.
    const hasIndex = await copyIndex(userIndex, nextIndex);
    const entries: string[] = [];
    for (const move of hasIndex ? moves : []) {
      const entry = await readIndexEntry(checkout, move.path);
      if (entry !== 'other' && entry !== move.to && move.from.includes(entry))
        entries.push(`${move.mode} ${move.to} 0\t${move.path}\0`);
    }
    if (entries.length > 0)
      await runGit(checkout.path, ['update-index', '-z', '--index-info'], { env, input: entries.join('') });
    if (!(await moveBranch())) return null;
    const update = await updateFiles(checkout, moves);
    if (entries.length > 0) {
      // Takes over times and sizes of the new files, so that plumbing (prompts, editors) sees a clean tree. Exit code 1 only
      // says that the user has changes.
      await runGitResult(checkout.path, ['update-index', '-q', '--refresh'], { env });
      await rename(nextIndex, userIndex);
    }
    return update;
  } finally {
    await rm(nextIndex, { force: true });
    await rm(`${nextIndex}.lock`, { force: true });
  }
}

/** Blobs that the newest commits of the branch, as far as the lab made them, replaced at these paths. */
async function listReplacedBlobs(
  root: string,
  branch: string,
  paths: string[],
): Promise<Map<string, (string | null)[]>> {
  const format = '--format=%x01%ce';
  const range = [
    '--first-parent',
    '-m',
    '-n',
    '50',
    '--raw',
    '-z',
    '--no-abbrev',
    '--no-renames',
    format,
    `refs/heads/${branch}`,
  ];
  const text = await runGit(root, ['log', ...range, '--', ...paths]);
  const replaced = new Map<string, (string | null)[]>();
  for (const commit of text.split('\x01').slice(1)) {
    // Further back lies what the user made: an old content there may be their own going back.
    if (!commit.startsWith(labIdentity.email)) break;
    for (const found of commit.matchAll(/:\d+ \d+ ([0-9a-f]+) [0-9a-f]+ \w\d*\0([^\0]+)\0/g)) {
      const [, hash = '', path = ''] = found;
      replaced.set(path, [...(replaced.get(path) ?? []), /^0+$/.test(hash) ? null : hash]);
    }
  }
  return replaced;
}

/**
 * Ends what a crash left between the move of the branch and the update of the checkout: where index or file of a path
 * still hold what the lab's own newest commits replaced, they get the branch's content. Gives the paths it updated. Does
 * nothing while git is at work there.
 */
export async function mendCheckout(
  root: string,
  branch: string,
  paths: string[],
  checkouts: Checkout[],
): Promise<string[]> {
  if (checkouts.length === 0 || paths.length === 0) return [];
  const replaced = await listReplacedBlobs(root, branch, paths);
  const moves: PathMove[] = [];
  for (const path of paths) {
    const from = replaced.get(path);
    const entry = from === undefined ? null : await readTreeEntry(root, `refs/heads/${branch}`, path);
    if (from !== undefined && entry?.type === 'blob') moves.push({ path, from, to: entry.hash, mode: entry.mode });
  }
  const mended = new Set<string>();
  for (const checkout of checkouts) {
    const stale: PathMove[] = [];
    for (const move of moves) {
      const entry = await readIndexEntry(checkout, move.path);
      const content = await hashWorkingFile(checkout, move.path);
      const isOld = (blob: string | null): boolean => blob !== move.to && move.from.includes(blob);
      // A deleted file is the user's doing unless the index does not know it either.
      const isDeletion = content === null && entry !== null;
      if (
        (isOld(entry) && (content === move.to || isOld(content))) ||
        (entry === move.to && isOld(content) && !isDeletion)
      )
        stale.push(move);
    }
    if (stale.length === 0 || findOperation(checkout) !== null) continue;
    const lock = await createIndexLock(checkout);
    if ('reason' in lock) continue;
    try {
      const update = await updateCheckout(checkout, stale, async () => true);
      for (const path of update?.updated ?? []) mended.add(path);
    } finally {
      lock.release();
    }
  }
  return [...mended];
}
