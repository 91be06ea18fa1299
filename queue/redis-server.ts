/**
 * Gives the lab its Redis: adopts the server that outlived its daemon, or starts one as a private detached process on a unix
 * socket, or checks the user's own. Calling it again after a kill -9 brings the data back. Looking for a program is
 * redis-find.ts, fetching one redis-install.ts. It does not lock: one daemon per lab calls it, under that daemon's lock.
 */
import { chmodSync, existsSync, mkdirSync, renameSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ensureSocketLength } from '../src/config/lab-paths.ts';
import { errnoOf, LabError, messageOf } from '../src/errors/lab-error.ts';
import { formatRedisTarget, type RedisTarget } from './connection.ts';
import type { StartableRedis } from './redis-find.ts';
import { ensureForeignRedis } from './redis-foreign.ts';
import { probeRedis, type RedisProbe, readRedisInfo, requestShutdown } from './redis-probe.ts';
import {
  endProcess,
  findServerProcess,
  isServerProcess,
  type LaunchOutcome,
  launchServer,
  readPidFile,
  removeDeadTraces,
  renderServerCommand,
  renderStandInCommand,
  serverLogFile,
  serverPidFile,
  standInPidFile,
  waitForEnd,
} from './redis-process.ts';

/** What startRedis is to start, and where. */
export interface StartRedisOptions {
  /** Folder of the data, log and pid file; made with mode 0700. */
  dataDir: string;
  /** Socket to listen on; its folder is made with mode 0700 where it is missing. */
  socketPath: string;
  choice: StartableRedis;
  /** Gets one line for each thing that a person should know (data moved aside, a full disk). */
  say: (line: string) => void;
}

/** A Redis that serves. */
export interface RedisHandle {
  /** Socket path of an own server, `host:port` of a user's; never with a password. For messages, not for connecting. */
  url: string;
  /** For createConnection. */
  connection: RedisTarget;
  /** Whether the queue is still there after a kill of the server. */
  durable: boolean;
  /** One line for people: "redis 7.0.15 on a private socket". */
  description: string;
  /** True where the server outlived an earlier daemon. */
  isAdopted: boolean;
  /** Process of an own server; null for the user's. */
  pid: number | null;
  /** Ends an own server with its data on disk and waits for its end; leaves the user's alone. Safe to call twice. */
  stop(): Promise<void>;
}

/**
 * The lab's Redis, serving. Throws LabError: config where a foreign server is unsafe or unreachable or the socket path is too
 * long, worker where a server does not start or does not answer (the message carries the end of its log).
 */
export async function startRedis(options: StartRedisOptions): Promise<RedisHandle> {
  const { choice, dataDir, socketPath } = options;
  if (choice.kind === 'url') return createForeignHandle(choice.url);
  ensureSocketLength(socketPath);
  makeFolders(dataDir, socketPath);
  const adopted = await adoptServer(options);
  if (adopted !== null) return adopted;
  await endStrayServers(options);
  removeDeadTraces(dataDir, socketPath);
  if (choice.kind === 'stand-in') {
    options.say(`the queue is kept in memory by a slow stand-in for Redis: ${choice.reason}`);
    const outcome = await launchServer(renderStandInCommand({ dataDir, socketPath }));
    if (outcome.kind !== 'ready') throw startError('the stand-in for Redis', options, outcome);
    return createStandInHandle(options, outcome.pid, false);
  }
  const name = `${choice.binary} ${choice.version}`;
  let outcome = await launchServer(renderServerCommand(choice, { dataDir, socketPath }));
  if (outcome.kind === 'ended' && isDataBroken(outcome)) {
    moveAside(options, lastLogLine(outcome.log));
    makeFolders(dataDir, socketPath);
    outcome = await launchServer(renderServerCommand(choice, { dataDir, socketPath }));
  }
  if (outcome.kind !== 'ready') throw startError(name, options, outcome);
  return createServerHandle(options, choice.version, outcome.pid, false);
}

async function createForeignHandle(url: string): Promise<RedisHandle> {
  const { target, info } = await ensureForeignRedis(url);
  const place = formatRedisTarget(target);
  return {
    url: place,
    connection: target,
    durable: true,
    description: `redis ${info.version} at ${place} (LAB_REDIS_URL)`,
    isAdopted: false,
    pid: null,
    stop: async () => {},
  };
}

/** The server that already listens on the socket, where it is this lab's and its data is on disk; null where one has to be started. */
async function adoptServer(options: StartRedisOptions): Promise<RedisHandle | null> {
  const target = { path: options.socketPath };
  let probe = await waitWhileLoading(target);
  // A slow disk holds a server up for seconds while it syncs, so one silence is no proof.
  for (let asked = 1; probe.kind === 'silent' && asked < 3; asked += 1) probe = await waitWhileLoading(target);
  if (probe.kind === 'absent') return null;
  if (probe.kind === 'silent') {
    const pid = readPidFile(join(options.dataDir, serverPidFile)) ?? readPidFile(join(options.dataDir, standInPidFile));
    const hints = pid === null ? [`lsof ${options.socketPath}`] : [`kill -9 ${pid}`];
    throw new LabError('worker', `a Redis holds ${options.socketPath} and does not answer`, { hints });
  }
  if (probe.problem !== null) options.say(`Redis complains: ${probe.problem}`);
  const standIn = findServerProcess(options.dataDir, standInPidFile);
  if (standIn !== null) {
    if (options.choice.kind === 'stand-in') return createStandInHandle(options, standIn, true);
    // A real server can be had by now, and what the stand-in holds is rebuilt from the run folders.
    return null;
  }
  const info = await readRedisInfo(target);
  if (info.pid !== null && info.pid === readPidFile(join(options.dataDir, serverPidFile))) {
    return createServerHandle(options, info.version, info.pid, true);
  }
  // Its folder was deleted or replaced under it: what it writes lands nowhere.
  options.say(`the Redis on ${options.socketPath} no longer writes to ${options.dataDir}; it is replaced`);
  if (info.pid !== null) await endProcess(info.pid);
  return null;
}

/** Two servers on one append-only file destroy it, so one whose socket was removed is ended before another starts. */
async function endStrayServers(options: StartRedisOptions): Promise<void> {
  for (const file of [serverPidFile, standInPidFile]) {
    const pid = findServerProcess(options.dataDir, file);
    if (pid === null) continue;
    options.say(`ending a Redis (process ${pid}) that is of no use any more`);
    await endProcess(pid);
  }
}

async function waitWhileLoading(target: RedisTarget): Promise<Exclude<RedisProbe, { kind: 'loading' }>> {
  for (;;) {
    const probe = await probeRedis(target);
    if (probe.kind !== 'loading') return probe;
    await sleep(50);
  }
}

function createServerHandle(options: StartRedisOptions, version: string, pid: number, isAdopted: boolean): RedisHandle {
  const connection = { path: options.socketPath };
  const stop = async (): Promise<void> => {
    if (!isServerProcess(pid, options.dataDir)) return;
    try {
      await requestShutdown(connection);
    } catch (error) {
      // It refuses where its file cannot be written; a TERM would be refused too, and what is on disk stays as it is.
      options.say(`Redis could not write its data at the end (${messageOf(error)}); it is ended without`);
    }
    if (!(await waitForEnd(pid, 10))) await endProcess(pid);
  };
  const description = `redis ${version} on a private socket`;
  return { url: options.socketPath, connection, durable: true, description, isAdopted, pid, stop };
}

function createStandInHandle(options: StartRedisOptions, pid: number, isAdopted: boolean): RedisHandle {
  const stop = async (): Promise<void> => {
    if (isServerProcess(pid, options.dataDir)) await endProcess(pid);
  };
  const description = 'a stand-in for Redis, in memory only';
  return {
    url: options.socketPath,
    connection: { path: options.socketPath },
    durable: false,
    description,
    isAdopted,
    pid,
    stop,
  };
}

/** Whether a server refused to start because of what its data folder holds, not because of the disk or its rights. */
function isDataBroken(outcome: Extract<LaunchOutcome, { kind: 'ended' }>): boolean {
  if (
    /No space left|Permission denied|Read-only file system|Input\/output error|Cannot allocate memory/.test(outcome.log)
  )
    return false;
  return (
    /signal SIG(SEGV|ABRT|BUS)/.test(outcome.how) ||
    /Bad file format|Unexpected end of file|Unrecoverable error reading|AOF manifest|Wrong signature|Can't handle RDB/i.test(
      outcome.log,
    ) ||
    /Short read or OOM|Internal error in RDB|AOF file .*(exist|open)|append.?only file.*(Is a directory|Not a directory|No such file)/i.test(
      outcome.log,
    )
  );
}

function moveAside(options: StartRedisOptions, reason: string): void {
  const stamp = new Date().toISOString().replace(/[-:]|\.\d+/g, '');
  let target = `${options.dataDir}.broken-${stamp}`;
  for (let n = 2; existsSync(target); n++) target = `${options.dataDir}.broken-${stamp}-${n}`;
  renameSync(options.dataDir, target);
  options.say(
    `Redis could not read its data (${reason}); it was moved to ${target}, the queue is rebuilt from the run folders`,
  );
}

function startError(
  name: string,
  options: StartRedisOptions,
  outcome: Exclude<LaunchOutcome, { kind: 'ready' }>,
): LabError {
  const how = outcome.kind === 'ended' ? `ended at once (${outcome.how})` : 'does not answer';
  const log = outcome.log === '' ? '' : `: ${lastLogLine(outcome.log)}`;
  const hints = [`tail ${join(options.dataDir, serverLogFile)}`];
  if (/No space left/.test(outcome.log)) hints.unshift(`df -h ${options.dataDir}`);
  return new LabError('worker', `${name} ${how}${log}`, { hints });
}

/** The last line of a server's log without its pid and date; the lines above it are in the file. */
function lastLogLine(log: string): string {
  const lines = log.split('\n').filter((line) => line.trim() !== '');
  return (lines.findLast((line) => / # /.test(line)) ?? lines.at(-1) ?? '').replace(
    /^\d+:\w \d+ \w+ \d+ [\d:.]+ [#*.-] /,
    '',
  );
}

function makeFolders(dataDir: string, socketPath: string): void {
  for (const folder of [dataDir, dirname(socketPath)]) {
    try {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
    } catch (cause) {
      throw new LabError('user', `the folder ${folder} cannot be made (${errnoOf(cause) ?? messageOf(cause)})`, {
        hints: [`ls -ld ${dirname(folder)}`],
        cause,
      });
    }
  }
  chmodSync(dataDir, 0o700);
}
