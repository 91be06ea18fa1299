/**
 * Entry point of the supervisor process: `supervisor.js <attempt folder>`, or `supervisor.js --spare`, which is told its attempt by one line on
 * its stdin and ends with its stdin where no line came. What it has to say goes to stderr, which is the attempt's supervisor.log.
 */
import { closeSync, openSync, read, writeSync } from 'node:fs';
import { errnoOf, formatError } from '../../src/errors/lab-error.ts';
import { attemptPath, isDiskFull } from './attempt-files.ts';
import { supervise } from './supervise.ts';

let log = 2;

function note(line: string): void {
  try {
    writeSync(log, `${new Date().toISOString()} ${process.pid} ${line}\n`);
  } catch (error) {
    // With a full disk there is no place to say so; the run matters more.
    if (!isDiskFull(error)) throw error;
  }
}

/** What a spare is told; null where its stdin ends first. */
async function readOrder(): Promise<{ attemptDir: string; secrets: Record<string, string> } | null> {
  const chunk = Buffer.alloc(1 << 16);
  let text = '';
  for (;;) {
    const bytes = await new Promise<number>((resolve) =>
      // A daemon that dies can take its end away with an error instead of an end.
      read(0, chunk, 0, chunk.length, null, (error, count) => {
        if (error !== null && errnoOf(error) === 'EAGAIN') setTimeout(() => resolve(-1), 20);
        else resolve(error === null ? count : 0);
      }),
    );
    if (bytes === 0) return null;
    // One byte per letter until the whole is there: a chunk may end in the middle of a letter.
    if (bytes > 0) text += chunk.toString('latin1', 0, bytes);
    if (!text.endsWith('\n')) continue;
    return JSON.parse(Buffer.from(text, 'latin1').toString('utf8')) as {
      attemptDir: string;
      secrets: Record<string, string>;
    };
  }
}

/** Makes the attempt's log this process's stderr, so that even node's own last words land there. */
function openLog(attemptDir: string): void {
  closeSync(2);
  log = openSync(attemptPath(attemptDir, 'log'), 'a', 0o644);
}

async function main(): Promise<number> {
  let attemptDir = process.argv[2];
  let secrets: NodeJS.ProcessEnv = process.env;
  if (attemptDir === undefined) {
    note('usage: supervisor.js <attempt folder> | --spare');
    return 2;
  }
  if (attemptDir === '--spare') {
    const order = await readOrder();
    if (order === null) return 0;
    attemptDir = order.attemptDir;
    secrets = { ...process.env, ...order.secrets };
    try {
      openLog(attemptDir);
    } catch (error) {
      // Withdrawn, and its folder deleted, before we came.
      if (errnoOf(error) === 'ENOENT') return 0;
      throw error;
    }
  }
  const outcome = await supervise(attemptDir, note, secrets);
  if (outcome === 'busy') note('another supervisor has this attempt');
  return 0;
}

// A closing terminal or Ctrl-C in it ends the client, not the run.
process.on('SIGHUP', () => undefined);
process.on('SIGINT', () => undefined);

try {
  process.exit(await main());
} catch (error) {
  note(formatError(error));
  process.exit(70);
}
