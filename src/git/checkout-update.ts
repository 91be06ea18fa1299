/**
 * Keeps a checkout in step after the lab moved its branch: index entries and files of the lab's own paths, and only where
 * they are what the branch held before. Whatever the user staged or saved stays. What a crash left half done is mended in
 * checkout-mend.ts.
 */
import { chmod, lstat, mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { errnoOf, messageOf } from '../errors/lab-error.ts';
import { type Checkout, nextIndexName } from './checkout-state.ts';
import { formatIndexRecord, type PathMove } from './path-move.ts';
import { removePendingUpdate, writePendingUpdate } from './pending-update.ts';
import { runGit, runGitBytes, runGitResult } from './run-git.ts';
import { copyIndex } from './temporary-index.ts';

/** What became of the files of a checkout. */
export interface CheckoutUpdate {
  /** Paths whose file has the branch's content now. */
  updated: string[];
  /** Paths whose file has something else in it, the user's, and was not touched. */
  left: string[];
  /** One sentence for each file that should have been written or removed and could not be. */
  problems: string[];
}

/** What the working file would be committed as (autocrlf and filters applied): its blob; null where it is missing, `other` where it is no plain file in plain folders. */
export async function hashWorkingFile(checkout: Checkout, path: string): Promise<string | null | 'other'> {
  const parts = path.split('/');
  try {
    // As for git: what lies behind a link is not in this checkout.
    for (let depth = 1; depth < parts.length; depth += 1) {
      if (!(await lstat(join(checkout.path, ...parts.slice(0, depth)))).isDirectory()) return 'other';
    }
    if (!(await lstat(join(checkout.path, path))).isFile()) return 'other';
  } catch (error) {
    const code = errnoOf(error);
    if (code === 'ENOENT') return null;
    return 'other';
  }
  const result = await runGitResult(checkout.path, ['hash-object', '--', path]);
  return result.exitCode === 0 ? result.stdout.toString('utf8').trim() : 'other';
}

/** The blob in the index; null where the path is not in it, `other` where it is unmerged, only announced, or a folder. */
export async function readIndexEntry(checkout: Checkout, path: string): Promise<string | null | 'other'> {
  const records = (await runGit(checkout.path, ['ls-files', '--stage', '-z', '--', path]))
    .split('\0')
    .filter((record) => record !== '');
  const [first] = records;
  if (first === undefined) return null;
  const found = /^\d+ ([0-9a-f]+) (\d)\t([\s\S]*)$/.exec(first);
  return records.length === 1 && found?.[2] === '0' && found[3] === path ? (found[1] ?? 'other') : 'other';
}

/** Whether the index has another mode than the branch's new one, though the same content. */
async function hasOtherMode(checkout: Checkout, { path, mode }: PathMove): Promise<boolean> {
  const record = await runGit(checkout.path, ['ls-files', '--stage', '-z', '--', path]);
  return record !== '' && !record.startsWith(`${mode} `);
}

/** Replaces a file in one step with the branch's content, converted as git would on checkout. Keeps its mode; a file made read-only is refused. */
async function writeWorkingFile(checkout: Checkout, move: PathMove & { to: string }): Promise<void> {
  const target = join(checkout.path, move.path);
  const data = await runGitBytes(checkout.path, ['cat-file', '--filters', `--path=${move.path}`, move.to]);
  let mode: number | null = null;
  try {
    mode = (await lstat(target)).mode & 0o7777;
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
    await mkdir(dirname(target), { recursive: true });
  }
  if (mode !== null) ensureWritable(mode);
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

/** A rename or an unlink would go through, but whoever took the write bits away meant it. */
function ensureWritable(mode: number): void {
  if ((mode & 0o222) === 0) throw new Error('it is read-only');
}

/** Takes a file away; its folder stays, empty as it may be. A file made read-only is refused. */
async function removeWorkingFile(checkout: Checkout, path: string): Promise<void> {
  const target = join(checkout.path, path);
  ensureWritable((await lstat(target)).mode);
  await rm(target);
}

/** Writes the files that may be written, and takes away those that may go. The caller holds the index lock and has moved the branch. */
async function updateFiles(checkout: Checkout, moves: PathMove[]): Promise<CheckoutUpdate> {
  const update: CheckoutUpdate = { updated: [], left: [], problems: [] };
  for (const move of moves) {
    const content = await hashWorkingFile(checkout, move.path);
    if (content === move.to) {
      update.updated.push(move.path);
      continue;
    }
    if (content === 'other' || move.isFromCheckout === true || !move.from.includes(content)) {
      update.left.push(move.path);
      continue;
    }
    try {
      if (move.to === null) await removeWorkingFile(checkout, move.path);
      else await writeWorkingFile(checkout, { ...move, to: move.to });
      update.updated.push(move.path);
    } catch (error) {
      update.left.push(move.path);
      const [done, holds] =
        move.to === null
          ? ['removed', 'the branch has it no more']
          : ['written', 'the commit on the branch has its new lines'];
      update.problems.push(`${move.path} in ${checkout.path} could not be ${done}: ${messageOf(error)}; ${holds}`);
    }
  }
  return update;
}

/**
 * Brings index and files of a checkout in step, with the index lock held by the caller. `moveBranch` is called once the
 * new index is ready and before anything of the checkout changes; where it gives false, nothing changes and the answer is
 * null. `commit` is what the branch gets, noted for whoever has to mend a crash; null: the branch is there already.
 */
export async function updateCheckout(
  checkout: Checkout,
  moves: PathMove[],
  commit: string | null,
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
      const isKnown = entry !== 'other' && move.from.includes(entry);
      const isStale =
        entry !== move.to || (move.isFromCheckout === true && move.to !== null && (await hasOtherMode(checkout, move)));
      if (isKnown && isStale) entries.push(formatIndexRecord(move));
    }
    if (entries.length > 0)
      await runGit(checkout.path, ['update-index', '-z', '--index-info'], { env, input: entries.join('') });
    if (commit !== null) writePendingUpdate(checkout, { commit, moves });
    if (!(await moveBranch())) {
      if (commit !== null) removePendingUpdate(checkout);
      return null;
    }
    const update = await updateFiles(checkout, moves);
    if (entries.length > 0) {
      // Takes over times and sizes of the new files, so that plumbing (prompts, editors) sees a clean tree. Exit code 1 only
      // says that the user has changes.
      await runGitResult(checkout.path, ['update-index', '-q', '--refresh'], { env });
      await rename(nextIndex, userIndex);
    }
    // Not where something was thrown: the note then tells the next call what is left to do.
    if (commit !== null) removePendingUpdate(checkout);
    return update;
  } finally {
    await rm(nextIndex, { force: true });
    await rm(`${nextIndex}.lock`, { force: true });
  }
}
