/**
 * Code put together out of changes: each is merged in or taken back as a three-way merge in memory. No checkout, no index and no ref is touched.
 * Which changes, and what becomes of the commit, is for the caller to say: without a ref git forgets it after some weeks.
 *
 * The merges run in an empty repository of their own that borrows only the object store. So nothing of the user's can bend a result: no setting
 * (conflict style, renames, line ends), no attribute and no merge driver, which would be a command. What counts is git's own text merge, file by
 * file: no renamed file is guessed. Changes of one line or of neighbouring lines conflict, as do a changed binary file and one that is gone.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Change } from '../domain/change.ts';
import { LabError } from '../errors/lab-error.ts';
import { createGitError, runGit, runGitBytes, runGitResult } from './run-git.ts';
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
 * LabError (user) where a commit is unknown.
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
    const commit = await commitTree(room, tree, from, about);
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

/**
 * The tree with what `theirs` did to `base` done to `ours`; null where that conflicts. By index and file, as git did it before 2.38 had a command
 * for it, so that an old git gives the same.
 */
async function merge(room: MergeRoom, base: string, ours: string, theirs: string): Promise<string | null> {
  if (theirs === base || theirs === ours) return ours;
  if (ours === base) return theirs;
  const { folder } = room;
  const env = { ...room.env, GIT_INDEX_FILE: join(folder, 'index') };
  await rm(env.GIT_INDEX_FILE, { force: true });
  await runGit(folder, ['read-tree', '-i', '-m', '--aggressive', base, ours, theirs], { env });
  const unmerged = parseUnmerged(await runGitBytes(folder, ['ls-files', '--unmerged', '-z'], { env }));
  const merged: Buffer[] = [];
  for (const { path, stages } of unmerged) {
    const entry = await mergeFile(room, stages);
    if (entry === null) return null;
    // Nothing at stage 0 is taken before the other stages are gone.
    merged.push(Buffer.from(`0 ${'0'.repeat(ours.length)}\t`), path, nul);
    merged.push(Buffer.from(`${entry.mode} ${entry.blob}\t`), path, nul);
  }
  if (merged.length > 0)
    await runGit(folder, ['update-index', '-z', '--index-info'], { env, input: Buffer.concat(merged) });
  return (await runGit(folder, ['write-tree'], { env })).trim();
}

const nul = Buffer.from([0]);

interface Entry {
  mode: string;
  blob: string;
}

interface Unmerged {
  /** Bytes: a path need not be UTF-8. */
  path: Buffer;
  /** By stage: 1 base, 2 ours, 3 theirs; a side without the file is missing. */
  stages: Map<number, Entry>;
}

function parseUnmerged(output: Buffer): Unmerged[] {
  const found = new Map<string, Unmerged>();
  for (const record of output.toString('latin1').split('\0')) {
    const [, mode = '', blob = '', stage = '', path] = /^(\d+) ([0-9a-f]+) ([123])\t([\s\S]+)$/.exec(record) ?? [];
    if (path === undefined) continue;
    const entry = found.get(path) ?? { path: Buffer.from(path, 'latin1'), stages: new Map() };
    entry.stages.set(Number(stage), { mode, blob });
    found.set(path, entry);
  }
  return [...found.values()];
}

/** A plain file that both sides changed; null where they conflict, or where one took it away or made something else of it. */
async function mergeFile({ folder, env }: MergeRoom, stages: Map<number, Entry>): Promise<Entry | null> {
  const [base, ours, theirs] = [1, 2, 3].map((stage) => stages.get(stage));
  if (base === undefined || ours === undefined || theirs === undefined) return null;
  if ([base, ours, theirs].some(({ mode }) => !mode.startsWith('100'))) return null;
  const mode = ours.mode === base.mode ? theirs.mode : ours.mode;
  if (ours.blob === theirs.blob || theirs.blob === base.blob) return { mode, blob: ours.blob };
  if (ours.blob === base.blob) return { mode, blob: theirs.blob };
  const names = ['ours', 'base', 'theirs'];
  for (const [place, { blob }] of [ours, base, theirs].entries())
    await writeFile(join(folder, names[place] ?? ''), await runGitBytes(folder, ['cat-file', 'blob', blob], { env }));
  const args = ['merge-file', '--stdout', ...names];
  const result = await runGitResult(folder, args, { env });
  // The exit code is the number of conflicts; 255 is what went wrong, a binary file above all.
  if (result.exitCode !== null && result.exitCode > 0 && result.exitCode < 255) return null;
  if (result.exitCode === 255 && result.stderr.includes('binary')) return null;
  if (result.exitCode !== 0) throw createGitError(folder, args, result);
  const write = ['hash-object', '-w', '--no-filters', '--stdin'];
  return { mode, blob: (await runGit(folder, write, { env, input: result.stdout })).trim() };
}

async function commitTree(
  { folder, env }: MergeRoom,
  tree: string,
  parent: string,
  { message, atMs }: ComposeAbout,
): Promise<string> {
  const date = `@${Math.floor(atMs / 1000)} +0000`;
  const dated = { ...env, GIT_AUTHOR_DATE: date, GIT_COMMITTER_DATE: date };
  const args = ['commit-tree', tree, '-p', parent, '-F', '-'];
  return (await runGit(folder, args, { env: dated, input: message })).trim();
}
