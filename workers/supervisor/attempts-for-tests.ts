/** Attempt folders for the supervisor's tests, with the supervisor built from source. Used by tests only. */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { build } from 'esbuild';
import { findMarked, isAlive, type ProcessIdentity, sendSignal } from '../process-tree.ts';
import { waitForExit } from './launch.ts';
import type { PlannedDevice, PlannedStep, SupervisorExit, SupervisorPlan } from './plan.ts';

/** A step as tests write it: a shell text or a whole command line. */
export interface TestStep extends Partial<Omit<PlannedStep, 'name'>> {
  name: PlannedStep['name'];
  shell?: string;
}

/** Makes attempts in one temporary folder. */
export interface TestAttempts {
  /** The folder that steps start in. */
  folder: string;
  /** Folder of device locks. */
  locks: string;
  /** The built supervisor. */
  entry: string;
  /** Writes a plan and returns its attempt's folder. */
  plan(steps: TestStep[], changes?: Partial<SupervisorPlan>, below?: string): string;
  markerOf(attemptDir: string): string;
  /** Runs an attempt to its end, launching what is needed. */
  run(attemptDir: string): Promise<SupervisorExit>;
  /** Identity of the supervisor that took the attempt on last; null where none did. */
  lastSupervisor(attemptDir: string): ProcessIdentity | null;
  /** Ends every process of the attempts so far. */
  clean(): void;
  remove(): void;
}

/** Waits for a condition by polling; the test's own limit ends it. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await sleep(10);
}

/** The peak of memory that an attempt's supervisor keeps on disk, in MiB; 0 where it has none yet. */
export function readKeptPeakMib(attemptDir: string): number {
  const path = join(attemptDir, 'memory.json');
  if (!existsSync(path)) return 0;
  return (JSON.parse(readFileSync(path, 'utf8')) as { residentPeakMib: number | null }).residentPeakMib ?? 0;
}

/** A device as plans name it; its lock has its name. */
export function testDevice(id: string): PlannedDevice {
  const card = id.startsWith('gpu') ? { vendor: 'nvidia' as const, index: Number(id.slice(3)) } : null;
  return { id, class: card === null ? 'cpu' : 'gpu', model: 'Test', key: id, gpuUuid: null, card };
}

/** Builds the supervisor and creates the folder. */
export async function createAttempts(): Promise<TestAttempts> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'nightlab-attempts-')));
  const entry = join(folder, 'supervisor.mjs');
  await build({
    entryPoints: [join(import.meta.dirname, 'main.ts')],
    outfile: entry,
    ...{ bundle: true, format: 'esm', platform: 'node', target: 'node20', packages: 'external', logLevel: 'warning' },
  });
  const locks = join(folder, 'locks');
  const made: string[] = [];
  const markerOf = (dir: string): string =>
    (JSON.parse(readFileSync(join(dir, 'marker'), 'utf8')) as { marker: string }).marker;
  const lastSupervisor = (dir: string): ProcessIdentity | null => {
    if (!readdirSync(dir).includes('supervisors.jsonl')) return null;
    const line = readFileSync(join(dir, 'supervisors.jsonl'), 'utf8').trim().split('\n').at(-1) ?? '';
    return line === '' ? null : (JSON.parse(line) as ProcessIdentity);
  };
  let count = 0;
  return {
    folder,
    locks,
    entry,
    markerOf,
    lastSupervisor,
    plan(steps, changes = {}, below = folder) {
      count++;
      const dir = join(below, `runs/${count}/1`);
      mkdirSync(dir, { recursive: true });
      const marker = `test-${process.pid}/${count}.1`;
      const plan: SupervisorPlan = {
        ...{ schema: 1, job: count, attempt: 1, marker, lockFolder: locks, lab: folder },
        ...{
          devices: [testDevice('cpu0')],
          deviceCount: 1,
          graceSeconds: 5,
          secretNames: [],
          scoreReads: null,
          stdin: false,
        },
        steps: steps.map(({ name, shell, ...rest }) => ({
          ...{ name, argv: ['/bin/sh', '-c', shell ?? 'true'], cwd: folder, log: `${name}.log`, wallSeconds: null },
          ...{ idleSeconds: null, maxLogBytes: null },
          ...rest,
          env: { PATH: process.env.PATH ?? '', ...rest.env },
        })),
        ...changes,
      };
      writeFileSync(join(dir, 'plan.json'), JSON.stringify(plan));
      writeFileSync(join(dir, 'marker'), JSON.stringify({ marker }));
      made.push(dir);
      return dir;
    },
    async run(dir) {
      const exit = await waitForExit(dir, { entry });
      if (exit === 'withdrawn') throw new Error(`${dir} was withdrawn`);
      return exit;
    },
    clean() {
      for (const dir of made.splice(0)) {
        try {
          const supervisor = lastSupervisor(dir);
          if (supervisor !== null && isAlive(supervisor)) sendSignal(supervisor.pid, 'SIGKILL');
          for (const info of findMarked(markerOf(dir))) sendSignal(info.pid, 'SIGKILL');
        } catch (error) {
          // The test unmounted or removed the folder itself.
          if ((error as { code?: string }).code !== 'ENOENT') throw error;
        }
      }
    },
    remove() {
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}
