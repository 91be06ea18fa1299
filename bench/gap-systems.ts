/**
 * The queues that are measured side by side. Each takes the same jobs while it is held, lets them run one after the other, and gives
 * back what the stamp program printed. Covers nightlab, task-spooler (tsp) and a bare BullMQ worker that only spawns.
 */
import { execFileSync, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Queue, Worker } from 'bullmq';
import { createConnection } from '../queue/connection.ts';
import { probeRedis } from '../queue/redis-probe.ts';
import { callRoute, socketOf } from '../src/cli/client.ts';
import { labPaths } from '../src/config/lab-paths.ts';
import { type AddRequest, requestDefaults } from '../src/daemon/routes.ts';
import type { BenchLab } from './bench-lab.ts';
import { parseStamps, type Stamp } from './stamp.ts';

/** What one round of a queue gave. */
export interface QueueRound {
  /** Milliseconds of each enqueue. */
  enqueueMs: number[];
  stamps: Stamp[];
}

/** A queue that can run a round of `count` stamps. */
export interface MeasuredQueue {
  name: string;
  runRound(count: number): Promise<QueueRound>;
  close(): Promise<void>;
}

const pause = (ms: number) => new Promise((resume) => setTimeout(resume, ms));

async function timeMs(work: () => unknown): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}

/** nightlab, asked over its socket as the client does; the stamp runs with everything a task gets: checkout, supervisor, sandbox, records. */
export function measureNightlab(
  name: string,
  bench: BenchLab,
  stampProgram: string,
  options: { here?: boolean } = {},
): MeasuredQueue & { folders: string[] } {
  const paths = labPaths(bench.root);
  // Where the lab's own environment says, not ours.
  const socket = socketOf(paths);
  const env: Record<string, string> = { PATH: bench.env.PATH ?? '', HOME: bench.env.HOME ?? '/' };
  const folders: string[] = [];
  const add = async (command: string): Promise<number> => {
    const request: AddRequest = {
      ...requestDefaults,
      key: `${process.pid}-${performance.now()}`,
      kind: 'task',
      label: 'Q: how long is the gap? H: no change',
      command,
      checkout: bench.root,
      directory: '',
      here: options.here ?? false,
      device: null,
      seed: null,
      env,
      secrets: {},
      wallSeconds: null,
      base: null,
      commit: null,
      experiment: null,
      fromTrack: null,
      flags: [],
    };
    return (await callRoute(socket, 'add', request)).number;
  };
  return {
    name,
    folders,
    async runRound(count) {
      const gate = await add('exec sleep 600');
      const numbers: number[] = [];
      const enqueueMs: number[] = [];
      for (let index = 0; index < count; index++)
        enqueueMs.push(await timeMs(async () => numbers.push(await add(`'${stampProgram}' ${index}`))));
      await callRoute(socket, 'kill', { numbers: [gate], graceSeconds: 5 });
      const last = numbers.at(-1) ?? gate;
      for (let seen = 0; ; ) {
        const answer = await callRoute(socket, 'wait', { numbers: [last], seen });
        if (answer.jobs.every(({ state }) => state.kind === 'ended')) break;
        seen = answer.seen;
      }
      const attempts = numbers.map((number) => join(paths.runs, String(number), '1'));
      folders.splice(0, folders.length, ...attempts);
      return {
        enqueueMs,
        stamps: parseStamps(attempts.map((dir) => readFileSync(join(dir, 'run.log'), 'utf8')).join('')),
      };
    },
    close: async () => undefined,
  };
}

/** task-spooler with its output kept, as it does by default. Each enqueue is a fresh process: it has no other client. */
export function measureTsp(folder: string, stampProgram: string): MeasuredQueue {
  mkdirSync(folder, { recursive: true });
  const env = { ...process.env, TMPDIR: folder, TS_SOCKET: join(folder, 'tsp.sock') };
  const tsp = (...args: string[]) => execFileSync('tsp', args, { env, encoding: 'utf8' }).trim();
  return {
    name: 'tsp',
    async runRound(count) {
      const gate = tsp('sleep', '600');
      const enqueueMs: number[] = [];
      let last = gate;
      for (let index = 0; index < count; index++)
        enqueueMs.push(
          await timeMs(() => {
            last = tsp(stampProgram, String(index));
          }),
        );
      tsp('-k', gate);
      tsp('-w', last);
      const outputs = readdirSync(folder).filter((name) => name.startsWith('ts-out.'));
      const stamps = parseStamps(outputs.map((name) => readFileSync(join(folder, name), 'utf8')).join(''));
      for (const name of outputs) rmSync(join(folder, name));
      return { enqueueMs, stamps };
    },
    async close() {
      tsp('-K');
    },
  };
}

/** A bare BullMQ worker: one queue, one worker, each job a spawned process with its output in a file; own Redis, AOF everysec. */
export async function measureBullmq(folder: string, stampProgram: string): Promise<MeasuredQueue> {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, 'r.sock');
  const settings = ['--port', '0', '--unixsocket', path, '--dir', folder, '--appendonly', 'yes', '--save', ''];
  const server = spawn('redis-server', [...settings, '--appendfsync', 'everysec'], { stdio: 'ignore' });
  while ((await probeRedis({ path })).kind !== 'ready') await pause(20);
  const failed = (error: Error) => {
    if (server.exitCode === null && !server.killed) throw error;
  };
  const connections = [0, 1].map(() => createConnection({ path }, 'worker', failed));
  const [queueConnection, workerConnection] = connections;
  if (!queueConnection || !workerConnection) throw new Error('two connections were just made');
  const queue = new Queue<{ index: number }>('bare', { connection: queueConnection });
  const log = join(folder, 'out.log');
  const worker = new Worker<{ index: number }>(
    'bare',
    ({ data }) =>
      new Promise((resolve, reject) => {
        const fd = openSync(log, 'a');
        const child = spawn(stampProgram, [String(data.index)], { detached: true, stdio: ['ignore', fd, fd] });
        closeSync(fd);
        child.once('error', reject);
        child.once('exit', resolve);
      }),
    { connection: workerConnection, concurrency: 1 },
  );
  await worker.waitUntilReady();
  return {
    name: 'bare BullMQ',
    async runRound(count) {
      rmSync(log, { force: true });
      await queue.pause();
      const enqueueMs: number[] = [];
      for (let index = 0; index < count; index++)
        enqueueMs.push(await timeMs(() => queue.add('stamp', { index }, { removeOnComplete: true })));
      let ended = 0;
      const all = new Promise<void>((resolve) => {
        worker.on('completed', () => {
          ended += 1;
          if (ended === count) resolve();
        });
      });
      await queue.resume();
      await all;
      worker.removeAllListeners('completed');
      return { enqueueMs, stamps: parseStamps(readFileSync(log, 'utf8')) };
    },
    async close() {
      await worker.close();
      await queue.close();
      for (const connection of connections) connection.disconnect();
      server.kill();
    },
  };
}
