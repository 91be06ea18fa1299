/**
 * The file `started`: whoever makes it first decides whether an attempt begins or was taken back. A supervisor makes it when it holds the
 * device, the daemon when it wants a staged attempt back; link(2) and O_EXCL let one of them win. It knows no devices and signals nobody.
 */
import {
  close,
  closeSync,
  existsSync,
  fsync,
  linkSync,
  open,
  openSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { errnoOf } from '../../src/errors/lab-error.ts';
import { attemptPath, isDiskFull, readTextFile } from './attempt-files.ts';
import type { StartedRecord } from './plan.ts';

/** How an attempt stands that has a `started`: begun by a supervisor, withdrawn by the daemon, or ended (killed) before it began. */
export type Start = { kind: 'begun'; record: StartedRecord } | { kind: 'withdrawn' } | { kind: 'unstarted' };

/** What `started` says; null where there is none. */
export function readStart(attemptDir: string): Start | null {
  const path = attemptPath(attemptDir, 'started');
  let text = readTextFile(path);
  // Where there are no hard links a supervisor's file is empty for a moment.
  for (let looks = 0; text === '' && looks < 10; looks++) {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
    text = readTextFile(path);
  }
  if (text === null) return null;
  // A full disk has room for an empty file only; supervisors put theirs in place whole.
  if (text === '') return { kind: 'withdrawn' };
  let value: Partial<StartedRecord> & { withdrawn?: unknown; unstarted?: unknown };
  try {
    value = JSON.parse(text) as typeof value;
  } catch {
    // A power cut left its blocks unwritten. It had begun, in a boot that is over: the run is judged as interrupted.
    const supervisor = { pid: 0, start: '', bootId: '' };
    return { kind: 'begun', record: { schema: 1, supervisor, bootId: '', at: new Date(0).toISOString(), devices: [] } };
  }
  if (value.withdrawn !== undefined) return { kind: 'withdrawn' };
  if (value.unstarted !== undefined) return { kind: 'unstarted' };
  return { kind: 'begun', record: { ...(value as StartedRecord), devices: value.devices ?? [] } };
}

/** The supervisor's record of its begin, `withdrawn` where the daemon was first, null where neither has happened. */
export function readStarted(attemptDir: string): StartedRecord | 'withdrawn' | null {
  const start = readStart(attemptDir);
  if (start === null || start.kind === 'unstarted') return null;
  return start.kind === 'withdrawn' ? 'withdrawn' : start.record;
}

/** Whether an attempt was taken back, or its folder is gone, which means the same. */
export function isWithdrawn(attemptDir: string): boolean {
  if (readStarted(attemptDir) === 'withdrawn') return true;
  return !existsSync(attemptDir);
}

/**
 * Takes a staged attempt back, so that nothing of it ever runs; its folder may be deleted then. `begun`: a supervisor was first, or the attempt
 * has ended; it goes on. A missing folder is withdrawn. Throws the system's error where not even an empty file can be made.
 */
export function withdrawAttempt(attemptDir: string): 'withdrawn' | 'begun' {
  if (existsSync(attemptPath(attemptDir, 'exit')) || isOldPlan(attemptDir)) return 'begun';
  try {
    // Not synced: a withdrawal that a power cut undoes leaves an attempt that has not begun.
    if (makeStarted(attemptDir, { schema: 1, withdrawn: new Date().toISOString() }) !== null) return 'withdrawn';
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return 'withdrawn';
    if (!isDiskFull(error)) throw error;
    try {
      closeSync(openSync(attemptPath(attemptDir, 'started'), 'wx', 0o644));
      return 'withdrawn';
    } catch (second) {
      if (errnoOf(second) === 'ENOENT') return 'withdrawn';
      if (errnoOf(second) !== 'EEXIST') throw second;
    }
  }
  const start = readStart(attemptDir);
  return start === null || start.kind === 'withdrawn' ? 'withdrawn' : 'begun';
}

/** A supervisor from before this file decided anything would begin in spite of it. */
function isOldPlan(attemptDir: string): boolean {
  const text = readTextFile(attemptPath(attemptDir, 'plan'));
  if (text === null) return false;
  try {
    return (JSON.parse(text) as { deviceLock?: unknown } | null)?.deviceLock !== undefined;
  } catch {
    // A plan that nobody can read starts nothing.
    return false;
  }
}

/** A begin that was put in place. */
export interface Begin {
  /**
   * Makes it survive a power cut, and returns at once. To be called right after the spawn: a run that loses its `started` in between is lost
   * anyway, and the next one must not wait for the disk.
   */
  sync(): void;
}

/** Begins the attempt; null where the daemon has withdrawn it. Throws the system's error on a full disk: try again. */
export function beginAttempt(attemptDir: string, record: StartedRecord): Begin | null {
  return makeStarted(attemptDir, record);
}

/** Says that the attempt ended before it began, so that nobody withdraws it under its `exit`; false where it was withdrawn. */
export function endUnstarted(attemptDir: string): boolean {
  const begin = makeStarted(attemptDir, { schema: 1, unstarted: new Date().toISOString() });
  begin?.sync();
  return begin !== null || readStart(attemptDir)?.kind === 'unstarted';
}

/** Puts `started` in place whole; null where there is one. */
function makeStarted(attemptDir: string, value: unknown): Begin | null {
  const path = attemptPath(attemptDir, 'started');
  const text = `${JSON.stringify(value)}\n`;
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    writeFileSync(temporary, text, { mode: 0o644 });
    return linkNew(temporary, path, text) ? { sync: () => syncLater(path, () => syncLater(dirname(path))) } : null;
  } finally {
    rmSync(temporary, { force: true });
  }
}

/** What cannot be synced is only less sure to survive a power cut; the folder of a withdrawn attempt may be gone. */
function syncLater(path: string, then: () => void = () => undefined): void {
  open(path, 'r', (error, fd) => {
    if (error === null) fsync(fd, () => close(fd, then));
  });
}

const withoutLinks = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS']);

function linkNew(temporary: string, path: string, text: string): boolean {
  try {
    linkSync(temporary, path);
    return true;
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return false;
    if (!withoutLinks.has(errnoOf(error) ?? '')) throw error;
  }
  // A file system without hard links: exclusive all the same, only not whole from its first moment.
  try {
    const fd = openSync(path, 'wx', 0o644);
    writeSync(fd, text);
    closeSync(fd);
    return true;
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return false;
    throw error;
  }
}
