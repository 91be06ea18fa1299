/**
 * What would be lost with a worktree: changes and files that no commit holds, also those that git is told to pass over, and commits that are
 * on no branch. Caches that any run makes again are no loss.
 */
import { lstatSync } from 'node:fs';
import { join } from 'node:path';
import { LabError } from '../../errors/lab-error.ts';
import { resolveCommonDirectory } from '../../git/checkout-state.ts';
import { switchOffFiltersIn } from '../../git/filter-settings.ts';
import { runGit } from '../../git/run-git.ts';
import { isOwnWorktree } from '../../git/worktree-entry.ts';
import { rowsFile } from '../../ratchet/session.ts';
import { holdsTable } from './session-tables.ts';

const caches: ReadonlySet<string> = new Set([
  '__pycache__',
  '.venv',
  '.pytest_cache',
  '.mypy_cache',
  '.ruff_cache',
  // The lab's own: a worktree belongs to the lab around it.
  '.lab',
  '5_worktrees',
]);

/** Why the worktree at `path` must stay, one clause; null where a commit on a branch holds all of it. */
export async function findLoss(root: string, path: string): Promise<string | null> {
  // Git would answer for whatever repository lies around.
  if (!isOwnWorktree(await resolveCommonDirectory(root), path))
    return 'its .git is not the one that the lab made, so that nobody can say what is committed';
  try {
    return await findUncommitted(path);
  } catch (error) {
    if (!(error instanceof LabError)) throw error;
    return `git cannot say what is committed there (${error.message})`;
  }
}

async function findUncommitted(path: string): Promise<string | null> {
  const { config } = await switchOffFiltersIn(path);
  // Each said outright: the user's settings can hide new files and submodules.
  const words = ['--untracked-files=all', '--ignored=matching', '--ignore-submodules=none', '--no-renames'];
  const text = await runGit(path, ['status', '--porcelain=v1', '-z', ...words], { config });
  const entries = text.split('\0').filter((entry) => entry !== '');
  const named = entries.map((entry) => ({ state: entry.slice(0, 2), name: entry.slice(3) }));
  const lost = named.filter(({ state, name }) => !(/^(?:\?\?|!!)$/.test(state) && isReplaceable(path, state, name)));
  const changed = lost.find(({ state }) => state !== '!!');
  if (changed !== undefined) return `it has uncommitted changes (${changed.name})`;
  if (await holdsTable(path)) return 'the results.tsv of its session is in no commit';
  const [ignored] = lost;
  if (ignored !== undefined) return `it has files that git passes over and no commit holds (${ignored.name})`;
  const onBranches = ['--count=1', '--contains', 'HEAD', 'refs/heads/', 'refs/tags/', 'refs/remotes/'];
  const isReached = (await runGit(path, ['for-each-ref', ...onBranches])).trim() !== '';
  return isReached ? null : 'its commits are on no branch';
}

function isReplaceable(path: string, state: string, name: string): boolean {
  if (name.split('/').some((step) => caches.has(step))) return true;
  // Whether it has rows is asked of the table itself.
  if (name === rowsFile) return true;
  return state === '!!' && lstatSync(join(path, name), { throwIfNoEntry: false })?.isSymbolicLink() === true;
}
