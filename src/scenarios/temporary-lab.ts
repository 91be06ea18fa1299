/**
 * A whole lab in a temporary folder, driven through the real client as its owner would: `lab init`, then commands. Sockets, device
 * locks and settings are its own, so that labs of other tests never meet it. Its problem is a train.py of a few lines that writes a
 * number, and a frozen eval.py that reads it; the metric is `score`, lower is better.
 */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import { listProcesses, type ProcessInfo, readProcess, sendSignal } from '../../workers/process-tree.ts';
import { callOwnBuild } from '../cli/client.ts';
import { labPaths } from '../config/lab-paths.ts';
import { packageRoot } from '../config/package-root.ts';
import type { Routes, StatusFilter } from '../daemon/routes.ts';
import { gitSettingsForTests } from '../git/settings-for-tests.ts';
import { hideCards } from './hide-cards.ts';
import { copyTemplate } from './template-folder.ts';

/** How a command of the lab ended. */
export interface LabCall {
  /** Exit code; null where a signal ended it. */
  code: number | null;
  stdout: string;
  stderr: string;
}

/** What to make. */
export interface TemporaryLabOptions {
  /** Files of the first commit besides train.py and eval.py, or in their place. */
  files?: Record<string, string>;
  /** Files of a commit after `lab init`, for texts that differ from lab to lab: labs that agree in `files` are copies of one. */
  lateFiles?: Record<string, string>;
  /** Text of lab.yaml in place of the one that `lab init` writes. */
  config?: string;
  /** Text of lab.local.yaml; absent: there is none. */
  local?: string;
  /** Environment on top of the isolated one. */
  env?: Record<string, string>;
  /** Existing folder to make everything in, for example a small file system; absent: the system's temporary folder. */
  parent?: string;
}

/** A lab that nothing else uses. */
export interface TemporaryLab {
  /** Real, absolute path of the lab. */
  root: string;
  /** Folder around the lab, for whatever else a test needs; holds `runtime/` (sockets), `locks/` and `home/`. */
  around: string;
  /** The whole environment of its commands. */
  env: Record<string, string>;
  /** Runs `lab …` in the root and waits; never throws on its exit code. */
  lab(...args: string[]): Promise<LabCall>;
  /** The same in another folder, with more environment where given. */
  labIn(folder: string, args: string[], env?: Record<string, string>): Promise<LabCall>;
  /** Queues a command and gives its number. Throws where it is refused. */
  add(...args: string[]): Promise<number>;
  /** What `lab status --json` says, asked of the running daemon itself. A test of the command calls `lab('status', …)`. */
  status(...numbers: number[]): Promise<Routes['status']['response']>;
  /** Writes a file relative to the root, with its folders. */
  write(path: string, text: string): Promise<void>;
  /** Reads a file relative to the root. */
  read(path: string): Promise<string>;
  /** Runs git in the root as the user; gives its output without the last line end. Throws where git fails. */
  git(...args: string[]): Promise<string>;
  /** Living processes that belong to this lab, by the folder names in their environment or arguments (Linux only; elsewhere none). */
  processes(): Promise<ProcessInfo[]>;
  /** Ends everything that runs in it, and deletes it. */
  remove(): Promise<void>;
}

/** Reads a number from the train run's output folder and prints it as the summary block. */
export const evalScript = `import os
value = float(open(os.path.join(os.environ["LAB_OUT"], "model.txt")).read())
print("---")
print(f"score:            {value:.6f}")
`;

/** Writes the number 1.0 as the model. */
export const trainScript = `import os
open(os.path.join(os.environ["LAB_OUT"], "model.txt"), "w").write("1.0")
`;

const gitOfUser = {
  ...gitSettingsForTests,
  GIT_AUTHOR_NAME: 'Researcher',
  GIT_AUTHOR_EMAIL: 'researcher@example.org',
  GIT_COMMITTER_NAME: 'Researcher',
  GIT_COMMITTER_EMAIL: 'researcher@example.org',
  GIT_EDITOR: 'true',
  GIT_TERMINAL_PROMPT: '0',
};

/** What `lab status` asks for where it is given no number. */
const clientFilter: StatusFilter = {
  states: [],
  group: null,
  label: null,
  idea: null,
  since: null,
  ended: 10,
  isArchived: false,
};

/** The command line of `lab` with the same node as the test. */
export const labCommand: readonly [string, string] = [process.execPath, join(packageRoot(), 'bin', 'lab.cjs')];

/** Makes a lab; its daemon starts at the first command that needs it. */
export async function createTemporaryLab(options: TemporaryLabOptions = {}): Promise<TemporaryLab> {
  // Short, because the sockets lie in it and the system limits their paths.
  const around = await realpath(await mkdtemp(join(options.parent ?? tmpdir(), 'nl-')));
  const root = join(around, 'lab');
  for (const folder of ['runtime', 'locks', 'home']) await mkdir(join(around, folder));
  await chmod(join(around, 'runtime'), 0o700);
  const env: Record<string, string> = {};
  for (const [name, value] of Object.entries(process.env)) {
    // Settings of a surrounding lab, git or test runner must not reach this one.
    if (value !== undefined && !/^(LAB_|GIT_|VITEST|NODE_ENV$|FORCE_COLOR$|CUDA_|HIP_|ROCR_)/.test(name))
      env[name] = value;
  }
  Object.assign(env, gitOfUser, {
    XDG_RUNTIME_DIR: join(around, 'runtime'),
    XDG_DATA_HOME: join(around, 'home'),
    LAB_DEVICES_LOCK_FOLDER: join(around, 'locks'),
    // Its runs take milliseconds, which no real lab's metric check would let pass.
    LAB_METRIC_MIN_MINUTES: '0',
    NO_COLOR: '1',
    PATH: await hideCards(env.PATH ?? '', around),
    ...options.env,
  });
  const labIn = async (folder: string, args: string[], more: Record<string, string> = {}): Promise<LabCall> => {
    const [node, script] = labCommand;
    const settings = { cwd: folder, env: { ...env, ...more }, extendEnv: false, reject: false } as const;
    const { exitCode, stdout, stderr } = await execa(node, [script, ...args], {
      ...settings,
      stripFinalNewline: false,
    });
    return { code: exitCode ?? null, stdout, stderr };
  };
  const lab = (...args: string[]): Promise<LabCall> => labIn(root, args);
  const gitIn = async (folder: string, args: string[]): Promise<string> =>
    (await execa('git', args, { cwd: folder, env, extendEnv: false })).stdout;
  const git = (...args: string[]): Promise<string> => gitIn(root, args);
  const writeIn = async (folder: string, path: string, text: string): Promise<void> => {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  };
  const write = (path: string, text: string): Promise<void> => writeIn(root, path, text);
  const insistIn = async (folder: string, args: string[]): Promise<LabCall> => {
    const call = await labIn(folder, args);
    if (call.code !== 0)
      throw new Error(`lab ${args.join(' ')} ended with ${call.code}:\n${call.stdout}${call.stderr}`);
    return call;
  };
  const insist = (...args: string[]): Promise<LabCall> => insistIn(root, args);
  const files = { 'train.py': trainScript, 'eval.py': evalScript, ...options.files };
  const make = async (folder: string): Promise<void> => {
    await mkdir(folder);
    await gitIn(folder, ['init', '--quiet', '--initial-branch=main']);
    for (const [path, text] of Object.entries(files)) await writeIn(folder, path, text);
    await gitIn(folder, ['add', '--all']);
    await gitIn(folder, ['commit', '--quiet', '--message=start']);
    const commands = ['--train', 'python3 train.py', '--score', 'python3 eval.py'];
    await insistIn(folder, ['init', '--metric', 'score', ...commands]);
  };
  const processes = async () => findProcesses(around);
  const remove = async (): Promise<void> => {
    // Runs, supervisors, Redis and the daemon in one go: nothing here is worth a polite end, and each could start another.
    for (let left = await processes(); left.length > 0; left = await processes()) {
      for (const { pid } of left) sendSignal(pid, 'SIGKILL');
      await new Promise((resume) => setTimeout(resume, 20));
    }
    if (process.platform !== 'linux') await endPolitely(lab);
    await rm(around, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  };

  try {
    await copyTemplate(['lab', files], root, make);
    await settleCopiedLab(root, env);
    if (options.local !== undefined) await write('lab.local.yaml', options.local);
    const late = { ...options.lateFiles, ...(options.config === undefined ? {} : { 'lab.yaml': options.config }) };
    for (const [path, text] of Object.entries(late)) await write(path, text);
    if (Object.keys(late).length > 0) {
      await git('add', '--', ...Object.keys(late));
      await git('commit', '--quiet', '--no-verify', '--message=config');
    }
  } catch (error) {
    await remove();
    throw error;
  }
  return {
    root,
    around,
    env,
    lab,
    labIn,
    git,
    write,
    processes,
    remove,
    read: (path) => readFile(join(root, path), 'utf8'),
    add: async (...args) => Number((await insist('add', '--print-number', ...args)).stdout),
    status: async (...numbers) => {
      const request = numbers.length === 0 ? { numbers, filter: clientFilter } : { numbers };
      const answer = await callOwnBuild(labPaths(root), 'status', request);
      if (answer !== null) return answer;
      // No daemon of this build: to start one is the client's, which has the lab's environment.
      const { stdout } = await insist('status', '--json', ...numbers.map(String));
      return JSON.parse(stdout) as Routes['status']['response'];
    },
  };
}

/**
 * Makes a copied lab one of its own: draws its secret anew, because labs with the same one share a track, and has git look at the copies of
 * its files.
 */
async function settleCopiedLab(root: string, env: Record<string, string>): Promise<void> {
  await writeFile(labPaths(root).scoreSeed, `${randomBytes(6).readUIntBE(0, 6)}\n`, { mode: 0o600 });
  await execa('git', ['update-index', '-q', '--refresh'], { cwd: root, env, extendEnv: false });
}

/** Living processes whose environment or arguments name the folder; the test itself is never one, nor is what started before it. */
function findProcesses(folder: string): ProcessInfo[] {
  if (process.platform !== 'linux') return [];
  const ownStart = Number(readProcess(process.pid)?.start ?? 0);
  const isOfLab = (pid: number): boolean =>
    ['environ', 'cmdline'].some((file) => readProcText(pid, file).includes(`${folder}/`));
  return listProcesses().filter(({ pid, start }) => pid !== process.pid && Number(start) >= ownStart && isOfLab(pid));
}

/** Text of a file below /proc/<pid>; empty where the process is gone meanwhile or hidden. */
function readProcText(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'latin1');
  } catch {
    return '';
  }
}

/** Without /proc: kills the jobs through the daemon, then ends it. */
async function endPolitely(lab: TemporaryLab['lab']): Promise<void> {
  const { stdout } = await lab('status', '--json');
  if (stdout === '') return;
  const { jobs } = JSON.parse(stdout) as Routes['status']['response'];
  const open = jobs.filter(({ state }) => state.kind !== 'ended' && state.kind !== 'removed');
  const numbers = open.map(({ job }) => String(job.number));
  if (numbers.length > 0) {
    await lab('kill', '--now', ...numbers);
    await lab('wait', ...numbers);
  }
  await lab('down');
}

/** Waits until `check` gives something else than null or false, asking every 50 ms. Throws with `what` after one minute. */
export async function waitUntil<Found>(
  what: string,
  check: () => Promise<Found | null | false>,
  limitMs = 60_000,
): Promise<Found> {
  const deadline = Date.now() + limitMs;
  for (;;) {
    const found = await check();
    if (found !== null && found !== false) return found;
    if (Date.now() > deadline) throw new Error(`waited in vain until ${what}`);
    await new Promise((resume) => setTimeout(resume, 50));
  }
}
