/**
 * Kernel locks (flock) for Node, which has no call for them. The file is opened here and a small tool locks the inherited
 * descriptor: the lock sits on the shared open file description, so it stays with our descriptor after the tool has ended.
 * A child that is given the descriptor in its stdio holds the lock too; it is free only when all of them are gone, however they died.
 * Whoever waits, waits in the kernel, which lets waiters in as they came. Not covered: locks on network file systems between hosts.
 */
import { spawn } from 'node:child_process';
import { closeSync, constants, fchmodSync, openSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { errnoOf, LabError } from '../errors/lab-error.ts';

/** A held lock. Put `fd` into a child's stdio to make that child hold it as well. */
export interface KernelLock {
  fd: number;
  path: string;
  /** Closes our descriptor; the lock is free once every child that was given it has gone as well. Calling it twice is fine. */
  release(): void;
}

/** How a lock file is opened. */
export interface KernelLockOptions {
  /** Mode of a lock file that is created here, regardless of umask; 0600 where not given. */
  mode?: number;
  /** Which tools to try, in this order; tests narrow it. */
  tools?: readonly LockTool[];
}

/** How a lock is waited for. */
export interface LockWaitOptions extends KernelLockOptions {
  /** Ends the waiting. */
  signal?: AbortSignal;
  /** Called at once with the descriptor that will be locked: a child that is given it now holds the lock as soon as we do. */
  onOpen?: (fd: number) => void;
}

/** A program that can lock an inherited descriptor. */
export type LockTool = 'flock' | 'perl' | 'python3';

/**
 * Tools in the order in which they are tried. perl comes before python3: it starts faster, it lies on every macOS, and there
 * `python3` may only open a dialogue that offers to install it.
 */
export const lockTools: readonly LockTool[] = ['flock', 'perl', 'python3'];

// Each locks descriptor 3 and exits 0 (got it), 1 (busy) or anything else (broken); `wait` never says busy.
const commands: Record<LockTool, Record<'try' | 'wait', string[]>> = {
  flock: { try: ['-x', '-n', '3'], wait: ['-x', '3'] },
  perl: { try: perlCommand(6), wait: perlCommand(2) },
  python3: { try: pythonCommand('fcntl.LOCK_EX | fcntl.LOCK_NB'), wait: pythonCommand('fcntl.LOCK_EX') },
};

// Runs its command so that the kernel ends it with its parent: else what waits for a supervisor that was killed stays in line until its turn.
// It is a part of util-linux, as flock is; where it is missing or too old, the command runs without it.
const withParent = ['setpriv', '--pdeathsig', 'KILL', '--'];

function perlCommand(operation: number): string[] {
  return [
    '-MErrno',
    '-e',
    `open(my $f, "+<&=", 3) or exit 2; exit 0 if flock($f, ${operation}); exit($!{EWOULDBLOCK} ? 1 : 2)`,
  ];
}

function pythonCommand(operation: string): string[] {
  return [
    '-c',
    `import fcntl,sys\ntry: fcntl.flock(3, ${operation})\nexcept BlockingIOError: sys.exit(1)\nexcept OSError as e: print(e, file=sys.stderr); sys.exit(2)`,
  ];
}

/** Takes the lock, creating its file where needed; null where somebody else holds it. Throws LabError where no tool works or the file cannot be opened. */
export async function tryLock(path: string, options: KernelLockOptions = {}): Promise<KernelLock | null> {
  return takeLock(path, 'try', options);
}

/**
 * Takes the lock, waiting for it in the kernel: those who wait get it in the order in which they came. Rejects with the signal's reason when it
 * aborts; nothing is held then. Throws LabError like `tryLock`.
 */
export async function waitForLock(path: string, options: LockWaitOptions = {}): Promise<KernelLock> {
  options.signal?.throwIfAborted();
  const taken = await takeLock(path, 'wait', options);
  if (taken === null) throw new LabError('internal', `waiting for ${path} ended without it`);
  return taken;
}

async function takeLock(path: string, kind: 'try' | 'wait', options: LockWaitOptions): Promise<KernelLock | null> {
  const fd = openLockFile(path, options.mode ?? 0o600);
  try {
    options.onOpen?.(fd);
    const got = await lockDescriptor(fd, path, kind, options);
    // The tool can have got it in the moment in which it was told to give up.
    options.signal?.throwIfAborted();
    if (!got) {
      closeSync(fd);
      return null;
    }
  } catch (error) {
    closeSync(fd);
    throw error;
  }
  let open = true;
  return {
    fd,
    path,
    // Never an explicit unlock: that would take the lock from the children that share the description.
    release() {
      if (open) closeSync(fd);
      open = false;
    },
  };
}

/** Takes the lock, looking for it again and again (10 ms apart at first, 250 ms later): for locks that are held for moments. Rejects with the signal's reason when it aborts. */
export async function lock(
  path: string,
  options: KernelLockOptions & { signal?: AbortSignal } = {},
): Promise<KernelLock> {
  let pauseMs = 10;
  for (;;) {
    options.signal?.throwIfAborted();
    const taken = await tryLock(path, options);
    if (taken !== null) return taken;
    await sleep(pauseMs, undefined, options.signal === undefined ? {} : { signal: options.signal });
    pauseMs = Math.min(250, pauseMs * 2);
  }
}

/** Opens or creates the file. Existing files are opened without O_CREAT: in sticky folders Linux can refuse that for another user's file. */
function openLockFile(path: string, mode: number): number {
  for (let attempt = 0; attempt < 10; attempt++) {
    try {
      return openSync(path, constants.O_RDWR | constants.O_NOFOLLOW);
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw lockFileError(path, error);
    }
    try {
      const fd = openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW, mode);
      fchmodSync(fd, mode);
      return fd;
    } catch (error) {
      if (errnoOf(error) !== 'EEXIST') throw lockFileError(path, error);
    }
  }
  throw lockFileError(path, new Error('it appears and disappears while being opened'));
}

function lockFileError(path: string, cause: unknown): LabError {
  const symlink = errnoOf(cause) === 'ELOOP';
  return new LabError(
    'worker',
    `cannot open the lock file ${path}${symlink ? ': it is a symbolic link, expected a plain file' : ''}`,
    {
      cause,
      hints: [symlink ? `rm ${path}` : 'lab doctor'],
    },
  );
}

async function lockDescriptor(
  fd: number,
  path: string,
  kind: 'try' | 'wait',
  { tools = lockTools, signal }: LockWaitOptions,
): Promise<boolean> {
  const problems: string[] = [];
  for (const tool of tools) {
    const command = [tool, ...commands[tool][kind]];
    // Where flock itself is missing, setpriv says so too, and the next tool waits.
    const ways = kind === 'wait' && tool === 'flock' ? [[...withParent, ...command], command] : [command];
    for (const way of ways) {
      const outcome = await runTool(way, kind, fd, signal);
      if (outcome === 'locked') return true;
      if (outcome === 'busy') return false;
      signal?.throwIfAborted();
      problems.push(`${way[0]}: ${outcome.problem}`);
    }
  }
  throw new LabError('worker', `cannot lock ${path}: no tool for kernel locks works (${problems.join('; ')})`, {
    hints: ['install util-linux (flock), perl or python3; then: lab doctor'],
  });
}

/** Ends only when the tool has: what it locked at the last moment is ours, not its. */
function runTool(
  [program = '', ...args]: readonly string[],
  kind: 'try' | 'wait',
  fd: number,
  signal: AbortSignal | undefined,
): Promise<'locked' | 'busy' | { problem: string }> {
  return new Promise((resolve) => {
    const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe', fd] });
    const giveUp = (): void => {
      child.kill('SIGKILL');
    };
    signal?.addEventListener('abort', giveUp, { once: true });
    const end = (outcome: 'locked' | 'busy' | { problem: string }): void => {
      signal?.removeEventListener('abort', giveUp);
      resolve(outcome);
    };
    let stderr = '';
    child.stderr?.on('data', (chunk: Buffer) => {
      stderr = (stderr + chunk.toString()).slice(0, 500);
    });
    child.once('error', (error) => end({ problem: errnoOf(error) === 'ENOENT' ? 'not installed' : error.message }));
    // What it has to say of a failure comes until `close`; for the lock itself that would be a moment too late.
    child.once('exit', (code) => {
      if (code === 0) end('locked');
      // Nobody who waits is told that it is busy: something else is wrong then.
      if (code === 1 && kind === 'try') end('busy');
    });
    child.once('close', (code, killer) =>
      end({ problem: stderr.trim() || `ended with ${killer ?? `exit code ${code}`}` }),
    );
  });
}
