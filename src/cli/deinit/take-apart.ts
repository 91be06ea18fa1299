/** Carries out what `lab deinit` found: the caller holds the lab's locks, and nobody else works in it. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { LabPaths } from '../../config/lab-paths.ts';
import { runGit } from '../../git/run-git.ts';
import { removeWorktree } from '../../git/worktree.ts';
import { uninstallHooks } from '../../rules/hooks.ts';
import { removeExcludes } from '../adopt/excludes.ts';
import type { Removal } from './plan-removal.ts';
import { removeState } from './session-tables.ts';
import { removeEmptyFolder } from './take-files.ts';
import { findLoss } from './worktree-losses.ts';

/** Takes everything away but the files in git; gives the removal as it came out: a worktree in which somebody wrote meanwhile is kept as well. */
export async function takeApart(paths: LabPaths, planned: Removal): Promise<Removal> {
  const { root } = paths;
  const removal = { ...planned, kept: new Map(planned.kept) };
  for (const tree of removal.trees) await removeWorktree(root, tree, paths.trees);
  for (const path of removal.worktrees) {
    if (removal.kept.has(path)) continue;
    // Again right before it goes: a person can be at work in it.
    const reason = existsSync(path) ? await findLoss(root, path) : null;
    if (reason !== null) removal.kept.set(path, reason);
    else await removeWorktree(root, path, paths.worktrees);
  }
  removeEmptyFolder(paths.worktrees);
  removeEmptyFolder(join(root, '.git', 'worktrees'));
  await uninstallHooks(root);
  const refs = [...removal.refs, ...(removal.isPurge ? removal.sessionRefs : [])];
  for (const ref of refs) await runGit(root, ['update-ref', '-d', ref]);
  removeEmptyFolder(join(root, '.git', 'refs', 'nightlab'));
  if (removal.isPurge) {
    removeState(paths, removal.tables);
    // What stays would be untracked files without them.
    if (removal.kept.size === 0 && removal.tables.length === 0) await removeExcludes(root);
  }
  return removal;
}
