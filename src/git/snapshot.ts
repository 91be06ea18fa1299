/**
 * A commit of what lies in a checkout right now, for a job that is queued from a dirty tree. Index, branch, stash and
 * files stay as they are. Ignored files, the insides of submodules and nested repositories are not taken.
 */
import { lstat } from 'node:fs/promises';
import { errnoOf, LabError } from '../errors/lab-error.ts';
import { runGit, runGitBytes } from './run-git.ts';
import { isSecretLikeName } from './secret-names.ts';
import { copyIndex, resolveGitPath, useTemporaryIndex } from './temporary-index.ts';

/** How to snapshot. */
export interface SnapshotOptions {
  /** Ref that keeps the commit reachable; below refs/nightlab/. */
  ref: string;
  /** Commit message of a snapshot. */
  message: string;
  /** Largest untracked file, bytes. */
  maxFileBytes: number;
  /** Largest sum of all untracked files, bytes. */
  maxTotalBytes: number;
}

/** What a snapshot took. */
export interface Snapshot {
  /** Full hash: HEAD of a clean tree, else the new commit. */
  commit: string;
  /** False where the tree was clean and `commit` is HEAD itself. */
  isSnapshot: boolean;
  /** Untracked files that were taken, relative to the checkout's root. */
  untracked: string[];
  /** Changes that a commit cannot hold: uncommitted files inside a submodule, and nested repositories. */
  notCaptured: string[];
}

// Paths are bytes and need not be UTF-8: latin1 keeps each byte as one character on the way through.
const toBytes = (path: string): Buffer => Buffer.from(path, 'latin1');
const toName = (path: string): string => toBytes(path).toString('utf8');

interface DirtyPaths {
  /** Full hash of HEAD; null where there is no commit yet. */
  head: string | null;
  /** Every path to take over, as latin1. */
  changed: string[];
  /** Those that HEAD does not have, as latin1. */
  fresh: string[];
  /** Those of `fresh` that git knows nothing of (untracked, or only announced with add -N), as latin1. */
  untracked: string[];
  notCaptured: string[];
}

function parseStatus(output: Buffer): DirtyPaths {
  const paths: DirtyPaths = { head: null, changed: [], fresh: [], untracked: [], notCaptured: [] };
  for (const record of output.toString('latin1').split('\0')) {
    const head = /^# branch\.oid ([0-9a-f]+)$/.exec(record)?.[1];
    if (head !== undefined) paths.head = head;
    if (record.startsWith('? ')) {
      const path = record.slice(2);
      // Only a nested repository is listed as a folder here.
      if (path.endsWith('/')) paths.notCaptured.push(toName(path));
      else for (const list of [paths.changed, paths.fresh, paths.untracked]) list.push(path);
      continue;
    }
    const found = /^(?:1 (..) (\S+) (?:\S+ ){5}|u (..) (\S+) (?:\S+ ){7})([\s\S]+)$/.exec(record);
    const codes = found?.[1] ?? found?.[3] ?? '';
    const submodule = found?.[2] ?? found?.[4] ?? '';
    const path = found?.[5] ?? '';
    if (path === '') continue;
    paths.changed.push(path);
    if (/^S.(M.|.U)/.test(submodule)) paths.notCaptured.push(toName(path));
    if (codes === '.A') paths.untracked.push(path);
    if (codes === '.A' || codes.startsWith('A')) paths.fresh.push(path);
  }
  return paths;
}

function refuseSecrets(paths: DirtyPaths): void {
  const names = paths.fresh.map(toName).filter(isSecretLikeName);
  if (names.length === 0) return;
  throw new LabError(
    'user',
    `the snapshot would take ${names.length === 1 ? 'a file that looks' : 'files that look'} like a secret: ${names.join(', ')}`,
    {
      hints: [
        'add the name to .gitignore, or commit the file yourself where it holds no secret',
        'lab add --here …    runs in place, without a snapshot',
      ],
    },
  );
}

async function refuseLargeFiles(checkoutRoot: string, paths: DirtyPaths, options: SnapshotOptions): Promise<void> {
  const sizes: { name: string; bytes: number }[] = [];
  for (const path of paths.untracked) {
    try {
      const { size } = await lstat(Buffer.concat([Buffer.from(`${checkoutRoot}/`), toBytes(path)]));
      sizes.push({ name: toName(path), bytes: size });
    } catch (error) {
      // Gone since git listed it: then it is not part of the snapshot.
      if (errnoOf(error) !== 'ENOENT') throw new LabError('user', `${toName(path)} cannot be read`, { cause: error });
    }
  }
  const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;
  const describe = (files: typeof sizes): string =>
    files.map((file) => `${file.name} (${megabytes(file.bytes)})`).join(', ');
  const hints = [
    'add data and outputs to .gitignore, or commit what belongs to the code',
    'lab add --here …    runs in place, without a snapshot',
  ];
  const large = sizes.filter((file) => file.bytes > options.maxFileBytes);
  if (large.length > 0) {
    throw new LabError('user', `untracked files over ${megabytes(options.maxFileBytes)}: ${describe(large)}`, {
      hints,
    });
  }
  const total = sizes.reduce((sum, file) => sum + file.bytes, 0);
  if (total > options.maxTotalBytes) {
    const largest = sizes.sort((a, b) => b.bytes - a.bytes).slice(0, 5);
    const message = `untracked files are ${megabytes(total)} in all, over ${megabytes(options.maxTotalBytes)}; the largest: ${describe(largest)}`;
    throw new LabError('user', message, { hints });
  }
}

async function writeTreeOf(checkoutRoot: string, changed: string[]): Promise<string> {
  const userIndex = await resolveGitPath(checkoutRoot, 'index');
  return await useTemporaryIndex(async (indexPath) => {
    const env = { GIT_INDEX_FILE: indexPath };
    if (!(await copyIndex(userIndex, indexPath))) await runGit(checkoutRoot, ['read-tree', 'HEAD'], { env });
    const input = Buffer.concat(changed.flatMap((path) => [toBytes(path), Buffer.from([0])]));
    const update = ['update-index', '--add', '--remove', '--replace', '-z', '--stdin'];
    await runGit(checkoutRoot, update, { env, input, config: ['core.fsyncMethod=batch'] });
    return (await runGit(checkoutRoot, ['write-tree', '--missing-ok'], { env })).trim();
  });
}

/**
 * Commits what lies in the checkout (its root, a linked worktree's too) and points `ref` at it: tracked changes, staged
 * or not, and untracked files that are not ignored. A clean tree gives HEAD, and the ref is not set: HEAD keeps itself. Throws LabError
 * where there is no commit yet, an untracked file is over the limits, or a new file is called like a secret; then no ref is set.
 */
export async function snapshotTree(checkoutRoot: string, options: SnapshotOptions): Promise<Snapshot> {
  if (!options.ref.startsWith('refs/nightlab/')) {
    throw new LabError('internal', `a snapshot's ref must lie below refs/nightlab/, not at ${options.ref}`);
  }
  const status = [
    'status',
    '--porcelain=v2',
    // HEAD comes along, so that commit and changes are of one moment, and git is asked once.
    '--branch',
    '--no-ahead-behind',
    '-z',
    '--untracked-files=all',
    '--no-renames',
    '--ignore-submodules=none',
  ];
  const paths = parseStatus(await runGitBytes(checkoutRoot, status));
  const { head } = paths;
  if (head === null) {
    throw new LabError(
      'user',
      `${checkoutRoot} has no commit yet; a job runs a commit, and a snapshot needs one to stand on`,
      {
        hints: ['git add -A && git commit -m "first commit"'],
      },
    );
  }
  refuseSecrets(paths);
  await refuseLargeFiles(checkoutRoot, paths, options);
  const untracked = paths.untracked.map(toName);
  const { notCaptured } = paths;
  const clean = { commit: head, isSnapshot: false, untracked, notCaptured };
  if (paths.changed.length === 0) return clean;
  const [tree, headTree] = await Promise.all([
    writeTreeOf(checkoutRoot, paths.changed),
    runGit(checkoutRoot, ['rev-parse', '--verify', `${head}^{tree}`]),
  ]);
  if (tree === headTree.trim()) return clean;
  const args = ['commit-tree', tree, '-p', head, '-F', '-'];
  const commit = (await runGit(checkoutRoot, args, { input: options.message })).trim();
  await runGit(checkoutRoot, ['update-ref', options.ref, commit]);
  return { commit, isSnapshot: true, untracked, notCaptured };
}
