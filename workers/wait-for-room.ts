/**
 * The disk reserve: no attempt is prepared while less than it is free. Waiting ends by itself when there is room, or with a request to kill the
 * attempt. It frees nothing itself.
 */
import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { readFreeBytes } from '../src/lab/disk-space.ts';
import { attemptPath } from './supervisor/attempt-files.ts';

const lookMs = 500;

/**
 * Waits until `reserveMb` (1e6 bytes) are free on the file system of `disk`, telling `onWait` why it waits and null when that is over.
 * `killed`: the attempt's end was asked for meanwhile. Rejects with the signal's reason when it aborts.
 */
export async function waitForRoom(
  disk: string,
  attemptDir: string,
  reserveMb: number,
  signal: AbortSignal,
  onWait: (why: string | null) => void,
): Promise<'room' | 'killed'> {
  let shown: string | null = null;
  for (;;) {
    signal.throwIfAborted();
    const why = describeShortage(disk, readFreeBytes(disk), reserveMb);
    if (why !== shown) onWait(why);
    shown = why;
    if (why === null) return 'room';
    if (existsSync(attemptPath(attemptDir, 'kill'))) return 'killed';
    await sleep(lookMs, undefined, { signal }).catch((error: unknown) => {
      signal.throwIfAborted();
      throw error;
    });
  }
}

/** Why a run waits for room; null where enough is free. Pure. */
export function describeShortage(disk: string, freeBytes: number, reserveMb: number): string | null {
  if (freeBytes >= reserveMb * 1e6) return null;
  return `${(freeBytes / 1e6).toFixed(1)} MB are free at ${disk}, less than devices.reserveMb ${reserveMb}`;
}
