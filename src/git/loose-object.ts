/**
 * Commits and trees read straight from `.git/objects`, without a git process: what the lab has just committed lies loose there. Each is checked
 * against its own name, so that what is given is what git would give; anything else (packed, damaged, large) is null, and git is asked.
 */
import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { inflateSync } from 'node:zlib';
import { isFullHash } from './content-memory.ts';

const mostStoredBytes = 1024 * 1024;
const mostBytes = 16 * 1024 * 1024;

/** One entry of a tree, as git stores it. */
export interface StoredEntry {
  name: string;
  /** As `git ls-tree` writes it: "100644", "040000" for a folder. */
  mode: string;
  hash: string;
}

/** Tree and parents of a commit; null where it does not lie loose in the repository whose main checkout is `root`. */
export function readLooseCommit(root: string, hash: string): { tree: string; parents: string[] } | null {
  const text = readLoose(root, hash, 'commit')?.toString('latin1');
  const [header = ''] = text?.split('\n\n', 1) ?? [];
  const [first = '', ...lines] = header.split('\n');
  const tree = /^tree ([0-9a-f]+)$/.exec(first)?.[1];
  if (tree === undefined) return null;
  const parents: string[] = [];
  // Parents follow the tree, and nothing called a parent follows them.
  for (const line of lines) {
    const parent = /^parent ([0-9a-f]+)$/.exec(line)?.[1];
    if (parent === undefined) break;
    parents.push(parent);
  }
  return { tree, parents };
}

/** The entries of a tree in git's order; null where it does not lie loose. */
export function readLooseTree(root: string, hash: string): StoredEntry[] | null {
  const content = readLoose(root, hash, 'tree');
  if (content === null) return null;
  const entries: StoredEntry[] = [];
  const hashBytes = hash.length / 2;
  for (let at = 0; at < content.length; ) {
    const space = content.indexOf(32, at);
    const end = content.indexOf(0, space);
    if (space === -1 || end === -1) return null;
    entries.push({
      mode: content.toString('latin1', at, space).padStart(6, '0'),
      name: content.toString('utf8', space + 1, end),
      hash: content.toString('hex', end + 1, end + 1 + hashBytes),
    });
    at = end + 1 + hashBytes;
  }
  return entries;
}

function readLoose(root: string, hash: string, type: 'commit' | 'tree'): Buffer | null {
  if (!isFullHash(hash)) return null;
  const path = join(root, '.git', 'objects', hash.slice(0, 2), hash.slice(2));
  try {
    const found = statSync(path, { throwIfNoEntry: false });
    if (found === undefined || found.size > mostStoredBytes) return null;
    const whole = inflateSync(readFileSync(path), { maxOutputLength: mostBytes });
    const algorithm = hash.length === 64 ? 'sha256' : 'sha1';
    if (createHash(algorithm).update(whole).digest('hex') !== hash) return null;
    const start = whole.indexOf(0);
    return whole.toString('latin1', 0, start).startsWith(`${type} `) ? whole.subarray(start + 1) : null;
  } catch {
    // Whatever is wrong with it, git is asked next and says it.
    return null;
  }
}
