/** What queues use while nothing happens: processor time over some seconds, and memory at the end. All queues stand still at once. */
import type { MeasuredQueue } from './measured-queue.ts';
import { listProcesses, type ProcessSample } from './processes.ts';

/** What one queue used. */
export interface IdleUse {
  name: string;
  /** Share of one processor, percent. */
  cpuPercent: number;
  pssMib: number;
  /** The memory by role, in words. */
  parts: string;
}

const settleMs = 3000;

/** Lets the queues settle, then watches them for some seconds. Queues that are one daemon (the same marker) are told once, by the first one's name. */
export async function measureIdle(queues: MeasuredQueue[], seconds: number): Promise<IdleUse[]> {
  const first = new Map<string, MeasuredQueue>();
  for (const queue of queues) if (!first.has(queue.marker)) first.set(queue.marker, queue);
  const sides = [...first.values()];
  const pause = (ms: number) => new Promise((resume) => setTimeout(resume, ms));
  const sample = () => sides.map(({ marker }) => ({ atMs: performance.now(), processes: listProcesses(marker) }));
  if (sides.length === 0) return [];
  await pause(settleMs);
  const before = sample();
  await pause(seconds * 1000);
  const after = sample();
  return sides.map(({ name }, place) => {
    const [began, ended] = [before[place], after[place]];
    if (began === undefined || ended === undefined) throw new Error('each side is sampled twice');
    const known = new Map(began.processes.map(({ pid, cpuMs }) => [pid, cpuMs]));
    const cpuMs = ended.processes.reduce((sum, now) => sum + now.cpuMs - (known.get(now.pid) ?? 0), 0);
    return {
      name,
      cpuPercent: (cpuMs / (ended.atMs - began.atMs)) * 100,
      pssMib: ended.processes.reduce((sum, { pssMib }) => sum + pssMib, 0),
      parts: describeParts(ended.processes),
    };
  });
}

function describeParts(processes: ProcessSample[]): string {
  const byRole = new Map<string, { count: number; pssMib: number }>();
  for (const { role, pssMib } of processes) {
    const { count, pssMib: sum } = byRole.get(role) ?? { count: 0, pssMib: 0 };
    byRole.set(role, { count: count + 1, pssMib: sum + pssMib });
  }
  return [...byRole]
    .sort(([, a], [, b]) => b.pssMib - a.pssMib)
    .map(([role, { count, pssMib }]) => `${count > 1 ? `${count} ` : ''}${role} ${pssMib.toFixed(1)}`)
    .join(', ');
}
