/**
 * The small shell program around each step. It lies outside the sandbox and in its own session, writes who it is before the
 * step's command starts and the exit code after it has ended, so both survive the supervisor. Only one wrapper per step wins.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { closeSync, existsSync, openSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import type { StepName, StepResult } from '../../src/domain/run.ts';
import { parseProcStat, readBootId } from '../process-tree.ts';
import { attemptPath, readChangeTimeMs, readTextFile, stepPath } from './attempt-files.ts';
import type { PlannedStep } from './plan.ts';
import type { StepBegin } from './run-clock.ts';

/** Exit code of a wrapper that ran nothing: another one was first, or the pid file could not be made. */
export const wrapperLostCode = 125;

/**
 * Shell lines that run a step's words in its folder and leave its exit code in `code`. A folder that is not there is told in the log, where
 * classify.ts finds it; `cd` alone would leave a message that differs between shells.
 */
export const runInFolder = `if [ ! -d "$folder" ]; then printf 'nightlab: the folder %s is gone\\n' "$folder"; code=126
elif cd -- "$folder"; then "$@"; code=$?; else code=126; fi`;

// Handlers (unlike ignored signals) are reset in the child, so a signal to the group ends the command and not the wrapper.
// `true`, unlike `:`, may fail to open a file without ending the shell, and costs no subshell. "end" tells a whole file from one that is just being written; the loops wait out a full disk.
const script = `
trap : TERM INT HUP
pid_file=$1 exit_file=$2 folder=$3
shift 3
set -C
{ true > "$pid_file"; } 2>/dev/null || exit ${wrapperLostCode}
set +C
if [ -r "/proc/$$/stat" ]; then read -r identity < "/proc/$$/stat"; else identity=$(LC_ALL=C ps -o lstart= -p "$$"); fi
until printf '%s\\n%s\\nend\\n' "$$" "$identity" 2>/dev/null > "$pid_file"; do sleep 1; done
${runInFolder}
until printf '%s end\\n' "$code" 2>/dev/null > "$exit_file"; do sleep 1; done
`;

/** A step that was started. `unfinished`: its wrapper has begun to write who it is, and may have died over it. */
export type StepStart = StepBegin | 'unfinished';

/**
 * Starts a step's wrapper. It and all below it hold the devices through `deviceFds`; with `hasInput` it reads from the attempt's FIFO,
 * else from nothing. Throws the system's error where log or FIFO cannot be opened; a failed spawn shows as the child's `error` event.
 */
export function spawnStep(
  attemptDir: string,
  step: PlannedStep,
  extraEnv: Record<string, string>,
  deviceFds: readonly number[],
  hasInput = false,
): ChildProcess {
  const log = openSync(join(attemptDir, step.log), 'a', 0o644);
  let input: number | null = null;
  try {
    if (hasInput) input = openInput(attemptPath(attemptDir, 'stdin'));
    const files = [stepPath(attemptDir, step.name, 'pid'), stepPath(attemptDir, step.name, 'exit')];
    return spawn('/bin/sh', ['-c', script, 'nightlab-step', ...files, step.cwd, ...step.argv], {
      cwd: '/',
      detached: true,
      env: { ...step.env, ...extraEnv },
      stdio: [input ?? 'ignore', log, log, ...deviceFds],
    });
  } finally {
    closeSync(log);
    if (input !== null) closeSync(input);
  }
}

/**
 * Opens the FIFO, making it where needed. For reading and writing: the step then is a writer of its own input, so no end of file comes
 * between two senders, not even when the supervisor dies.
 */
function openInput(path: string): number {
  if (!existsSync(path)) execFileSync('mkfifo', ['-m', '600', path]);
  return openSync(path, 'r+');
}

/** What a step's pid file says; null where the step was never started. */
export function readStepStart(attemptDir: string, step: StepName): StepStart | null {
  const path = stepPath(attemptDir, step, 'pid');
  const text = readTextFile(path);
  if (text === null) return null;
  const [pidLine, identityLine, end, steadyLine] = text.split('\n');
  const startedAtMs = readChangeTimeMs(path);
  if (pidLine === undefined || identityLine === undefined || end !== 'end' || startedAtMs === null) return 'unfinished';
  const start = parseProcStat(identityLine)?.start ?? identityLine.trim().replace(/\s+/g, ' ');
  // Only a wrapper that stood ready was there before its step.
  const steady = /^steady (\d+(?:\.\d+)?)$/.exec(steadyLine ?? '')?.[1];
  const steadyMs = steady === undefined ? null : Number(steady);
  return { identity: { pid: Number(pidLine), start, bootId: readBootId() }, startedAtMs, steadyMs };
}

/** What a step's exit file says: the shell's exit code and when it was written; null where the step has not ended by itself. */
export function readStepExit(attemptDir: string, step: StepName): { code: number; endedAtMs: number } | null {
  const path = stepPath(attemptDir, step, 'exit');
  const match = /^(\d+) end\n$/.exec(readTextFile(path) ?? '');
  const endedAtMs = readChangeTimeMs(path);
  if (match === null || endedAtMs === null) return null;
  return { code: Number(match[1]), endedAtMs };
}

/** The result of a step that left an exit code. Shells and bubblewrap report a signal as 128 plus its number. */
export function stepResultOf(name: StepName, code: number, startedAtMs: number, endedAtMs: number): StepResult {
  const signal = Object.entries(constants.signals).find(([, number]) => number === code - 128)?.[0] ?? null;
  const seconds = Math.max(0, endedAtMs - startedAtMs) / 1000;
  return { name, exitCode: signal === null ? code : null, signal, seconds };
}
