/**
 * Which entries a commit, or the staged index, changes: path, modes and blobs before and after, nothing more. Cheap enough for a hook.
 * Line counts and sizes are diff-facts.ts; what is allowed is the rules' to say.
 */
import { resolve } from 'node:path';
import { runGit, runGitBytes, runGitResult } from './run-git.ts';

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

/** What differs between two commits. Throws LabError where one is unknown. */
export async function readTreeChanges(root: string, base: string, commit: string): Promise<TreeChange[]> {
  return parseRaw(await runGitBytes(root, ['diff-tree', ...rawOptions, '--end-of-options', base, commit]));
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
