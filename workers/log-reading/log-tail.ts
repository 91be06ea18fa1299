/** The end of a run's log, for those who have to learn from it. Reads the log of the last step that printed something. */
import { closeSync, existsSync, fstatSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';

/** The last `count` lines of the last step's log in an attempt's folder; "" where nothing was printed. Lines are cut at 200 characters. */
export function readLogTail(folder: string, count: number): string {
  for (const name of ['score.log', 'run.log', 'prepare.log']) {
    const file = join(folder, name);
    if (!existsSync(file)) continue;
    const handle = openSync(file, 'r');
    try {
      const { size } = fstatSync(handle);
      const tail = Buffer.alloc(Math.min(size, 32_768));
      readSync(handle, tail, 0, tail.length, size - tail.length);
      const lines = tail
        .toString('utf8')
        // A progress line that was written over stands before its carriage return; the last state of it is what counts.
        .split('\n')
        .map((line) => line.slice(line.trimEnd().lastIndexOf('\r') + 1).trimEnd())
        .filter((line) => line !== '');
      if (lines.length > 0)
        return lines
          .slice(-count)
          .map((line) => line.slice(0, 200))
          .join('\n');
    } finally {
      closeSync(handle);
    }
  }
  return '';
}
