/**
 * A lab for measurements, isolated from everything else on the machine: own folder, own sockets, own device locks, and its own copy
 * of the built product, so that a rebuild during a measurement cannot replace the daemon under it. Not a lab for tests: those use
 * src/scenarios/temporary-lab.ts and the build in place.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  appendFileSync,
  closeSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packageRoot } from '../src/config/package-root.ts';

/** A lab and how to speak to it. */
export interface BenchLab {
  root: string;
  /** Folder around it, for whatever else a measurement writes. */
  around: string;
  /** Environment of its commands. */
  env: NodeJS.ProcessEnv;
  /** The script of `lab` to give to node. */
  script: string;
  /** Runs `lab …` in the root and returns its stdout. Throws with its stderr unless it exits with 0. */
  lab(...args: string[]): string;
  /** Ends what still runs in it, ends the daemon, deletes the folder. */
  remove(): void;
}

/** What a lab for measurements differs in. */
export interface BenchLabOptions {
  /** "off" leaves the sandbox out; absent: as `lab init` has it. */
  sandbox?: 'off';
  /** Whether the starter's prepare command is kept; absent: it is taken out, so that a job is its command alone. */
  keepPrepare?: boolean;
  /** Names of locks to open, with commas (src/config/open-locks.ts); absent: none. */
  openLocks?: string;
  /** Texts of executable files to commit in the root, by name; absent: none. */
  programs?: Record<string, string>;
  /** MiB of random data in `data/`, linked into each checkout and part of the track; absent: no such folder. */
  dataMib?: number;
  /** Changes files of the lab before its first commit, given its root; absent: nothing more is changed. */
  change?: (root: string) => void;
}

/** Builds the product, copies it aside and makes a lab with the starter problem; the daemon runs when this returns. */
export function createBenchLab(options: BenchLabOptions = {}): BenchLab {
  const source = packageRoot();
  execFileSync(process.execPath, ['build.mjs'], { cwd: source });
  // Short, because the sockets lie in it and the system limits their paths.
  const around = realpathSync(mkdtempSync(join(tmpdir(), 'nlb-')));
  const product = join(around, 'product');
  const { files } = JSON.parse(readFileSync(join(source, 'package.json'), 'utf8')) as { files: string[] };
  for (const name of ['package.json', ...files])
    if (existsSync(join(source, name))) cpSync(join(source, name), join(product, name), { recursive: true });
  symlinkSync(join(source, 'node_modules'), join(product, 'node_modules'));
  // The switch of the locks works in a source repository only, which is told by this folder.
  if (options.openLocks) mkdirSync(join(product, 'src', 'scenarios'), { recursive: true });
  for (const name of ['runtime', 'locks']) mkdirSync(join(around, name), { mode: 0o700 });

  const env = plainEnvironment();
  Object.assign(env, {
    XDG_RUNTIME_DIR: join(around, 'runtime'),
    XDG_DATA_HOME: join(around, 'home'),
    LAB_DEVICES_LOCK_FOLDER: join(around, 'locks'),
    GIT_AUTHOR_NAME: 'Bench',
    GIT_AUTHOR_EMAIL: 'bench@example.org',
    GIT_COMMITTER_NAME: 'Bench',
    GIT_COMMITTER_EMAIL: 'bench@example.org',
    NO_COLOR: '1',
    ...(options.openLocks ? { LAB_TEST_OPEN_LOCKS: options.openLocks } : {}),
  });
  const script = join(product, 'bin', 'lab.cjs');
  const root = join(around, 'lab');
  const run = (command: string, args: string[], cwd: string): string => {
    const { status, stdout, stderr, error } = spawnSync(command, args, {
      cwd,
      env,
      encoding: 'utf8',
      maxBuffer: 1 << 28,
    });
    if (error) throw error;
    if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${status}: ${stderr}`);
    return stdout;
  };
  const lab = (...args: string[]) => run(process.execPath, [script, ...args], root);
  const remove = () => {
    try {
      // Nothing new starts any more, whatever is queued.
      lab('pause', '--all', '--wait');
      const listRunning = () => {
        const answer = JSON.parse(lab('status', '--json', '--state', 'running')) as {
          jobs: { job: { number: number } }[];
        };
        return answer.jobs.map(({ job }) => String(job.number));
      };
      const running = listRunning();
      if (running.length > 0) lab('kill', ...running);
      // Else they would write into folders that are being deleted.
      for (const deadline = Date.now() + 10_000; listRunning().length > 0 && Date.now() < deadline; );
      lab('down');
    } finally {
      rmSync(around, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
    }
  };

  run(process.execPath, [script, 'init', root], around);
  const config = join(root, 'lab.yaml');
  const text = readFileSync(config, 'utf8');
  if (!options.keepPrepare) writeFileSync(config, text.replace(/^ {2}prepare:.*\n/m, ''));
  if (options.dataMib !== undefined) {
    writeData(join(root, 'data'), options.dataMib);
    appendFileSync(join(root, '.gitignore'), '/data/\n');
    appendFileSync(config, 'data: [data]\ncheckout:\n  links: [data]\n');
  }
  for (const [name, program] of Object.entries(options.programs ?? {})) {
    writeFileSync(join(root, name), program, { mode: 0o755 });
    run('git', ['add', '--', name], root);
  }
  options.change?.(root);
  if (options.sandbox) writeFileSync(join(root, 'lab.local.yaml'), `schema: 1\nsandbox: '${options.sandbox}'\n`);
  run(
    'git',
    ['-c', 'core.hooksPath=/dev/null', 'commit', '--quiet', '--allow-empty', '--all', '--message=bench'],
    root,
  );
  lab('up');
  return { root, around, env, script, lab, remove };
}

/** This process's environment without what would change the programs that are measured. */
export function plainEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(LAB_|GIT_|NODE_)/.test(name)));
}

/** Fills a folder with files of 64 MiB, each another block of random bytes repeated. */
function writeData(folder: string, mebibytes: number): void {
  mkdirSync(folder);
  for (let left = mebibytes, index = 0; left > 0; left -= 64, index++) {
    const block = randomBytes(1024 * 1024);
    const file = openSync(join(folder, `part-${index}.bin`), 'w');
    for (let count = 0; count < Math.min(64, left); count++) writeSync(file, block);
    closeSync(file);
  }
}

/** Whether a program is on the PATH. */
export function hasProgram(name: string): boolean {
  return spawnSync('sh', ['-c', `command -v ${name}`], { stdio: 'ignore' }).status === 0;
}
