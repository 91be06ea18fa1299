/**
 * What keeps a job from starting, and where it stands for views. Pure: the jobs, the groups and the time are given. Which device it gets
 * is placement's question.
 */
import { formatPause } from '../src/domain/group-pause.ts';
import type { Dependency, Group, JobState } from '../src/domain/job.ts';
import { type BookedJob, hasBegun, isForced, isOver, nextAttempt } from './job-book.ts';
import { matchesRetry, retryTimeMs } from './retry.ts';

/** What readiness is judged by. */
export interface QueueContext {
  /** A job by its number; null where it is unknown or was purged. */
  find(number: number): BookedJob | null;
  groups: ReadonlyMap<string, Group>;
  nowMs: number;
}

/** Why a job that is not over does not start. `asked` delays are a person's, `retry` ones a back-off. */
export type Obstacle =
  | { kind: 'held'; reason: string }
  | { kind: 'stashed' }
  | { kind: 'delayed'; untilMs: number; why: 'asked' | 'retry' }
  | { kind: 'dependent'; on: number[] }
  | { kind: 'group-paused' };

/** Whether all attempts that people asked for have begun: one that follows is made by the lab itself. */
export const isAsAsked = ({ attempts, entry }: BookedJob): boolean => (attempts.at(-1) ?? 0) >= entry.asked;

/**
 * What the job's next attempt comes after. Nothing where the lab tries again by itself: all that was satisfied or passed over when the attempt
 * before began, whatever became of it since. One more attempt that a person asked for looks again.
 */
export const dependenciesOf = (booked: BookedJob): readonly Dependency[] =>
  isAsAsked(booked) ? [] : booked.entry.after;

/** The first thing that keeps the job's next attempt from starting; null where nothing does but a free device. */
export function findObstacle(booked: BookedJob, { find, groups, nowMs }: QueueContext): Obstacle | null {
  const { entry, job, run } = booked;
  if (entry.hold !== null) return { kind: 'held', reason: entry.hold };
  // What has begun is seen to its end, whatever was said of its group meanwhile.
  if (hasBegun(booked)) return null;
  if (entry.stashed) return { kind: 'stashed' };
  if (isForced(booked)) return null;
  const waitsFor: number[] = [];
  for (const { job: number, any } of dependenciesOf(booked)) {
    const before = find(number);
    const fate = before === null ? 'gone' : fateOf(before);
    if (fate === 'open') waitsFor.push(number);
    else if (fate !== 'done' && !any) {
      return {
        kind: 'held',
        reason: `job ${number}, which it comes after, ${fate === 'gone' ? 'is not there any more' : fate}: \`lab enqueue ${job.number}\` runs it all the same, \`lab remove ${job.number}\` drops it`,
      };
    }
  }
  if (waitsFor.length > 0) return { kind: 'dependent', on: waitsFor };
  if (entry.notBefore !== null && Date.parse(entry.notBefore) > nowMs)
    return { kind: 'delayed', untilMs: Date.parse(entry.notBefore), why: 'asked' };
  if (run !== null && isAsAsked(booked) && matchesRetry(run, job.retry)) {
    const untilMs = retryTimeMs(run, job.retry, entry.asked, nowMs);
    if (untilMs > nowMs) return { kind: 'delayed', untilMs, why: 'retry' };
  }
  return groups.get(entry.group)?.isPaused ? { kind: 'group-paused' } : null;
}

/** How a job ended for those that come after it: `open` while it has not, else `done` or what went wrong. */
function fateOf(booked: BookedJob): 'open' | 'done' | `failed (${string})` | 'was removed' {
  if (booked.run !== null && isOver(booked))
    return booked.run.fate.kind === 'done' ? 'done' : `failed (${booked.run.fate.failure})`;
  return booked.entry.removedAt === null ? 'open' : 'was removed';
}

/** The jobs that only wait for a device, in the order in which they will run. */
export function listWaiting(jobs: readonly BookedJob[], context: QueueContext): BookedJob[] {
  return jobs
    .filter((job) => job.live === null && nextAttempt(job) !== null && findObstacle(job, context) === null)
    .sort(compareInQueue);
}

/** The order of the queue: what has begun, what was sent ahead, then by priority and rank. */
export function compareInQueue(a: BookedJob, b: BookedJob): number {
  return (
    Number(hasBegun(b)) - Number(hasBegun(a)) ||
    Number(isForced(b)) - Number(isForced(a)) ||
    b.entry.priority - a.entry.priority ||
    a.entry.rank - b.entry.rank ||
    a.job.number - b.job.number
  );
}

/** What a view knows of a job besides the book. */
export interface ViewFacts {
  /** Place in the queue, 1 = next; 0 where it is not in it. */
  position: number;
  /** Why it does not start although nothing but a device is missing: who holds it; null where nobody does. */
  waits: string | null;
  /** Last progress line of a running job's log. */
  progress: string | null;
}

/** Where a job stands, for views. */
export function stateOf(booked: BookedJob, facts: ViewFacts, context: QueueContext): JobState {
  const { entry, live, run, recorded } = booked;
  if (entry.removedAt !== null && run === null && live === null) return { kind: 'removed', at: entry.removedAt };
  if (live !== null) {
    const { attempt, devices, step, startedAt, problem, isPaused, isEnding } = live;
    const device = devices.join('+');
    return {
      kind: 'running',
      ...{ attempt, step, startedAt, device, progress: facts.progress, isPaused, problem },
      ...(isEnding === true ? { isEnding } : {}),
    };
  }
  if (run !== null && isOver(booked)) {
    if (recorded?.isDone && recorded.attempt === run.attempt)
      return { kind: 'ended', run, status: recorded.decision?.status ?? null };
    return { kind: 'recording', attempt: run.attempt, problem: booked.recordProblem };
  }
  const obstacle = findObstacle(booked, context);
  switch (obstacle?.kind) {
    case 'held':
      return { kind: 'held', hold: { reason: obstacle.reason } };
    case 'stashed':
      return { kind: 'stashed' };
    case 'delayed':
      return { kind: 'delayed', until: new Date(obstacle.untilMs).toISOString(), why: obstacle.why };
    case 'dependent':
      return { kind: 'dependent', on: obstacle.on };
    case 'group-paused':
      return {
        kind: 'queued',
        position: facts.position,
        waits: `${formatPause(context.groups.get(entry.group) ?? { name: entry.group })}; \`lab start --group ${entry.group}\` goes on`,
      };
    default:
      return { kind: 'queued', position: facts.position, waits: facts.waits };
  }
}
