/**
 * Whose process it is that holds a GPU's memory: its program, its user, and whether it is one of the lab's own runs. Reads /proc, so that
 * outside Linux only the program is known. How much memory it holds comes from the vendor's program.
 */
import { readFileSync, statSync } from 'node:fs';
import { errnoOf } from '../src/errors/lab-error.ts';
import type { GpuProcessLine } from './device-parse.ts';
import { readProcess } from './process-tree.ts';

/** A process on a GPU. */
export interface GpuUser {
  pid: number;
  /** What it holds of the card, MiB; null where it is not told. */
  memoryMib: number | null;
  /** Its program; null where no such process is visible here (a zombie, or another container's). */
  name: string | null;
  /** Name of its user, or "uid 1234"; null where it cannot be told. */
  user: string | null;
  /** Whether it is one of this lab's runs. */
  isOwn: boolean;
}

/** Looks up who is behind a line of the vendor's program. */
export function identifyGpuUser({ pid, memoryMib }: GpuProcessLine, isOwn: (pid: number) => boolean): GpuUser {
  const info = readProcess(pid);
  if (info === null) return { pid, memoryMib, name: null, user: null, isOwn: false };
  return { pid, memoryMib, name: info.name, user: readUser(pid), isOwn: isOwn(pid) };
}

/** True where the process carries a run marker (LAB_RUN) of the lab with this id: "<lab id>/<job>.<attempt>". Linux only. */
export function isLabProcess(pid: number, labId: string): boolean {
  const environment = readText(`/proc/${pid}/environ`);
  return environment?.split('\0').some((entry) => entry.startsWith(`LAB_RUN=${labId}/`)) === true;
}

function readUser(pid: number): string | null {
  let uid: number;
  try {
    uid = statSync(`/proc/${pid}`).uid;
  } catch (error) {
    if (isUnreadable(error)) return null;
    throw error;
  }
  const line = readText('/etc/passwd')
    ?.split('\n')
    .find((one) => one.split(':')[2] === String(uid));
  return line?.split(':')[0] ?? `uid ${uid}`;
}

function readText(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (isUnreadable(error)) return null;
    throw error;
  }
}

function isUnreadable(error: unknown): boolean {
  return ['ENOENT', 'ESRCH', 'EACCES', 'EPERM', 'ENOTDIR'].includes(errnoOf(error) ?? '');
}
