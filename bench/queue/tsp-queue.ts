/** task-spooler (tsp) with its output kept, as it does by default. It has no batch: each enqueue is a process, which then waits for its job. */
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { plainEnvironment } from '../bench-lab.ts';
import { timeOutput } from '../measure.ts';
import { holdSeconds, type MeasuredQueue } from './measured-queue.ts';

/** Its server takes 994 connections here, one for each queued job; some are left for what is added on top. */
export const mostTspJobs = 700;

/** Makes a server of its own. `fill`: that many finished and queued jobs, at most `mostTspJobs` of each. */
export async function createTspQueue(
  folder: string,
  program: string,
  fill: number | null = null,
): Promise<MeasuredQueue> {
  mkdirSync(folder, { recursive: true });
  const env = {
    ...plainEnvironment(),
    TMPDIR: folder,
    TS_SOCKET: join(folder, 'tsp.sock'),
    TS_MAXCONN: '2000',
    TS_MAXFINISHED: '2000',
  };
  const tsp = (...args: string[]) => execFileSync('tsp', args, { env, encoding: 'utf8' }).trim();
  const sleeper = ['sleep', String(holdSeconds)];
  const count = fill === null ? 0 : Math.min(fill, mostTspJobs);
  let added: string[] = [];
  let holders: string[] = [];

  for (let left = count; left > 0; left--) tsp('true');
  if (count > 0) tsp('-w');
  if (fill !== null) for (let left = count + 1; left > 0; left--) holders.push(tsp(...sleeper));
  const clearOutputs = () => {
    for (const name of listOutputs(folder)) rmSync(join(folder, name));
  };
  return {
    name: 'tsp',
    marker: folder,
    program,
    filled: fill === null ? null : { queued: count, ended: count },
    addFresh() {
      const { ms, stdout } = timeOutput('tsp', ['true'], { cwd: folder, env });
      added.push(stdout.trim());
      return ms;
    },
    async addBatch(jobs, isAhead) {
      const ids = jobs.map((words) => tsp(...words));
      added.push(...ids);
      // It has no priorities: each is put first, the last one before the others.
      if (isAhead && fill !== null) for (const id of [...ids].reverse()) tsp('-u', id);
    },
    async drop() {
      for (const id of added) tsp('-r', id);
      added = [];
    },
    async hold() {
      if (holders.length === 0) holders = [tsp(...sleeper)];
      clearOutputs();
    },
    async release() {
      const [id] = holders.splice(0, 1);
      if (id !== undefined) tsp('-k', id);
    },
    async finish() {
      const last = added.at(-1) ?? '';
      added = [];
      const waiting = spawn('tsp', ['-w', last], { env, stdio: 'ignore' });
      await new Promise((resolve) => waiting.once('exit', resolve));
      const text = listOutputs(folder).map((name) => readFileSync(join(folder, name), 'utf8'));
      clearOutputs();
      return text.join('');
    },
    async close() {
      if (holders[0] !== undefined) {
        // First the queue: the end of the job that runs would start the next one.
        for (const id of holders.slice(1)) tsp('-r', id);
        tsp('-k', holders[0]);
      }
      tsp('-K');
    },
  };
}

const listOutputs = (folder: string): string[] => readdirSync(folder).filter((name) => name.startsWith('ts-out.'));
