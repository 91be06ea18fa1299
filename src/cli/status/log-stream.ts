/** What a job's logs gain, from its run folder: every attempt and step in order. Reads files only; where the text goes is the caller's. */
import { closeSync, existsSync, openSync, readdirSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { StringDecoder } from 'node:string_decoder';

/** A function that hands on what came since its last call. */
export function createLogStream(folder: string, write: (bytes: Buffer) => void): () => void {
  const offsets = new Map<string, number>();
  const chunk = Buffer.alloc(256 * 1024);
  return () => {
    if (!existsSync(folder)) return;
    const attempts = readdirSync(folder)
      .filter((name) => /^\d+$/.test(name))
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
