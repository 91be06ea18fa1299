/**
 * Ends what a crash left between the move of the branch and the update of a checkout. A note of the interrupted update says exactly what
 * is left to do; without one (a file that could not be written) the lab's own newest commits tell which content is old.
 */
import { type Checkout, createIndexLock, findOperation } from './checkout-state.ts';
import { hashWorkingFile, readIndexEntry, updateCheckout } from './checkout-update.ts';
import type { PathMove } from './path-move.ts';
import { hasPendingUpdate, readPendingUpdate, removePendingUpdate } from './pending-update.ts';
import { readTreeEntry } from './repository.ts';
import { labIdentity, runGit, runGitResult } from './run-git.ts';

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

/** Ends the update that a checkout's note tells of, and takes the note away; gives the paths it updated. Nothing while git is at work there. */
async function endPendingUpdate(root: string, branch: string, checkout: Checkout): Promise<string[]> {
  if (!hasPendingUpdate(checkout) || findOperation(checkout) !== null) return [];
  const lock = await createIndexLock(checkout);
  if ('reason' in lock) return [];
  try {
    // Read under the lock: the note of a living process is gone by now.
    const pending = readPendingUpdate(checkout);
    const updated: string[] = [];
    const range = ['merge-base', '--is-ancestor', pending?.commit ?? '', `refs/heads/${branch}`];
    // Without the commit on the branch nothing was moved, and the files are what they are to be.
    if (pending !== null && (await runGitResult(root, range)).exitCode === 0) {
      const moves: PathMove[] = [];
      for (const move of pending.moves) {
        const entry = await readTreeEntry(root, `refs/heads/${branch}`, move.path);
        if ((entry?.hash ?? null) === move.to) moves.push(move);
      }
      const update = await updateCheckout(checkout, moves, null, async () => true);
      updated.push(...(update?.updated ?? []));
    }
    removePendingUpdate(checkout);
    return updated;
  } finally {
    lock.release();
  }
}

/**
 * Ends the update that a note tells of; then, where index or file of one of these paths still hold what the lab's own newest
 * commits replaced, they get the branch's content. Gives the paths it updated. Does nothing while git is at work there.
 */
export async function mendCheckout(
  root: string,
  branch: string,
  paths: string[],
  checkouts: Checkout[],
): Promise<string[]> {
  const mended = new Set<string>();
  for (const checkout of checkouts) for (const path of await endPendingUpdate(root, branch, checkout)) mended.add(path);
  if (checkouts.length === 0 || paths.length === 0) return [...mended];
  const replaced = await listReplacedBlobs(root, branch, paths);
  const moves: PathMove[] = [];
  for (const path of paths) {
    const from = replaced.get(path);
    const entry = from === undefined ? null : await readTreeEntry(root, `refs/heads/${branch}`, path);
    // Not where the file is gone from the branch: a person may have put it back, and history cannot tell that from a crash.
    const [before, ...others] = from ?? [];
    if (before !== undefined && entry?.type === 'blob')
      moves.push({ path, from: [before, ...others], to: entry.hash, mode: entry.mode });
  }
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
      const update = await updateCheckout(checkout, stale, null, async () => true);
      for (const path of update?.updated ?? []) mended.add(path);
    } finally {
      lock.release();
    }
  }
  return [...mended];
}
