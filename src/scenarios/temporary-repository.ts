/** A real git repository in a temporary folder, for tests. The user's own git settings do not reach it. */
import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import { gitSettingsForTests } from '../git/settings-for-tests.ts';

/** A repository on branch main with one commit by "Researcher". */
export interface TemporaryRepository {
  /** Real, absolute path. */
  root: string;
  /** Writes a file relative to the root, with its folders. */
  write(path: string, content: string | Uint8Array): Promise<void>;
  /** Runs git in the root as the user would; gives trimmed output. Throws where git fails. */
  git(...args: string[]): Promise<string>;
  /** The same in another folder, for linked worktrees. */
  gitIn(folder: string, ...args: string[]): Promise<string>;
  /** Removes the folder with everything in it. */
  remove(): Promise<void>;
}

const environment = {
  ...gitSettingsForTests,
  GIT_AUTHOR_NAME: 'Researcher',
  GIT_AUTHOR_EMAIL: 'researcher@example.org',
  GIT_COMMITTER_NAME: 'Researcher',
  GIT_COMMITTER_EMAIL: 'researcher@example.org',
  GIT_EDITOR: 'true',
  GIT_TERMINAL_PROMPT: '0',
};

/** Makes a repository whose first commit, on main, holds the given files (an empty one for no files). */
export async function createTemporaryRepository(files: Record<string, string>): Promise<TemporaryRepository> {
  const root = await realpath(await mkdtemp(join(tmpdir(), 'nightlab-repository-')));
  const gitIn = async (folder: string, ...args: string[]): Promise<string> => {
    const result = await execa('git', args, { cwd: folder, env: environment });
    return result.stdout;
  };
  const git = (...args: string[]): Promise<string> => gitIn(root, ...args);
  const write = async (path: string, content: string | Uint8Array): Promise<void> => {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), content);
  };
  await git('init', '--quiet', '--initial-branch=main');
  for (const [path, content] of Object.entries(files)) await write(path, content);
  await git('add', '--all');
  await git('commit', '--quiet', '--allow-empty', '--message=first');
  return { root, write, git, gitIn, remove: () => rm(root, { recursive: true, force: true, maxRetries: 3 }) };
}
