/** Which failures pause groups of the queue (`queue.pauseOnFailure`), and what must not stand ready because of it. Pure. */
import type { Run } from '../src/domain/run.ts';
import { nextAttempt } from './job-book.ts';
import type { StoredJob } from './job-store.ts';

/** What a failure pauses: nothing, the job's own group, all groups. */
export type PauseRule = 'never' | 'group' | 'all';

/**
 * Names of the groups that this outcome of a job pauses: none where it did well, is tried again or was asked to end. A check asks whether
 * something starts at all: whoever asked lives with a no.
 */
export function listPausedBy(stored: StoredJob, run: Run, rule: PauseRule, groups: Iterable<string>): string[] {
  const { fate } = run;
  if (rule === 'never' || fate.kind === 'done' || stored.job.kind === 'check') return [];
  if (fate.failure === 'killed' && fate.isUnasked !== true) return [];
  const attempts = stored.attempts.includes(run.attempt) ? stored.attempts : [...stored.attempts, run.attempt];
  if (nextAttempt({ ...stored, attempts, run }) !== null) return [];
  return rule === 'all' ? [...groups] : [stored.entry.group];
}

/**
 * Whether a job may begin on a device only after the end of what runs there was looked at, because that could pause the job's group. What
 * stands ready begins without being asked again.
 */
export function mustSeeEnd(rule: PauseRule, running: string | undefined, waiting: string): boolean {
  if (rule === 'never' || running === undefined) return false;
  return rule === 'all' || running === waiting;
}
