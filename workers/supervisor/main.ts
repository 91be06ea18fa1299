/** Entry point of the supervisor process: `supervisor.js <attempt folder>`. Its stderr is the attempt's supervisor.log. */
import { writeSync } from 'node:fs';
import { formatError } from '../../src/errors/lab-error.ts';
import { isDiskFull } from './attempt-files.ts';
import { supervise } from './supervise.ts';

function note(line: string): void {
  try {
    writeSync(2, `${new Date().toISOString()} ${process.pid} ${line}\n`);
  } catch (error) {
    // With a full disk there is no place to say so; the run matters more.
    if (!isDiskFull(error)) throw error;
  }
}

// A closing terminal or Ctrl-C in it ends the client, not the run.
process.on('SIGHUP', () => undefined);
process.on('SIGINT', () => undefined);

const attemptDir = process.argv[2];
if (attemptDir === undefined) {
  note('usage: supervisor.js <attempt folder>');
  process.exit(2);
}
try {
  const outcome = await supervise(attemptDir, note);
  if (outcome === 'busy') note('another supervisor has this attempt');
  process.exit(0);
} catch (error) {
  note(formatError(error));
  process.exit(70);
}
