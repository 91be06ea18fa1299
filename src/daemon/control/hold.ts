/** Putting jobs aside and letting them go: `lab stash`, `lab enqueue`. */
import type { BookedJob } from '../../../queue/job-book.ts';
import { createQueueEntry, type QueueEntry } from '../../../queue/job-schema.ts';
import { findObstacle } from '../../../queue/readiness.ts';
import type { LabPaths } from '../../config/lab-paths.ts';
import type { Dependency } from '../../domain/job.ts';
import { formatLocalTime } from '../../domain/time.ts';
import { bindTrack } from '../../rules/track-store.ts';
import type { Daemon } from '../daemon.ts';
import type { Outcomes, Routes } from '../routes.ts';
import { changeWaiting } from './change.ts';
import { type Outcome, phaseOf, type QueueParts, selectJobs } from './select.ts';

/** Puts waiting jobs aside; with a moment they go by themselves then. */
export async function stashJobs(parts: QueueParts, request: Routes['stash']['request']): Promise<Outcomes> {
  const { select, notBefore } = request;
  const results: Outcome[] = [];
  for (const { job } of selectJobs(parts, select, (booked) => phaseOf(booked) === 'waiting')) {
    const { number } = job;
    const result = await changeWaiting(parts, number, {
      verb: 'stashed',
      change: (entry) => ({ ...entry, stashed: notBefore === null, notBefore, forced: false }),
      outcome: () =>
        notBefore === null
          ? `job ${number}: stashed; \`lab enqueue ${number}\` lets it go`
          : `job ${number}: put aside until ${formatLocalTime(new Date(notBefore))}`,
    });
    results.push(result);
  }
  parts.feed.feed();
  return { results, notes: [] };
}

/** Lets held, stashed and delayed jobs go, now or at the given moment. What they wait for in vain is dropped. */
export async function enqueueJobs(
  paths: LabPaths,
  daemon: QueueParts & Pick<Daemon, 'config' | 'main' | 'giveSecrets'>,
  request: Routes['enqueue']['request'],
): Promise<Outcomes> {
  const notBefore = request.notBefore ?? null;
  const select = request.select ?? { numbers: request.numbers, group: null, all: false };
  const results: Outcome[] = [];
  for (const booked of selectJobs(daemon, select, (one) => isPutAside(daemon, one))) {
    // Before it goes: no worker may meet it without them.
    daemon.giveSecrets(booked.job, request.secrets ?? {});
    results.push(await enqueueJob(paths, daemon, booked, notBefore));
  }
  daemon.feed.feed();
  return { results, notes: [] };
}

async function enqueueJob(
  paths: LabPaths,
  daemon: QueueParts & Pick<Daemon, 'config' | 'main'>,
  booked: BookedJob,
  notBefore: string | null,
): Promise<Outcome> {
  const { number, fromTrack } = booked.job;
  // A job that waits already may still be delayed.
  if (!isPutAside(daemon, booked) && (notBefore === null || phaseOf(booked) !== 'waiting'))
    return { number, outcome: `job ${number} is not held, stashed or delayed`, ok: false };
  const isHeld = booked.entry.hold !== null;
  const track = isHeld ? await bindTrack(paths, daemon.config, daemon.main) : null;
  if (track !== null && fromTrack === track) {
    return {
      number,
      outcome: `job ${number} is a bridge from track ${track}, which is the present one again: nothing to carry over; \`lab kill ${number}\` drops it`,
      ok: false,
    };
  }
  const dropped = listInVain(daemon, booked);
  const change = (entry: QueueEntry): QueueEntry => ({
    ...entry,
    hold: null,
    stashed: false,
    notBefore,
    // What was sent ahead would not wait for it.
    forced: notBefore === null ? entry.forced : false,
    track: track ?? entry.track,
    after: entry.after.filter(({ job }) => !dropped.some((one) => one.job === job)),
  });
  const details = [
    // Where jobs run in place nothing is measured, and nobody speaks of tracks.
    ...(track === null || daemon.config.queue.place === 'here' ? [] : [`bound to track ${track}`]),
    ...(dropped.length === 0 ? [] : [`no longer after job ${dropped.map(({ job }) => job).join(', ')}`]),
    ...(notBefore === null ? [] : [`not before ${formatLocalTime(new Date(notBefore))}`]),
  ];
  return changeWaiting(daemon, number, {
    verb: 'enqueued',
    change,
    outcome: () => [`job ${number}: queued again`, ...details].join(', '),
  });
}

/** Whether something keeps the job that letting go takes away. */
function isPutAside({ queueContext }: QueueParts, booked: BookedJob): boolean {
  if (phaseOf(booked) !== 'waiting') return false;
  if (booked.entry.hold !== null || booked.entry.stashed) return true;
  const obstacle = findObstacle(booked, queueContext());
  return obstacle?.kind === 'held' || (obstacle?.kind === 'delayed' && obstacle.why === 'asked');
}

/** What the job comes after in vain: each of these alone would hold it for ever. */
export function listInVain({ queueContext }: QueueParts, booked: BookedJob): Dependency[] {
  const context = queueContext();
  const { number } = booked.job;
  const { after, asked } = booked.entry;
  return after.filter((dependency) => {
    const entry = createQueueEntry(number, { after: [dependency], asked });
    return findObstacle({ ...booked, entry }, context)?.kind === 'held';
  });
}
