/**
 * Git as plumbing. It fixes the environment, so that the user's hooks, signing, editor, pager, language and
 * a surrounding git process (the lab called from a hook) change nothing. What the commands mean is decided by the callers.
 *
 * Not simple-git: the callers here need an exit code, bytes in, bytes out or a private index. What a person would type goes through
 * simple-git (porcelain.ts). Not execa either: every start of a run waits for several of these, and each would be a millisecond slower.
 */
import { spawn } from 'node:child_process';
import { LabError } from '../errors/lab-error.ts';
import { cleanGitEnvironment, fixedGitSettings } from './git-environment.ts';

/** How a git call is fed. */
export interface GitOptions {
  /** Bytes or text for standard input; without it standard input is empty. */
  input?: string | Uint8Array;
  /** Environment on top of the cleaned one, for example GIT_INDEX_FILE. */
  env?: Record<string, string>;
  /** Settings for this call ("core.fsyncMethod=batch"), after the fixed ones. */
  config?: string[];
  /** Ends git, which then takes its half-made things away; that it was ended is told as a result, with exit code null. */
  signal?: AbortSignal;
}

/** What a git call gave, whatever its exit code. */
export interface GitResult {
  /** Null where git was ended by a signal. */
  exitCode: number | null;
  stdout: Buffer;
  stderr: string;
}

/** Who commits for the lab. */
export { labIdentity } from './git-environment.ts';

// More is a mistake, and would not fit into memory.
const mostOutputBytes = 1024 * 1024 * 1024;

/**
 * Runs git and gives what came of it; a non-zero exit code is a value. Throws LabError only where git could not be
 * started: not installed, or `cwd` is missing.
 */
export async function runGitResult(cwd: string, args: string[], options: GitOptions = {}): Promise<GitResult> {
  const settings = (options.config ?? []).flatMap((setting) => ['-c', setting]);
  const words = [...fixedGitSettings, ...settings, ...args];
  const env = cleanGitEnvironment(options.env ?? {});
  return await new Promise((resolve, reject) => {
    const fail = (cause: unknown): void =>
      reject(
        new LabError('user', `git could not be started in ${cwd}`, {
          hints: ['lab doctor    names what is missing on this machine'],
          cause,
        }),
      );
    try {
      const child = spawn('git', words, {
        cwd,
        env,
        stdio: [options.input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
      });
      const output: Record<'stdout' | 'stderr', Buffer[]> = { stdout: [], stderr: [] };
      let bytes = 0;
      for (const name of ['stdout', 'stderr'] as const)
        child[name]?.on('data', (chunk: Buffer) => {
          output[name].push(chunk);
          bytes += chunk.length;
          if (bytes > mostOutputBytes) child.kill();
        });
      const stop = () => void child.kill();
      options.signal?.addEventListener('abort', stop, { once: true });
      child.on('error', fail);
      child.on('close', (exitCode) => {
        options.signal?.removeEventListener('abort', stop);
        resolve({
          exitCode,
          stdout: Buffer.concat(output.stdout),
          stderr: Buffer.concat(output.stderr).toString('utf8'),
        });
      });
      // A git that ends without reading all of its input says why by its exit code.
      child.stdin?.on('error', () => undefined);
      child.stdin?.end(options.input);
    } catch (error) {
      // Words that no process can be given, a zero byte for one, are thrown and not told as an event.
      fail(error);
    }
  });
}

/** The LabError for a git call that failed: names the command, carries git's own words as the cause. */
export function createGitError(cwd: string, args: string[], result: GitResult): LabError {
  const said =
    result.stderr.trim() === '' ? `exit code ${result.exitCode ?? 'none, ended by a signal'}` : result.stderr.trim();
  return new LabError('user', `git ${args.slice(0, 4).join(' ')} failed in ${cwd}`, { cause: new Error(said) });
}

/** Standard output of git as bytes. Throws LabError with git's stderr as cause where git fails. */
export async function runGitBytes(cwd: string, args: string[], options: GitOptions = {}): Promise<Buffer> {
  const result = await runGitResult(cwd, args, options);
  if (result.exitCode !== 0) throw createGitError(cwd, args, result);
  return result.stdout;
}

/** Standard output of git as UTF-8 text, untrimmed. Throws LabError with git's stderr as cause where git fails. */
export async function runGit(cwd: string, args: string[], options: GitOptions = {}): Promise<string> {
  return (await runGitBytes(cwd, args, options)).toString('utf8');
}

/** True where git's words say that another process holds a lock, so that trying again is right. */
export function isLockContention(stderr: string): boolean {
  return /\.lock'?: File exists|unable to lock|could not lock|Another git process|is locked/i.test(stderr);
}
