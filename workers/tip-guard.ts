/**
 * The guard of a staged attempt: it begins only while main stands where it stood when the attempt was last found good. The supervisor asks
 * in the moment of beginning; the daemon looks beforehand and brings the guard up to date. What makes an attempt good is the worker's question.
 */
import { join } from 'node:path';
import { monotonicMs } from '../src/domain/time.ts';
import { readRefStamp } from '../src/git/ref-stamp.ts';
import { readJsonFile, writeJsonSafely } from './supervisor/attempt-files.ts';

/** How often main is looked at while an attempt waits, milliseconds: a file of 41 bytes. Often, because the next begin may be due just now. */
const lookMs = 50;
const minuteMs = 60_000;

const guardPath = (attemptDir: string): string => join(attemptDir, 'guard.json');

/** What guard.json says. */
interface Guard {
  schema: 1;
  root: string;
  branch: string;
  stamp: string;
}

/** Writes the guard: `stamp` of `branch` as read before the attempt was found good. */
export function writeGuard(attemptDir: string, root: string, branch: string, stamp: string): void {
  const guard: Guard = { schema: 1, root, branch, stamp };
  writeJsonSafely(guardPath(attemptDir), guard);
}

/** Whether the attempt may begin as far as main is concerned; true where it has no guard. */
export function isGuardPassed(attemptDir: string): boolean {
  const guard = readJsonFile(guardPath(attemptDir)) as Guard | null;
  return guard === null || readRefStamp(guard.root, guard.branch) === guard.stamp;
}

/**
 * Asks `onMove`, with the present stamp, whenever the branch has moved since `stamp`, and once a minute in any case: data and seeds of the track
 * change without it. One question at a time; where it fails it is asked again. What is given back ends the watching.
 */
export function watchTip(
  root: string,
  branch: string,
  stamp: string,
  onMove: (stamp: string) => Promise<void>,
): () => void {
  let known = stamp;
  let isAsking = false;
  let askedMs = monotonicMs();
  const ask = async (now: string) => {
    isAsking = true;
    askedMs = monotonicMs();
    try {
      await onMove(now);
      known = now;
    } finally {
      isAsking = false;
    }
  };
  const timer = setInterval(() => {
    if (isAsking) return;
    try {
      const now = readRefStamp(root, branch);
      if (now !== known || monotonicMs() - askedMs > minuteMs) void ask(now).catch(() => undefined);
    } catch {
      // Unreadable for a moment (too many open files): the supervisor asks for itself before it begins.
    }
  }, lookMs);
  return () => clearInterval(timer);
}
