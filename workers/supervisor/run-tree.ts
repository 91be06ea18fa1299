/**
 * The processes of one run, and how they are ended. They are found by descent from the step's wrapper, by session and by the
 * run's marker in their environment, so that neither setsid nor a double fork gets one away.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { type ProcessInfo, sendSignal } from '../process-tree.ts';
import { lookAtRun, type RunMark } from './run-look.ts';

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

/**
 * Everything of the run that lives, but for the wrapper: its descendants, its session, and whoever has the marker. `sinceStart`: the wrapper's
 * start; older processes are passed over then.
 */
export function listRunProcesses(wrapperPid: number, marker: string, sinceStart: string | null = null): ProcessInfo[] {
  return lookAtRun({ marker, wrapperPid, sinceStart }).processes;
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

/**
 * Waits until nothing of the run lives, for half a second at most; gives the names of what still does. `isSure`: the last look can have
 * missed nothing.
 */
export async function findSurvivors(run: RunMark): Promise<{ names: string[]; isSure: boolean }> {
  const startMs = performance.now();
  for (;;) {
    const { processes, isSure } = lookAtRun(run);
    if (processes.length === 0 || performance.now() - startMs > dyingMs)
      return { names: processes.map((info) => `${info.name} (${info.pid})`), isSure };
    await sleep(1);
  }
}

/**
 * Kills whatever of the run still lives and returns when nothing does, with the names of what was killed. A process that the kernel cannot
 * end (waiting for a dead disk or driver) is waited for, because it still holds the device; `note` is told after 5 seconds. `isContained`:
 * a pid namespace of its own has ended with the step, so that one empty look is enough even where it is not sure.
 */
export async function clearLeftovers(
  run: RunMark,
  note: (line: string) => void,
  isContained = false,
): Promise<string[]> {
  const startMs = performance.now();
  const killed = new Map<number, string>();
  let told = false;
  // One empty look can be wrong: in the middle of an exec a process shows no environment.
  for (let emptySoFar = 0; ; await sleep(10)) {
    const { processes: left, isSure } = lookAtRun(run);
    emptySoFar = left.length === 0 ? emptySoFar + 1 : 0;
    if (emptySoFar > 0 && (isSure || isContained || emptySoFar > 1)) return [...killed.values()];
    for (const info of left) {
      killed.set(info.pid, `${info.name} (${info.pid})`);
      sendSignal(info.pid, 'SIGKILL');
    }
    if (!told && left.length > 0 && performance.now() - startMs > 5000) {
      told = true;
      note(`leftovers do not end: ${left.map((info) => `${info.name} (${info.pid})`).join(', ')}`);
    }
  }
}
