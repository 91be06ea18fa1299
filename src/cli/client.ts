/**
 * The thin client's side of the daemon: call a route, start the daemon where none runs, replace one of another build. Node built-ins
 * only, because this is loaded at every start.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { ensureRuntime, type LabPaths } from '../config/lab-paths.ts';
import { buildId, packageRoot } from '../config/package-root.ts';
import { buildHeader, otherBuildStatus, type RouteName, type Routes, type WireError } from '../daemon/routes.ts';
import { type ErrorKind, errnoOf, LabError } from '../errors/lab-error.ts';
import { type Answer, type Post, postJson } from './exchange.ts';
import { postWatched } from './silence.ts';

/** How often `call` tries again after it made sure of a daemon. */
const maxTries = 5;

/** One call on the socket, whatever the daemon's build. Throws LabError as the daemon sent it; a raw system error where nobody listens. */
export async function callRoute<Name extends RouteName>(
  socketPath: string,
  route: Name,
  body: Routes[Name]['request'],
  signal?: AbortSignal,
): Promise<Routes[Name]['response']> {
  return parseResponse<Name>(await postJson(socketPath, { path: `/v1/${route}`, text: JSON.stringify(body) }, signal));
}

function parseResponse<Name extends RouteName>({ status, body }: Answer): Routes[Name]['response'] {
  const answer = JSON.parse(body) as Routes[Name]['response'] | WireError;
  if (status === 200) return answer as Routes[Name]['response'];
  const { kind, message, hints } = (answer as WireError).error;
  throw new LabError(kind as ErrorKind, message, { hints });
}

/** Where the lab's daemon listens: as it wrote itself, because XDG_RUNTIME_DIR may differ between shells. */
export function socketOf(paths: LabPaths): string {
  const { socket } = readDaemonFile(paths);
  return typeof socket === 'string' ? socket : paths.socket;
}

/** What the daemon wrote about itself; empty where none runs. */
function readDaemonFile(paths: LabPaths): { socket?: unknown; pid?: unknown } {
  const file = join(paths.state, 'daemon.json');
  if (!existsSync(file)) return {};
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as { socket?: unknown; pid?: unknown };
  } catch {
    // Half a file can only be seen while a daemon is starting; the default path is right then.
    return {};
  }
}

/** One exchange with the lab's daemon, whose silence is told. */
function exchange(paths: LabPaths, post: Post, signal?: AbortSignal): Promise<Answer> {
  const pid = () => {
    const found = readDaemonFile(paths).pid;
    return typeof found === 'number' ? found : null;
  };
  return postWatched({ socket: socketOf(paths), pid }, post, signal);
}

/** Calls a route on a running daemon; null where none runs. */
export async function callRunning<Name extends RouteName>(
  paths: LabPaths,
  route: Name,
  body: Routes[Name]['request'],
): Promise<Routes[Name]['response'] | null> {
  try {
    return parseResponse<Name>(await exchange(paths, { path: `/v1/${route}`, text: JSON.stringify(body) }));
  } catch (error) {
    if (isNobodyThere(error)) return null;
    throw error;
  }
}

/** Calls a route on a running daemon of this build; null where none runs. */
export async function callOwnBuild<Name extends RouteName>(
  paths: LabPaths,
  route: Name,
  body: Routes[Name]['request'],
): Promise<Routes[Name]['response'] | null> {
  const post = { path: `/v1/${route}`, text: JSON.stringify(body), headers: { [buildHeader]: buildId() } };
  try {
    const answer = await exchange(paths, post);
    return answer.status === otherBuildStatus ? null : parseResponse<Name>(answer);
  } catch (error) {
    if (isNobodyThere(error)) return null;
    throw error;
  }
}

/** Calls a route; where no daemon of this build runs, starts one first, and says so on stderr. */
export async function call<Name extends RouteName>(
  paths: LabPaths,
  route: Name,
  body: Routes[Name]['request'],
  signal?: AbortSignal,
): Promise<Routes[Name]['response']> {
  const post = { path: `/v1/${route}`, text: JSON.stringify(body), headers: { [buildHeader]: buildId() } };
  for (let tries = 0; ; tries++) {
    try {
      const answer = await exchange(paths, post, signal);
      if (answer.status !== otherBuildStatus || tries === maxTries) return parseResponse<Name>(answer);
    } catch (error) {
      // Also a daemon that was killed in the middle of the call is started again, a few times.
      if (tries === maxTries || !isNobodyThere(error) || signal?.aborted) throw error;
    }
    await ensureDaemon(paths);
  }
}

function isNobodyThere(error: unknown): boolean {
  const code = errnoOf(error);
  return (
    code === 'ENOENT' || code === 'ENOTDIR' || code === 'ECONNREFUSED' || code === 'ECONNRESET' || code === 'EPIPE'
  );
}

/** Makes sure that a daemon of this build answers. Throws LabError (worker) with the end of its log where it does not come up. */
export async function ensureDaemon(
  paths: LabPaths,
  extraEnvironment: Record<string, string> = {},
): Promise<'running' | 'started'> {
  const greeting = await callRunning(paths, 'hello', {});
  if (greeting?.build === buildId()) return 'running';
  if (greeting) {
    process.stderr.write(
      `nightlab: the daemon is build ${greeting.build}, this client ${buildId()}: replacing it; running jobs go on\n`,
    );
    await callRunning(paths, 'down', {});
  }
  ensureMayStart();
  ensureRuntime(paths);
  const deadline = Date.now() + startLimitMs;
  let starting = await spawnDaemon(paths, extraEnvironment);
  for (;;) {
    const answer = await callRunning(paths, 'hello', {});
    if (answer?.build === buildId()) {
      if (starting.exit() === null)
        process.stderr.write(
          `nightlab: started the daemon (pid ${answer.pid}); \`lab down\` ends it, running jobs go on\n`,
        );
      starting.release();
      return 'started';
    }
    const exit = starting.exit();
    if (exit !== null && exit !== otherDaemonCode) throw startError(starting.said(), exit);
    // Two clients of different builds that each wait for a daemon of their own would replace the other's for ever.
    if (exit === otherDaemonCode && answer && answer.pid !== greeting?.pid) throw otherBuildError(answer.build);
    if (Date.now() > deadline)
      throw new LabError('worker', `the daemon did not answer within ${startLimitMs / 1000} s`, {
        hints: ['`lab logs` shows what it does'],
      });
    await new Promise((resume) => setTimeout(resume, exit === null ? 20 : 200));
    // Another daemon holds the lock: it is about to answer, or about to end; then the place is free.
    if (exit === otherDaemonCode) starting = await spawnDaemon(paths, extraEnvironment);
  }
}

/** How long a daemon may take to answer: it may have to fetch Redis first. */
const startLimitMs = 180_000;

/** Exit code of a daemon that found another one of the same lab. */
const otherDaemonCode = 75;

/** A daemon that is starting up. */
interface StartingDaemon {
  /** Its exit code once it has ended and all it said was read; null before. */
  exit(): number | null;
  said(): string;
  /** Lets go of it: it lives on without this process. */
  release(): void;
}

async function spawnDaemon(paths: LabPaths, extraEnvironment: Record<string, string>): Promise<StartingDaemon> {
  // Loaded here, because most commands find a daemon and start none.
  const { spawn } = await import('node:child_process');
  const child = spawn(process.execPath, [join(packageRoot(), 'dist', 'daemon.js'), paths.root], {
    cwd: paths.root,
    detached: true,
    // A pipe and not a file: what a full disk has to say must arrive too.
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, ...extraEnvironment },
  });
  const said = readAnnouncements(child.stderr);
  let exit: number | null = null;
  // "close" comes after the exit and the end of the pipe.
  child.once('close', (code, signal) => {
    exit = code ?? (signal ? 128 : 0);
  });
  child.once('error', () => {
    exit = 127;
  });
  child.unref();
  return { exit: () => exit, said, release: () => child.stderr.destroy() };
}

/** Prints what the starting daemon announces (fetching Redis takes a while); the function gives everything else that it said. */
function readAnnouncements(stream: Readable): () => string {
  let text = '';
  let rest = '';
  stream.setEncoding('utf8');
  stream.on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      if (line.startsWith(announcement)) process.stderr.write(`${line}\n`);
      else text += `${line}\n`;
    }
  });
  return () => (text + rest).trim();
}

const announcement = 'nightlab: ';

function otherBuildError(build: string): LabError {
  const message = `a client of build ${build} has replaced the daemon, and this one is build ${buildId()}; queued and running jobs go on`;
  return new LabError('worker', message, {
    hints: [`use one build of nightlab for a lab; the same command again goes on with ${buildId()}`],
  });
}

function startError(text: string, code: number): LabError {
  const message = text === '' ? `the daemon ended at once with exit code ${code}` : text.replace(/^error: /, '');
  const [first = '', ...others] = message.split('\n');
  const hints = others.filter((line) => line.startsWith('hint: ')).map((line) => line.slice(6));
  const details = others.filter((line) => !line.startsWith('hint: '));
  return new LabError(code === 1 ? 'config' : 'worker', [first, ...details].join('\n'), {
    hints: hints.length > 0 ? hints : ['`lab doctor` checks what the daemon needs'],
  });
}

/** The daemon is never started by a hook, a sandbox or a run: their environment and fate are not the user's. */
function ensureMayStart(): void {
  const reason = process.env.LAB_JOB
    ? 'inside a run (LAB_JOB is set)'
    : process.env.GIT_INDEX_FILE || process.env.GIT_DIR
      ? 'inside a git hook'
      : null;
  if (reason !== null) {
    throw new LabError('user', `no daemon runs, and none is started ${reason}`, {
      hints: ['`lab up` in a terminal starts it'],
    });
  }
}
