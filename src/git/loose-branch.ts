/**
 * The commit of a branch, read from its file without a git process. Only where the file is all that git would look at; else null, and git
 * is asked. Covers local branches, no other ref.
 */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf } from '../errors/lab-error.ts';
import { isFullHash } from './content-memory.ts';
import { readText } from './ref-stamp.ts';

// From this much on, git's own sorted lookup is faster than reading all of it.
const mostPackedBytes = 256 * 1024;

/**
 * Full hash of the commit that a branch ("main") or its full name ("refs/heads/main") names in the repository whose main checkout is
 * `root`. Null where that takes more than one file to tell: packed or symbolic, in another store than files, `root` is a linked worktree, the
 * name is written in another way, or a tag or another ref of that name comes first for git.
 */
export function readLooseBranch(root: string, revision: string): string | null {
  const gitFolder = join(root, '.git');
  const name = revision.startsWith('refs/heads/') ? revision.slice('refs/heads/'.length) : revision;
  if (!/^\w[\w-]*(?:[./]\w[\w-]*)*$/.test(name) || isFullHash(name)) return null;
  // A file in a linked worktree and in a submodule: their branches lie elsewhere.
  if (statSync(gitFolder, { throwIfNoEntry: false })?.isDirectory() !== true) return null;
  if (name === revision && hasOtherMeaning(gitFolder, name)) return null;
  const text = readText(join(gitFolder, 'refs', 'heads', name))?.replace(/\n$/, '') ?? '';
  return isFullHash(text) ? text : null;
}

/** Whether something stands before the branch in the order in which git looks a short name up. */
function hasOtherMeaning(gitFolder: string, name: string): boolean {
  const places = [name, `refs/${name}`, `refs/tags/${name}`];
  if (places.some((place) => isThere(join(gitFolder, place)))) return true;
  const packed = join(gitFolder, 'packed-refs');
  const size = statSync(packed, { throwIfNoEntry: false })?.size ?? 0;
  if (size > mostPackedBytes) return true;
  const text = size === 0 ? '' : (readText(packed) ?? '');
  return places.some((place) => text.includes(` ${place}\n`));
}

function isThere(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch (error) {
    if (errnoOf(error) === 'ENOTDIR') return false;
    throw error;
  }
}
