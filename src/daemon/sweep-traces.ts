/** What a daemon that was killed left behind, taken away at the next start. Only what the lab made itself and needs no more. */
import { existsSync, readdirSync } from 'node:fs';
import { isOver, type JobBook } from '../../queue/job-book.ts';
import { removeTraces } from '../../workers/execute.ts';
import type { LabPaths } from '../config/lab-paths.ts';
import { messageOf } from '../errors/lab-error.ts';
import { runGit } from '../git/run-git.ts';
import { pruneWorktrees } from '../git/worktree.ts';

/** Removes what a daemon that was killed left behind: checkouts of runs that are over, git's entries of vanished ones, refs of jobs that were never confirmed. */
export async function sweepTraces(
  paths: LabPaths,
  book: JobBook,
  say: (line: string, details?: Record<string, unknown>) => void,
): Promise<void> {
  const known = new Map(book.all().map((job) => [job.job.number, job]));
  for (const name of existsSync(paths.trees) ? readdirSync(paths.trees) : []) {
    const [, number, attempt] = /^(\d+)\.(\d+)$/.exec(name) ?? [];
    if (number === undefined || attempt === undefined) continue;
    const job = known.get(Number(number));
    const isInUse = job && !isOver(job) && Math.max(...job.attempts, 0) === Number(attempt);
    if (isInUse) continue;
    await removeTraces(paths, Number(number), Number(attempt)).catch((error: unknown) =>
      say('a checkout stays', { name, problem: messageOf(error) }),
    );
  }
  await pruneWorktrees(paths.root, paths.trees);
  for (const ref of (await runGit(paths.root, ['for-each-ref', '--format=%(refname)', 'refs/nightlab/adding/'])).split(
    '\n',
  )) {
    if (ref !== '') await runGit(paths.root, ['update-ref', '-d', ref]);
  }
}
