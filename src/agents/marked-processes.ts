/**
 * Finds and ends the processes of agent runs by LAB_AGENT_RUN in their environment, wherever they were reparented to and whatever session
 * they are in. Linux only; elsewhere it finds nothing, and the process group is all there is. A process that empties its environment outside
 * a sandbox is not found either; inside one it dies with the sandbox.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { sep } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { errnoOf } from '../errors/lab-error.ts';

/** The variable that marks every process of a run; its value is the run's folder. */
export const runVariable = 'LAB_AGENT_RUN';

/** How long killed processes are given to vanish, in milliseconds. */
const vanishMs = 10_000;

/** Process ids of living processes of the run in `folder`, or of any run below it; never the caller's own. */
export function findRunProcesses(folder: string): number[] {
  if (process.platform !== 'linux') return [];
  const found: number[] = [];
  for (const entry of readdirSync('/proc')) {
    const pid = Number(entry);
    if (!Number.isInteger(pid) || pid === process.pid) continue;
    const run = readRun(pid);
    if (run === folder || run?.startsWith(folder + sep) === true) found.push(pid);
  }
  return found;
}

/**
 * Kills every process of the run in `folder`, or of any run below it, and waits until they are gone. Gives the ids of those that were
 * there; `left` are those that still live after ten seconds.
 */
export async function killRunProcesses(folder: string): Promise<{ killed: number[]; left: number[] }> {
  const killed = new Set<number>();
  const deadline = Date.now() + vanishMs;
  // Again and again, because a process may fork between the look and the signal.
  for (;;) {
    const found = findRunProcesses(folder);
    if (found.length === 0 || Date.now() > deadline) return { killed: [...killed], left: found };
    for (const pid of found) {
      killed.add(pid);
      sendKill(pid);
    }
    await delay(20);
  }
}

function sendKill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    const code = errnoOf(error);
    // EPERM: a program that changed its user; it shows as left over.
    if (code !== 'ESRCH' && code !== 'EPERM') throw error;
  }
}

function readRun(pid: number): string | null {
  try {
    const prefix = `${runVariable}=`;
    const variables = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
    return variables.find((variable) => variable.startsWith(prefix))?.slice(prefix.length) ?? null;
  } catch (error) {
    const code = errnoOf(error);
    if (code === 'ENOENT' || code === 'ESRCH' || code === 'EACCES' || code === 'EPERM') return null;
    throw error;
  }
}
