/**
 * The thin client's side of the daemon: call a route, start the daemon where none runs, replace one of another build. Node built-ins
 * only, because this is loaded at every start.
 */
import { closeSync, existsSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { ensureRuntime, type LabPaths } from '../config/lab-paths.ts';
import { buildId, packageRoot } from '../config/package-root.ts';
import type { RouteName, Routes, WireError } from '../daemon/routes.ts';
import { type ErrorKind, errnoOf, LabError } from '../errors/lab-error.ts';

/** One call on the socket. Throws LabError as the daemon sent it; a raw system error where nobody listens. */
export function callRoute<Name extends RouteName>(
  socketPath: string,
  route: Name,
  body: Routes[Name]['request'],
  signal?: AbortSignal,
): Promise<Routes[Name]['response']> {
  return new Promise((resolve, reject) => {
    const text = JSON.stringify(body);
    const outgoing = request(
      {
        socketPath,
        path: `/v1/${route}`,
        method: 'POST',
        agent: false,
        headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) },
        ...(signal ? { signal } : {}),
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          try {
            const answer = JSON.parse(Buffer.concat(chunks).toString('utf8')) as Routes[Name]['response'] | WireError;
            if (response.statusCode === 200) return resolve(answer as Routes[Name]['response']);
            const { kind, message, hints } = (answer as WireError).error;
            reject(new LabError(kind as ErrorKind, message, { hints }));
          } catch (error) {
            reject(error);
          }
        });
      },
    );
    outgoing.on('error', reject);
    outgoing.end(text);
  });
}

/** Where the lab's daemon listens: as it wrote itself, because XDG_RUNTIME_DIR may differ between shells. */
export function socketOf(paths: LabPaths): string {
  const file = join(paths.state, 'daemon.json');
  if (!existsSync(file)) return paths.socket;
  try {
    const { socket } = JSON.parse(readFileSync(file, 'utf8')) as { socket?: unknown };
    return typeof socket === 'string' ? socket : paths.socket;
  } catch {
    // Half a file can only be seen while a daemon is starting; the default path is right then.
    return paths.socket;
  }
}

/** Calls a route on a running daemon; null where none runs. */
export async function callRunning<Name extends RouteName>(
  paths: LabPaths,
  route: Name,
  body: Routes[Name]['request'],
): Promise<Routes[Name]['response'] | null> {
  try {
    return await callRoute(socketOf(paths), route, body);
  } catch (error) {
    if (isNobodyThere(error)) return null;
    throw error;
  }
}

/** Calls a route; starts the daemon first where none runs, and says so on stderr. */
export async function call<Name extends RouteName>(
  paths: LabPaths,
  route: Name,
  body: Routes[Name]['request'],
  signal?: AbortSignal,
): Promise<Routes[Name]['response']> {
  await ensureDaemon(paths);
  for (let tries = 0; ; tries++) {
    try {
      return await callRoute(socketOf(paths), route, body, signal);
    } catch (error) {
      // A daemon that was killed between the greeting and the call is started again, a few times.
      if (tries < 5 && isNobodyThere(error) && !signal?.aborted) await ensureDaemon(paths);
      else throw error;
    }
  }
}

function isNobodyThere(error: unknown): boolean {
  const code = errnoOf(error);
  return code === 'ENOENT' || code === 'ECONNREFUSED' || code === 'ECONNRESET' || code === 'EPIPE';
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
  mkdirSync(paths.logs, { recursive: true });
  const log = openSync(join(paths.logs, 'daemon-start.log'), 'w');
  // Loaded here, because most commands find a daemon and start none.
  const { spawn } = await import('node:child_process');
  const child = spawn(process.execPath, [join(packageRoot(), 'dist', 'daemon.js'), paths.root], {
    cwd: paths.root,
    detached: true,
    stdio: ['ignore', log, log],
    env: { ...process.env, ...extraEnvironment },
  });
  closeSync(log);
  let exit: number | null = null;
  child.once('exit', (code, signal) => {
    exit = code ?? (signal ? 128 : 0);
  });
  child.once('error', () => {
    exit = 127;
  });
  child.unref();
  const showAnnouncements = createAnnouncements(join(paths.logs, 'daemon-start.log'));
  const deadline = Date.now() + 180_000;
  for (;;) {
    const answer = await callRunning(paths, 'hello', {});
    showAnnouncements();
    if (answer?.build === buildId()) {
      if (exit === null)
        process.stderr.write(
          `nightlab: started the daemon (pid ${answer.pid}); \`lab down\` ends it, running jobs go on\n`,
        );
      return 'started';
    }
    // Exit code 75: another daemon came first; its socket is about to answer.
    if (exit !== null && exit !== 75) throw startError(paths, exit);
    if (Date.now() > deadline)
      throw new LabError('worker', 'the daemon did not answer within 180 s', {
        hints: ['`lab logs` shows what it does'],
      });
    await new Promise((resume) => setTimeout(resume, 20));
  }
}

/** A function that prints what the starting daemon announced since its last call (fetching Redis takes a while). */
function createAnnouncements(file: string): () => void {
  let printed = 0;
  return () => {
    const text = readFileSync(file, 'utf8');
    const whole = text.slice(printed, text.lastIndexOf('\n') + 1);
    printed += whole.length;
    for (const line of whole.split('\n')) if (line.startsWith(announcement)) process.stderr.write(`${line}\n`);
  };
}

const announcement = 'nightlab: ';

function startError(paths: LabPaths, code: number): LabError {
  const text = readFileSync(join(paths.logs, 'daemon-start.log'), 'utf8')
    .split('\n')
    .filter((line) => !line.startsWith(announcement))
    .join('\n')
    .trim();
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
