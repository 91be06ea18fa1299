/**
 * The tree in which an agent of `lab meta run` works: a checkout of main with the human's own open edits laid over, in the lab's folder and
 * on no branch. Records and journals stay as main has them.
 */
import { existsSync } from 'node:fs';
import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { listTreeChanges } from '../agents/tree-changes.ts';
import type { LabPaths } from '../config/lab-paths.ts';
import type { LabConfig } from '../config/schema.ts';
import { LabError, messageOf } from '../errors/lab-error.ts';
import { commitPathsOf, readPatch } from '../git/paths-commit.ts';
import { resolveCommit } from '../git/repository.ts';
import { runGit, runGitResult } from '../git/run-git.ts';
import { isSecretLikeName } from '../git/secret-names.ts';
import { addDetachedWorktree, removeWorktree } from '../git/worktree.ts';
import { writeFileSynced } from '../lab/atomic-write.ts';
import { formatStamp, metaFolder } from '../rules/meta-state.ts';
import { rulesOf } from '../rules/taxonomy.ts';

/** Larger files of the root checkout are not laid over, bytes. */
const maxOverlaidBytes = 10_000_000;

/** A tree that an agent can start in. */
export interface MetaTree {
  /** Absolute. */
  path: string;
  /** Commit that it stands on: main, or one above it that holds the human's open edits. */
  begin: string;
  /** Open edits of the root checkout that are not in it, each with the reason. */
  missing: string[];
}

/** Whether META_MODE's agents may change a path: it is frozen or has no rule. Journals, results and records are others' to write. */
export function isForMeta(path: string, rules: LabConfig['rules']): boolean {
  return rulesOf(path, rules).every((rule) => rule === 'FROZEN');
}

/** Throws LabError (user) where the root checkout has something else than `main` checked out. */
export async function ensureRootOnMain(root: string, main: string): Promise<void> {
  const head = await runGitResult(root, ['symbolic-ref', '--quiet', '--short', 'HEAD']);
  const found = head.stdout.toString('utf8').trim();
  if (found === main) return;
  throw new LabError(
    'user',
    `the root checkout has ${found === '' ? 'no branch' : `the branch ${found}`} checked out, expected ${main}: META_MODE changes main's files`,
    { hints: [`\`git checkout ${main}\` puts it back`] },
  );
}

/**
 * Makes the tree anew. What a killed run left in its place is kept as a patch first, and told. Throws LabError (user) where the root checkout
 * is not on `main`.
 */
export async function createMetaTree(
  paths: LabPaths,
  main: string,
  rules: LabConfig['rules'],
  tell: (line: string) => void,
): Promise<MetaTree> {
  await ensureRootOnMain(paths.root, main);
  const path = join(metaFolder(paths), 'tree');
  if (existsSync(path)) await setLeftAside(paths, path, tell);
  await removeMetaTree(paths, path);
  const { paths: overlaid, missing } = await listOverlaid(paths.root, rules);
  const begin = await commitPathsOf(
    paths.root,
    await resolveCommit(paths.root, `refs/heads/${main}`),
    overlaid,
    "the human's open edits in the root checkout\n",
  );
  await addDetachedWorktree(paths.root, path, begin);
  return { path, begin, missing };
}

/** Removes the tree with all that lies in it; a missing one is fine. */
export async function removeMetaTree(paths: LabPaths, path: string): Promise<void> {
  await removeWorktree(paths.root, path, metaFolder(paths));
}

async function setLeftAside(paths: LabPaths, path: string, tell: (line: string) => void): Promise<void> {
  try {
    const begin = await resolveCommit(path, 'HEAD');
    const changed = await listTreeChanges(path);
    const fit = changed.filter((name) => !name.endsWith('/'));
    const after = await commitPathsOf(path, begin, fit, 'left by a killed run\n', true);
    const file = await writePatch(paths, await readPatch(paths.root, begin, after, fit));
    if (file !== null) tell(`note: a \`lab meta run\` that was killed left changes; they are in ${file}`);
  } catch (error) {
    tell(`note: what a killed \`lab meta run\` left could not be kept: ${messageOf(error)}`);
  }
}

/** Writes a patch to `.lab/meta/run-<stamp>.patch` and gives its path; null for an empty one. */
export async function writePatch(paths: LabPaths, patch: string): Promise<string | null> {
  if (patch === '') return null;
  const file = join(metaFolder(paths), `run-${formatStamp(new Date())}.patch`);
  await writeFileSynced(file, patch);
  return file;
}

async function listOverlaid(root: string, rules: LabConfig['rules']): Promise<{ paths: string[]; missing: string[] }> {
  const options = ['--porcelain=v1', '-z', '--untracked-files=all', '--ignored=no', '--no-renames'];
  // Whatever a person's settings say of submodules.
  options.push('--ignore-submodules=none');
  const text = await runGit(root, ['status', ...options]);
  const found: { paths: string[]; missing: string[] } = { paths: [], missing: [] };
  for (const entry of text.split('\0').filter((one) => one !== '')) {
    const path = entry.slice(3);
    if (!isForMeta(path, rules)) continue;
    const reason = await findObstacle(root, path, entry.startsWith('??'));
    if (reason === null) found.paths.push(path);
    else found.missing.push(`${path} ${reason}`);
  }
  return found;
}

async function findObstacle(root: string, path: string, isNew: boolean): Promise<string | null> {
  if (path.endsWith('/')) return 'is a git repository of its own';
  if (path.includes('\ufffd')) return 'has a name that is no UTF-8';
  if (isNew && isSecretLikeName(path)) return 'is called like a secret';
  const stat = await lstat(join(root, path)).catch(() => null);
  // Deleted in the root: deleted in the tree.
  if (stat === null) return null;
  if (!stat.isFile()) return 'is no plain file';
  return stat.size > maxOverlaidBytes ? `has ${(stat.size / 1e6).toFixed(1)} MB` : null;
}
