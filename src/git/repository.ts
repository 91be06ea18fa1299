/** Questions to a git repository: what its main branch is called, what a revision holds. Reads only; where a repository lies is config's. */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { LabError } from '../errors/lab-error.ts';
import { createContentMemory, isFullHash } from './content-memory.ts';
import { readLooseBranch } from './loose-branch.ts';
import { readLooseCommit } from './loose-object.ts';
import { createGitError, runGit, runGitBytes, runGitResult } from './run-git.ts';

/** Full hash of the commit that `rev` names; null where there is none. */
export async function findCommit(root: string, rev: string): Promise<string | null> {
  const loose = readLooseBranch(root, rev);
  if (loose !== null) return loose;
  const args = ['rev-parse', '--verify', '--quiet', '--end-of-options', `${rev}^{commit}`];
  const result = await runGitResult(root, args);
  if (result.exitCode === 0) return result.stdout.toString('utf8').trim();
  // With --quiet a missing revision says nothing or that it needs a single one; anything else is a broken repository.
  if (/not a git repository|dubious ownership|bad config/.test(result.stderr)) throw createGitError(root, args, result);
  return null;
}

/**
 * What `rev` names now, so that several questions are about one state: a full hash as it is, the commit of a branch or tag; `rev` itself where
 * it names no commit, for git to say so.
 */
export async function pinCommit(root: string, rev: string): Promise<string> {
  return isFullHash(rev) ? rev : ((await findCommit(root, rev)) ?? rev);
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

const knownBases = createContentMemory<string | null>(4096, () => 1);
// Main moves by a commit or two with every result.
const mostSteps = 32;

/**
 * The best common ancestor of two commits; null where their histories never meet. Remembered where both are full hashes. Throws LabError
 * where one is unknown.
 */
export async function mergeBase(root: string, left: string, right: string): Promise<string | null> {
  const read = () => readMergeBase(root, left, right);
  if (!isFullHash(left) || !isFullHash(right) || !isHistoryWhole(root)) return await read();
  const grown = findGrownBase(root, left, right);
  return await knownBases.recall(baseKey(root, left, right), grown === undefined ? read : async () => grown);
}

const baseKey = (root: string, left: string, right: string): string => JSON.stringify([root, left, right]);

/**
 * The base of two commits where it follows from what is known, `left` having grown from a commit P by commits with one parent each: `right` if it is
 * one of these; P if it is the only parent of `right`; the known base of P and `right` if that is not P, because then none of these is an ancestor of
 * `right` either. Undefined where that does not tell it.
 */
function findGrownBase(root: string, left: string, right: string): string | null | undefined {
  const above = readLooseCommit(root, right)?.parents ?? [];
  let at = left;
  for (let step = 0; step < mostSteps; step++) {
    if (at === right || (above.length === 1 && above[0] === at)) return at;
    const base = knownBases.find(baseKey(root, at, right));
    if (base !== undefined) return step > 0 && base === at ? undefined : base;
    const [parent, ...others] = readLooseCommit(root, at)?.parents ?? [];
    if (parent === undefined || others.length > 0) return undefined;
    at = parent;
  }
  return undefined;
}

async function readMergeBase(root: string, left: string, right: string): Promise<string | null> {
  const args = ['merge-base', left, right];
  const result = await runGitResult(root, args);
  if (result.exitCode === 0) return result.stdout.toString('utf8').trim();
  if (result.exitCode === 1) return null;
  throw createGitError(root, args, result);
}

/** Whether parents are what the commits say: a shallow clone or a graft shows others, and those can change. False where it cannot be told. */
function isHistoryWhole(root: string): boolean {
  const gitFolder = join(root, '.git');
  const isThere = (path: string) => statSync(path, { throwIfNoEntry: false }) !== undefined;
  if (statSync(gitFolder, { throwIfNoEntry: false })?.isDirectory() !== true) return false;
  return !isThere(join(gitFolder, 'shallow')) && !isThere(join(gitFolder, 'info', 'grafts'));
}
