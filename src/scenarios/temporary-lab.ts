/**
 * A whole lab in a temporary folder, driven through the real client as its owner would: `lab init`, then commands. Sockets, device
 * locks and settings are its own, so that labs of other tests never meet it. Its problem is a train.py of a few lines that writes a
 * number, and a frozen eval.py that reads it; the metric is `score`, lower is better.
 */
import { chmod, mkdir, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import { listProcesses, type ProcessInfo, sendSignal } from '../../workers/process-tree.ts';
import { packageRoot } from '../config/package-root.ts';
import type { Routes } from '../daemon/routes.ts';

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
  /** What `lab status --json` says. */
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

const userIdentity = {
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_AUTHOR_NAME: 'Researcher',
  GIT_AUTHOR_EMAIL: 'researcher@example.org',
  GIT_COMMITTER_NAME: 'Researcher',
  GIT_COMMITTER_EMAIL: 'researcher@example.org',
  GIT_EDITOR: 'true',
  GIT_TERMINAL_PROMPT: '0',
};

/** The command line of `lab` with the same node as the test. */
export const labCommand: readonly [string, string] = [process.execPath, join(packageRoot(), 'bin', 'lab.mjs')];

/** Makes a lab; its daemon starts at the first command that needs it. */
export async function createTemporaryLab(options: TemporaryLabOptions = {}): Promise<TemporaryLab> {
  // Short, because the sockets lie in it and the system limits their paths.
  const around = await realpath(await mkdtemp(join(options.parent ?? tmpdir(), 'nl-')));
  const root = join(around, 'lab');
  for (const folder of ['lab', 'runtime', 'locks', 'home']) await mkdir(join(around, folder));
  await chmod(join(around, 'runtime'), 0o700);
  const env: Record<string, string> = {};
  for (const [name, value] of Object.entries(process.env)) {
    // Settings of a surrounding lab, git or test runner must not reach this one.
    if (value !== undefined && !/^(LAB_|GIT_|VITEST|NODE_ENV$|FORCE_COLOR$)/.test(name)) env[name] = value;
  }
  Object.assign(env, userIdentity, {
    XDG_RUNTIME_DIR: join(around, 'runtime'),
    XDG_DATA_HOME: join(around, 'home'),
    LAB_DEVICES_LOCK_FOLDER: join(around, 'locks'),
    // Its runs take milliseconds, which no real lab's metric check would let pass.
    LAB_METRIC_MIN_MINUTES: '0',
    NO_COLOR: '1',
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
  const git = async (...args: string[]): Promise<string> =>
    (await execa('git', args, { cwd: root, env, extendEnv: false })).stdout;
  const write = async (path: string, text: string): Promise<void> => {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
  };
  const insist = async (...args: string[]): Promise<LabCall> => {
    const call = await lab(...args);
    if (call.code !== 0)
      throw new Error(`lab ${args.join(' ')} ended with ${call.code}:\n${call.stdout}${call.stderr}`);
    return call;
  };
  const processes = () => findProcesses(around);
  const remove = async (): Promise<void> => {
    const signalled = new Set<number>();
    // Runs, supervisors, Redis and the daemon in one go: nothing here is worth a polite end, and each could start another.
    for (let left = await processes(); left.length > 0; left = await processes()) {
      for (const { pid } of left) {
        signalled.add(pid);
        sendSignal(pid, 'SIGKILL');
      }
      await new Promise((resume) => setTimeout(resume, 20));
    }
    if (process.platform !== 'linux') await endPolitely(lab);
    await rm(around, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  };

  try {
    await git('init', '--quiet', '--initial-branch=main');
    const files = { 'train.py': trainScript, 'eval.py': evalScript, ...options.files };
    for (const [path, text] of Object.entries(files)) await write(path, text);
    await git('add', '--all');
    await git('commit', '--quiet', '--message=start');
    await insist('init', '--metric', 'score', '--train', 'python3 train.py', '--score', 'python3 eval.py');
    if (options.local !== undefined) await write('lab.local.yaml', options.local);
    if (options.config !== undefined) {
      await write('lab.yaml', options.config);
      await git('commit', '--quiet', '--no-verify', '--all', '--message=config');
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
    status: async (...numbers) =>
      JSON.parse((await insist('status', '--json', ...numbers.map(String))).stdout) as Routes['status']['response'],
  };
}

/** Living processes whose environment or arguments name the folder; the test itself is never one. */
async function findProcesses(folder: string): Promise<ProcessInfo[]> {
  if (process.platform !== 'linux') return [];
  const found: ProcessInfo[] = [];
  for (const info of listProcesses()) {
    if (info.pid === process.pid) continue;
    const texts = ['environ', 'cmdline'].map((name) => readFile(`/proc/${info.pid}/${name}`, 'latin1').catch(() => ''));
    if ((await Promise.all(texts)).some((text) => text.includes(`${folder}/`))) found.push(info);
  }
  return found;
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
