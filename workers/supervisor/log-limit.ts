/**
 * A log that may not grow without end: its size, how soon to look again, and cutting its middle out. It does not decide that a step ends,
 * and it knows nothing of what is in the log.
 */
import { closeSync, ftruncateSync, openSync, readSync, statSync, writeSync } from 'node:fs';

// Room for the line that stands where the middle was.
const noteBytes = 160;
const chunkBytes = 1 << 20;
const shortestLookMs = 5;

/** Bytes of a log; 0 where it does not exist, because nothing was printed then. */
export function readLogBytes(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

/** Milliseconds until the next look at a growing log: half of the time in which it would reach its limit, between 5 and `usualMs`. Pure. */
export function nextLookMs(usualMs: number, leftBytes: number, grownBytes: number, passedMs: number): number {
  if (grownBytes <= 0) return usualMs;
  const untilFullMs = (Math.max(0, leftBytes) * Math.max(1, passedMs)) / grownBytes;
  return Math.min(usualMs, Math.max(shortestLookMs, untilFullMs / 2));
}

/**
 * Leaves the first and the last part of a log that is larger than `maxBytes`, about half of the limit each, and between them a line that
 * says how many bytes were left out; gives that number, 0 where nothing was cut. In place, because the disk may be full; nobody may write to the
 * log meanwhile. Calling it again changes nothing.
 */
export function cutLog(path: string, maxBytes: number): number {
  const size = readLogBytes(path);
  if (size <= Math.max(maxBytes, noteBytes)) return 0;
  const partBytes = Math.max(0, Math.floor((maxBytes - noteBytes) / 2));
  const leftOut = size - 2 * partBytes;
  const note = Buffer.from(`\n[nightlab: ${leftOut} bytes left out here, the log limit is ${maxBytes} bytes]\n`);
  const fd = openSync(path, 'r+');
  try {
    // From front to back: the tail lies behind its new place, so nothing is overwritten that is still to be read.
    let from = size - partBytes;
    let to = partBytes + writeAll(fd, note, partBytes);
    const chunk = Buffer.alloc(Math.max(1, Math.min(chunkBytes, partBytes)));
    while (from < size) {
      const got = readSync(fd, chunk, 0, Math.min(chunk.length, size - from), from);
      if (got === 0) break;
      from += got;
      to += writeAll(fd, chunk.subarray(0, got), to);
    }
    ftruncateSync(fd, to);
  } finally {
    closeSync(fd);
  }
  return leftOut;
}

function writeAll(fd: number, bytes: Uint8Array, at: number): number {
  let done = 0;
  while (done < bytes.length) done += writeSync(fd, bytes, done, bytes.length - done, at + done);
  return done;
}
