/**
 * What the Python of a run is: version, executable and installed packages, asked of the interpreter itself, because only it knows its
 * environments. Code of that environment runs then (.pth files, sitecustomize), so the question is asked in the run's own sandbox with
 * nothing writable and no network; a run without a sandbox has none here either. What comes back is believed only in its form.
 */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { accessSync, closeSync, constants, fstatSync, openSync, readSync, realpathSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { z } from 'zod';
import { isInside } from '../src/sandbox/sandbox.ts';
import { sendSignal } from './process-tree.ts';
import type { PlannedStep } from './supervisor/plan.ts';

/** What an interpreter said of itself. */
export interface PythonAnswer {
  /** "3.11.2". */
  version: string;
  /** As hidePlaces shows it. */
  executable: string;
  /** `name==version`, sorted, names as their authors write them; null where this Python is too old to tell (before 3.8). */
  packages: string[] | null;
}

/** What is asked, and for how long. */
export interface ProbeRequest {
  /** The train step as planned: its sandbox, environment and folder are the probe's too. */
  step: PlannedStep;
  /** The folder in which the run's own environment is looked for: its checkout. */
  top: string;
  /** Ends the asking. */
  signal?: AbortSignal;
  /** How long the interpreter may take, milliseconds. */
  limitMs?: number;
}

const defaultLimitMs = 20_000;
const largestAnswerBytes = 4 << 20;
/** How long an interpreter that gave no answer is left alone, milliseconds: a hundred runs must not wait for it a hundred times. */
const sulkMs = 10 * 60_000;
const mostKnown = 32;

// The first of two packages of one name on the path is the one that is imported. User packages and PYTHONPATH are looked up by name
// only, since -I keeps their code away: the run has them, and the probe is not to run more than it must.
const script = `
import os, sys, json
found, paths = {}, list(sys.path)
try:
    from importlib import metadata
    import site
    extra = [p for p in os.environ.get("PYTHONPATH", "").split(os.pathsep) if p]
    if sys.prefix == sys.base_prefix and not os.environ.get("PYTHONNOUSERSITE"):
        extra.append(site.getusersitepackages())
    paths = [p for p in extra + paths if os.path.isdir(p)]
    for one in metadata.distributions(path=paths):
        try:
            name, version = one.metadata["Name"], one.version
            if isinstance(name, str) and isinstance(version, str):
                name, version = "".join(name.split()), "".join(version.split())
                if name and version:
                    found.setdefault(name.lower().replace("_", "-").replace(".", "-"), name + "==" + version)
        except Exception:
            pass
    packages = sorted(found.values(), key=str.lower)
except ImportError:
    packages = None
paths = [os.path.realpath(p) for p in paths]
answer = {"version": sys.version.split()[0], "executable": sys.executable, "packages": packages, "paths": paths}
sys.stdout.write("\\n" + sys.argv[1] + json.dumps(answer) + "\\n")
`;

const answerSchema = z.object({
  version: z.string().regex(/^\d+\.\d+[\w.+-]{0,40}$/),
  executable: z
    .string()
    .max(4096)
    .regex(/^\/[^\p{Cc}]*$/u),
  packages: z
    .array(
      z
        .string()
        .max(300)
        .regex(/^[^\s\p{Cc}=]+==[^\s\p{Cc}]+$/u),
    )
    .max(50_000)
    .nullable(),
  paths: z.array(z.string().max(4096)).max(1000),
});

interface KnownAnswer {
  answer: PythonAnswer | null;
  /** The interpreter's folders with their times when it answered. */
  folders: [path: string, stamp: string][];
  askedAtMs: number;
}

// One interpreter serves a night of runs. By everything that can make its answer another one, installed packages aside; for those the
// folders are looked at.
const known = new Map<string, KnownAnswer>();

/** Asks the Python of a run; null where there is none, or where it gives no answer that can be used. Never throws for what it does. */
export async function probePython(request: ProbeRequest): Promise<PythonAnswer | null> {
  const { step, top } = request;
  const program = findInterpreter(step, top);
  const prefix = program === null ? null : readOnlySandbox(step);
  if (program === null || prefix === null) return null;
  const key = describeInterpreter(program, step, top, prefix);
  const before = key === null ? undefined : known.get(key);
  if (before !== undefined && isFresh(before)) return before.answer;
  const raw = await askInterpreter([...prefix, program], request);
  // What was cut short says nothing about the interpreter.
  if (raw === null && request.signal?.aborted) return null;
  const answer =
    raw === null ? null : { version: raw.version, executable: hidePlaces(raw.executable, top), packages: raw.packages };
  if (key !== null) {
    const [oldest] = known.keys();
    if (known.size >= mostKnown && oldest !== undefined) known.delete(oldest);
    known.set(key, {
      answer,
      folders: (raw?.paths ?? []).map((path) => [path, stampOf(path)]),
      askedAtMs: Date.now(),
    });
  }
  return answer;
}

/** A path without what names a run or a person: relative inside the checkout, `~` for the home folder and for the user's name. */
export function hidePlaces(path: string, top: string, home = homedir(), user = process.env.USER ?? ''): string {
  if (path.startsWith(`${top}/`)) return path.slice(top.length + 1);
  const inHome = home !== '/' && path.startsWith(`${home}/`) ? `~${path.slice(home.length)}` : path;
  const parts = inHome.split('/');
  return user === '' ? inHome : parts.map((part) => (part === user ? '~' : part)).join('/');
}

/** Forgets every answer; for tests and measurements. */
export function forgetPythons(): void {
  known.clear();
}

function isFresh({ answer, folders, askedAtMs }: KnownAnswer): boolean {
  if (answer === null) return Date.now() - askedAtMs < sulkMs;
  return folders.every(([path, stamp]) => stampOf(path) === stamp);
}

function stampOf(path: string): string {
  try {
    const { mtimeNs, ctimeNs, size, ino } = statSync(path, { bigint: true });
    return `${mtimeNs} ${ctimeNs} ${size} ${ino}`;
  } catch {
    // Not there, or not to be looked at: the same as long as it stays so.
    return 'missing';
  }
}

/** The checkout's own environment where it has one, else the first Python on the run's PATH; null where there is none. */
function findInterpreter(step: PlannedStep, top: string): string | null {
  const places = ['.venv', 'venv'].map((folder) => join(top, folder, 'bin', 'python'));
  const folders = (step.env.PATH ?? '').split(':').map((folder) => resolve(step.cwd, folder));
  const onPath = ['python3', 'python'].flatMap((name) => folders.map((folder) => join(folder, name)));
  return [...places, ...onPath].find(isProgram) ?? null;
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/**
 * The sandbox of a step with everything read-only and no network; empty where the step has none; null where its command line is not
 * one that is understood, so that nothing of the run is started outside a sandbox by mistake.
 */
function readOnlySandbox({ argv }: PlannedStep): string[] | null {
  if (argv[0] === '/bin/sh') return [];
  const end = argv.indexOf('--');
  if (argv[0] !== 'bwrap' || end === -1) return null;
  // A path begins with a slash, so a word that reads "--bind" is the option.
  const options = argv.slice(1, end).map((word) => (word === '--bind' ? '--ro-bind' : word));
  return ['bwrap', ...options.filter((word) => word !== '--unshare-net'), '--unshare-net', '--'];
}

/** Everything that makes this interpreter's answer its own; null where it may not be kept: in a checkout that soon is gone, behind an unknown script. */
function describeInterpreter(
  program: string,
  step: PlannedStep,
  top: string,
  prefix: readonly string[],
): string | null {
  try {
    // The folder's links are followed and the program's own is not: Python finds its environment beside the link.
    const place = join(realpathSync(dirname(program)), basename(program));
    if (isInside(place, realpathSync(top))) return null;
    const environment = join(dirname(dirname(place)), 'pyvenv.cfg');
    const parts = [place, realpathSync(place), stampOf(place), stampOf(environment), String(prefix.length > 0)];
    const choice = readBeginning(place).startsWith('#!') ? describeShim(place, step) : '';
    if (choice === null) return null;
    const { PYTHONPATH = '', HOME = '', PYTHONNOUSERSITE = '', LD_LIBRARY_PATH = '' } = step.env;
    return [...parts, choice, PYTHONPATH, HOME, PYTHONNOUSERSITE, LD_LIBRARY_PATH].join('\0');
  } catch {
    // Changed under our eyes; it is asked anew.
    return null;
  }
}

/** The beginning of a plain file; "" for anything else. Never waits: a run can put a pipe in a file's place. */
function readBeginning(path: string): string {
  let handle: number;
  try {
    handle = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch {
    return '';
  }
  try {
    if (!fstatSync(handle).isFile()) return '';
    const start = Buffer.alloc(4096);
    return start.toString('utf8', 0, readSync(handle, start));
  } finally {
    closeSync(handle);
  }
}

/** What pyenv's python3 chooses a version by; null for any other script. */
function describeShim(program: string, step: PlannedStep): string | null {
  const folder = dirname(program);
  const versions = join(dirname(folder), 'versions');
  if (basename(folder) !== 'shims' || stampOf(versions) === 'missing') return null;
  const files: string[] = [join(dirname(folder), 'version')];
  for (let place = step.cwd; ; place = dirname(place)) {
    files.push(join(place, '.python-version'));
    if (place === dirname(place)) break;
  }
  return [stampOf(versions), step.env.PYENV_VERSION ?? '', ...files.map(readBeginning)].join('\0');
}

/** One answer of the interpreter, in time and in form; null else. */
function askInterpreter(
  command: readonly string[],
  { step, signal, limitMs = defaultLimitMs }: ProbeRequest,
): Promise<z.infer<typeof answerSchema> | null> {
  const mark = randomBytes(12).toString('hex');
  const [program = '', ...args] = [...command, '-I', '-B', '-c', script, mark];
  // Without the run's marks: whoever counts or ends the run's processes must not meet this one.
  const env = Object.fromEntries(Object.entries(step.env).filter(([name]) => !name.startsWith('LAB_')));
  return new Promise((settle) => {
    if (signal?.aborted) return settle(null);
    const child = spawn(program, args, { cwd: step.cwd, env, detached: true, stdio: ['ignore', 'pipe', 'ignore'] });
    const parts: Buffer[] = [];
    let bytes = 0;
    const finish = (answer: z.infer<typeof answerSchema> | null) => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', giveUp);
      child.stdout.destroy();
      settle(answer);
    };
    const giveUp = () => {
      // Its group: an interpreter may have started others. Bubblewrap takes everything below it along.
      if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) {
        try {
          sendSignal(-child.pid, 'SIGKILL');
        } catch {
          // macOS refuses it for a group of the dead; for anything else its own limits are left.
          child.kill('SIGKILL');
        }
      }
      // Where a process that it left behind holds the pipe, the answer may be there all the same.
      finish(bytes > largestAnswerBytes ? null : parseAnswer(Buffer.concat(parts).toString('utf8'), mark));
    };
    const timer = setTimeout(giveUp, limitMs);
    signal?.addEventListener('abort', giveUp, { once: true });
    child.once('error', () => finish(null));
    child.stdout.on('data', (part: Buffer) => {
      bytes += part.length;
      if (bytes > largestAnswerBytes) giveUp();
      else parts.push(part);
    });
    child.stdout.once('end', () => finish(parseAnswer(Buffer.concat(parts).toString('utf8'), mark)));
  });
}

function parseAnswer(text: string, mark: string): z.infer<typeof answerSchema> | null {
  // Code of the environment may print before and after.
  const line = text.split('\n').findLast((one) => one.startsWith(mark));
  if (line === undefined) return null;
  try {
    const parsed = answerSchema.safeParse(JSON.parse(line.slice(mark.length)));
    return parsed.success ? parsed.data : null;
  } catch {
    // Cut short, or no JSON.
    return null;
  }
}
