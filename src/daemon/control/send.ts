/** Text to the standard input of a running job: `lab send`. */
import { closeSync, constants, fstatSync, openSync, writeSync } from 'node:fs';
import { attemptFolder } from '../../../queue/job-store.ts';
import { attemptPath } from '../../../workers/supervisor/attempt-files.ts';
import type { LabPaths } from '../../config/lab-paths.ts';
import { errnoOf, LabError } from '../../errors/lab-error.ts';
import type { Outcomes, Routes } from '../routes.ts';
import { describePhase, type QueueParts, runningAttempt } from './select.ts';

/** Writes the text. Throws LabError (user) where the job does not run, reads no input, or does not take all of it. */
export function sendText(
  paths: LabPaths,
  { book }: Pick<QueueParts, 'book'>,
  { number, text }: Routes['send']['request'],
): Outcomes {
  const booked = book.get(number);
  if (!booked.job.stdin) {
    throw new LabError('user', `job ${number} was queued without --stdin: its standard input is empty`, {
      hints: ['`lab add --stdin` opens a pipe for `lab send`'],
    });
  }
  const attempt = runningAttempt(booked);
  if (attempt === null) {
    throw new LabError('user', `${describePhase(booked)}: only a running job reads its standard input`, {
      hints: [`\`lab status ${number}\` shows it`],
    });
  }
  const bytes = Buffer.from(text);
  const taken = writePipe(attemptPath(attemptFolder(paths.runs, number, attempt), 'stdin'), bytes, number);
  if (taken < bytes.length) {
    throw new LabError(
      'user',
      `job ${number} took ${taken} of ${bytes.length} bytes: its pipe is full, for it reads nothing right now`,
      {
        hints: [`\`lab follow ${number}\` shows what it does`],
      },
    );
  }
  return { results: [{ number, outcome: `job ${number}: sent ${bytes.length} bytes`, ok: true }], notes: [] };
}

/** How many bytes the pipe took. */
function writePipe(path: string, bytes: Buffer, number: number): number {
  let handle: number;
  try {
    // Without O_NONBLOCK a pipe that nobody reads would hold the whole daemon.
    handle = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
  } catch (error) {
    const code = errnoOf(error);
    if (code !== 'ENOENT' && code !== 'ENXIO') throw error;
    throw new LabError(
      'user',
      `job ${number} does not read its standard input yet, or not any more: only its train step does`,
      {
        cause: error,
        hints: [`\`lab status ${number}\` shows its step`],
      },
    );
  }
  try {
    if (!fstatSync(handle).isFIFO())
      throw new LabError('internal', `${path} is no pipe, expected the one that the supervisor made`);
    let taken = 0;
    while (taken < bytes.length) {
      try {
        taken += writeSync(handle, bytes, taken);
      } catch (error) {
        if (errnoOf(error) === 'EAGAIN' || errnoOf(error) === 'EPIPE') return taken;
        throw error;
      }
    }
    return taken;
  } finally {
    closeSync(handle);
  }
}
