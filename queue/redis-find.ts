/**
 * Looks for a Redis to use: a URL, a server on PATH, the lab's own copy in the user's cache, or how one could be had.
 * Pure look-up: nothing is installed, started or written. Installing is redis-install.ts, starting redis-server.ts.
 */
import { execFile } from 'node:child_process';
import { constants, existsSync } from 'node:fs';
import { access, readdir } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { messageOf } from '../src/errors/lab-error.ts';

/** What was found, best first. */
export type RedisChoice =
  /** A server that the user runs. */
  | { kind: 'url'; url: string }
  /** A program to start as a private child. `libraryPath` goes into LD_LIBRARY_PATH; null where the system's libraries do. */
  | { kind: 'server'; binary: string; from: 'path' | 'cache'; libraryPath: string | null; version: string }
  /** None yet, but installRedis can fetch one. `how` says it in one line, `skipped` what was found and not used. */
  | { kind: 'installable'; how: string; skipped: string[] }
  /** Only the in-process stand-in is left: memory only, and slow. `reason` is one sentence with the way to a real server. */
  | { kind: 'stand-in'; reason: string };

/** A choice that startRedis can act on: an installable one has to be installed first (chooseRedis does both). */
export type StartableRedis = Exclude<RedisChoice, { kind: 'installable' }>;

/** Where to look. */
export interface FindRedisOptions {
  /** LAB_REDIS_URL or the config; null for none. */
  url: string | null;
  /** Folder of the lab's own copy; it need not exist. */
  cacheDir: string;
  /** `never` forbids fetching a server; one fetched before is still used. */
  install: 'auto' | 'never';
  /** PATH to search; default is this process's. */
  path?: string;
}

/** The oldest version that BullMQ works with. */
export const oldestRedis = '6.2';

const run = promisify(execFile);

/** The best Redis there is. Servers that are too old or do not run are skipped, with the reason in the choice that follows. */
export async function findRedis(options: FindRedisOptions): Promise<RedisChoice> {
  if (options.url !== null && options.url !== '') return { kind: 'url', url: options.url };
  const path = options.path ?? process.env.PATH ?? '';
  const skipped: string[] = [];
  for (const name of ['redis-server', 'valkey-server']) {
    for (const binary of await findAllOnPath(name, path)) {
      const version = await readServerVersion(binary, null);
      if (version.kind === 'found') {
        return { kind: 'server', binary, from: 'path', libraryPath: null, version: version.version };
      }
      skipped.push(version.problem);
    }
  }
  const cached = await findCachedRedis(options.cacheDir);
  if (cached?.kind === 'server') return cached;
  if (cached !== null) skipped.push(cached.problem);
  const blocked = await findInstallObstacle(options.install, path);
  if (blocked === null) {
    const how = `fetch the distribution's own redis-server into ${options.cacheDir} with apt-get, without root`;
    return { kind: 'installable', how, skipped };
  }
  return { kind: 'stand-in', reason: [...skipped, blocked].join('; ') };
}

/** The lab's own copy. Null where there is none; a `problem` where there is one that does not run. */
export async function findCachedRedis(
  cacheDir: string,
): Promise<Extract<RedisChoice, { kind: 'server' }> | { kind: 'broken'; problem: string } | null> {
  const root = join(cacheDir, cachedServerFolder);
  for (const name of ['redis-server', 'valkey-server']) {
    const binary = join(root, 'usr', 'bin', name);
    if (!existsSync(binary)) continue;
    const libraryPath = await findLibraryPath(root);
    const version = await readServerVersion(binary, libraryPath);
    if (version.kind === 'problem') return { kind: 'broken', problem: version.problem };
    return { kind: 'server', binary, from: 'cache', libraryPath, version: version.version };
  }
  return null;
}

/** The folder below cacheDir that holds the unpacked server. */
export const cachedServerFolder = 'server';

/** All programs of a name on a PATH, in its order. */
export async function findAllOnPath(name: string, path: string): Promise<string[]> {
  const found: string[] = [];
  for (const folder of path.split(delimiter)) {
    if (folder === '') continue;
    const file = join(folder, name);
    try {
      await access(file, constants.X_OK);
      found.push(file);
    } catch {
      // Not there or not executable: not a candidate.
    }
  }
  return found;
}

/** Runs `--version`. A version below oldestRedis, or a program that fails, is a problem in one line. */
export async function readServerVersion(
  binary: string,
  libraryPath: string | null,
): Promise<{ kind: 'found'; version: string } | { kind: 'problem'; problem: string }> {
  let text: string;
  try {
    const env = {
      PATH: process.env.PATH ?? '',
      LC_ALL: 'C',
      ...(libraryPath === null ? {} : { LD_LIBRARY_PATH: libraryPath }),
    };
    text = (await run(binary, ['--version'], { timeout: 10_000, env })).stdout;
  } catch (error) {
    return {
      kind: 'problem',
      problem: `${binary} does not run (${messageOf(error).split('\n').at(-1) || messageOf(error)})`,
    };
  }
  const version = /\bv=(\d+(?:\.\d+)*)/.exec(text)?.[1];
  if (version === undefined) return { kind: 'problem', problem: `${binary} does not say its version` };
  if (isRedisTooOld(version)) {
    return { kind: 'problem', problem: `${binary} is version ${version}, at least ${oldestRedis} is needed` };
  }
  return { kind: 'found', version };
}

/** Whether a version ("5.0.14") is below oldestRedis. */
export function isRedisTooOld(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major < 6 || (major === 6 && minor < 2);
}

async function findLibraryPath(root: string): Promise<string | null> {
  const folders: string[] = [];
  for (const base of [join(root, 'usr', 'lib'), join(root, 'lib')]) {
    const names = existsSync(base) ? await readdir(base) : [];
    for (const name of names) if (/-linux-/.test(name)) folders.push(join(base, name));
  }
  return folders.length === 0 ? null : folders.join(delimiter);
}

/** Why no server can be fetched, with the way to get one; null where it can. */
async function findInstallObstacle(install: 'auto' | 'never', path: string): Promise<string | null> {
  if (process.platform === 'darwin') return 'no redis-server found; `brew install redis` gives one';
  const hasApt =
    (await findAllOnPath('apt-get', path)).length > 0 && (await findAllOnPath('dpkg-deb', path)).length > 0;
  if (!hasApt)
    return "no redis-server found, and no apt-get to fetch one; install redis with this system's package tool";
  if (install === 'never')
    return 'no redis-server found, and redis.install is never; `apt-get install redis-server` gives one';
  return null;
}
