/** Output without a shape: every line is something that the agent says, and its exit code alone tells how it ended. */
import type { OutputParser } from './output-parser.ts';

/** How much of the end is kept as the agent's last words, in characters. */
const longestTail = 64 * 1024;

/** Reads plain text. Names no failure and no usage. */
export function createTextParser(): OutputParser {
  let tail: string[] = [];
  let length = 0;
  return {
    feed(line) {
      tail.push(line);
      length += line.length + 1;
      // Only now and then, so that a program that prints a million lines costs no million copies.
      if (length > 2 * longestTail) {
        const kept = tail.join('\n').slice(-longestTail);
        tail = [kept];
        length = kept.length;
      }
      return line.trim() === '' ? [] : [{ kind: 'text', text: line }];
    },
    end: () => ({ text: tail.join('\n').slice(-longestTail).trim(), error: null, verdict: 'never' }),
  };
}
