/**
 * Kernel locks (flock) for Node, which has no call for them. The file is opened here and a small tool locks the inherited
 * descriptor: the lock sits on the shared open file description, so it stays with our descriptor after the tool has ended.
 * A child that is given the descriptor in its stdio holds the lock too; it is free only when all of them are gone, however they died.
 * Not covered: locks on network file systems between hosts, and fairness among those who wait.
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

/** A program that can lock an inherited descriptor. */
export type LockTool = 'flock' | 'perl' | 'python3';

/**
 * Tools in the order in which they are tried. perl comes before python3: it starts faster, it lies on every macOS, and there
 * `python3` may only open a dialogue that offers to install it.
 */
export const lockTools: readonly LockTool[] = ['flock', 'perl', 'python3'];

// Each locks descriptor 3 without waiting and exits 0 (got it), 1 (busy) or anything else (broken).
const commands: Record<LockTool, string[]> = {
  flock: ['-x', '-n', '3'],
  perl: ['-e', 'open(my $f, "+<&=", 3) or exit 2; exit 0 if flock($f, 6); exit($!{EWOULDBLOCK} ? 1 : 2)', '-MErrno'],
  python3: [
    '-c',
    'import fcntl,sys\ntry: fcntl.flock(3, fcntl.LOCK_EX | fcntl.LOCK_NB)\nexcept BlockingIOError: sys.exit(1)\nexcept OSError as e: print(e, file=sys.stderr); sys.exit(2)',
  ],
};

/** Takes the lock, creating its file where needed; null where somebody else holds it. Throws LabError where no tool works or the file cannot be opened. */
export async function tryLock(path: string, options: KernelLockOptions = {}): Promise<KernelLock | null> {
  const fd = openLockFile(path, options.mode ?? 0o600);
  try {
    const got = await lockDescriptor(fd, path, options.tools ?? lockTools);
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

/** Takes the lock, waiting for it by polling (10 ms at first, 250 ms later). Rejects with the signal's reason when it aborts. */
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

async function lockDescriptor(fd: number, path: string, tools: readonly LockTool[]): Promise<boolean> {
  const problems: string[] = [];
  for (const tool of tools) {
    const outcome = await runTool(tool, fd);
    if (outcome === 'locked') return true;
    if (outcome === 'busy') return false;
    problems.push(`${tool}: ${outcome.problem}`);
  }
  throw new LabError('worker', `cannot lock ${path}: no tool for kernel locks works (${problems.join('; ')})`, {
    hints: ['install util-linux (flock), perl or python3; then: lab doctor'],
  });
}

function runTool(tool: LockTool, fd: number): Promise<'locked' | 'busy' | { problem: string }> {
  return new Promise((resolve) => {
    const child = spawn(tool, commands[tool], { stdio: ['ignore', 'ignore', 'pipe', fd] });
    let stderr = '';
    child.stderr?.on('data', (chunk: Buffer) => {
      stderr = (stderr + chunk.toString()).slice(0, 500);
    });
    child.once('error', (error) => resolve({ problem: errnoOf(error) === 'ENOENT' ? 'not installed' : error.message }));
    child.once('close', (code, signal) => {
      if (code === 0) resolve('locked');
      else if (code === 1) resolve('busy');
      else resolve({ problem: stderr.trim() || `ended with ${signal ?? `exit code ${code}`}` });
    });
  });
}
