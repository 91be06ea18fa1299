/**
 * The worktree of an experiment, as far as the lab writes in it: made once, put back to a commit, committed as a whole. Nothing here acts on a
 * branch or a folder that the lab did not make: whoever calls says which branch it is, and HEAD has to be on it. No filter of the user's
 * settings that would run what an agent wrote there is run (filter-settings.ts).
 */
import { existsSync } from 'node:fs';
import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { LabError, messageOf } from '../errors/lab-error.ts';
import { switchOffFilters, switchOffFiltersIn } from './filter-settings.ts';
import { openGit } from './porcelain.ts';
import { findCommit } from './repository.ts';
import { runGit, runGitResult } from './run-git.ts';
import { addExperimentWorktree, removeWorktree } from './worktree.ts';

/** An experiment's worktree. */
export interface ExperimentTree {
  /** Main checkout. */
  root: string;
  /** Folder of all experiment worktrees; nothing outside it is ever removed. */
  ownedFolder: string;
  /** Absolute path of the worktree. */
  path: string;
  /** Without refs/heads/. */
  branch: string;
}

/** Throws LabError (user) where the branch or the folder is there already: somebody else made it. Asked once, before the lab makes them. */
export async function ensureFree({ root, path, branch }: ExperimentTree): Promise<void> {
  if ((await findCommit(root, `refs/heads/${branch}`)) !== null) {
    throw new LabError('user', `the branch ${branch} exists and was not made by the lab, expected it to be free`, {
      hints: [`\`git branch -m ${branch} <another name>\` keeps it`],
    });
  }
  if (existsSync(path)) {
    throw new LabError('user', `${path} exists and was not made by the lab, expected it to be free`, {
      hints: [`\`git worktree move ${path} <elsewhere>\` keeps it`],
    });
  }
}

/** Throws LabError (user) where the worktree has another branch or no branch checked out. */
export async function ensureOnBranch({ path, branch }: ExperimentTree): Promise<void> {
  const head = await runGitResult(path, ['symbolic-ref', '--quiet', 'HEAD']);
  const found = head.stdout
    .toString('utf8')
    .trim()
    .replace(/^refs\/heads\//, '');
  if (head.exitCode === 0 && found === branch) return;
  throw new LabError(
    'user',
    `${path} has ${found === '' ? 'no branch' : `the branch ${found}`} checked out, expected ${branch}`,
    {
      hints: [`\`git -C ${path} checkout ${branch}\` puts it back`],
    },
  );
}

/**
 * Puts the worktree to `commit` on its branch, with nothing else in it but what git ignores; makes it where it is missing, and anew where git
 * cannot mend it (a stale lock, a moved lab, folders without write permission). For branches that the lab made. Throws LabError (user) where a
 * person has checked out something else there.
 */
export async function putTree(tree: ExperimentTree, commit: string): Promise<void> {
  const { root, path, branch, ownedFolder } = tree;
  const isKnown =
    existsSync(join(path, '.git')) && (await runGitResult(path, ['rev-parse', '--git-dir'])).exitCode === 0;
  if (isKnown) {
    await ensureOnBranch(tree);
    try {
      await resetTree(path, commit);
      return;
    } catch {
      // Whatever is in the way lies in a folder of the lab's own, and the commits are safe on the branch.
    }
  }
  await removeWorktree(root, path, ownedFolder);
  await addExperimentWorktree(root, path, branch, commit);
  await resetTree(path, commit);
}

async function resetTree(path: string, commit: string): Promise<void> {
  // Those of what lies there, and those of what will.
  const filters = [await switchOffFiltersIn(path), await switchOffFilters(path, commit)];
  const git = openGit(
    path,
    filters.flatMap(({ config }) => config),
  );
  await git.raw(['reset', '--quiet', '--hard', commit]);
  await git.raw(['clean', '--quiet', '-d', '--force', '--force']);
}

/**
 * What lies in the worktree and cannot be committed: files over `maxFileBytes`, repositories of their own, files that cannot be read. Looked for
 * before anything is staged, because what is staged stays in the object store. One sentence each; empty where all is well.
 */
export async function checkTree({ path }: ExperimentTree, maxFileBytes: number): Promise<string[]> {
  const { config } = await switchOffFiltersIn(path);
  const words = ['status', '--porcelain=v1', '-z', '--untracked-files=all', '--no-renames', '--ignore-submodules=none'];
  const text = await runGit(path, words, { config });
  const problems: string[] = [];
  for (const entry of text.split('\0').filter((one) => one !== '')) {
    const name = entry.slice(3);
    if (entry.startsWith('??') && name.endsWith('/')) {
      problems.push(`${name} is a git repository of its own, which an experiment cannot carry`);
      continue;
    }
    const found = await lstat(join(path, name)).catch(() => null);
    if (found === null || !found.isFile()) continue;
    if (found.size > maxFileBytes)
      problems.push(
        `${name} has ${(found.size / 1e6).toFixed(1)} MB, expected at most ${(maxFileBytes / 1e6).toFixed(1)} MB`,
      );
  }
  return problems;
}

/**
 * Commits everything in the worktree that git does not ignore as one commit on `parent`, whatever was committed on top of it before. Without
 * any change the branch is at `parent` afterwards. Throws LabError (user) where HEAD is not on the branch or git cannot commit, with git's words.
 */
export async function commitTree(tree: ExperimentTree, parent: string, message: string): Promise<string> {
  await ensureOnBranch(tree);
  const git = openGit(tree.path, (await switchOffFiltersIn(tree.path)).config);
  try {
    await git.raw(['reset', '--quiet', '--soft', parent]);
    await git.raw(['add', '--all']);
    // Said outright: by a setting of the user's a moved submodule is no change.
    if ((await git.raw(['diff', '--cached', '--name-only', '-z', '--ignore-submodules=none'])) !== '')
      await git.raw(['commit', '--quiet', '--no-verify', '-m', message]);
    return (await git.raw(['rev-parse', 'HEAD'])).trim();
  } catch (error) {
    throw new LabError(
      'user',
      `git could not commit in ${tree.path}: ${messageOf(error).trim().split('\n').at(-1) ?? ''}`,
      {
        cause: error,
        hints: ['`git status` there shows what is in the way'],
      },
    );
  }
}
