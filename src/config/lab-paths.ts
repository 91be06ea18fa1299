/**
 * Where everything of a lab lies. Imports node built-ins only, because the thin client needs it at every start.
 * A command given anywhere inside a lab, its worktrees included, acts on the lab that owns the place.
 */
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, lstatSync, mkdirSync, realpathSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { LabError } from '../errors/lab-error.ts';
import { findRepositoryRoot } from './repository-root.ts';

/** Absolute paths of one lab. */
export interface LabPaths {
  root: string;
  /** 12 hex digits of the root's real path; names sockets and queues. */
  id: string;
  state: string;
  runs: string;
  trees: string;
  redisData: string;
  logs: string;
  daemonLog: string;
  daemonLock: string;
  /** The secret seed of the validation data; only the scorer is given it. */
  scoreSeed: string;
  /** 0700, short, outside the lab; holds the sockets. */
  runtime: string;
  socket: string;
  redisSocket: string;
  worktrees: string;
}

/** The paths of the lab at `root`. Pure but for resolving links. */
export function labPaths(root: string): LabPaths {
  const real = realpathSync(root);
  const id = createHash('sha256').update(real).digest('hex').slice(0, 12);
  const state = join(real, '.lab');
  const runtime = runtimeFolder();
  return {
    root: real,
    id,
    state,
    runs: join(state, 'runs'),
    trees: join(state, 'trees'),
    redisData: join(state, 'redis'),
    logs: join(state, 'logs'),
    daemonLog: join(state, 'logs', 'daemon.log'),
    daemonLock: join(state, 'daemon.lock'),
    scoreSeed: join(state, 'score-seed'),
    runtime,
    socket: join(runtime, `${id}.sock`),
    redisSocket: join(runtime, `${id}.redis.sock`),
    worktrees: join(real, '5_worktrees'),
  };
}

function runtimeFolder(): string {
  const configured = process.env.XDG_RUNTIME_DIR;
  if (configured && isAbsolute(configured) && existsSync(configured)) return join(configured, 'nightlab');
  return join(tmpdir(), `nightlab-${userId()}`);
}

/** Number of the user; not by userInfo(), which throws for a user without an entry in passwd (`docker run --user 1001`). */
function userId(): number {
  return process.getuid?.() ?? 0;
}

/** Where a Redis that nightlab fetched itself lies: one for all labs of the user. */
export function redisCacheFolder(): string {
  return join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'nightlab', 'redis');
}

/** Makes the runtime folder (0700) and throws LabError where it is not safely the user's own, or a socket path would be too long. */
export function ensureRuntime(paths: LabPaths): void {
  // A file in its place is met by the check below, in words.
  if (!existsSync(paths.runtime)) mkdirSync(paths.runtime, { recursive: true, mode: 0o700 });
  const found = lstatSync(paths.runtime);
  if (!found.isDirectory() || found.uid !== userId()) {
    throw new LabError(
      'config',
      `${paths.runtime} is not a folder of this user, expected one for the daemon's socket`,
      {
        hints: ['set XDG_RUNTIME_DIR to a folder of your own (mode 0700)'],
      },
    );
  }
  if ((found.mode & 0o077) !== 0) chmodSync(paths.runtime, 0o700);
  ensureSocketLength(paths.redisSocket);
}

/** Throws LabError (config) where the system would cut the socket path: Linux takes 107 bytes, macOS 103. */
export function ensureSocketLength(path: string, platform: NodeJS.Platform = process.platform): void {
  const limit = platform === 'linux' ? 107 : 103;
  const length = Buffer.byteLength(path);
  if (length > limit) {
    throw new LabError('config', `the socket path ${path} has ${length} bytes, this system takes at most ${limit}`, {
      hints: ['set XDG_RUNTIME_DIR to a shorter folder, for example XDG_RUNTIME_DIR=/tmp/me (mode 0700)'],
    });
  }
}

/** The lab that owns `folder`. Throws LabError (user) where there is none, or where lab.yaml lies in no git repository. */
export function findLab(folder: string): LabPaths {
  const found = findLabAround(folder);
  if (found !== null) return found;
  throw new LabError('user', `${resolve(folder)} is in no lab: no lab.yaml at the top of a git repository above it`, {
    hints: ['`lab init` makes a lab here, `lab tour` shows one at work'],
  });
}

/** The lab that owns `folder`; null where there is none. Throws LabError (user) where lab.yaml lies in no git repository. */
export function findLabAround(folder: string): LabPaths | null {
  const root = findRepositoryRoot(folder);
  if (root !== null && existsSync(join(root, 'lab.yaml'))) return labPaths(root);
  for (let place = resolve(folder); ; place = dirname(place)) {
    if (existsSync(join(place, 'lab.yaml'))) {
      throw new LabError('user', `${place} has a lab.yaml but is not the top of a git repository, expected one`, {
        hints: [`\`git -C ${place} init && git -C ${place} add -A && git -C ${place} commit -m start\` makes it one`],
      });
    }
    if (place === dirname(place)) return null;
  }
}
