/**
 * A commit on HEAD of named paths as they lie in the checkout, and of one file with a content of its own, which the checkout need not have: for
 * a file that holds a person's unfinished changes besides the lab's. The file in the checkout is not touched.
 */
import { LabError } from '../errors/lab-error.ts';
import { findOperation } from './checkout-state.ts';
import { findCommit, readTreeEntry } from './repository.ts';
import { runGit, runGitBytes } from './run-git.ts';
import { useTemporaryIndex } from './temporary-index.ts';

/** The file with a content of its own. */
export interface OwnText {
  /** Relative to the top, with slashes. */
  path: string;
  /** What the commit holds. */
  content: Buffer;
  /** What becomes of another version of it that a person has staged. */
  addTo(staged: Buffer): Buffer;
}

/**
 * Commits, as the lab; gives the commit's full hash. What else is staged stays staged, and a staged version of the file stays one with
 * `addTo`. Throws LabError (user) where git is in the middle of something, the file is no plain file on HEAD, or HEAD moves meanwhile.
 */
export async function commitPathsAndText(
  folder: string,
  message: string,
  paths: readonly string[],
  own: OwnText,
): Promise<string> {
  const gitDirectory = (await runGit(folder, ['rev-parse', '--absolute-git-dir'])).trim();
  const operation = findOperation({ path: folder, gitDirectory });
  if (operation !== null)
    throw new LabError('user', `git could not commit in ${folder}: ${operation}`, {
      hints: ['`git status` there shows what is in the way'],
    });
  const head = await findCommit(folder, 'HEAD');
  const before = head === null ? null : await readTreeEntry(folder, head, own.path);
  if (before !== null && !['100644', '100755'].includes(before.mode))
    throw new LabError('user', `${own.path} is no plain file in the commit ${head?.slice(0, 12)}, expected one`);
  const mode = before?.mode ?? '100644';
  const write = async (content: Buffer): Promise<string> =>
    (await runGit(folder, ['hash-object', '-w', '-t', 'blob', '--stdin'], { input: content })).trim();
  const blob = await write(own.content);
  const names = paths.map((path) => `${path}\0`).join('');
  const add = async (env: Record<string, string>): Promise<void> => {
    await runGit(folder, ['update-index', '--add', '-z', '--stdin'], { env, input: names });
  };
  const put = async (env: Record<string, string>, hash: string): Promise<void> => {
    await runGit(folder, ['update-index', '--add', '--cacheinfo', `${mode},${hash},${own.path}`], { env });
  };
  const tree = await useTemporaryIndex(async (indexPath) => {
    const env = { GIT_INDEX_FILE: indexPath };
    if (head !== null) await runGit(folder, ['read-tree', head], { env });
    await add(env);
    await put(env, blob);
    return (await runGit(folder, ['write-tree'], { env })).trim();
  });
  const parents = head === null ? [] : ['-p', head];
  const commit = (await runGit(folder, ['commit-tree', tree, ...parents, '-F', '-'], { input: `${message}\n` })).trim();
  // The index first: without it, git would show all of the commit as staged for removal.
  await add({});
  const staged =
    /^\d+ ([0-9a-f]+) 0\t/.exec(await runGit(folder, ['ls-files', '--stage', '--', own.path]))?.[1] ?? null;
  if (staged === (before?.hash ?? null)) await put({}, blob);
  else if (staged !== null)
    await put({}, await write(own.addTo(await runGitBytes(folder, ['cat-file', 'blob', staged]))));
  await runGit(folder, ['update-ref', '-m', `commit: ${message}`, 'HEAD', commit, head ?? '0'.repeat(commit.length)]);
  return commit;
}
