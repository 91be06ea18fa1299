/**
 * The files of one attempt's folder by name, and the two ways to write them: once, and patiently through a full disk.
 * What stands in them is plan.ts's; this file only moves bytes safely.
 */
import {
  closeSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { StepName } from '../../src/domain/run.ts';
import { errnoOf, LabError, messageOf } from '../../src/errors/lab-error.ts';

/** File names in an attempt's folder, besides the logs that the plan names. */
export const attemptFiles = {
  /** What to do; written by the worker, never changed. */
  plan: 'plan.json',
  /** Kernel lock: exactly one supervisor per attempt. */
  lock: 'supervisor.lock',
  /** What the supervisors had to say. */
  log: 'supervisor.log',
  /** One line per supervisor that took the attempt on. */
  supervisors: 'supervisors.jsonl',
  /** Present while the devices are somebody else's. */
  waiting: 'waiting.json',
  /** Decides between begin and withdrawal: started.ts. */
  started: 'started',
  /** A request to end the run. */
  kill: 'kill',
  /** Present while the run is to stand still. */
  pause: 'pause',
  /** FIFO that the train step reads from, while it runs. */
  stdin: 'stdin',
  /** Peak memory so far, so that a takeover does not lose it. */
  memory: 'memory.json',
  /** Samples of memory. */
  samples: 'device.tsv',
  /** Size, times and inode of each file in LAB_OUT when the score step was about to start. */
  scoreInputs: 'score-inputs.json',
  /** Names of processes that outlived train and were killed; absent where none did. */
  leftovers: 'leftovers',
  /** The outcome; written last. */
  exit: 'exit',
} as const;

/** Path of one of the attempt's files. */
export function attemptPath(attemptDir: string, file: keyof typeof attemptFiles): string {
  return join(attemptDir, attemptFiles[file]);
}

/** Path of a step's own file: `pid` and `exit` are written by its wrapper, `stop` and `paused` by the supervisor before it signals anything. */
export function stepPath(attemptDir: string, step: StepName, kind: 'pid' | 'exit' | 'stop' | 'paused'): string {
  return join(attemptDir, `${step}.${kind}`);
}

/**
 * Path of the file that is there once a person sent the run that signal (`lab kill --signal`). It is empty, and so needs no room on a full
 * disk; what the signal ended then counts as ended on request.
 */
export function sentSignalPath(attemptDir: string, signal: string): string {
  return join(attemptDir, `sent.${signal}`);
}

/** A JSON file's value; null where the file does not exist. Throws LabError naming the file where it is not JSON. */
export function readJsonFile(path: string): unknown {
  const text = readTextFile(path);
  if (text === null) return null;
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new LabError('worker', `${path} is not JSON`, { cause: error, hints: ['lab doctor'] });
  }
}

/** A file's text; null where it does not exist. */
export function readTextFile(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return null;
    throw error;
  }
}

/** Time of a file's last change, milliseconds since 1970; null where it does not exist. */
export function readChangeTimeMs(path: string): number | null {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? null;
}

/** Writes JSON so that a reader sees the old file, none, or the new one whole, and the new one survives a power cut. */
export function writeJsonSafely(path: string, value: unknown): void {
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    const fd = openSync(temporary, 'w', 0o644);
    try {
      writeSync(fd, `${JSON.stringify(value)}\n`);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
  const folder = openSync(dirname(path), 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

/** Writes JSON so that a reader sees the old file, none, or the new one whole. Not synced: for what a power cut may take with the run. */
export function writeJsonPlainly(path: string, value: unknown): void {
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    writeFileSync(temporary, `${JSON.stringify(value)}\n`, { mode: 0o644 });
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

/** True for the errors that pass when somebody makes room: disk full, quota reached. */
export function isDiskFull(error: unknown): boolean {
  const code = errnoOf(error);
  return code === 'ENOSPC' || code === 'EDQUOT';
}

/** Does something that writes, again every second while the disk is full, telling `note` once. Other errors are thrown. */
export async function writePatiently<T>(what: string, write: () => T, note: (line: string) => void): Promise<T> {
  for (let tries = 0; ; tries++) {
    try {
      return write();
    } catch (error) {
      if (!isDiskFull(error)) throw error;
      if (tries === 0) note(`the disk is full: ${what} waits (${messageOf(error)})`);
      await sleep(1000);
    }
  }
}
