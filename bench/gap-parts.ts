/**
 * Where the gap between two jobs goes, read from the times of the files that each part writes: nothing is added to what is measured.
 * A file system may keep times only to the kernel's tick (4 ms on many Linuxes), so a single value is coarse and only medians count.
 */
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Stamp } from './stamp.ts';

/** More than a file system's clock may be behind. */
const tickMs = 12;

interface Side {
  dir: string;
  stamp: Stamp;
}

interface Moment {
  /** What happened between the moment before and this one. */
  part: string;
  /** Milliseconds since 1970; null where this run has no such moment. */
  atMs(before: Side, after: Side): number | null;
}

function changedMs(dir: string, name: string): number | null {
  const path = join(dir, name);
  return existsSync(path) ? statSync(path).mtimeMs : null;
}

const ending: Moment[] = [
  { part: 'start of the gap', atMs: (before) => before.stamp.endMs },
  { part: 'end of the stamp, of sandbox and wrapper', atMs: ({ dir }) => changedMs(dir, 'train.exit') },
  { part: 'supervisor: leftovers looked for, exit written', atMs: ({ dir }) => changedMs(dir, 'exit') },
];

/** What a run needs that was not made ready while the one before it went on. */
const preparing: Moment[] = [
  { part: 'worker: log read, run.json', atMs: ({ dir }) => changedMs(dir, 'run.json') },
  { part: 'handed over', atMs: (_, { dir }) => statSync(dir).birthtimeMs },
  { part: 'checkout and plan made', atMs: (_, { dir }) => changedMs(dir, 'plan.json') },
  { part: 'supervisor started, attempt locked', atMs: (_, { dir }) => changedMs(dir, 'supervisors.jsonl') },
];

const starting: Moment[] = [
  { part: 'device locked', atMs: (_, { dir }) => changedMs(dir, 'started') },
  { part: 'step wrapper spawned', atMs: (_, { dir }) => changedMs(dir, 'train.pid') },
  { part: 'sandbox entered, stamp started', atMs: (_, after) => after.stamp.startMs },
];

/**
 * Milliseconds of each part in every gap, in the order of time; a part that a run has not is counted with the next one. Of a run whose
 * supervisor was ready before the gap began, only what was left to do is counted.
 */
export function measureParts(dirs: string[], stamps: Stamp[]): Map<string, number[]> {
  const parts = new Map<string, number[]>();
  const add = (part: string, ms: number) => parts.set(part, [...(parts.get(part) ?? []), ms]);
  for (let i = 1; i < dirs.length; i++) {
    const [dirBefore, dir, stampBefore, stamp] = [dirs[i - 1], dirs[i], stamps[i - 1], stamps[i]];
    if (dirBefore === undefined || dir === undefined || !stampBefore || !stamp) continue;
    const isReady = (changedMs(dir, 'supervisors.jsonl') ?? Number.POSITIVE_INFINITY) < stampBefore.endMs;
    let lastMs: number | null = null;
    for (const { part, atMs } of [...ending, ...(isReady ? [] : preparing), ...starting]) {
      const fileMs = atMs({ dir: dirBefore, stamp: stampBefore }, { dir, stamp });
      if (fileMs === null) continue;
      // What was done well before the gap costs it nothing; less than a tick before may be the coarse clock.
      const nowMs: number = lastMs !== null && fileMs < stampBefore.endMs - tickMs ? lastMs : fileMs;
      if (lastMs !== null) add(part, nowMs - lastMs);
      lastMs = nowMs;
    }
  }
  return parts;
}
