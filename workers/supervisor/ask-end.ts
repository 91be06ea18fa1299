/**
 * How a run is asked to end. Its real programs get the signal. The shells and launchers that wait for them are stopped first, so that none
 * starts the next command of its line, and get it once nothing else of the run lives; a shell with a trap of its own gets the signal, too.
 */
import { constants } from 'node:os';
import { type ProcessInfo, readDisposition, sendSignal } from '../process-tree.ts';
import { listRunProcesses } from './run-tree.ts';

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

/** Shells and launchers that wait for a child. Pure. */
function listWaitingLaunchers(processes: readonly ProcessInfo[]): ProcessInfo[] {
  const parents = new Set(processes.map((info) => info.parentPid));
  return processes.filter((info) => launchers.has(info.name.replace(/^-/, '')) && parents.has(info.pid));
}

/**
 * Which of a run's processes to ask to end. Pure. The outermost real programs: not bubblewrap, whose end kills everything at once,
 * not shells and launchers that wait for a child, and not a program's own helpers, which it should end itself.
 */
export function gracefulTargets(processes: readonly ProcessInfo[]): ProcessInfo[] {
  const byPid = new Map(processes.map((info) => [info.pid, info]));
  const waiting = new Set(listWaitingLaunchers(processes));
  const isPassive = (info: ProcessInfo): boolean => info.name === 'bwrap' || waiting.has(info);
  return processes.filter((info) => {
    if (isPassive(info)) return false;
    for (let above = byPid.get(info.parentPid); above !== undefined; above = byPid.get(above.parentPid)) {
      if (!isPassive(above)) return false;
    }
    return true;
  });
}

/** Who of a run gets a signal that a person sends: its outermost real programs, and waiting shells that have a trap for it. */
export function listSignalTargets(processes: readonly ProcessInfo[], signal: NodeJS.Signals): ProcessInfo[] {
  const trapping = listWaitingLaunchers(processes).filter(
    ({ pid }) => readDisposition(pid, constants.signals[signal]) === 'catches',
  );
  return [...gracefulTargets(processes), ...trapping];
}

/** A run that was asked to end, with the launchers that were stopped for it. */
export interface AskedRun {
  /** Who got SIGTERM, as "pid start". A second one would kill a program that is in the middle of a tidy end. */
  asked: ReadonlySet<string>;
  /** Ends them where nothing else of the run lives: what they waited for has ended. */
  endIfAlone(): void;
}

/**
 * Asks the run to end: SIGTERM to its outermost real programs and to shells with a trap for it; other waiting launchers are stopped.
 * `before`: what an earlier call gave; whoever got the signal then does not get it again.
 */
export function askToEnd(wrapperPid: number, marker: string, before: AskedRun | null = null): AskedRun {
  const held = new Set<string>();
  const asked = new Set(before?.asked);
  const keyOf = ({ pid, start }: ProcessInfo) => `${pid} ${start}`;
  // Until a look finds nothing new: one that was not stopped yet may have started the next command meanwhile.
  for (let isStable = false; !isStable; ) {
    isStable = true;
    const processes = listRunProcesses(wrapperPid, marker);
    for (const info of listWaitingLaunchers(processes)) {
      const key = keyOf(info);
      if (held.has(key) || asked.has(key)) continue;
      isStable = false;
      const isTrapping = readDisposition(info.pid, constants.signals.SIGTERM) === 'catches';
      (isTrapping ? asked : held).add(key);
      sendSignal(info.pid, isTrapping ? 'SIGTERM' : 'SIGSTOP');
    }
    for (const info of gracefulTargets(processes)) {
      const key = keyOf(info);
      if (held.has(key) || asked.has(key)) continue;
      isStable = false;
      asked.add(key);
      sendSignal(info.pid, 'SIGTERM');
    }
  }
  return {
    asked,
    endIfAlone() {
      if (held.size === 0) return;
      const left = listRunProcesses(wrapperPid, marker).filter(({ name }) => name !== 'bwrap');
      if (!left.every((info) => held.has(keyOf(info)))) return;
      for (const { pid } of left) {
        // It meets the signal before anything else when it goes on.
        const isDeaf = readDisposition(pid, constants.signals.SIGTERM) !== 'default';
        sendSignal(pid, isDeaf ? 'SIGKILL' : 'SIGTERM');
        sendSignal(pid, 'SIGCONT');
      }
    },
  };
}
