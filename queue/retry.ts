/** After which failures a job is tried again by itself, and when. Pure; whether attempts are left is job-book.ts's question. */
import { constants } from 'node:os';
import type { RetryRule } from '../src/domain/job.ts';
import type { FailureClass, Run } from '../src/domain/run.ts';

/** Longest pause before a retry, seconds. */
const longestDelaySeconds = 3600;

/** Ends at which the lab itself sent the signal. */
const stops: readonly FailureClass[] = ['timeout', 'idle', 'log-limit'];

/**
 * Whether a failed run is one that the rule tries again. One that somebody asked to end never is. `signal` is an end by a signal that the
 * lab did not send; `exit:137` is that code, and the signal that a shell tells by it.
 */
export function matchesRetry(run: Run, rule: RetryRule): boolean {
  const { fate } = run;
  if (fate.kind !== 'failed' || rule.times === 0) return false;
  if (fate.failure === 'killed' && fate.isUnasked !== true) return false;
  const last = run.steps.at(-1);
  const exitCode = last?.exitCode ?? null;
  // At a limit the signal is the lab's, and tells nothing of the run; an exit code is the program's own answer to it.
  const signal = stops.includes(fate.failure) ? null : (last?.signal ?? null);
  const code = exitCode ?? (signal === null ? null : exitCodeOf(signal));
  return rule.on.some((cause) => {
    if (cause === 'any') return true;
    // `killed` without a signal: its launcher told in the log that one ended the program.
    if (cause === 'signal') return signal !== null || fate.failure === 'killed';
    if (cause === 'exit') return exitCode !== null && exitCode !== 0;
    if (cause.startsWith('exit:')) return code === Number(cause.slice('exit:'.length));
    return cause === fate.failure;
  });
}

/** The exit code by which shells tell an end by that signal; null for a name that this system does not know. */
function exitCodeOf(signal: string): number | null {
  const number = Object.entries(constants.signals).find(([name]) => name === signal)?.[1];
  return number === undefined ? null : 128 + number;
}

/**
 * When the attempt after `run` may start, milliseconds since 1970: its end plus a pause that doubles with each retry. A run that ended in the
 * future tells of a clock that was set back since: it may be tried at once, because the hours in between are not its pause.
 */
export function retryTimeMs(run: Run, rule: RetryRule, asked: number, nowMs: number): number {
  const endedMs = Date.parse(run.endedAt);
  if (endedMs > nowMs) return nowMs;
  const retry = Math.max(0, run.attempt - asked);
  return endedMs + Math.min(rule.delaySeconds * 2 ** retry, longestDelaySeconds) * 1000;
}
