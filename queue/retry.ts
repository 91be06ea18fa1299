/** After which failures a job is tried again by itself, and when. Pure; whether attempts are left is job-book.ts's question. */
import type { RetryRule } from '../src/domain/job.ts';
import type { Run } from '../src/domain/run.ts';

/** Longest pause before a retry, seconds. */
const longestDelaySeconds = 3600;

/** Whether a failed run is one that the rule tries again. */
export function matchesRetry(run: Run, rule: RetryRule): boolean {
  const { fate } = run;
  if (fate.kind !== 'failed' || rule.times === 0 || fate.failure === 'killed') return false;
  const last = run.steps.at(-1);
  return rule.on.some((cause) => {
    if (cause === 'any') return true;
    if (cause === 'signal') return last !== undefined && last.signal !== null;
    if (cause === 'exit') return last !== undefined && last.exitCode !== null && last.exitCode !== 0;
    if (cause.startsWith('exit:')) return last?.exitCode === Number(cause.slice('exit:'.length));
    return cause === fate.failure;
  });
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
