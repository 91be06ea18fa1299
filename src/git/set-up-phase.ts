/**
 * Whether a lab is still being set up: its main has no result, so frozen files may be committed there as any others. One git process, for
 * notes to people; what a commit may do is judged in src/rules.
 */
import { execFileSync } from 'node:child_process';
import { LabError } from '../errors/lab-error.ts';
import { cleanGitEnvironment, fixedGitSettings } from './git-environment.ts';

/** Whether a table of results on the branch has a line below its header. Throws LabError (user) where git cannot be asked. */
export function hasResults(root: string, branch: string): boolean {
  const tables = [':(top,icase,glob)results.tsv', ':(top,icase,glob)results.*.tsv'];
  const words = ['grep', '--count', '-h', '-a', '-G', '-e', '[^[:space:]]', `refs/heads/${branch}`, '--', ...tables];
  try {
    const counts = execFileSync('git', [...fixedGitSettings, ...words], {
      cwd: root,
      env: cleanGitEnvironment({ GIT_LITERAL_PATHSPECS: '0' }),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    return counts
      .toString('utf8')
      .split('\n')
      .some((count) => Number(count) > 1);
  } catch (error) {
    // What git says where no line matches: no table, or empty ones.
    if ((error as { status?: number | null }).status === 1) return false;
    throw new LabError('user', `git grep failed in ${root}`, { cause: error });
  }
}
