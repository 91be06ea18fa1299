/** What a daemon that was killed left behind, taken away at the next start. Only what the lab made itself and needs no more. */
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { hasBegun, isOver, type JobBook } from '../../queue/job-book.ts';
import { attemptFolder, readRun } from '../../queue/job-store.ts';
import { clearAttempt, removeTraces, withdrawnEnding } from '../../workers/execute.ts';
import { endWithdrawn } from '../../workers/supervisor/launch.ts';
import { withdrawAttempt } from '../../workers/supervisor/started.ts';
import type { LabPaths } from '../config/lab-paths.ts';
import { messageOf } from '../errors/lab-error.ts';
import { runGit } from '../git/run-git.ts';
import { pruneWorktrees } from '../git/worktree.ts';

/** Takes back what an earlier daemon had made ready: attempts that no supervisor has begun. What has begun goes on. */
export async function dropUnbegun(
  paths: LabPaths,
  book: JobBook,
  say: (line: string, details?: Record<string, unknown>) => void,
): Promise<void> {
  for (const booked of book.open().filter(hasBegun)) {
    const { number } = booked.job;
    const attempt = booked.attempts.at(-1) ?? 1;
    const folder = attemptFolder(paths.runs, number, attempt);
    try {
      if (withdrawAttempt(folder) === 'begun') continue;
      await endWithdrawn(folder);
      clearAttempt(paths, number, attempt);
      book.dropAttempt(number, attempt, readRun(paths.runs, number, booked.attempts.at(-2) ?? 0));
      say('taken back', { job: number, attempt });
    } catch (error) {
      // One folder in trouble (a full disk, a process that does not end) must not keep the lab from starting.
      say('an attempt that nobody began is not taken back', { job: number, attempt, problem: messageOf(error) });
    }
  }
}

/** Removes what a daemon that was killed left behind: checkouts of runs that are over, git's entries of vanished ones, refs of jobs that were never confirmed. */
export async function sweepTraces(
  paths: LabPaths,
  book: JobBook,
  say: (line: string, details?: Record<string, unknown>) => void,
): Promise<void> {
  const known = new Map(book.all().map((job) => [job.job.number, job]));
  for (const name of existsSync(paths.trees) ? readdirSync(paths.trees) : []) {
    if (name.endsWith(withdrawnEnding)) rmSync(join(paths.trees, name), { recursive: true, force: true });
    const [, number, attempt] = /^(\d+)\.(\d+)$/.exec(name) ?? [];
    if (number === undefined || attempt === undefined) continue;
    const job = known.get(Number(number));
    const isInUse = job && !isOver(job) && job.run === null && Math.max(...job.attempts, 0) === Number(attempt);
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
