/**
 * Branch and worktree of a session: put to a commit, an agent's edits made into one. Both are the lab's own, so whatever an agent did to them is
 * undone; commits that it left are kept under a ref. The user's checkout and branches are never touched.
 */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { LabPaths } from '../config/lab-paths.ts';
import type { RatchetSession } from '../domain/ratchet.ts';
import { resolveCommonDirectory } from '../git/checkout-state.ts';
import { checkTree, commitTree, putTree } from '../git/experiment-tree.ts';
import { switchOffFiltersIn } from '../git/filter-settings.ts';
import { findCommit } from '../git/repository.ts';
import { runGit, runGitResult } from '../git/run-git.ts';
import { removeWorktree } from '../git/worktree.ts';
import { isOwnWorktree } from '../git/worktree-entry.ts';
import { maxExperimentFileBytes } from '../rules/experiment-check.ts';
import { sessionFolder, treeOfSession } from './session.ts';

/** Ref of a commit that a session made, so that throwing its change away loses nothing. */
export function refOfTry(tag: string, number: number, attempt: number): string {
  return `refs/nightlab/ratchet/${tag}/${number}.${attempt}`;
}

/** Keeps a commit under a ref. */
export async function keepTry(root: string, ref: string, commit: string): Promise<void> {
  await runGit(root, ['update-ref', ref, commit]);
}

/** Keeps what an agent or a person committed on the branch, where nothing else of the session's reaches it; gives the new refs. */
async function keepFound(paths: LabPaths, session: RatchetSession, commit: string): Promise<string[]> {
  const refs: string[] = [];
  const heads = [`refs/heads/${session.branch}`, 'HEAD'];
  for (const head of heads) {
    const place = head === 'HEAD' ? session.worktree : paths.root;
    if (head === 'HEAD' && !isOwnWorktree(await resolveCommonDirectory(paths.root), place)) continue;
    const tip = await runGitResult(place, ['rev-parse', '--verify', '--quiet', `${head}^{commit}`]);
    const found = tip.stdout.toString('utf8').trim();
    if (tip.exitCode !== 0 || found === commit) continue;
    const isBehind = (await runGitResult(paths.root, ['merge-base', '--is-ancestor', found, commit])).exitCode === 0;
    if (isBehind) continue;
    const keepers = `refs/nightlab/ratchet/${session.tag}/`;
    const known = await runGit(paths.root, ['for-each-ref', '--count=1', '--contains', found, keepers]);
    if (known.trim() !== '') continue;
    const ref = `${keepers}found-${found.slice(0, 12)}`;
    await keepTry(paths.root, ref, found);
    refs.push(ref);
  }
  return refs;
}

/**
 * Keeps edits in the worktree that are in no commit, as a person may have made them while the session stood still; gives the ref that keeps them,
 * or nothing where there are none. What an agent that was killed left is kept, too.
 */
export async function keepLoose(paths: LabPaths, session: RatchetSession): Promise<string[]> {
  const { worktree, tag } = session;
  if (!isOwnWorktree(await resolveCommonDirectory(paths.root), worktree)) return [];
  const { config } = await switchOffFiltersIn(worktree);
  // An index of its own: an agent that was killed may have left a lock on the worktree's.
  mkdirSync(sessionFolder(paths, tag), { recursive: true });
  const index = join(sessionFolder(paths, tag), `loose-${process.pid}.index`);
  const options = { config, env: { GIT_INDEX_FILE: index } };
  const head = (await runGit(worktree, ['rev-parse', 'HEAD'])).trim();
  let tree: string;
  try {
    await runGit(worktree, ['read-tree', head], options);
    await runGit(worktree, ['add', '--all'], options);
    tree = (await runGit(worktree, ['write-tree'], options)).trim();
  } finally {
    rmSync(index, { force: true });
  }
  if (tree === (await runGit(worktree, ['rev-parse', `${head}^{tree}`])).trim()) return [];
  const words = ['commit-tree', tree, '-p', head, '-m', `${tag}: edits that were in no commit`];
  const commit = (await runGit(worktree, words)).trim();
  const ref = `refs/nightlab/ratchet/${tag}/found-${commit.slice(0, 12)}`;
  await keepTry(paths.root, ref, commit);
  return [ref];
}

/** Puts HEAD of the worktree back on the session's branch, wherever an agent left it. Only where git there acts on the worktree. */
async function putHead({ worktree, branch }: RatchetSession): Promise<void> {
  // Where its git is broken the worktree is made anew.
  await runGitResult(worktree, ['symbolic-ref', 'HEAD', `refs/heads/${branch}`]);
}

/** Puts branch and worktree to `commit`, with nothing else in the worktree but what git ignores. Gives the refs that keep foreign commits. */
export async function putSession(paths: LabPaths, session: RatchetSession, commit: string): Promise<string[]> {
  const refs = await keepFound(paths, session, commit);
  const ref = `refs/heads/${session.branch}`;
  if ((await findCommit(paths.root, ref)) === null) await runGit(paths.root, ['update-ref', ref, commit]);
  const tree = treeOfSession(paths, session);
  // Without this git would act on the user's checkout, which lies around the worktree.
  if (isOwnWorktree(await resolveCommonDirectory(paths.root), tree.path)) await putHead(session);
  else await removeWorktree(paths.root, tree.path, tree.ownedFolder);
  await putTree(tree, commit);
  return refs;
}

/** What an agent's edits came to. */
export type EditsRead =
  | { kind: 'none' }
  /** Something that no commit may carry, or that is not its to change; sentences. */
  | { kind: 'refused'; reasons: string[] }
  | { kind: 'commit'; commit: string };

/** Makes the edits in the worktree one commit on `base`, where they touch nothing but what the session lets them. */
export async function commitEdits(
  paths: LabPaths,
  session: RatchetSession,
  base: string,
  message: string,
): Promise<EditsRead> {
  const tree = treeOfSession(paths, session);
  if (!isOwnWorktree(await resolveCommonDirectory(paths.root), tree.path))
    return { kind: 'refused', reasons: ['its .git was changed, so that the worktree is no checkout any more'] };
  await keepFound(paths, session, base);
  await runGit(paths.root, ['update-ref', `refs/heads/${session.branch}`, base]);
  await putHead(session);
  const unfit = await checkTree(tree, maxExperimentFileBytes);
  if (unfit.length > 0) return { kind: 'refused', reasons: unfit };
  const touched = await listTouched(tree.path, base);
  const foreign = touched.filter((path) => !session.edits.includes(path));
  if (foreign.length > 0) {
    const names = foreign.slice(0, 10).map((path) => JSON.stringify(path).slice(1, -1));
    const more = foreign.length > names.length ? ` and ${foreign.length - names.length} more` : '';
    return {
      kind: 'refused',
      reasons: [`it changed ${names.join(', ')}${more}; only ${session.edits.join(', ')} may change`],
    };
  }
  if (touched.length === 0) return { kind: 'none' };
  const commit = await commitTree(tree, base, message);
  return commit === base ? { kind: 'none' } : { kind: 'commit', commit };
}

/** Paths that differ from `base`, new ones included, ignored ones not. */
async function listTouched(worktree: string, base: string): Promise<string[]> {
  const { config } = await switchOffFiltersIn(worktree);
  await runGit(worktree, ['reset', '--quiet', '--soft', base], { config });
  await runGit(worktree, ['add', '--all'], { config });
  const text = await runGit(worktree, ['diff', '--cached', '--name-only', '--no-renames', '-z', base], { config });
  return text.split('\0').filter((path) => path !== '');
}
