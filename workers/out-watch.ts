/**
 * Shows whether files that the scorer reads changed while it read them. A process of the run that got away from everything (own session, empty
 * environment, no sandbox) could write the model anew at that moment. Looks at size, times and inode, hashes nothing; new files are fine.
 * Not seen: a write through a mapping that was made before, as long as the system has not written the page back.
 */
import { type BigIntStats, chmodSync, lstatSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf } from '../src/errors/lab-error.ts';

/** Stamp by path relative to the listed folder. */
export type FileListing = Record<string, string>;

/** Files beyond this many are not watched. */
export const maxWatchedFiles = 100_000;

/**
 * All files below a folder with their stamps, links among them with what they lead to; folders that links lead to are not entered. A folder
 * that its owner may not read is made readable: who can use a file in it need not be able to list it. Empty where there is no folder.
 */
export function listFiles(folder: string, limit = maxWatchedFiles): FileListing {
  const listing: FileListing = {};
  let count = 0;
  const open = [''];
  for (let at = open.pop(); at !== undefined && count < limit; at = open.pop()) {
    for (const entry of readFolder(join(folder, at))) {
      const path = at === '' ? entry.name : `${at}/${entry.name}`;
      if (entry.isDirectory()) {
        open.push(path);
        continue;
      }
      if (count >= limit) break;
      const stamp = stampOf(join(folder, path));
      if (stamp === null) continue;
      listing[path] = stamp;
      count += 1;
    }
  }
  return listing;
}

/** Paths of the listing that are gone or differ now, sorted. */
export function findChanged(folder: string, before: FileListing): string[] {
  return Object.keys(before)
    .filter((path) => stampOf(join(folder, path)) !== before[path])
    .sort();
}

/** Null where there is nothing. */
function stampOf(path: string): string | null {
  const own = lstatSync(path, { bigint: true, throwIfNoEntry: false });
  if (own === undefined) return null;
  if (!own.isSymbolicLink()) return formatStamp(own);
  return `${formatStamp(own)} > ${readTarget(path)}`;
}

function readTarget(path: string): string {
  try {
    return formatStamp(statSync(path, { bigint: true }));
  } catch {
    // A link to nothing, in a circle, or to where we may not look: the same as long as it stays so.
    return 'nothing';
  }
}

function formatStamp({ size, mtimeNs, ctimeNs, ino }: BigIntStats): string {
  return `${size} ${mtimeNs} ${ctimeNs} ${ino}`;
}

function readFolder(folder: string) {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    if (errnoOf(error) !== 'EACCES') throw error;
    chmodSync(folder, 0o700);
    return readdirSync(folder, { withFileTypes: true });
  }
}
