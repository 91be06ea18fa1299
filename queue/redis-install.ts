/**
 * Fetches the distribution's own redis-server without root: apt-get in folders of its own, dpkg-deb to unpack, a rename to
 * finish. Works as a plain user and with no package lists. Debian-like systems only; it never touches the system's own state.
 */
import { execFile, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { errnoOf, messageOf } from '../src/errors/lab-error.ts';
import {
  cachedServerFolder,
  type FindRedisOptions,
  findCachedRedis,
  findRedis,
  type RedisChoice,
  type StartableRedis,
} from './redis-find.ts';

const run = promisify(execFile);

/** What installRedis gives: the server, or the stand-in with the reason why it could not be fetched. */
export type InstalledRedis = Extract<RedisChoice, { kind: 'server' | 'stand-in' }>;

/** Looks for a Redis and fetches one where that is possible and needed. `say` gets one line per thing a person should know. */
export async function chooseRedis(
  options: FindRedisOptions & { say: (line: string) => void },
): Promise<StartableRedis> {
  const choice = await findRedis(options);
  if (choice.kind !== 'installable') return choice;
  for (const line of choice.skipped) options.say(line);
  return installRedis({ cacheDir: options.cacheDir, say: options.say });
}

/**
 * Fetches redis-server into cacheDir (about 11 MB over the network, 9 MB on disk) and returns it. A failure is a value: the
 * stand-in, with the reason. Several processes may do this at once; whoever comes second uses the first one's copy.
 */
export async function installRedis(options: {
  cacheDir: string;
  say: (line: string) => void;
}): Promise<InstalledRedis> {
  if (process.platform !== 'linux') {
    return {
      kind: 'stand-in',
      reason: 'redis-server is not installed by the lab on this system; `brew install redis` gives one',
    };
  }
  let work: string | null = null;
  try {
    mkdirSync(options.cacheDir, { recursive: true, mode: 0o700 });
    await removeOldWork(options.cacheDir);
    work = await mkdtemp(join(options.cacheDir, workPrefix));
    options.say(
      `redis-server is missing: fetching the distribution's own into ${options.cacheDir} (no root, about 11 MB, once)`,
    );
    const problem = (await fetchPackages(work)) ?? (await unpackPackages(work));
    if (problem !== null) return failed(problem);
    const fresh = await findCachedRedis(work);
    if (fresh?.kind !== 'server') return failed(fresh?.problem ?? 'the package holds no redis-server');
    const placed = await placeServer(work, options.cacheDir);
    if (placed.kind === 'server') options.say(`redis-server ${placed.version} is ready (${placed.binary})`);
    return placed;
  } catch (error) {
    // Mostly a cache folder that cannot be written, or no space; the lab can go on with the stand-in.
    return failed(messageOf(error));
  } finally {
    if (work !== null) await rm(work, { recursive: true, force: true });
  }
}

const workPrefix = '.fetch-';

function failed(problem: string): InstalledRedis {
  return {
    kind: 'stand-in',
    reason: `redis-server could not be fetched: ${problem}; \`apt-get install redis-server\` gives one`,
  };
}

/** Downloads the packages into `work`/debs. Returns what went wrong in one line, or null. */
async function fetchPackages(work: string): Promise<string | null> {
  const config = join(work, 'apt.conf');
  for (const folder of ['state/lists/partial', 'cache/archives/partial', 'debs']) {
    await mkdir(join(work, folder), { recursive: true });
  }
  // The empty status file matters: with the real one apt insists on the very version that is installed.
  await writeFile(join(work, 'status'), '');
  await writeFile(config, renderAptConfig(work));
  // Its exit code is not looked at: one unreachable third-party source fails it, and the download below tells what counts.
  const update = await runApt(work, ['-c', config, 'update', '-q'], 120);
  const names = await resolvePackages(config);
  const download = await runApt(work, ['-c', config, 'download', '-q', ...names], 120);
  // Without lists the download only says that it knows no such package; why there are none stands in the update's output.
  return download.problem === null ? null : (update.complaint ?? download.complaint ?? download.problem);
}

function renderAptConfig(work: string): string {
  return [
    // As root these hooks would clean the system's caches, as a user they would fail.
    '#clear APT::Update::Pre-Invoke;',
    '#clear APT::Update::Post-Invoke;',
    '#clear APT::Update::Post-Invoke-Success;',
    `Dir::State "${work}/state";`,
    `Dir::State::status "${work}/status";`,
    `Dir::Cache "${work}/cache";`,
    'APT::Sandbox::User "";',
    'APT::Get::Assume-Yes "true";',
    'Acquire::Languages "none";',
    'Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false";',
    'Acquire::Retries "1";',
    'Acquire::http::Timeout "20";',
    'Acquire::https::Timeout "20";',
    '',
  ].join('\n');
}

/** The packages to fetch: the server, its tools, and of its libraries those that are missing or that an autoremove would take. */
async function resolvePackages(config: string): Promise<string[]> {
  const closure = await readClosure(config);
  if (closure.length === 0) return ['redis-server', 'redis-tools', 'libjemalloc2', 'liblzf1', 'libatomic1'];
  const installed = await readInstalledPackages();
  return closure.filter(
    (name) =>
      /^redis-/.test(name) ||
      /^(lib(jemalloc|lzf|atomic|hiredis|lua)|lua-)/.test(name) ||
      (name.startsWith('lib') && !installed.has(name) && !/^libc6|^libc-bin/.test(name)),
  );
}

async function readClosure(config: string): Promise<string[]> {
  try {
    const args = ['-c', config, '--simulate', '--no-install-recommends', 'install', 'redis-server'];
    const { stdout } = await run('apt-get', args, { env: aptEnvironment(), maxBuffer: 16 << 20, timeout: 60_000 });
    return [...stdout.matchAll(/^Inst (\S+) /gm)].map((match) => match[1] ?? '');
  } catch {
    // A distribution whose base cannot be resolved from nothing: the names that Debian and Ubuntu use are tried instead.
    return [];
  }
}

async function readInstalledPackages(): Promise<Set<string>> {
  // dpkg's own placeholders, not this language's.
  const placeholder = (field: string): string => `$\{${field}}`;
  const args = ['-W', '-f', `${placeholder('db:Status-Status')} ${placeholder('Package')}\n`];
  const { stdout } = await run('dpkg-query', args, { env: aptEnvironment(), maxBuffer: 16 << 20 });
  return new Set([...stdout.matchAll(/^installed (\S+)$/gm)].map((match) => match[1] ?? ''));
}

async function unpackPackages(work: string): Promise<string | null> {
  const debs = (await readdir(join(work, 'debs'))).filter((name) => name.endsWith('.deb'));
  const target = join(work, cachedServerFolder);
  await mkdir(target, { mode: 0o700 });
  for (const deb of debs) await run('dpkg-deb', ['-x', join(work, 'debs', deb), target], { timeout: 60_000 });
  return debs.length === 0 ? 'apt-get downloaded nothing' : null;
}

/** Moves the unpacked server into place. Where another process was faster, its copy counts. */
async function placeServer(work: string, cacheDir: string): Promise<InstalledRedis> {
  const target = join(cacheDir, cachedServerFolder);
  for (let attempt = 0; attempt < 3; attempt++) {
    const existing = await findCachedRedis(cacheDir);
    if (existing?.kind === 'server') return existing;
    // A copy that does not run is moved away first, because rename cannot replace a folder that is not empty.
    if (existing !== null) await rename(target, join(work, `broken-${attempt}`));
    try {
      await rename(join(work, cachedServerFolder), target);
    } catch (error) {
      if (errnoOf(error) !== 'ENOTEMPTY' && errnoOf(error) !== 'EEXIST') throw error;
    }
  }
  const placed = await findCachedRedis(cacheDir);
  return placed?.kind === 'server' ? placed : failed(placed?.problem ?? `${target} could not be put in place`);
}

/** Removes what a killed fetch left behind; a fetch that may still run (younger than an hour) is left alone. */
async function removeOldWork(cacheDir: string): Promise<void> {
  for (const name of await readdir(cacheDir)) {
    if (!name.startsWith(workPrefix)) continue;
    const folder = join(cacheDir, name);
    const info = await stat(folder).catch(() => null);
    if (info !== null && Date.now() - info.mtimeMs > 3_600_000) await rm(folder, { recursive: true, force: true });
  }
}

/** How an apt-get ended: `problem` null means it worked, `complaint` is its first error or warning (it may warn and work). */
interface AptOutcome {
  problem: string | null;
  complaint: string | null;
}

/** Runs apt-get in `work`/debs, its output in a file: its helpers outlive it and would hold a pipe open. */
async function runApt(work: string, args: string[], limitSeconds: number): Promise<AptOutcome> {
  const file = join(work, 'apt.log');
  const log = openSync(file, 'w');
  try {
    const child = spawn('apt-get', args, {
      cwd: join(work, 'debs'),
      env: aptEnvironment(),
      stdio: ['ignore', log, log],
      timeout: limitSeconds * 1000,
    });
    const problem = await new Promise<string | null>((resolve) => {
      child.once('error', (error) => resolve(error.message));
      child.once('exit', (code, signal) => {
        if (signal !== null) resolve(`apt-get was ended by ${signal} (the limit is ${limitSeconds} s)`);
        else resolve(code === 0 ? null : `apt-get ended with ${code}`);
      });
    });
    const complaints = (await readFile(file, 'utf8')).split('\n').filter((line) => /^[EW]: /.test(line));
    return { problem, complaint: complaints[0] ?? null };
  } finally {
    closeSync(log);
  }
}

function aptEnvironment(): NodeJS.ProcessEnv {
  return { ...process.env, LC_ALL: 'C', DEBIAN_FRONTEND: 'noninteractive' };
}
