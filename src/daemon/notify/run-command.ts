/**
 * Runs the person's own command for an event. Values reach it as environment variables only, never as part of the shell line. It is a
 * process group of its own and writes to a file, so that it outlives the daemon; its time limit is kept only while the daemon lives.
 */
import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { errnoOf, messageOf } from '../../errors/lab-error.ts';
import { type EventValues, valueNames } from './event.ts';

/** What is run. */
export interface CommandRun {
  /** Shell line, as lab.local.yaml has it. */
  command: string;
  values: EventValues;
  /** Folder to run in. */
  folder: string;
  /** File that takes what it prints; the last run's alone. */
  logFile: string;
  /** Longest time, milliseconds. */
  limitMs: number;
}

/** What came of it. */
export interface CommandAnswer {
  ok: boolean;
  /** "exit 0", "SIGKILL", or why it could not start. */
  detail: string;
  /** The last 1000 characters that it printed. */
  output: string;
}

/** Longest time of a command, milliseconds. */
export const commandLimitMs = 30_000;

/** Runs the command to its end, or kills its group at the limit. `stop` ends the waiting, not the command. Never throws. */
export async function runNotifyCommand(run: CommandRun, stop: AbortSignal): Promise<CommandAnswer> {
  try {
    const detail = await runToEnd(run, stop);
    return { ok: detail === 'exit 0', detail, output: readFileSync(run.logFile, 'utf8').slice(-1000) };
  } catch (error) {
    return { ok: false, detail: messageOf(error), output: '' };
  }
}

function runToEnd({ command, values, folder, logFile, limitMs }: CommandRun, stop: AbortSignal): Promise<string> {
  mkdirSync(dirname(logFile), { recursive: true });
  const log = openSync(logFile, 'w');
  const env: NodeJS.ProcessEnv = { ...process.env };
  for (const name of valueNames) delete env[name];
  Object.assign(env, values);
  const child = (() => {
    try {
      return spawn('/bin/sh', ['-c', command], { cwd: folder, env, detached: true, stdio: ['ignore', log, log] });
    } finally {
      closeSync(log);
    }
  })();
  return new Promise((resolve, reject) => {
    let isLate = false;
    const limit = setTimeout(() => {
      isLate = true;
      killGroup(child.pid);
    }, limitMs);
    const leave = () => {
      child.unref();
      finish(() => resolve('left running, because the lab ended'));
    };
    const finish = (settle: () => void) => {
      clearTimeout(limit);
      stop.removeEventListener('abort', leave);
      settle();
    };
    child.once('error', (error) => finish(() => reject(error)));
    child.once('exit', (code, signal) =>
      finish(() =>
        resolve(isLate ? `killed after ${limitMs / 1000} s` : code === null ? String(signal) : `exit ${code}`),
      ),
    );
    if (stop.aborted) leave();
    else stop.addEventListener('abort', leave);
  });
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    // It ended at this very moment.
    if (errnoOf(error) !== 'ESRCH') throw error;
  }
}
