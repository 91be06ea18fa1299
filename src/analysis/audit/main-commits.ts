/** Sets of commits by what reaches them, one git call each. Nothing about what is in them. */
import { runGit, runGitBytes } from '../../git/run-git.ts';

async function listAll(root: string, words: string[]): Promise<Set<string>> {
  const text = await runGit(root, ['rev-list', ...words, '--']);
  return new Set(text.split('\n').filter((line) => line !== ''));
}

/** Full hashes of every commit that main reaches. */
export async function readMainCommits(root: string, main: string): Promise<Set<string>> {
  return await listAll(root, [`refs/heads/${main}`]);
}

/** Full hashes of every commit that some ref reaches; HEAD alone, where it is detached, is no ref. */
export async function readReachableCommits(root: string): Promise<Set<string>> {
  return await listAll(root, ['--glob=refs/*']);
}

/** Those of the hashes that the repository does not have as a commit. */
export async function findMissingCommits(root: string, hashes: readonly string[]): Promise<Set<string>> {
  if (hashes.length === 0) return new Set();
  const output = await runGitBytes(root, ['cat-file', '--batch-check=%(objecttype)'], {
    input: `${hashes.join('\n')}\n`,
  });
  const answers = output.toString('utf8').split('\n');
  return new Set(hashes.filter((_, index) => answers[index] !== 'commit'));
}
