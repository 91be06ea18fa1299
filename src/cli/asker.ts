/** Asks a person line by line. The terminal stays in its normal mode, so that editing a line, Ctrl-C and pagers work as everywhere. */
import { createInterface } from 'node:readline';

/** A conversation on stdin and stderr. */
export interface Asker {
  /** Prints the question and gives the next line, trimmed; null once there is no more input (Ctrl-D). */
  ask(question: string): Promise<string | null>;
  /** Leaves the keyboard to another program (an editor, a pager) until `work` is over; Ctrl-C then ends that program alone. */
  leaveTo<Result>(work: () => Promise<Result>): Promise<Result>;
  close(): void;
}

/** Creates a conversation; stdin is read from now on until `close`. Lines that are typed before their question wait for it. */
export function createAsker(): Asker {
  const reader = createInterface({ input: process.stdin, terminal: false });
  const lines: string[] = [];
  let isOver = false;
  let wake: (() => void) | null = null;
  reader.on('line', (line) => {
    lines.push(line.trim());
    wake?.();
  });
  reader.on('close', () => {
    isOver = true;
    wake?.();
  });
  return {
    async ask(question) {
      process.stderr.write(question);
      if (lines.length === 0 && !isOver) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
        wake = null;
      }
      const line = lines.shift();
      // The cursor still stands behind the question.
      if (line === undefined) process.stderr.write('\n');
      return line ?? null;
    },
    async leaveTo(work) {
      reader.pause();
      try {
        return await withoutInterrupt(work);
      } finally {
        reader.resume();
      }
    },
    close: () => reader.close(),
  };
}

/** Runs `work` while Ctrl-C is left to the program that has the terminal: the signal goes to both, and this one would die under the other. */
export async function withoutInterrupt<Result>(work: () => Promise<Result>): Promise<Result> {
  const ignore = () => {};
  process.on('SIGINT', ignore);
  try {
    return await work();
  } finally {
    process.removeListener('SIGINT', ignore);
  }
}
