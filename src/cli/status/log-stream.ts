/**
 * What a job's logs gain, from its run folder: every attempt and step in order; and how the logs of several jobs share one output. Reads
 * files only; where the text goes is the caller's.
 */
import { closeSync, existsSync, openSync, readdirSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { StringDecoder } from 'node:string_decoder';

/** A function that hands on what came since its last call; attempts up to `afterAttempt` are left out. */
export function createLogStream(folder: string, write: (bytes: Buffer) => void, afterAttempt = 0): () => void {
  const offsets = new Map<string, number>();
  const chunk = Buffer.alloc(256 * 1024);
  return () => {
    if (!existsSync(folder)) return;
    const attempts = readdirSync(folder)
      .filter((name) => /^\d+$/.test(name) && Number(name) > afterAttempt)
      .sort((a, b) => Number(a) - Number(b));
    for (const attempt of attempts) {
      for (const step of ['prepare', 'run', 'score']) {
        const file = join(folder, attempt, `${step}.log`);
        if (!existsSync(file)) continue;
        const handle = openSync(file, 'r');
        try {
          for (;;) {
            const offset = offsets.get(file) ?? 0;
            const count = readSync(handle, chunk, 0, chunk.length, offset);
            if (count === 0) break;
            write(Buffer.from(chunk.subarray(0, count)));
            offsets.set(file, offset + count);
          }
        } finally {
          closeSync(handle);
        }
      }
    }
  };
}

/** Longest piece of a line that is held back for its end, characters. */
const longestHeld = 8192;

/** Puts a prefix before each line; a line is handed on when it is whole. `end` hands on what is left. */
export function createLinePrefix(prefix: string, write: (text: string) => void) {
  const decoder = new StringDecoder('utf8');
  let held = '';
  return {
    take(bytes: Buffer): void {
      held += decoder.write(bytes);
      const lines = held.split('\n');
      held = lines.pop() ?? '';
      if (held.length > longestHeld) {
        lines.push(held);
        held = '';
      }
      if (lines.length > 0) write(lines.map((line) => `${prefix}${line}\n`).join(''));
    },
    end(): void {
      const rest = held + decoder.end();
      held = '';
      if (rest !== '') write(`${prefix}${rest}\n`);
    },
  };
}

/** What one job writes to an output that others write to as well. */
export interface SharedWriter {
  take(bytes: Buffer): void;
  /** Hands on what is left, with an end to the last line. */
  end(): void;
}

/**
 * An output for the logs of several jobs: a function that opens the part of one. What comes stays as it is while one alone is open; from
 * the moment at which a second one is, each of them has its prefix before every line until it ends.
 */
export function createSharedOutput(write: (text: Buffer | string) => void): (prefix: string) => SharedWriter {
  const marks = new Set<() => void>();
  return (prefix) => {
    let lines: ReturnType<typeof createLinePrefix> | null = null;
    let isLineOpen = false;
    const closeLine = () => {
      if (isLineOpen) write('\n');
      isLineOpen = false;
    };
    const mark = () => {
      if (lines !== null) return;
      closeLine();
      lines = createLinePrefix(prefix, write);
    };
    marks.add(mark);
    if (marks.size > 1) for (const each of marks) each();
    return {
      take(bytes) {
        if (lines === null) {
          write(bytes);
          isLineOpen = bytes.at(-1) !== 0x0a;
        } else lines.take(bytes);
      },
      end() {
        marks.delete(mark);
        if (lines === null) closeLine();
        else lines.end();
      },
    };
  };
}
