/**
 * What processes exist, which belong to a run, and how much memory they hold. Linux reads /proc; elsewhere `ps` answers, more coarsely.
 * A process is known by pid, start time and boot: a pid alone is reused. Not covered: other users' processes that the system hides.
 */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { errnoOf } from '../src/errors/lab-error.ts';

/** One process that never changes its meaning, across pid reuse and reboots. */
export interface ProcessIdentity {
  pid: number;
  /** Start time as the system words it (Linux: clock ticks since boot; elsewhere a date): only to be compared. */
  start: string;
  bootId: string;
}

/** A living process (zombies are left out). */
export interface ProcessInfo {
  pid: number;
  parentPid: number;
  /** Session it belongs to; null where the system does not say (macOS). */
  sessionId: number | null;
  start: string;
  /** Name of the program, without its folder. */
  name: string;
}

/** Memory of a set of processes, in MiB. */
export interface ResidentMemory {
  /** Sum over the processes, shared pages counted once where the system says how they are shared; null where none could be read. */
  totalMib: number | null;
  /** Largest peak of a single process so far, from the kernel's own high-water mark; null where the system keeps none. */
  singlePeakMib: number | null;
}

const onLinux = process.platform === 'linux';
// Above this, asking how pages are shared would walk millions of page-table entries and stall the run.
const largestSharedScanKib = 8 * 1024 * 1024;
let bootId: string | null = null;

/** What identifies the current boot of this machine. */
export function readBootId(): string {
  bootId ??= onLinux
    ? readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
    : execFileSync('sysctl', ['-n', 'kern.bootsessionuuid'], { encoding: 'utf8' }).trim();
  return bootId;
}

/** All living processes that this user may see. */
export function listProcesses(): ProcessInfo[] {
  if (!onLinux) return listByPs();
  const found: ProcessInfo[] = [];
  for (const entry of readdirSync('/proc')) {
    const pid = Number(entry);
    const info = Number.isInteger(pid) ? readProcess(pid) : null;
    if (info !== null) found.push(info);
  }
  return found;
}

/** All living children of a process, their children and so on; not the process itself. */
export function descendantsOf(pid: number, processes: readonly ProcessInfo[] = listProcesses()): ProcessInfo[] {
  const children = new Map<number, ProcessInfo[]>();
  for (const info of processes) {
    const siblings = children.get(info.parentPid);
    if (siblings === undefined) children.set(info.parentPid, [info]);
    else siblings.push(info);
  }
  const found: ProcessInfo[] = [];
  const open = [pid];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    for (const child of children.get(next) ?? []) {
      found.push(child);
      open.push(child.pid);
    }
  }
  return found;
}

/** Living processes whose environment has `LAB_RUN=<marker>`, wherever they were reparented to; never the caller itself. */
export function findMarked(marker: string, processes: readonly ProcessInfo[] = listProcesses()): ProcessInfo[] {
  const wanted = `LAB_RUN=${marker}`;
  const others = processes.filter((info) => info.pid !== process.pid);
  if (onLinux) return others.filter((info) => readProcText(info.pid, 'environ')?.split('\0').includes(wanted) === true);
  const marked = new Set<number>();
  for (const line of psLines(['eww', '-axo', 'pid=,command='])) {
    // `ps e` appends the environment to the command, parted by spaces; a marker holds none.
    if (line.split(' ').includes(wanted)) marked.add(Number.parseInt(line.trim(), 10));
  }
  return others.filter((info) => marked.has(info.pid));
}

/** The process behind a pid right now; null where there is none (a zombie counts as none). */
export function readProcess(pid: number): ProcessInfo | null {
  if (!onLinux) return listByPs(['-p', String(pid)])[0] ?? null;
  const stat = readProcText(pid, 'stat');
  return stat === null ? null : parseProcStat(stat);
}

/** Parses the content of /proc/<pid>/stat; null for a zombie or a text that is none. The name may hold spaces and brackets. */
export function parseProcStat(stat: string): ProcessInfo | null {
  const close = stat.lastIndexOf(')');
  const pid = Number.parseInt(stat, 10);
  const fields = stat.slice(close + 2).split(' ');
  const [state, parent, , session] = fields;
  // Field 22 of the line; the slice starts at field 3.
  const start = fields[19];
  if (close < 0 || Number.isNaN(pid) || start === undefined || state === 'Z' || state === 'X') return null;
  return {
    pid,
    parentPid: Number(parent),
    sessionId: Number(session),
    start,
    name: stat.slice(stat.indexOf('(') + 1, close),
  };
}

/** Identity of a living process; null where there is none. */
export function readIdentity(pid: number): ProcessIdentity | null {
  const info = readProcess(pid);
  return info === null ? null : { pid, start: info.start, bootId: readBootId() };
}

/** True while the very process lives that the identity was taken from. */
export function isAlive(identity: ProcessIdentity): boolean {
  return identity.bootId === readBootId() && readProcess(identity.pid)?.start === identity.start;
}

/** Sends a signal; a process that has gone meanwhile is fine, one that may not be signalled (EPERM) throws. */
export function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (errnoOf(error) !== 'ESRCH') throw error;
  }
}

/** Resident memory of some processes. Those that vanish meanwhile count nothing. */
export function residentMib(pids: readonly number[]): ResidentMemory {
  let totalKib: number | null = null;
  let singlePeakKib: number | null = null;
  if (!onLinux) {
    for (const line of pids.length === 0 ? [] : psLines(['-o', 'rss=', '-p', pids.join(',')]))
      totalKib = (totalKib ?? 0) + Number(line);
    return { totalMib: totalKib === null ? null : totalKib / 1024, singlePeakMib: null };
  }
  for (const pid of pids) {
    const status = readProcText(pid, 'status');
    const residentKib = status === null ? null : parseKib(status, 'VmRSS');
    if (status === null || residentKib === null) continue;
    const shares = pids.length > 1 && residentKib < largestSharedScanKib ? readProcText(pid, 'smaps_rollup') : null;
    totalKib = (totalKib ?? 0) + ((shares === null ? null : parseKib(shares, 'Pss')) ?? residentKib);
    const peakKib = parseKib(status, 'VmHWM');
    if (peakKib !== null) singlePeakKib = Math.max(singlePeakKib ?? 0, peakKib);
  }
  return {
    totalMib: totalKib === null ? null : totalKib / 1024,
    singlePeakMib: singlePeakKib === null ? null : singlePeakKib / 1024,
  };
}

function parseKib(text: string, key: string): number | null {
  const match = new RegExp(`^${key}:\\s+(\\d+) kB$`, 'm').exec(text);
  return match?.[1] === undefined ? null : Number(match[1]);
}

/** Text of a file below /proc/<pid>; null where the process is gone or not ours to read. */
function readProcText(pid: number, file: string): string | null {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch (error) {
    const code = errnoOf(error);
    if (code === 'ENOENT' || code === 'ESRCH' || code === 'EACCES' || code === 'EPERM') return null;
    throw error;
  }
}

function psLines(args: string[]): string[] {
  try {
    const text = execFileSync('ps', args, {
      encoding: 'utf8',
      maxBuffer: 64 * 1024 * 1024,
      env: { ...process.env, LC_ALL: 'C' },
    });
    return text.split('\n').filter((line) => line.trim() !== '');
  } catch (error) {
    // ps exits 1 where none of the asked processes exists.
    if ((error as { status?: unknown }).status === 1) return [];
    throw error;
  }
}

function listByPs(select: string[] = ['-ax']): ProcessInfo[] {
  const found: ProcessInfo[] = [];
  for (const line of psLines([...select, '-o', 'pid=,ppid=,stat=,lstart=,comm='])) {
    const match = /^\s*(\d+)\s+(\d+)\s+(\S+)\s+(\S+\s+\S+\s+\d+\s+[\d:]+\s+\d+)\s+(.*)$/.exec(line);
    const [, pid, parent, state, start, command] = match ?? [];
    if (pid === undefined || state === undefined || start === undefined || state.startsWith('Z')) continue;
    const name = (command ?? '').split('/').at(-1) ?? '';
    found.push({
      pid: Number(pid),
      parentPid: Number(parent),
      sessionId: null,
      start: start.replace(/\s+/g, ' '),
      name,
    });
  }
  return found;
}

/** What a process does at a signal (its number). "default" also where the system does not say (macOS) or the process is gone. */
export function readDisposition(pid: number, signal: number): 'default' | 'ignores' | 'catches' {
  const status = (onLinux ? readProcText(pid, 'status') : null) ?? '';
  const isIn = (name: string): boolean => {
    const mask = new RegExp(`^${name}:\\s*([0-9a-f]+)`, 'm').exec(status)?.[1];
    return mask !== undefined && ((BigInt(`0x${mask}`) >> BigInt(signal - 1)) & 1n) === 1n;
  };
  return isIn('SigCgt') ? 'catches' : isIn('SigIgn') ? 'ignores' : 'default';
}
