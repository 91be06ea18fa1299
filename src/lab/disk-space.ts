/** Whether there is room to write. */
import { statfsSync } from 'node:fs';

/** Free space under which nothing can be trusted to be written, bytes. */
const fullDiskBytes = 1_000_000;

/** Free bytes for this user on the file system of `folder`. */
export function readFreeBytes(folder: string): number {
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize;
}

/** Whether the file system of `folder` is full for practical purposes. */
export function isDiskFull(folder: string): boolean {
  return readFreeBytes(folder) <= fullDiskBytes;
}

/** Why a run waits for room on the file system of `disk` (`reserveMb` in 1e6 bytes); null where enough is free. Pure. */
export function describeShortage(disk: string, freeBytes: number, reserveMb: number): string | null {
  if (freeBytes >= reserveMb * 1e6) return null;
  return `${(freeBytes / 1e6).toFixed(1)} MB are free at ${disk}, less than devices.reserveMb ${reserveMb}`;
}
