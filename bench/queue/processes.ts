/** What the processes of one queue use: processor time and memory, read from /proc. Linux only; elsewhere nothing is found. */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { holdSeconds } from './measured-queue.ts';

/** One process at one moment. */
export interface ProcessSample {
  pid: number;
  /** daemon, redis, supervisor, or the name of its program. */
  role: string;
  /** Processor time in milliseconds, of itself and of the children that it waited for. */
  cpuMs: number;
  /** Memory with shared pages divided among those that share them, MiB. */
  pssMib: number;
}

/** Whether this machine tells. */
export const hasProc = existsSync('/proc/self/smaps_rollup');

/** The processes that carry the marker, but for the job that sleeps. */
export function listProcesses(marker: string): ProcessSample[] {
  const tickMs = 1000 / Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));
  return readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name) || Number(name) === process.pid) return [];
    try {
      const words = readFileSync(join('/proc', name, 'cmdline'), 'utf8')
        .split('\0')
        .filter((word) => word !== '');
      const environment = readFileSync(join('/proc', name, 'environ'), 'utf8');
      if (!words.join(' ').includes(marker) && !environment.includes(marker)) return [];
      if (words.join(' ') === `sleep ${holdSeconds}`) return [];
      // After the name, which is in parentheses and may hold spaces; field 3 is the first then.
      const stat = readFileSync(join('/proc', name, 'stat'), 'utf8');
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
      const rollup = readFileSync(join('/proc', name, 'smaps_rollup'), 'utf8');
      const pssKib = Number(/^Pss:\s+(\d+)/m.exec(rollup)?.[1] ?? 0);
      return [{ pid: Number(name), role: roleOf(words), cpuMs: ticks * tickMs, pssMib: pssKib / 1024 }];
    } catch {
      // Ended while it was read.
      return [];
    }
  });
}

function roleOf(words: string[]): string {
  const line = words.join(' ');
  if (line.includes('dist/daemon.js')) return 'daemon';
  if (line.includes('dist/supervisor.js')) return 'supervisor';
  if (line.includes('bare-worker.js')) return 'worker';
  const program = basename(words[0]?.split(' ')[0] ?? '');
  if (program === 'redis-server') return 'redis';
  return program;
}
