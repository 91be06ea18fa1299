/** A bare BullMQ queue: one worker in its own process that only spawns, its own Redis with AOF everysec. It keeps nothing else of a job. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Queue } from 'bullmq';
import { createConnection } from '../../queue/connection.ts';
import { probeRedis } from '../../queue/redis-probe.ts';
import { packageRoot } from '../../src/config/package-root.ts';
import { plainEnvironment } from '../bench-lab.ts';
import { timeOutput } from '../measure.ts';
import { holdSeconds, type MeasuredQueue, waitUntil } from './measured-queue.ts';

const freshClient = `import { Queue } from 'bullmq';
const queue = new Queue('bare', { connection: { path: process.argv[1] } });
const job = await queue.add('job', { words: ['true'] }, { priority: Number(process.argv[2]), removeOnComplete: true });
console.log(job.id);
await queue.close();`;

/** Priority of what it is filled with; one without a priority goes ahead of it. */
const behind = 10;

/** Starts Redis and the worker. `fill`: that many finished and that many queued jobs, the latter behind one that sleeps. */
export async function createBullmqQueue(
  folder: string,
  program: string,
  fill: number | null = null,
): Promise<MeasuredQueue> {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, 'r.sock');
  const settings = ['--port', '0', '--unixsocket', path, '--dir', folder, '--appendonly', 'yes', '--save', ''];
  const server = spawn('redis-server', [...settings, '--appendfsync', 'everysec'], { stdio: 'ignore' });
  await waitUntil('Redis', async () => (await probeRedis({ path })).kind === 'ready');
  let isClosing = false;
  const connection = createConnection({ path }, 'worker', (error) => {
    if (!isClosing) throw error;
  });
  const queue = new Queue<{ words: string[] }>('bare', { connection });
  const log = join(folder, 'out.log');
  const worker = await startWorker(path, log);
  let added: string[] = [];
  /** Stamps asked for since the last finish, and lines of the log before them. */
  let awaited = 0;
  let seen = 0;

  const read = () => (existsSync(log) ? readFileSync(log, 'utf8') : '');
  const addMany = async (jobs: string[][], priority: number, isKept = false): Promise<string[]> => {
    const opts = { removeOnComplete: !isKept, ...(priority === 0 ? {} : { priority }) };
    const made = await queue.addBulk(jobs.map((words) => ({ name: 'job', data: { words }, opts })));
    return made.flatMap(({ id }) => (id === undefined ? [] : [id]));
  };
  if (fill !== null) {
    await addMany(
      Array.from({ length: fill }, () => []),
      0,
      true,
    );
    await waitUntil('the finished jobs', async () => (await queue.getCompletedCount()) === fill);
    await addMany(
      Array.from({ length: fill + 1 }, () => ['sleep', String(holdSeconds)]),
      behind,
    );
  }
  const usual = fill === null ? 0 : behind;
  return {
    name: 'bare BullMQ',
    marker: folder,
    program,
    filled: fill === null ? null : { queued: fill, ended: fill },
    addFresh() {
      const args = ['--input-type=module', '-e', freshClient, path, String(usual)];
      const { ms, stdout } = timeOutput(process.execPath, args, { cwd: packageRoot(), env: plainEnvironment() });
      added.push(stdout.trim());
      return ms;
    },
    async addBatch(jobs, isAhead) {
      awaited += jobs.filter(([word]) => word === program).length;
      added.push(...(await addMany(jobs, isAhead ? 0 : usual)));
    },
    async drop() {
      await Promise.all(added.map((id) => queue.remove(id)));
      added = [];
    },
    async hold() {
      if (fill !== null || (await queue.getActiveCount()) > 0) return;
      await addMany([['sleep', String(holdSeconds)]], 0);
      await waitUntil('the job that sleeps', async () => (await queue.getActiveCount()) === 1);
    },
    async release() {
      worker.kill('SIGUSR2');
    },
    async finish() {
      const lines = () => read().split('\n').slice(seen, -1);
      await waitUntil('the stamps', () => lines().length === awaited);
      const text = lines().join('\n');
      seen += awaited;
      awaited = 0;
      added = [];
      return `${text}\n`;
    },
    async close() {
      isClosing = true;
      const ended = new Promise((resolve) => worker.once('exit', resolve));
      worker.kill('SIGTERM');
      await ended;
      await queue.close();
      connection.disconnect();
      server.kill();
      rmSync(log, { force: true });
    },
  };
}

async function startWorker(path: string, log: string): Promise<ChildProcess> {
  // Bundled beside this program (run.mjs).
  const script = join(dirname(process.argv[1] ?? ''), 'queue', 'bare-worker.js');
  const child = spawn(process.execPath, [script, path, log], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: plainEnvironment(),
  });
  await new Promise<void>((resolve, reject) => {
    child.stdout.once('data', () => resolve());
    child.once('exit', (code) => reject(new Error(`the bare worker ended with ${code}`)));
  });
  return child;
}
