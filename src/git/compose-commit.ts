/**
 * Code put together out of changes: each is merged in or taken back as a three-way merge in memory. No checkout, no index and no ref is touched.
 * Which changes, and what becomes of the commit, is for the caller to say: without a ref git forgets it after some weeks.
 *
 * The merges run in an empty repository of their own that borrows only the object store. So nothing of the user's can bend a result: no setting
 * (conflict style, renames, line ends), no attribute and no merge driver, which would be a command. What counts is git's own text merge, with
 * its usual detection of renamed files. Changes of one line or of neighbouring lines conflict, as do changed binary files.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Change } from '../domain/change.ts';
import { LabError } from '../errors/lab-error.ts';
import { createGitError, runGit, runGitResult } from './run-git.ts';
import { resolveGitPath } from './temporary-index.ts';

/** One change to put into the code or to take out of it. */
export interface ComposeStep {
  kind: 'apply' | 'revert';
  change: Change;
}

/** What the new commit says of itself. */
export interface ComposeAbout {
  message: string;
  /** Its date, milliseconds since 1970; counted in whole seconds. */
  atMs: number;
}

/** What came of putting code together. */
export interface ComposedCommit {
  /** Full hash: the new commit, whose only parent is what it started from; that one itself where the code is the same. */
  commit: string;
  /** Full hash of its tree. */
  tree: string;
  /**
   * Changes whose step conflicted with the code so far, in the order of the steps; such a step does nothing at all. A step without effect (a
   * change put in that is in already, or taken out that is not in) did what was asked and is not among them.
   */
  skipped: Change[];
}

interface MergeRoom {
  /** Absolute path of the empty repository. */
  folder: string;
  env: Record<string, string>;
}

/**
 * Puts `steps` on the code of `from`, one after the other, and commits the outcome as the lab. The same call gives the same hash. Throws
 * LabError (user) where a commit is unknown or git is older than 2.38.
 */
export async function composeCommit(
  root: string,
  from: string,
  steps: readonly ComposeStep[],
  about: ComposeAbout,
): Promise<ComposedCommit> {
  return await useMergeRoom(root, from, async (room) => {
    const names = [from, ...steps.flatMap(({ change }) => [change.start, change.commit])];
    const [first = '', ...others] = await readTrees(room, root, names);
    let tree = first;
    const skipped: Change[] = [];
    for (const [place, { kind, change }] of steps.entries()) {
      const [start = '', end = ''] = others.slice(2 * place, 2 * place + 2);
      const merged = kind === 'apply' ? await merge(room, start, tree, end) : await merge(room, end, tree, start);
      if (merged === null) skipped.push(change);
      else tree = merged;
    }
    if (tree === first) return { commit: from, tree, skipped };
    const commit = await commitTree(room, tree, [from], about.message, Math.floor(about.atMs / 1000), []);
    return { commit, tree, skipped };
  });
}

async function useMergeRoom<T>(root: string, from: string, use: (room: MergeRoom) => Promise<T>): Promise<T> {
  const [objects, shared] = await Promise.all([
    resolveGitPath(root, 'objects'),
    runGitResult(root, ['config', '--get', 'core.sharedRepository']),
  ]);
  // The one setting that has to come along: who else may write into the folders of the object store that are made here.
  const rights = shared.stdout.toString('utf8').trim();
  const folder = await mkdtemp(join(tmpdir(), 'nightlab-merge-'));
  try {
    const isLong = from.length === 64;
    await Promise.all([
      mkdir(join(folder, 'objects')),
      mkdir(join(folder, 'refs')),
      writeFile(join(folder, 'HEAD'), 'ref: refs/heads/none\n'),
      writeFile(
        join(folder, 'config'),
        [
          `[core]\n\trepositoryformatversion = ${isLong ? 1 : 0}\n\tbare = true`,
          /^\w+$/.test(rights) ? `\tsharedRepository = ${rights}` : '',
          isLong ? '[extensions]\n\tobjectFormat = sha256' : '',
        ].join('\n'),
      ),
    ]);
    const env = {
      ...{ GIT_DIR: folder, GIT_OBJECT_DIRECTORY: objects },
      ...{ GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1', GIT_ATTR_NOSYSTEM: '1' },
    };
    return await use({ folder, env });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function readTrees({ folder, env }: MergeRoom, root: string, names: string[]): Promise<string[]> {
  const input = names.map((name) => `${name}^{tree}\n`).join('');
  const lines = (await runGit(folder, ['cat-file', '--batch-check'], { env, input })).split('\n');
  return names.map((name, place) => {
    const tree = /^([0-9a-f]+) tree \d+$/.exec(lines[place] ?? '')?.[1];
    if (tree !== undefined) return tree;
    throw new LabError('user', `${root} has no commit ${name}, which is needed to put code together`, {
      hints: ['`git fsck` tells whether the repository lost objects'],
    });
  });
}

/** The tree with what `theirs` did to `base` done to `ours`; null where that conflicts. */
async function merge(room: MergeRoom, base: string, ours: string, theirs: string): Promise<string | null> {
  if (theirs === base || theirs === ours) return ours;
  if (ours === base) return theirs;
  // git before 2.40 takes no base by name: it finds one by the history, and so it gets a history of just these three.
  const root = await commitThrowaway(room, base, []);
  const tips = await Promise.all([ours, theirs].map((tree) => commitThrowaway(room, tree, [root])));
  const config = ['core.attributesFile=/dev/null'];
  const args = ['merge-tree', '--write-tree', '--no-messages', ...tips];
  const result = await runGitResult(room.folder, args, { env: room.env, config });
  if (result.exitCode === 1) return null;
  const tree = result.stdout.toString('utf8').trim();
  if (result.exitCode === 0 && /^[0-9a-f]+$/.test(tree)) return tree;
  await ensureMergeTree(room);
  throw createGitError(room.folder, args, result);
}

async function ensureMergeTree({ folder }: MergeRoom): Promise<void> {
  const said = (await runGit(folder, ['version'])).trim();
  const [, major, minor] = (/(\d+)\.(\d+)/.exec(said) ?? []).map(Number);
  if (major === undefined || minor === undefined || major > 2 || (major === 2 && minor >= 38)) return;
  throw new LabError('user', `${said} cannot merge without a checkout; putting code together takes git 2.38 or newer`, {
    hints: ['install a newer git and start the daemon anew: `lab down`, `lab up`'],
  });
}

/** Nobody ever needs it again, so that it may be lost with the power. */
async function commitThrowaway(room: MergeRoom, tree: string, parents: string[]): Promise<string> {
  return await commitTree(room, tree, parents, 'base or side of a merge', 0, ['core.fsync=none']);
}

async function commitTree(
  { folder, env }: MergeRoom,
  tree: string,
  parents: string[],
  message: string,
  atSeconds: number,
  config: string[],
): Promise<string> {
  const date = `@${atSeconds} +0000`;
  const args = ['commit-tree', tree, ...parents.flatMap((parent) => ['-p', parent]), '-F', '-'];
  const dated = { ...env, GIT_AUTHOR_DATE: date, GIT_COMMITTER_DATE: date };
  return (await runGit(folder, args, { env: dated, input: message, config })).trim();
}
