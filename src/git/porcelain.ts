/**
 * The git that a person would type, through simple-git: make a repository, stage, commit, read a log. For the lab's own set-up and
 * experiment commits. Whatever needs exact bytes, a private index or an exit code is plumbing and goes through run-git.ts.
 */
import { type SimpleGit, simpleGit } from 'simple-git';
import { LabError } from '../errors/lab-error.ts';
import { labIdentityVariables, neutralGitSettings } from './git-environment.ts';

// simple-git refuses an environment that names programs (EDITOR, PAGER, …); git must not inherit another repository's settings either.
const passed = [
  ...['PATH', 'HOME', 'TMPDIR', 'LANG', 'XDG_CONFIG_HOME'],
  ...['GIT_CONFIG_GLOBAL', 'GIT_CONFIG_SYSTEM', 'GIT_CONFIG_NOSYSTEM', 'GIT_ATTR_NOSYSTEM'],
];

/**
 * Opens a folder for porcelain commands: the lab's identity, no replaced objects, and neutralGitSettings, whatever the user configured.
 * `settings` ("filter.x.clean=") come after these.
 */
export function openGit(folder: string, settings: readonly string[] = []): SimpleGit {
  const env: Record<string, string> = {
    GIT_TERMINAL_PROMPT: '0',
    LC_ALL: 'C',
    GIT_NO_REPLACE_OBJECTS: '1',
    ...labIdentityVariables,
  };
  for (const name of passed) {
    const value = process.env[name];
    if (value !== undefined) env[name] = value;
  }
  return simpleGit({
    baseDir: folder,
    config: [...neutralGitSettings, ...settings],
    unsafe: {
      allowUnsafeHooksPath: true,
      allowUnsafeConfigPaths: true,
      allowUnsafeFsMonitor: true,
      allowUnsafeFilter: true,
    },
    allowEnvironment: Object.keys(env),
  }).env(env);
}

/** Makes a repository whose first branch is `main`, also with a git older than 2.28, which has no `--initial-branch`. */
export async function initOnMain(folder: string): Promise<void> {
  const git = openGit(folder);
  await git.raw(['init', '--quiet']);
  await git.raw(['symbolic-ref', 'HEAD', 'refs/heads/main']);
}

/** Commits exactly these paths, also ignored ones; what else is staged stays staged. Throws LabError (user) with git's words. */
export async function commitPaths(folder: string, message: string, paths: string[]): Promise<void> {
  const git = openGit(folder);
  try {
    await git.raw(['add', '--force', '--', ...paths]);
    await git.raw(['commit', '--quiet', '--no-verify', '--only', '-m', message, '--', ...paths]);
  } catch (error) {
    throw new LabError('user', `git could not commit in ${folder}`, {
      cause: error,
      hints: ['`git status` there shows what is in the way'],
    });
  }
}

/** Subject line of a commit's message. */
export async function readSubject(folder: string, commit: string): Promise<string> {
  return (await openGit(folder).raw(['log', '-1', '--format=%s', commit])).trim();
}
