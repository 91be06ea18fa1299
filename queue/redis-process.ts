/**
 * The operating-system side of the lab's own Redis: pid files, starting a detached server, waiting for it, ending it.
 * It knows nothing of adoption or of broken data (redis-server.ts does) nor of servers that the lab did not start.
 */
import { execFileSync, spawn } from 'node:child_process';
import {
  closeSync,
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
  statSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { packageRoot } from '../src/config/package-root.ts';
import { probeRedis } from './redis-probe.ts';

/** Pid file of a real server, in its data folder. */
export const serverPidFile = 'redis.pid';
/** Pid file of the stand-in; that it is there tells which of the two runs. */
export const standInPidFile = 'stand-in.pid';
/** Log of either, in the data folder. */
export const serverLogFile = 'redis.log';

/** How a start ended. */
export type LaunchOutcome =
  | { kind: 'ready'; pid: number }
  /** The process ended by itself; `log` is what it wrote since it started. */
  | { kind: 'ended'; how: string; log: string }
  /** The process lives and does not answer. It is ended before this is returned. */
  | { kind: 'silent'; log: string };

/** What to start and where. */
export interface LaunchOptions {
  command: string;
  args: string[];
  /** The whole environment of the server. */
  env: Record<string, string>;
  dataDir: string;
  socketPath: string;
}

/** Seconds without any answer after which a start counts as failed. Loading its data is an answer. */
const silenceSeconds = 30;
const pollMs = 20;

/** Starts a server as a session of its own, so that it outlives this process and its terminal, and waits until it serves. */
export async function launchServer(options: LaunchOptions): Promise<LaunchOutcome> {
  const logFile = join(options.dataDir, serverLogFile);
  const logStart = existsSync(logFile) ? statSync(logFile).size : 0;
  const readLog = (): string => readFileSync(logFile).subarray(logStart).toString('utf8').trim();
  const log = openSync(logFile, 'a', 0o600);
  let ended: string | null = null;
  const child = spawn(options.command, options.args, {
    cwd: options.dataDir,
    env: options.env,
    detached: true,
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  child.once('error', (error) => {
    ended = error.message;
  });
  child.once('exit', (code, signal) => {
    ended ??= signal === null ? `exit code ${code}` : `signal ${signal}`;
  });
  child.unref();
  let deadline = performance.now() + silenceSeconds * 1000;
  for (;;) {
    const probe = await probeRedis({ path: options.socketPath });
    // A stale server could answer in place of the child, so an ended child counts first.
    if (ended !== null) return { kind: 'ended', how: ended, log: readLog() };
    if (probe.kind === 'ready' && child.pid !== undefined) return { kind: 'ready', pid: child.pid };
    if (probe.kind === 'loading') deadline = performance.now() + silenceSeconds * 1000;
    if (performance.now() > deadline) {
      if (child.pid !== undefined) await endProcess(child.pid);
      return { kind: 'silent', log: readLog() };
    }
    await sleep(pollMs);
  }
}

/** How to start a real server on a private socket, with every write in its append-only file and nothing ever evicted. */
export function renderServerCommand(
  choice: { binary: string; libraryPath: string | null },
  place: { dataDir: string; socketPath: string },
): LaunchOptions {
  const settings: [string, string][] = [
    ['port', '0'],
    ['unixsocket', place.socketPath],
    ['unixsocketperm', '700'],
    ['dir', place.dataDir],
    ['appendonly', 'yes'],
    ['appendfsync', 'everysec'],
    ['aof-load-truncated', 'yes'],
    ['save', ''],
    ['maxmemory-policy', 'noeviction'],
    ['daemonize', 'no'],
    ['pidfile', join(place.dataDir, serverPidFile)],
    ['logfile', join(place.dataDir, serverLogFile)],
  ];
  return {
    command: choice.binary,
    args: settings.flatMap(([name, value]) => [`--${name}`, value]),
    env: { ...serverEnvironment(), ...(choice.libraryPath === null ? {} : { LD_LIBRARY_PATH: choice.libraryPath }) },
    ...place,
  };
}

/** How to start the stand-in. */
export function renderStandInCommand(place: { dataDir: string; socketPath: string }): LaunchOptions {
  const args = [
    join(packageRoot(), 'dist', 'redis-stand-in.js'),
    place.socketPath,
    join(place.dataDir, standInPidFile),
  ];
  return { command: process.execPath, args, env: serverEnvironment(), ...place };
}

/** The living process that a pid file in the data folder names and that works in this folder; null where there is none. */
export function findServerProcess(dataDir: string, pidFile: string): number | null {
  const pid = readPidFile(join(dataDir, pidFile));
  return pid !== null && isServerProcess(pid, dataDir) ? pid : null;
}

/** Whether a process lives and is a server of this data folder, not another program that was given its pid since. */
export function isServerProcess(pid: number, dataDir: string): boolean {
  return isProcessAlive(pid) && isWorkingIn(pid, dataDir);
}

/** Ends a process with SIGTERM, after ten seconds with SIGKILL, and waits until it is gone. */
export async function endProcess(pid: number): Promise<void> {
  sendSignal(pid, 'SIGTERM');
  if (await waitForEnd(pid, 10)) return;
  sendSignal(pid, 'SIGKILL');
  await waitForEnd(pid, 10);
}

/** Waits until a process is gone; false where it still lives after the limit. */
export async function waitForEnd(pid: number, limitSeconds: number): Promise<boolean> {
  const deadline = performance.now() + limitSeconds * 1000;
  while (isProcessAlive(pid)) {
    if (performance.now() > deadline) return false;
    await sleep(pollMs);
  }
  return true;
}

/** Whether a process lives. A zombie (ended, not yet reaped by its parent) does not. */
export function isProcessAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
  try {
    // The state stands behind the program's name, which is in brackets and may hold anything.
    const state = readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /s, '')[0];
    // The first thread becomes a zombie while others still die, and with them the open files and the socket.
    return state !== 'Z' || readdirSync(`/proc/${pid}/task`).length > 1;
  } catch {
    // No /proc (macOS): signal 0 is all there is to know. On Linux the process went away in between.
    return process.platform !== 'linux';
  }
}

/** The pid in a file; null where there is no file or no number in it. */
export function readPidFile(file: string): number | null {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return null;
  }
  const pid = Number(text.trim());
  return Number.isInteger(pid) && pid > 1 ? pid : null;
}

/** Removes what a dead server left of itself; its data stays. */
export function removeDeadTraces(dataDir: string, socketPath: string): void {
  for (const file of [socketPath, join(dataDir, serverPidFile), join(dataDir, standInPidFile)])
    rmSync(file, { force: true });
}

/** A pid alone may have been given to another program since; both servers have the data folder as their working folder. */
function isWorkingIn(pid: number, dataDir: string): boolean {
  try {
    if (process.platform === 'linux') return readlinkSync(`/proc/${pid}/cwd`) === realpathSync(dataDir);
    return /redis|valkey/.test(execFileSync('ps', ['-o', 'command=', '-p', String(pid)], { encoding: 'utf8' }));
  } catch {
    return false;
  }
}

function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Nothing of the caller's: a run's number in there would make the server look like a run's leftover. A locale can stop Redis. */
function serverEnvironment(): Record<string, string> {
  return { PATH: process.env.PATH ?? '/usr/bin:/bin', LC_ALL: 'C' };
}
