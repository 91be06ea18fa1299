/** Questions to a git repository: what its main branch is called, what a revision holds. Reads only; where a repository lies is config's. */
import { LabError } from '../errors/lab-error.ts';
import { createGitError, runGit, runGitBytes, runGitResult } from './run-git.ts';

/** One path that differs between two commits. A rename is a deleted and an added path. */
export interface ChangedPath {
  /** Relative to the repository root, with slashes. */
  path: string;
  change: 'added' | 'modified' | 'deleted';
}

/** Full hash of the commit that `rev` names; null where there is none. */
export async function findCommit(root: string, rev: string): Promise<string | null> {
  const args = ['rev-parse', '--verify', '--quiet', '--end-of-options', `${rev}^{commit}`];
  const result = await runGitResult(root, args);
  if (result.exitCode === 0) return result.stdout.toString('utf8').trim();
  // With --quiet a missing revision says nothing or that it needs a single one; anything else is a broken repository.
  if (/not a git repository|dubious ownership|bad config/.test(result.stderr)) throw createGitError(root, args, result);
  return null;
}

/** Full hash of the commit that `rev` names. Throws LabError where there is none. */
export async function resolveCommit(root: string, rev: string): Promise<string> {
  const commit = await findCommit(root, rev);
  if (commit !== null) return commit;
  throw new LabError('user', `'${rev}' names no commit in ${root}; expected a branch, a tag or a hash`, {
    hints: ['git log --oneline --all    lists the commits'],
  });
}

async function listLocalBranches(root: string): Promise<string[]> {
  const text = await runGit(root, ['for-each-ref', '--format=%(refname)', 'refs/heads/']);
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.slice('refs/heads/'.length));
}

async function readSymbolicRef(root: string, name: string): Promise<string | null> {
  const result = await runGitResult(root, ['symbolic-ref', '--quiet', name]);
  return result.exitCode === 0 ? result.stdout.toString('utf8').trim() : null;
}

/**
 * The name of the main branch: the configured one, else what origin calls its head, else main, master or trunk, else the
 * only branch there is, else the one checked out in the root. Throws LabError where the configured branch does not exist
 * or nothing can be told.
 */
export async function resolveMainBranch(root: string, configured: string | null): Promise<string> {
  const branches = await listLocalBranches(root);
  const head = (await readSymbolicRef(root, 'HEAD'))?.replace(/^refs\/heads\//, '') ?? null;
  if (configured !== null) {
    if (branches.includes(configured) || head === configured) return configured;
    throw new LabError('config', `lab.yaml names '${configured}' as the main branch, and ${root} has no such branch`, {
      hints: [`git branch    lists them: ${branches.slice(0, 8).join(', ') || 'none yet'}`],
    });
  }
  const remote = (await readSymbolicRef(root, 'refs/remotes/origin/HEAD'))?.replace(/^refs\/remotes\/origin\//, '');
  for (const candidate of [remote, 'main', 'master', 'trunk']) {
    if (candidate !== undefined && branches.includes(candidate)) return candidate;
  }
  const [only] = branches;
  if (only !== undefined && branches.length === 1) return only;
  if (head !== null) return head;
  throw new LabError(
    'config',
    `cannot tell the main branch of ${root}: HEAD is detached, and none is called main, master or trunk`,
    {
      hints: ['name it in lab.yaml: `main: <name>`'],
    },
  );
}

/** What a tree entry is: mode as git writes it ("100644"), type and hash. */
export interface TreeEntry {
  mode: string;
  type: 'blob' | 'tree' | 'commit';
  hash: string;
}

/** The entry of a path in a revision; null where the path is not in it. Throws LabError where the revision is unknown. */
export async function readTreeEntry(root: string, rev: string, path: string): Promise<TreeEntry | null> {
  const text = await runGit(root, ['ls-tree', '-z', '--full-tree', rev, '--', path]);
  for (const record of text.split('\0')) {
    const found = /^(\d+) (blob|tree|commit) ([0-9a-f]+)\t([\s\S]*)$/.exec(record);
    if (found?.[1] === undefined || found[3] === undefined || found[4] !== path) continue;
    return { mode: found[1], type: found[2] as TreeEntry['type'], hash: found[3] };
  }
  return null;
}

/**
 * Content of a file in a revision, unconverted; of a symbolic link its target. Null where the path is not a file in it.
 * Throws LabError where the revision is unknown.
 */
export async function readBlob(root: string, rev: string, path: string): Promise<Buffer | null> {
  const entry = await readTreeEntry(root, rev, path);
  return entry?.type === 'blob' ? await runGitBytes(root, ['cat-file', 'blob', entry.hash]) : null;
}

/** Paths that differ between two commits, sorted as git sorts. Throws LabError where one is unknown. */
export async function listChangedPaths(root: string, base: string, commit: string): Promise<ChangedPath[]> {
  const args = ['diff-tree', '-r', '-z', '--no-renames', '--name-status', '--ignore-submodules=none', base, commit];
  const fields = (await runGit(root, args)).split('\0');
  const changed: ChangedPath[] = [];
  for (let index = 0; index + 1 < fields.length; index += 2) {
    const status = fields[index];
    const path = fields[index + 1] ?? '';
    changed.push({ path, change: status === 'A' ? 'added' : status === 'D' ? 'deleted' : 'modified' });
  }
  return changed;
}

/** The best common ancestor of two commits; null where their histories never meet. Throws LabError where one is unknown. */
export async function mergeBase(root: string, left: string, right: string): Promise<string | null> {
  const args = ['merge-base', left, right];
  const result = await runGitResult(root, args);
  if (result.exitCode === 0) return result.stdout.toString('utf8').trim();
  if (result.exitCode === 1) return null;
  throw createGitError(root, args, result);
}
