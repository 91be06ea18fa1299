/**
 * The processes of one run, and how they are ended. They are found by descent from the step's wrapper, by session and by the
 * run's marker in their environment, so that neither setsid nor a double fork gets one away.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { descendantsOf, findMarked, listProcesses, type ProcessInfo, sendSignal } from '../process-tree.ts';

// They wait for a child and die of a signal before it: in a sandbox the end of the first program ends all others at once,
// so these are passed over and what they wait for is signalled instead.
const launchers = new Set([
  'sh',
  'bash',
  'dash',
  'zsh',
  'ksh',
  'fish',
  'ash',
  'busybox',
  'just',
  'make',
  'gmake',
  'uv',
  'env',
  'nice',
  'time',
  'timeout',
  'xargs',
  'nohup',
  'setsid',
  'stdbuf',
]);

/** Living processes of a run, without the wrapper and without the caller. */
export function listRunProcesses(wrapperPid: number, marker: string): ProcessInfo[] {
  const all = listProcesses();
  const found = new Map<number, ProcessInfo>();
  for (const info of descendantsOf(wrapperPid, all)) found.set(info.pid, info);
  for (const info of findMarked(marker, all)) found.set(info.pid, info);
  for (const info of all) if (info.sessionId === wrapperPid) found.set(info.pid, info);
  found.delete(wrapperPid);
  found.delete(process.pid);
  return [...found.values()];
}

/**
 * Which of a run's processes to ask to end. Pure. The outermost real programs: not bubblewrap, whose end kills everything at once,
 * not shells and launchers that wait for a child, and not a program's own helpers, which it should end itself.
 */
export function gracefulTargets(processes: readonly ProcessInfo[]): ProcessInfo[] {
  const byPid = new Map(processes.map((info) => [info.pid, info]));
  const parents = new Set(processes.map((info) => info.parentPid));
  const isPassive = (info: ProcessInfo): boolean =>
    info.name === 'bwrap' || (launchers.has(info.name.replace(/^-/, '')) && parents.has(info.pid));
  return processes.filter((info) => {
    if (isPassive(info)) return false;
    for (let above = byPid.get(info.parentPid); above !== undefined; above = byPid.get(above.parentPid)) {
      if (!isPassive(above)) return false;
    }
    return true;
  });
}

/** Asks the run to end: SIGTERM to its outermost real programs. */
export function askToEnd(wrapperPid: number, marker: string): void {
  for (const info of gracefulTargets(listRunProcesses(wrapperPid, marker))) sendSignal(info.pid, 'SIGTERM');
}

/**
 * SIGSTOP to everything of the run but the wrapper, until a look finds nothing new: what was forked during one pass is stopped in the next.
 */
export function stopRunProcesses(wrapperPid: number, marker: string): void {
  const stopped = new Set<string>();
  for (let isStable = false; !isStable; ) {
    isStable = true;
    for (const info of listRunProcesses(wrapperPid, marker)) {
      const key = `${info.pid} ${info.start}`;
      if (stopped.has(key)) continue;
      stopped.add(key);
      isStable = false;
      sendSignal(info.pid, 'SIGSTOP');
    }
  }
}

/** SIGCONT to everything of the run but the wrapper. */
export function continueRunProcesses(wrapperPid: number, marker: string): void {
  for (const info of listRunProcesses(wrapperPid, marker)) sendSignal(info.pid, 'SIGCONT');
}

/** SIGKILL to everything of the run but the wrapper, which then writes the exit code. One pass; what forks meanwhile needs another. */
export function killRunProcesses(wrapperPid: number, marker: string): void {
  for (const info of listRunProcesses(wrapperPid, marker)) sendSignal(info.pid, 'SIGKILL');
}

// With its first program a sandbox ends all others, but not at once; what only needs this long to die was not left behind.
const dyingMs = 500;

/** Waits until nothing of the run lives, for half a second at most; gives the names of what still does. */
export async function findSurvivors(marker: string, wrapperPid: number): Promise<string[]> {
  const startMs = Date.now();
  for (;;) {
    const left = listRunProcesses(wrapperPid, marker);
    if (left.length === 0 || Date.now() - startMs > dyingMs) return left.map((info) => `${info.name} (${info.pid})`);
    await sleep(10);
  }
}

/**
 * Kills whatever of the run still lives and returns when nothing does, with the names of what was killed. A process that the kernel cannot
 * end (waiting for a dead disk or driver) is waited for, because it still holds the device; `note` is told after 5 seconds. `emptyLooks`:
 * how many looks in a row must find nothing; 1 is enough where a pid namespace of its own has ended with the step.
 */
export async function clearLeftovers(
  marker: string,
  wrapperPid: number | null,
  note: (line: string) => void,
  emptyLooks = 2,
): Promise<string[]> {
  const startMs = Date.now();
  const killed = new Map<number, string>();
  let told = false;
  // One empty look can be wrong: in the middle of an exec a process shows no environment.
  for (let emptySoFar = 0; ; await sleep(10)) {
    const left = wrapperPid === null ? findMarked(marker) : listRunProcesses(wrapperPid, marker);
    emptySoFar = left.length === 0 ? emptySoFar + 1 : 0;
    if (emptySoFar >= emptyLooks) return [...killed.values()];
    for (const info of left) {
      killed.set(info.pid, `${info.name} (${info.pid})`);
      sendSignal(info.pid, 'SIGKILL');
    }
    if (!told && left.length > 0 && Date.now() - startMs > 5000) {
      told = true;
      note(`leftovers do not end: ${left.map((info) => `${info.name} (${info.pid})`).join(', ')}`);
    }
  }
}
