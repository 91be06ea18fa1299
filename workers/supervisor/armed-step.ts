/**
 * A first step that stands ready while its device is still busy: wrapper, sandbox and a gate in front of the command, which opens when the
 * supervisor says so. Nothing of the run's own is executed before; where the supervisor ends without a word, all of it ends by itself.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, linkSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf } from '../../src/errors/lab-error.ts';
import { stepPath } from './attempt-files.ts';
import { readLogBytes } from './log-limit.ts';
import type { PlannedStep } from './plan.ts';
import { readSteadyMs } from './run-clock.ts';
import { runInFolder, wrapperLostCode } from './step-wrapper.ts';

/** A step that stands ready. */
export interface ArmedStep {
  child: ChildProcess;
  /**
   * Writes the pid file and opens the gate. False where the wrapper has ended meanwhile, and nothing was started. Throws the system's error on
   * a full disk: try again.
   */
  go(): boolean;
  /** Ends it all; nothing of the run was executed. */
  drop(): void;
}

// The gate is descriptor 3, the device comes behind it. Two lines open it: the command's side takes the first, the wrapper the second, so that
// the wrapper knows afterwards whether the command was ever let go. A signal may disturb the wrapper's reading once.
const script = `
trap : TERM INT HUP
pid_file=$1 exit_file=$2 folder=$3
shift 3
${runInFolder}
if read -r nightlab_told <&3 || read -r nightlab_told <&3; then :; else rm -f "$pid_file"; exit ${wrapperLostCode}; fi
until printf '%s end\\n' "$code" 2>/dev/null > "$exit_file"; do sleep 1; done
`;
const gate = `read -r nightlab_told <&3 || exit ${wrapperLostCode}; exec 3<&-; exec "$@"`;

/** What makes a shell or the loader run something of the caller's before the gate. */
const early = /^(?:LD_|DYLD_|ENV$|BASH_ENV$|ZDOTDIR$)/;

/**
 * Makes a step ready; it holds the device through `deviceFd` as soon as that is locked. Null where it cannot be made ready: in an unknown
 * sandbox, or where its environment would have something run before the gate.
 */
export function armStep(
  attemptDir: string,
  step: PlannedStep,
  extraEnv: Record<string, string>,
  deviceFd: number,
): ArmedStep | null {
  const argv = gatedArgv(step.argv);
  const env = { ...step.env, ...extraEnv };
  if (argv === null || process.platform !== 'linux' || Object.keys(env).some((name) => early.test(name))) return null;
  const logPath = join(attemptDir, step.log);
  const log = openSync(logPath, 'a', 0o644);
  let child: ChildProcess;
  try {
    const files = [stepPath(attemptDir, step.name, 'pid'), stepPath(attemptDir, step.name, 'exit')];
    child = spawn('/bin/sh', ['-c', script, 'nightlab-step', ...files, step.cwd, ...argv], {
      cwd: '/',
      detached: true,
      env,
      stdio: ['ignore', log, log, 'pipe', deviceFd],
    });
  } finally {
    closeSync(log);
  }
  let hasFailed = false;
  child.once('error', () => {
    hasFailed = true;
  });
  const opener = child.stdio[3];
  // It can have ended already; go() looks.
  opener?.on('error', () => undefined);
  const isOver = (): boolean => hasFailed || child.exitCode !== null || child.signalCode !== null;
  return {
    child,
    go() {
      if (isOver() || child.pid === undefined || opener == null || !('write' in opener)) return false;
      if (!writePidFile(stepPath(attemptDir, step.name, 'pid'), child.pid)) return false;
      opener.end('go\ngo\n');
      return true;
    },
    drop() {
      opener?.destroy();
      // A log that nothing was written to would look like that of a step which ran.
      if (readLogBytes(logPath) === 0) rmSync(logPath, { force: true });
    },
  };
}

/** The command line with the gate in front of the command, inside the sandbox; null where it is not clear where that begins. */
function gatedArgv(argv: readonly string[]): string[] | null {
  const shell = ['/bin/sh', '-c', gate, 'nightlab-gate'];
  if (argv[0] !== 'bwrap') return [...shell, ...argv];
  const end = argv.indexOf('--');
  return end < 0 ? null : [...argv.slice(0, end + 1), ...shell, ...argv.slice(end + 1)];
}

/** Says who the wrapper is and that the step begins now, whole from its first moment; false where the wrapper is gone or a pid file was there. */
function writePidFile(path: string, pid: number): boolean {
  const temporary = `${path}.tmp`;
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8').trim();
    writeFileSync(temporary, `${pid}\n${stat}\nend\nsteady ${readSteadyMs()}\n`, { mode: 0o644 });
    linkSync(temporary, path);
    return true;
  } catch (error) {
    // Without hard links it is started in the ordinary way.
    if (['ENOENT', 'ESRCH', 'EEXIST', 'EPERM', 'ENOTSUP', 'EOPNOTSUPP'].includes(errnoOf(error) ?? '')) return false;
    throw error;
  } finally {
    rmSync(temporary, { force: true });
  }
}
