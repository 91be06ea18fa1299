/** Says a full disk in words. What it keeps from being written is not lost: whoever writes tries again. */
import { LabError } from '../errors/lab-error.ts';
import { isDiskFull, readFreeBytes } from '../lab/disk-space.ts';

/** One line where the disk is full; null where there is room. */
export function findDiskProblem(folder: string): string | null {
  if (!isDiskFull(folder)) return null;
  return `the disk is full (${readFreeBytes(folder)} bytes free at ${folder}): runs and records wait and go on by themselves once there is room`;
}

/**
 * Does the work; where it fails for want of room, the error names that: git alone says only that it could not write. `consequence` says
 * what came of it.
 */
export async function withDiskHint<T>(
  folder: string,
  work: Promise<T>,
  consequence = 'nothing was queued',
): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof LabError) || error.kind === 'usage' || !isDiskFull(folder)) throw error;
    const message = `the disk is full: ${readFreeBytes(folder)} bytes are free at ${folder}; ${consequence}`;
    throw new LabError(error.kind, message, {
      cause: error,
      hints: ['make room, then ask again; `lab doctor` shows the free space'],
    });
  }
}
