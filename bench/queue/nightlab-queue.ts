/**
 * nightlab: batches are asked over the socket as the client asks them, single jobs by a fresh `lab add`. Jobs get everything that a task
 * gets: checkout, supervisor, device lock, sandbox, records; or, with `isHere`, run in the lab's folder without checkout and sandbox.
 */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { callRoute } from '../../src/cli/client.ts';
import { labPaths } from '../../src/config/lab-paths.ts';
import { type AddRequest, requestDefaults } from '../../src/daemon/routes.ts';
import type { BenchLab } from '../bench-lab.ts';
import { timeOutput } from '../measure.ts';
import { holdSeconds, type MeasuredQueue, waitUntil } from './measured-queue.ts';

/** A label that the lab takes. */
export const benchLabel = 'Q: how long does the queue take? H: no change';

/** How a lab is used. */
export interface NightlabUse {
  /** Jobs run in place. */
  isHere: boolean;
  /** What the lab was filled with (fill-lab.ts); null where with nothing. */
  filled: { queued: number; ended: number } | null;
}

/** nightlab as a measured queue, and what only it has. */
export interface NightlabQueue extends MeasuredQueue {
  /** Jobs run in place. */
  isHere: boolean;
  /** Enqueues that many jobs by one `lab add --from` in a fresh process; milliseconds. */
  addFromFile(count: number): number;
  /** A fresh `lab add` from a tree with an uncommitted change; milliseconds. */
  addDirty(): number;
  /** Folders of the attempts of the last finished batch, in its order. */
  attempts: string[];
}

/** Whether a queue is nightlab. */
export const isNightlab = (queue: MeasuredQueue): queue is NightlabQueue => 'addFromFile' in queue;

/** Speaks to the daemon of a lab that is up, and whose root has the program. */
export function createNightlabQueue(
  name: string,
  bench: BenchLab,
  program: string,
  { isHere, filled }: NightlabUse,
): NightlabQueue {
  const paths = labPaths(bench.root);
  // Where the lab's own environment says, not ours.
  const socket = join(bench.around, 'runtime', 'nightlab', `${paths.id}.sock`);
  const env: Record<string, string> = { PATH: bench.env.PATH ?? '', HOME: bench.env.HOME ?? '/' };
  const attempts: string[] = [];
  let added: number[] = [];
  let sent = 0;
  const request = (words: string[], priority: number | null): AddRequest => ({
    ...requestDefaults,
    key: `${process.pid}-${name}-${sent++}`,
    kind: 'task',
    label: benchLabel,
    command: words.map((word) => `'${word}'`).join(' '),
    checkout: bench.root,
    directory: '',
    here: isHere,
    device: null,
    seed: null,
    env,
    secrets: {},
    wallSeconds: holdSeconds,
    priority,
  });
  const addMany = async (jobs: string[][], priority: number | null) => {
    const { jobs: made } = await callRoute(socket, 'addMany', {
      requests: jobs.map((words) => request(words, priority)),
    });
    return made.map(({ number }) => number);
  };
  const addByClient = (args: string[], cwd = bench.root): number => {
    const options = ['--no-score', '-p', '--label', benchLabel, ...(isHere ? ['--here'] : [])];
    const { ms, stdout } = timeOutput(process.execPath, [bench.script, 'add', ...options, ...args], {
      cwd,
      env: bench.env,
    });
    added.push(...stdout.trim().split('\n').map(Number));
    return ms;
  };
  /** Numbers of jobs whose command runs; one that only gets ready is not among them. */
  const listRunning = async (): Promise<number[]> => {
    const filter = { states: ['running'], group: null, label: null, idea: null, since: null, isArchived: false };
    const { jobs } = await callRoute(socket, 'status', { numbers: [], filter: { ...filter, ended: 0 } });
    return jobs.flatMap(({ job, state }) => (state.kind === 'running' && state.step === 'train' ? [job.number] : []));
  };
  return {
    name,
    marker: bench.around,
    program,
    filled,
    isHere,
    attempts,
    addFresh: () => addByClient(['--', 'true']),
    addFromFile(count) {
      const file = join(bench.around, 'jobs.jsonl');
      writeFileSync(file, `${JSON.stringify({ command: 'true' })}\n`.repeat(count));
      return addByClient(['--from', file]);
    },
    addDirty() {
      const file = join(bench.root, 'changed.txt');
      writeFileSync(file, `${process.hrtime.bigint()}\n`);
      const ms = addByClient(['--', 'true']);
      rmSync(file);
      return ms;
    },
    async addBatch(jobs, isAhead) {
      added.push(...(await addMany(jobs, isAhead && filled !== null ? 10 : null)));
    },
    async drop() {
      if (added.length === 0) return;
      await callRoute(socket, 'kill', { numbers: added, graceSeconds: 5 });
      // Among thousands some more that were taken out change nothing, and deleting them takes a git process for each.
      if (filled === null)
        await callRoute(socket, 'clean', { numbers: added, group: null, successfulOnly: false, purge: true });
      added = [];
    },
    async hold() {
      // Another queue of the same lab may have seen to it.
      if (filled === null && (await listRunning()).length === 0) await addMany([['sleep', String(holdSeconds)]], null);
      await waitUntil('the job that sleeps', async () => (await listRunning()).length > 0);
    },
    async release() {
      await callRoute(socket, 'kill', { numbers: await listRunning(), graceSeconds: 5 });
    },
    async finish() {
      const [first = 0, last = first] = [added[0], added.at(-1)];
      await waitForEnd(socket, last);
      attempts.splice(0, attempts.length, ...added.map((number) => join(paths.runs, String(number), '1')));
      added = [];
      const logs = attempts.map((folder) => join(folder, 'run.log'));
      const missing = logs.filter((log) => !existsSync(log));
      if (missing.length > 0) throw new Error(`${name}: ${missing.length} jobs from ${first} on have no log`);
      return logs.map((log) => readFileSync(log, 'utf8')).join('');
    },
    async close() {
      // The lab itself is removed by whoever made it.
    },
  };
}

async function waitForEnd(socket: string, number: number): Promise<void> {
  for (let seen = 0; ; ) {
    const answer = await callRoute(socket, 'wait', { numbers: [number], seen });
    if (answer.jobs.every(({ state }) => state.kind === 'ended')) return;
    seen = answer.seen;
  }
}
