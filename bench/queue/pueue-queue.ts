/**
 * pueue with a daemon, socket and state of its own; it has no batch, each enqueue is a call of its client. Found on the PATH, or in this
 * user's cache, where `cargo install` put it once.
 */
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { hasProgram, plainEnvironment } from '../bench-lab.ts';
import { timeOutput } from '../measure.ts';
import { holdSeconds, type MeasuredQueue, waitUntil } from './measured-queue.ts';

/** Where pueue is looked for besides the PATH: what `cargo install pueue --locked --root <it>` fills. */
export const pueueCache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'nightlab-bench', 'pueue');

/** A folder of programs to put before the PATH, "" where pueue is on it already; null where there is no pueue. */
export function findPueue(): string | null {
  if (hasProgram('pueue') && hasProgram('pueued')) return '';
  const folder = join(pueueCache, 'bin');
  return existsSync(join(folder, 'pueue')) && existsSync(join(folder, 'pueued')) ? folder : null;
}

/** Starts a daemon. `fill`: that many finished and queued jobs, written into its state file before it starts. */
export async function createPueueQueue(
  folder: string,
  program: string,
  programs: string,
  fill: number | null = null,
): Promise<MeasuredQueue> {
  const data = join(folder, 'data');
  mkdirSync(data, { recursive: true });
  const config = join(folder, 'pueue.yml');
  writeFileSync(
    config,
    `shared:\n  pueue_directory: ${data}\n  runtime_directory: ${folder}\n  use_unix_socket: true\n  unix_socket_path: ${join(folder, 's.sock')}\nclient: {}\ndaemon: {}\n`,
  );
  const inherited = plainEnvironment();
  const env = { ...inherited, PUEUE_CONFIG_PATH: config };
  if (programs !== '') Object.assign(env, { PATH: `${programs}${delimiter}${inherited.PATH ?? ''}` });
  const pueue = (...args: string[]) => execFileSync('pueue', args, { env, encoding: 'utf8', stdio: 'pipe' }).trim();
  const logOf = (id: string) => join(data, 'task_logs', `${id}.log`);
  const add = (words: string[], isAhead: boolean) =>
    pueue('add', '-p', ...(isAhead ? ['-o', '10'] : []), '--', ...words);
  const start = async () => {
    const daemon = spawn('pueued', [], { env, stdio: 'ignore' });
    await waitUntil('pueued', () => isAnswering(pueue));
    return { daemon, ended: new Promise((resolve) => daemon.once('exit', resolve)) };
  };
  const sleeper = ['sleep', String(holdSeconds)];
  let running = await start();
  let holder = '';
  let added: string[] = [];
  if (fill !== null) {
    const id = add(['true'], false);
    await waitUntil('a finished job', () => pueue('status', '--json').includes('"Done"'));
    pueue('shutdown');
    await running.ended;
    fillState(join(data, 'state.json'), id, fill);
    running = await start();
    pueue('start');
    holder = String(fill);
    await waitUntil('the job that sleeps', () => existsSync(logOf(holder)));
  }
  return {
    name: 'pueue',
    marker: folder,
    program,
    filled: fill === null ? null : { queued: fill, ended: fill },
    addFresh() {
      const { ms, stdout } = timeOutput('pueue', ['add', '-p', '--', 'true'], { cwd: folder, env });
      added.push(stdout.trim());
      return ms;
    },
    async addBatch(jobs, isAhead) {
      for (const words of jobs) added.push(add(words, isAhead && fill !== null));
    },
    async drop() {
      if (added.length > 0) pueue('remove', ...added);
      added = [];
    },
    async hold() {
      if (holder === '') holder = add(sleeper, false);
      await waitUntil('the job that sleeps', () => existsSync(logOf(holder)));
    },
    async release() {
      pueue('kill', holder);
      holder = fill === null ? '' : String(Number(holder) + 1);
    },
    async finish() {
      const last = logOf(added.at(-1) ?? '');
      await waitUntil('the last stamp', () => existsSync(last) && readFileSync(last, 'utf8').endsWith('\n'));
      const text = added.map((id) => readFileSync(logOf(id), 'utf8')).join('');
      added = [];
      return text;
    },
    async close() {
      pueue('shutdown');
      await running.ended;
      rmSync(data, { recursive: true, force: true });
    },
  };
}

function isAnswering(pueue: (...args: string[]) => string): boolean {
  try {
    pueue('group');
    return true;
  } catch {
    return false;
  }
}

/** The finished task `id` again and again, then as many queued ones and one more to run; each with the environment that pueue captured. */
function fillState(file: string, id: string, count: number): void {
  const state = JSON.parse(readFileSync(file, 'utf8')) as { tasks: Record<string, Record<string, unknown>> };
  const done = state.tasks[id];
  if (done === undefined) throw new Error(`${file} has no task ${id}`);
  const command = `sleep ${holdSeconds}`;
  const tasks: Record<string, unknown> = {};
  for (let next = 0; next < count; next++) tasks[next] = { ...done, id: next };
  const status = { Queued: { enqueued_at: new Date().toISOString() } };
  for (let next = count; next <= 2 * count; next++)
    tasks[next] = { ...done, id: next, original_command: command, command, status };
  writeFileSync(file, JSON.stringify({ ...state, tasks }));
}
