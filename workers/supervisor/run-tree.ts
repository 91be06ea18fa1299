/**
 * The processes of one run, and how they are ended. They are found by descent from the step's wrapper, by session and by the
 * run's marker in their environment, so that neither setsid nor a double fork gets one away.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { type ProcessInfo, sendSignal } from '../process-tree.ts';
import { lookAtRun, type RunMark } from './run-look.ts';

/**
 * Everything of the run that lives, but for the wrapper: its descendants, its session, and whoever has the marker. `sinceStart`: the wrapper's
 * start; older processes are passed over then.
 */
export function listRunProcesses(wrapperPid: number, marker: string, sinceStart: string | null = null): ProcessInfo[] {
  return lookAtRun({ marker, wrapperPid, sinceStart }).processes;
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
// What a look counts at most: a machine that stood still, or that is full of work, gave nothing the time to die.
const lookMs = 20;

/**
 * Waits until nothing of the run lives, for half a second at most, on a busy machine for longer; gives the names of what still does.
 * `isSure`: the last look can have missed nothing.
 */
export async function findSurvivors(run: RunMark): Promise<{ names: string[]; isSure: boolean }> {
  let waitedMs = 0;
  for (let lastMs = performance.now(); ; ) {
    const { processes, isSure } = lookAtRun(run);
    const nowMs = performance.now();
    waitedMs += Math.min(lookMs, nowMs - lastMs);
    lastMs = nowMs;
    if (processes.length === 0 || waitedMs > dyingMs)
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
