/** Runs a command of the set-up in the repository, with what it prints kept in a log; and the end of that log for a person. */
import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { readLogTail } from '../../../workers/log-reading/log-tail.ts';
import { errnoOf, messageOf } from '../../errors/lab-error.ts';

/** How a command ended. */
export interface CommandEnd {
  /** Null where a signal ended it, or where it could not be started. */
  exitCode: number | null;
  /** Why it could not be started, or the signal; "" where it exited by itself. */
  reason: string;
}

/** How many last lines of a log are shown. */
const shownLines = 12;

/**
 * Runs a shell command; both its streams go to `log` (made anew) and to `onOutput`. It reads nothing. Never throws for how it ends, but throws the
 * reason of `signal` where that ended it, with all that it had started.
 */
export async function runCommand(
  command: string,
  cwd: string,
  log: string,
  onOutput: (chunk: Buffer) => void,
  signal: AbortSignal,
): Promise<CommandEnd> {
  signal.throwIfAborted();
  mkdirSync(dirname(log), { recursive: true });
  const descriptor = openSync(log, 'w');
  try {
    const end = await new Promise<CommandEnd>((resolve) => {
      // A process group of its own: an end meant for it reaches what the shell started, too.
      const child = spawn('/bin/sh', ['-c', command], { cwd, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
      const stop = () => {
        try {
          if (child.pid !== undefined) process.kill(-child.pid, 'SIGTERM');
        } catch (error) {
          // It ended in that moment.
          if (errnoOf(error) !== 'ESRCH') throw error;
        }
      };
      signal.addEventListener('abort', stop, { once: true });
      const finish = (found: CommandEnd) => {
        signal.removeEventListener('abort', stop);
        resolve(found);
      };
      const keep = (chunk: Buffer) => {
        writeSync(descriptor, chunk);
        onOutput(chunk);
      };
      child.stdout.on('data', keep);
      child.stderr.on('data', keep);
      child.on('error', (error) => finish({ exitCode: null, reason: messageOf(error) }));
      child.on('close', (exitCode, killer) => finish({ exitCode, reason: killer === null ? '' : `signal ${killer}` }));
    });
    signal.throwIfAborted();
    return end;
  } finally {
    closeSync(descriptor);
  }
}

/** How an end is told: "exit code 1", "signal SIGKILL". */
export function describeEnd({ exitCode, reason }: CommandEnd): string {
  return exitCode === null ? reason : `exit code ${exitCode}`;
}

/** Last lines in an attempt's folder, or in that of a log called run.log; of a line that was written over, its last state. */
export function readLastLines(folder: string): string[] {
  return readLogTail(folder, shownLines)
    .split('\n')
    .filter((line) => line !== '');
}
