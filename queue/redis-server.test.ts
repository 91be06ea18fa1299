import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Queue, QueueEvents, Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ensureSocketLength } from '../src/config/lab-paths.ts';
import { LabError } from '../src/errors/lab-error.ts';
import { createConnection, parseRedisUrl } from './connection.ts';
import { findRedis, type StartableRedis } from './redis-find.ts';
import { checkForeignRedis } from './redis-foreign.ts';
import { probeRedis } from './redis-probe.ts';
import { isProcessAlive, waitForEnd } from './redis-process.ts';
import { type RedisHandle, type StartRedisOptions, startRedis } from './redis-server.ts';

const real = await findRedis({ url: null, cacheDir: '/nonexistent', install: 'never' });
const hasServer = real.kind === 'server';
const standIn: StartableRedis = { kind: 'stand-in', reason: 'the test asks for it' };

let folder: string;
let said: string[];
let cleanUps: (() => unknown)[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'rds-'));
  said = [];
  cleanUps = [];
});

afterEach(async () => {
  for (const cleanUp of cleanUps.reverse()) await cleanUp();
  rmSync(folder, { recursive: true, force: true });
});

function optionsFor(choice: StartableRedis): StartRedisOptions {
  return {
    dataDir: join(folder, 'lab data'),
    socketPath: join(folder, 'run', 'r.sock'),
    choice,
    say: (line) => said.push(line),
  };
}

async function start(options: StartRedisOptions): Promise<RedisHandle> {
  const handle = await startRedis(options);
  cleanUps.push(() => handle.stop());
  return handle;
}

function connect(handle: RedisHandle, role: 'worker' | 'client' = 'worker'): Redis {
  const redis = createConnection(handle.connection, role, () => {});
  cleanUps.push(() => redis.disconnect());
  return redis;
}

function openQueue(handle: RedisHandle): Queue {
  const queue = new Queue('q', { connection: connect(handle) });
  queue.on('error', () => {});
  cleanUps.push(() => queue.close());
  return queue;
}

/** Kills a server the hard way and waits until it is gone. What it has confirmed is in its file by then, on a slow disk too. */
async function killHard(handle: RedisHandle): Promise<void> {
  // While one fsync lasts Redis confirms writes that it holds back in its buffer; a kill takes them along.
  const redis = connect(handle);
  await expect.poll(() => redis.info('persistence'), { timeout: 60_000 }).toMatch(/^aof_buffer_length:0$/m);
  redis.disconnect();
  process.kill(handle.pid ?? 0, 'SIGKILL');
  expect(await waitForEnd(handle.pid ?? 0, 10)).toBe(true);
}

/** A server that somebody else runs. */
async function startForeign(...args: string[]): Promise<{ socketPath: string; child: ChildProcess }> {
  const socketPath = join(folder, 'foreign.sock');
  const binary = real.kind === 'server' ? real.binary : '';
  const child = spawn(binary, ['--port', '0', '--unixsocket', socketPath, '--dir', folder, ...args], {
    // A locale that is not installed keeps newer servers from starting.
    env: { ...process.env, LC_ALL: 'C' },
    stdio: 'ignore',
  });
  const gone = once(child, 'exit');
  cleanUps.push(async () => {
    child.kill('SIGKILL');
    await gone;
  });
  await expect.poll(async () => (await probeRedis({ path: socketPath })).kind, { timeout: 60_000 }).toBe('ready');
  return { socketPath, child };
}

async function errorOf(promise: Promise<unknown>): Promise<LabError> {
  const error = await promise.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(LabError);
  return error as LabError;
}

test.runIf(hasServer)('after kill -9 of the server a second start brings the queued job back', async () => {
  const options = optionsFor(real as StartableRedis);
  const first = await start(options);
  expect(first).toMatchObject({ durable: true, isAdopted: false });
  expect(statSync(options.dataDir).mode & 0o777).toBe(0o700);
  expect(statSync(options.socketPath).mode & 0o777).toBe(0o700);
  await openQueue(first).add('job', { number: 7 }, { jobId: 'j7.1' });
  await killHard(first);
  expect(existsSync(options.socketPath)).toBe(true);

  const second = await start(options);
  expect(second).toMatchObject({ isAdopted: false });
  expect(second.pid).not.toBe(first.pid);
  expect((await openQueue(second).getJob('j7.1'))?.data).toEqual({ number: 7 });
  expect(said).toEqual([]);
});

test.runIf(hasServer)(
  'a connection that was open when the server was killed finds the next one by itself',
  async () => {
    const options = optionsFor(real as StartableRedis);
    const first = await start(options);
    const redis = connect(first);
    await redis.set('kept', 'yes');
    await killHard(first);
    const answer = redis.get('kept');
    await start(options);
    expect(await answer).toBe('yes');
  },
);

test.runIf(hasServer)('a running server is adopted, and its end leaves no process, socket or pid file', async () => {
  const options = optionsFor(real as StartableRedis);
  const first = await start(options);
  const second = await start(options);
  expect(second).toMatchObject({ isAdopted: true, durable: true, pid: first.pid, description: first.description });
  await second.stop();
  expect(isProcessAlive(first.pid ?? 0)).toBe(false);
  expect(existsSync(options.socketPath)).toBe(false);
  await first.stop();
  expect((await probeRedis(second.connection)).kind).toBe('absent');
});

test.runIf(hasServer)(
  'a server whose data folder was deleted is not adopted but replaced by one that writes',
  async () => {
    const options = optionsFor(real as StartableRedis);
    const first = await start(options);
    rmSync(options.dataDir, { recursive: true });
    const second = await start(options);
    expect(second.isAdopted).toBe(false);
    expect(isProcessAlive(first.pid ?? 0)).toBe(false);
    expect(said.join()).toContain('no longer writes to');
  },
);

test.runIf(hasServer && process.platform === 'linux')(
  'a server whose socket was removed is ended before another opens its files',
  async () => {
    const options = optionsFor(real as StartableRedis);
    const first = await start(options);
    await openQueue(first).add('job', {}, { jobId: 'j1.1' });
    rmSync(options.socketPath);
    const second = await start(options);
    expect(isProcessAlive(first.pid ?? 0)).toBe(false);
    expect(await openQueue(second).getJob('j1.1')).toBeDefined();
  },
);

/** The files of the append-only log that grow. */
function incrementalFiles(dataDir: string): string[] {
  const inner = join(dataDir, 'appendonlydir');
  const names = existsSync(inner) ? readdirSync(inner).map((name) => join('appendonlydir', name)) : ['appendonly.aof'];
  return names
    .filter((name) => name.endsWith('incr.aof') || name === 'appendonly.aof')
    .map((name) => join(dataDir, name));
}

test.runIf(hasServer)('a log that was cut in the middle of its last write loses only this write', async () => {
  const options = optionsFor(real as StartableRedis);
  const first = await start(options);
  const redis = connect(first);
  await redis.set('a', '1');
  await redis.set('b', '2');
  await killHard(first);
  const [file = ''] = incrementalFiles(options.dataDir);
  truncateSync(file, statSync(file).size - 3);
  const second = await start(options);
  expect(await connect(second).mget('a', 'b')).toEqual(['1', null]);
  expect(said).toEqual([]);
});

test.runIf(hasServer)('data that cannot be read is moved aside, said, and an empty server starts', async () => {
  const options = optionsFor(real as StartableRedis);
  const first = await start(options);
  await connect(first).set('a', '1');
  await killHard(first);
  const [file = ''] = incrementalFiles(options.dataDir);
  writeFileSync(file, 'this is no log of Redis\n'.repeat(10));
  const second = await start(options);
  expect(await connect(second).get('a')).toBeNull();
  const aside = readdirSync(dirname(options.dataDir)).filter((name) => name.startsWith('lab data.broken-'));
  expect(aside).toHaveLength(1);
  expect(said.join()).toContain(aside[0] ?? '?');
});

test.runIf(hasServer)(
  'a server that freezes is an error that names its process, and no second one is started on its data',
  async () => {
    const options = optionsFor(real as StartableRedis);
    const first = await start(options);
    process.kill(first.pid ?? 0, 'SIGSTOP');
    cleanUps.push(() => process.kill(first.pid ?? 0, 'SIGCONT'));
    const error = await errorOf(startRedis(options));
    expect(error.message).toContain('does not answer');
    expect(error.hints).toContain(`kill -9 ${first.pid}`);
  },
);

test.runIf(hasServer)(
  'a foreign server without its append-only file is refused with the commands that mend it',
  async () => {
    const { socketPath } = await startForeign('--appendonly', 'no', '--save', '', '--maxmemory-policy', 'allkeys-lru');
    const url = `unix://${socketPath}`;
    const error = await errorOf(startRedis({ ...optionsFor({ kind: 'url', url }) }));
    expect(error.kind).toBe('config');
    expect(error.message).toContain('appendonly is no');
    expect(error.message).toContain('maxmemory-policy is allkeys-lru');
    expect(error.hints).toContain(`redis-cli -s ${socketPath} config set appendonly yes`);
  },
);

test.runIf(hasServer)('a foreign server that keeps its data is used, and stop leaves it running', async () => {
  const { socketPath, child } = await startForeign('--appendonly', 'yes');
  const handle = await start(optionsFor({ kind: 'url', url: `unix://${socketPath}?db=3` }));
  expect(handle).toMatchObject({ durable: true, pid: null, connection: { path: socketPath, db: 3 } });
  expect(await connect(handle).ping()).toBe('PONG');
  await handle.stop();
  expect(child.exitCode).toBeNull();
  expect((await probeRedis({ path: socketPath })).kind).toBe('ready');
});

test('a foreign server that is not there is an error without the password of its URL', async () => {
  const error = await errorOf(startRedis(optionsFor({ kind: 'url', url: 'redis://me:hunter2@127.0.0.1:1' })));
  expect(error.message).toContain('no Redis at 127.0.0.1:1');
  expect(error.message + error.hints.join()).not.toContain('hunter2');
});

test('the stand-in carries a BullMQ job from queue to worker and back, is adopted, and ends', async () => {
  const options = optionsFor(standIn);
  const handle = await start(options);
  expect(handle).toMatchObject({ durable: false, isAdopted: false });
  expect(statSync(options.socketPath).mode & 0o077).toBe(0);
  const queue = openQueue(handle);
  // From the first event on: the job may end before the stream is read for the first time.
  const events = new QueueEvents('q', { connection: connect(handle), lastEventId: '0-0' });
  const worker = new Worker('q', async (job) => job.data.n + 1, { connection: connect(handle) });
  events.on('error', () => {});
  worker.on('error', () => {});
  await events.waitUntilReady();
  const job = await queue.add('job', { n: 41 }, { jobId: 'j1.1' });
  expect(await job.waitUntilFinished(events, 100_000)).toBe(42);
  expect((await start(options)).isAdopted).toBe(true);
  // Closing them asks the server, so they go first.
  for (const one of [worker, events, queue]) await one.close();
  await handle.stop();
  expect(isProcessAlive(handle.pid ?? 0)).toBe(false);
  expect(existsSync(options.socketPath)).toBe(false);
});

test.runIf(hasServer)('a stand-in gives way as soon as a real server can be had', async () => {
  const first = await start(optionsFor(standIn));
  const second = await start(optionsFor(real as StartableRedis));
  expect(second).toMatchObject({ durable: true, isAdopted: false });
  expect(isProcessAlive(first.pid ?? 0)).toBe(false);
});

test('a program that does not start is an error with its own last words', async () => {
  const options = optionsFor({
    kind: 'server',
    binary: process.execPath,
    from: 'path',
    libraryPath: null,
    version: '7.0.0',
  });
  const error = await errorOf(startRedis(options));
  expect(error.kind).toBe('worker');
  expect(error.message).toMatch(/bad option|ended at once/);
});

test('a data folder that cannot be made is an error that names it', async () => {
  writeFileSync(join(folder, 'file'), '');
  const dataDir = join(folder, 'file', 'redis');
  const error = await errorOf(startRedis({ ...optionsFor(standIn), dataDir }));
  expect(error.message).toContain(dataDir);
});

test('a socket path that the system would cut is refused with its length, the limit and the way out', () => {
  const path = `/${'x'.repeat(107)}`;
  expect(() => ensureSocketLength(path, 'linux')).toThrow('has 108 bytes, this system takes at most 107');
  expect(() => ensureSocketLength(path.slice(1), 'linux')).not.toThrow();
  expect(() => ensureSocketLength(path.slice(0, 104), 'darwin')).toThrow('at most 103');
  expect(() => ensureSocketLength(`/${'ä'.repeat(54)}`, 'linux')).toThrow('has 109 bytes');
});

test('a client fails at once where no server listens, and its errors go to onError', async () => {
  const errors: Error[] = [];
  const redis = createConnection({ path: join(folder, 'none.sock') }, 'client', (error) => errors.push(error));
  cleanUps.push(() => redis.disconnect());
  await expect(redis.get('a')).rejects.toThrow();
  await expect.poll(() => errors.length, { timeout: 60_000 }).toBeGreaterThan(0);
});

test.each([
  ['redis://h', { host: 'h', port: 6379 }],
  ['rediss://u:p%40@h:1/2', { host: 'h', port: 1, username: 'u', password: 'p@', db: 2, tls: true }],
  ['redis://[::1]:7', { host: '::1', port: 7 }],
  ['unix:///run/r.sock', { path: '/run/r.sock' }],
  ['/run/r.sock', { path: '/run/r.sock' }],
])('the URL %s is read', (url, target) => {
  expect(parseRedisUrl(url)).toEqual(target);
});

test.each(['http://h', 'h:6379', 'redis://h/nine', 'unix://run/r.sock', 'redis://', ''])(
  'the URL %j is refused',
  (url) => {
    expect(() => parseRedisUrl(url)).toThrow(LabError);
  },
);

test('a foreign server that is well has no problems, and one that says nothing of its memory policy has', () => {
  const well = { version: '6.2.0', isAofOn: true, maxmemoryPolicy: 'noeviction', pid: 1 };
  expect(checkForeignRedis(well)).toEqual([]);
  expect(checkForeignRedis({ ...well, version: '6.0.9', maxmemoryPolicy: null })).toHaveLength(2);
});
