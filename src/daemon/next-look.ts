/** When the feed must look again although nothing told it to: delays that end, pauses before a retry, and what tells nobody when it changes. Pure. */
import type { BookedJob } from '../../queue/job-book.ts';
import { findObstacle, type QueueContext } from '../../queue/readiness.ts';

/** What else is looked for, as moments in milliseconds since 1970. */
export interface NextLook {
  jobs: readonly BookedJob[];
  context: QueueContext;
  others: readonly number[];
}

/** Milliseconds until the next look; null where time alone changes nothing. */
export function computeNextLookMs({ jobs, context, others }: NextLook): number | null {
  let nextMs = Number.POSITIVE_INFINITY;
  for (const moment of others) nextMs = Math.min(nextMs, moment);
  for (const job of jobs) {
    // Only these can be delayed: most jobs are not asked.
    if (job.live !== null || (job.entry.notBefore === null && job.run === null)) continue;
    const obstacle = findObstacle(job, context);
    if (obstacle?.kind === 'delayed') nextMs = Math.min(nextMs, obstacle.untilMs);
  }
  return Number.isFinite(nextMs) ? Math.max(0, nextMs - context.nowMs) : null;
}
