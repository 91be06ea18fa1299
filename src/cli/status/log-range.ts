/**
 * Parts of a log as they lie on disk, whatever its size: where its last lines begin, and its bytes in pieces. Looks at bytes alone: a line
 * end is no part of any other UTF-8 character, so a line never begins in the middle of one.
 */
import { readSync } from 'node:fs';

const pieceBytes = 256 * 1024;
const lineEnd = 0x0a;

/** Where the last `count` lines before `end` begin, bytes; 0 where there are no more. A last line without an end is one too. */
export function findLastLines(handle: number, end: number, count: number): number {
  let left = count;
  for (let to = end; to > 0; ) {
    const from = Math.max(0, to - pieceBytes);
    const bytes = readBytes(handle, from, to);
    for (let at = bytes.length - 1; at >= 0; at--) {
      // The end of the last line begins no other.
      if (bytes[at] !== lineEnd || from + at === end - 1) continue;
      left -= 1;
      if (left === 0) return from + at + 1;
    }
    to = from;
  }
  return 0;
}

/** The bytes from `from` to `end`, piece by piece; fewer where the file was cut meanwhile. */
export function* readRange(handle: number, from: number, end: number): Generator<Buffer, void> {
  for (let at = from; at < end; ) {
    const bytes = readBytes(handle, at, Math.min(end, at + pieceBytes));
    if (bytes.length === 0) return;
    yield bytes;
    at += bytes.length;
  }
}

/** The bytes of a place in the file; fewer where it ends before. A single read may give less than there is. */
function readBytes(handle: number, from: number, to: number): Buffer {
  const bytes = Buffer.allocUnsafe(to - from);
  let done = 0;
  while (done < bytes.length) {
    const count = readSync(handle, bytes, done, bytes.length - done, from + done);
    if (count === 0) break;
    done += count;
  }
  return bytes.subarray(0, done);
}
