/**
 * One look at the processes of a run, as cheap as a look can be: the next run waits for it. Found are descendants of the step's wrapper, its
 * session, and whoever has the run's marker in the environment. It signals nobody. Not found: a process that has left the tree and shed its
 * environment.
 */
import { closeSync, openSync, readdirSync, readSync } from 'node:fs';
import { errnoOf } from '../../src/errors/lab-error.ts';
import { descendantsOf, findMarked, listProcesses, type ProcessInfo, parseProcStat } from '../process-tree.ts';

/** Whose processes are looked for. */
export interface RunMark {
  /** Value of LAB_RUN. */
  marker: string;
  /** The step's wrapper, which is not found itself; null where there is none, and only the marker counts. */
  wrapperPid: number | null;
  /**
   * The wrapper's start as the system words it: nothing that is older can be of the step, and is passed over. Null: everything is looked at.
   */
  sinceStart: string | null;
}

/** What a look found. */
export interface RunLook {
  processes: ProcessInfo[];
  /**
   * Whether nothing can have been missed. False where a process showed no environment, as in the middle of an exec, or where new ones came as
   * fast as they were looked at: an empty look must be repeated then.
   */
  isSure: boolean;
}

// Of the kernel's threads, which have no environment.
const kernelThread = 0x00200000;
const maxListings = 5;

/** Looks once. */
export function lookAtRun(run: RunMark): RunLook {
  return process.platform === 'linux' ? lookAtProc(run) : lookAtPs(run);
}

function lookAtPs({ marker, wrapperPid }: RunMark): RunLook {
  const all = listProcesses();
  const below = wrapperPid === null ? [] : descendantsOf(wrapperPid, all);
  const found = new Map([...below, ...findMarked(marker, all)].map((info) => [info.pid, info]));
  for (const pid of [wrapperPid ?? 0, process.pid]) found.delete(pid);
  return { processes: [...found.values()], isSure: false };
}

function lookAtProc({ marker, wrapperPid, sinceStart }: RunMark): RunLook {
  const since = sinceStart === null ? 0 : Number(sinceStart) || 0;
  const wanted = Buffer.from(`\0LAB_RUN=${marker}\0`);
  const seen = new Set<string>();
  const young: ProcessInfo[] = [];
  const found = new Map<number, ProcessInfo>();
  let isSure = true;
  // A process can fork and end while the list is gone through; the child then stands in the next list.
  for (let listings = 0; ; listings++) {
    const fresh = readdirSync('/proc').filter((entry) => isNumber(entry) && !seen.has(entry));
    if (fresh.length === 0) break;
    if (listings === maxListings) {
      isSure = false;
      break;
    }
    for (const entry of fresh) {
      seen.add(entry);
      const info = readYoung(entry, since);
      if (info === null || info.pid === process.pid || info.pid === wrapperPid) continue;
      young.push(info);
      if (wrapperPid !== null && info.sessionId === wrapperPid) found.set(info.pid, info);
      const environment = readProc(`${entry}/environ`);
      if (environment === null) continue;
      if (environment.length === 0) isSure &&= info.isKernels;
      else if (holds(environment, wanted)) found.set(info.pid, info);
    }
  }
  if (wrapperPid !== null) for (const info of descendantsOf(wrapperPid, young)) found.set(info.pid, info);
  return { processes: [...found.values()], isSure };
}

function isNumber(entry: string): boolean {
  const first = entry.charCodeAt(0);
  return first >= 48 && first <= 57;
}

function readYoung(entry: string, since: number): (ProcessInfo & { isKernels: boolean }) | null {
  const stat = readProc(`${entry}/stat`)?.toString('latin1');
  if (stat === undefined) return null;
  const info = parseProcStat(stat);
  if (info === null || Number(info.start) < since) return null;
  const flags = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ', 7)[6]);
  return { ...info, isKernels: (flags & kernelThread) !== 0 };
}

/** The entry that was wanted begins and ends with the zero byte that parts entries; the first one has none before it, and the last may have none behind. */
function holds(environment: Buffer, wanted: Buffer): boolean {
  return (
    environment.includes(wanted) ||
    environment.subarray(0, wanted.length - 1).equals(wanted.subarray(1)) ||
    environment.subarray(1 - wanted.length).equals(wanted.subarray(0, -1)) ||
    environment.equals(wanted.subarray(1, -1))
  );
}

let chunk = Buffer.allocUnsafe(1 << 16);

/** A file below /proc, valid until the next call; null where the process is gone or not ours to read. */
function readProc(path: string): Buffer | null {
  let fd: number | null = null;
  try {
    fd = openSync(`/proc/${path}`, 'r');
    for (let length = 0; ; ) {
      length += readSync(fd, chunk, length, chunk.length - length, null);
      // The kernel gives all there is room for at once.
      if (length < chunk.length) return chunk.subarray(0, length);
      chunk = Buffer.concat([chunk, Buffer.allocUnsafe(chunk.length)]);
    }
  } catch (error) {
    const code = errnoOf(error);
    if (code === 'ENOENT' || code === 'ESRCH' || code === 'EACCES' || code === 'EPERM') return null;
    throw error;
  } finally {
    if (fd !== null) closeSync(fd);
  }
}
