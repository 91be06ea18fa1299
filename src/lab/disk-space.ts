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
