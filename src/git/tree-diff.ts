/**
 * Which entries a commit, or the staged index, changes: path, modes and blobs before and after, nothing more. Cheap enough for a hook.
 * Line counts and sizes are diff-facts.ts; what is allowed is the rules' to say.
 */
import { resolve } from 'node:path';
import { createContentMemory, isFullHash } from './content-memory.ts';
import { readLooseCommit } from './loose-object.ts';
import { runGit, runGitBytes, runGitResult } from './run-git.ts';
import { findTree, folderMode, looseBudget } from './tree-listing.ts';

/** One changed entry. A rename is a deleted and an added one. */
export interface TreeChange {
  /** Relative to the repository root, with slashes. */
  path: string;
  /** Git's file mode before, "100644"; null for an added entry. */
  oldMode: string | null;
  /** Git's file mode after; null for a deleted entry. */
  newMode: string | null;
  /** Hash before; null for an added entry. */
  oldBlob: string | null;
  /** Hash after; null for a deleted entry. */
  newBlob: string | null;
}

const rawOptions = ['-r', '-z', '--raw', '--no-abbrev', '--no-renames', '--ignore-submodules=none'];

function parseRaw(output: Buffer): TreeChange[] {
  const fields = output.toString('utf8').split('\0');
  const changes: TreeChange[] = [];
  for (let index = 0; index + 1 < fields.length; index += 2) {
    const [oldMode = '', newMode = '', oldBlob = '', newBlob = ''] = (fields[index] ?? '').slice(1).split(' ');
    const orNull = (mode: string, value: string) => (mode === '000000' ? null : value);
    changes.push({
      path: fields[index + 1] ?? '',
      oldMode: orNull(oldMode, oldMode),
      newMode: orNull(newMode, newMode),
      oldBlob: orNull(oldMode, oldBlob),
      newBlob: orNull(newMode, newBlob),
    });
  }
  return changes;
}

/**
 * What the index of the checkout around `cwd` changes against HEAD. `indexFile` is git's GIT_INDEX_FILE where a hook was given one:
 * `git commit -a` and `git commit -- path` stage into an index of their own. Throws LabError where HEAD has no commit.
 */
export async function readStagedChanges(cwd: string, indexFile: string | null): Promise<TreeChange[]> {
  const env = indexFile === null ? {} : { GIT_INDEX_FILE: resolve(cwd, indexFile) };
  return parseRaw(await runGitBytes(cwd, ['diff-index', '--cached', ...rawOptions, 'HEAD', '--'], { env }));
}

const knownChanges = createContentMemory<readonly TreeChange[]>(20_000, (changes) => changes.length + 1);

/** What differs between two commits; remembered where both are full hashes. Throws LabError where one is unknown. */
export async function readTreeChanges(root: string, base: string, commit: string): Promise<TreeChange[]> {
  const read = async () =>
    compareLoose(root, base, commit) ??
    parseRaw(await runGitBytes(root, ['diff-tree', ...rawOptions, '--end-of-options', base, commit]));
  if (!isFullHash(base) || !isFullHash(commit)) return await read();
  return [...(await knownChanges.recall(JSON.stringify([root, base, commit]), read))];
}

/** The same where all that is needed lies loose or is known: the commits of a snapshot or a result do. Null where git has to be asked. */
function compareLoose(root: string, base: string, commit: string): TreeChange[] | null {
  const [before, after] = [readLooseCommit(root, base)?.tree, readLooseCommit(root, commit)?.tree];
  if (before === undefined || after === undefined) return null;
  const changes: TreeChange[] = [];
  const budget = looseBudget();
  // A folder that is a file on the other side counts there as an empty one.
  const compare = (oldTree: string | null, newTree: string | null, prefix: string): boolean => {
    if (oldTree === newTree) return true;
    const old = oldTree === null ? [] : findTree(root, oldTree, budget);
    const fresh = newTree === null ? [] : findTree(root, newTree, budget);
    if (old === null || fresh === null) return false;
    const olds = new Map(old.map((entry) => [entry.name, entry]));
    const news = new Map(fresh.map((entry) => [entry.name, entry]));
    return [...new Set([...olds.keys(), ...news.keys()])].every((name) => {
      const sides = [olds.get(name), news.get(name)];
      const [oldFile, newFile] = sides.map((side) => (side?.mode === folderMode ? undefined : side));
      const [oldFolder, newFolder] = sides.map((side) => (side?.mode === folderMode ? side.hash : null));
      if (oldFile?.hash !== newFile?.hash || oldFile?.mode !== newFile?.mode)
        changes.push({
          path: `${prefix}${name}`,
          oldMode: oldFile?.mode ?? null,
          newMode: newFile?.mode ?? null,
          oldBlob: oldFile?.hash ?? null,
          newBlob: newFile?.hash ?? null,
        });
      return compare(oldFolder ?? null, newFolder ?? null, `${prefix}${name}/`);
    });
  };
  if (!compare(before, after, '')) return null;
  return changes
    .map((change) => ({ change, bytes: Buffer.from(change.path) }))
    .sort((a, b) => Buffer.compare(a.bytes, b.bytes))
    .map(({ change }) => change);
}

/** A commit with its parents, the first one first. */
export interface CommitWithParents {
  hash: string;
  parents: string[];
}

/**
 * Commits that git's revision words select ("A..B", or "B", "--not", "--remotes=origin"), the oldest first. Throws LabError where a
 * revision is unknown.
 */
export async function listCommits(root: string, words: readonly string[]): Promise<CommitWithParents[]> {
  const text = await runGit(root, ['rev-list', '--topo-order', '--reverse', '--parents', ...words, '--']);
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [hash = '', ...parents] = line.split(' ');
      return { hash, parents };
    });
}

/** Whether any commit that `revision` reaches had this blob at this path. */
export async function hadBlob(root: string, revision: string, path: string, blob: string): Promise<boolean> {
  const args = ['log', '--format=', '--raw', '--no-abbrev', '--no-renames', '-z', '--end-of-options', revision];
  const result = await runGitResult(root, [...args, '--', path]);
  return result.exitCode === 0 && result.stdout.toString('latin1').includes(` ${blob} `);
}
