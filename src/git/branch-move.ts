/**
 * Moves a branch by compare-and-swap, and takes away the ref locks that a git of the lab's leaves when it is killed in the
 * middle of it (kill -9 of the process group, a power cut). Before each move a small file says what is about to happen, so
 * that such a lock can be told from one that the user's git holds.
 */
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { LabError } from '../errors/lab-error.ts';
import { isAlive } from './checkout-state.ts';
import { createGitError, isLockContention, runGitResult } from './run-git.ts';

/** A branch to move. */
export interface BranchMove {
  /** Main checkout. */
  root: string;
  /** The repository's common git folder. */
  commonDirectory: string;
  /** Without refs/heads/. */
  branch: string;
  /** Full hash that the branch must be at. */
  from: string;
  /** Full hash that it gets. */
  to: string;
}

/** `moved`; `changed` where the branch was elsewhere already; `locked` where git holds its lock. */
export type MoveOutcome = 'moved' | 'changed' | 'locked';

/** What a ref lock's holder is given to finish in, milliseconds: an orphaned git may still be at it. */
const orphanGraceMs = 2000;

/** Moves the branch if it is where it is expected. Throws LabError where git cannot write. */
export async function tryMoveBranch(move: BranchMove): Promise<MoveOutcome> {
  const note = join(move.commonDirectory, `nightlab-move-${process.pid}`);
  try {
    writeFileSync(note, `${move.to} ${move.branch}\n`);
  } catch (error) {
    throw new LabError('user', `${note} cannot be written`, { cause: error });
  }
  const args = ['update-ref', '-m', 'commit: nightlab recorder', `refs/heads/${move.branch}`, move.to, move.from];
  const result = await runGitResult(move.root, args);
  rmSync(note, { force: true });
  if (result.exitCode === 0) return 'moved';
  if (isLockContention(result.stderr)) return 'locked';
  if (/but expected|is at [0-9a-f]+|reference already exists/.test(result.stderr)) return 'changed';
  throw createGitError(move.root, args, result);
}

/** Takes a lock away if it is the one that the move to `commit` left; true where it is still there. */
function isStillLocked(path: string, commit: string): boolean {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return false;
  const content = readFileSync(path, 'utf8').trim();
  if (content !== '' && content !== commit) return false;
  if (Date.now() - stats.mtimeMs < orphanGraceMs) return true;
  rmSync(path, { force: true });
  return false;
}

/** Takes away ref locks that dead processes of the lab left behind, once they are surely dead. Locks of the user's git stay. */
export function removeStaleRefLocks(commonDirectory: string): void {
  for (const name of readdirSync(commonDirectory)) {
    const pid = /^nightlab-move-(\d+)$/.exec(name)?.[1];
    if (pid === undefined || isAlive(Number(pid))) continue;
    const note = join(commonDirectory, name);
    const [, commit, branch] = /^([0-9a-f]+) (.+)\n$/.exec(readFileSync(note, 'utf8')) ?? [];
    let remains = false;
    if (commit !== undefined && branch !== undefined) {
      // HEAD is locked as well, for its log, where it points to the branch.
      for (const lock of [`refs/heads/${branch}.lock`, 'HEAD.lock']) {
        remains = isStillLocked(join(commonDirectory, lock), commit) || remains;
      }
    }
    if (!remains) rmSync(note, { force: true });
  }
}
