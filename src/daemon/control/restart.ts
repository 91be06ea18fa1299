/** Running ended jobs again: `lab restart`, as a new job or as one more attempt of the same. */
import { applyEdits } from '../../../queue/edited-job.ts';
import type { BookedJob } from '../../../queue/job-book.ts';
import type { QueueEntry } from '../../../queue/job-schema.ts';
import { listScoredRuns } from '../../../workers/recorder/decide-job.ts';
import type { LabPaths } from '../../config/lab-paths.ts';
import type { Job } from '../../domain/job.ts';
import { formatLocalTime } from '../../domain/time.ts';
import { LabError } from '../../errors/lab-error.ts';
import { findCommit } from '../../git/repository.ts';
import { runGit } from '../../git/run-git.ts';
import { ensureFrozen } from '../../rules/frozen.ts';
import { bindTrack } from '../../rules/track-store.ts';
import { judgingOf } from '../../stats/against-baseline.ts';
import { chooseModel, viewTrack } from '../../stats/track-view.ts';
import type { Daemon } from '../daemon.ts';
import type { Routes } from '../routes.ts';
import { ensureEdits, mergeEdits } from './edit.ts';
import { describePhase, type Outcome, phaseOf, type QueueParts, selectJobs } from './select.ts';

/** What restarting needs. */
export type RestartParts = QueueParts & Pick<Daemon, 'config' | 'main' | 'devices' | 'queueCopy' | 'giveSecrets'>;

type Request = Routes['restart']['request'];

/** Restarts jobs; one that cannot be is told among the results and keeps none of the others. Of a group or all only failed jobs. */
export async function restartJobs(
  paths: LabPaths,
  parts: RestartParts,
  request: Request,
): Promise<Routes['restart']['response']> {
  const started: number[] = [];
  const results: Outcome[] = [];
  const notes: string[] = [];
  for (const booked of selectJobs(parts, request.select, hasFailed)) {
    const { number } = booked.job;
    try {
      ensureEdits(parts, booked.job, request.edits);
      // Before the job is queued, so that no worker meets it without them; a copy takes over what is known of its original.
      const missing = parts.giveSecrets(booked.job, request.secrets ?? {});
      const again = request.inPlace
        ? await runInPlace(parts, booked, request)
        : await queueAgain(paths, parts, booked, request);
      started.push(again);
      const outcome =
        again === number
          ? `job ${number}: attempt ${parts.book.get(number).entry.asked} queued`
          : `job ${number}: queued again as job ${again}`;
      results.push({ number, outcome, ok: true });
      if (missing.length > 0) notes.push(tellMissing(again, missing));
    } catch (error) {
      if (!(error instanceof LabError) || error.kind === 'internal') throw error;
      results.push({ number, outcome: error.message, ok: false });
    }
  }
  parts.feed.feed();
  return { results, notes, started };
}

/** A test replaces a failed run by itself, with the next seed; one that people ran again would no longer be what was laid down. */
function testRunError({ number, test }: Job): LabError {
  const text = `job ${number} is a run of test ${test?.test ?? ''}, which cannot run again: a test takes a fresh seed for each run`;
  return new LabError('user', text, {
    hints: [`\`lab replay ${number}\` checks its number`, '`lab confirm` begins a new test'],
  });
}

function tellMissing(number: number, missing: readonly string[]): string {
  return `job ${number} needs ${missing.join(', ')}, stored nowhere and not set in this shell: it will be held; \`lab enqueue ${number}\` where it is set lets it go`;
}

/** Whether a job is over, failed, and in sight. */
function hasFailed(booked: BookedJob): boolean {
  const { run, entry } = booked;
  return phaseOf(booked) === 'ended' && run?.fate.kind === 'failed' && entry.archivedAt === null;
}

async function runInPlace(parts: RestartParts, booked: BookedJob, request: Request): Promise<number> {
  const { number } = booked.job;
  ensureEnded(booked);
  if (booked.recorded !== null && booked.recorded.row !== null) {
    throw new LabError('user', `job ${number} has its row in the results, which stands: it cannot run again in place`, {
      hints: [`\`lab restart ${number}\` queues it as a new job`],
    });
  }
  if (booked.run !== null && booked.job.test !== null) throw testRunError(booked.job);
  if (booked.run?.fate.kind === 'done' && (booked.job.kind === 'baseline' || booked.job.kind === 'bridge'))
    throw new LabError(
      'user',
      `job ${number} is a ${booked.job.kind} that others are compared with: it cannot run again in place`,
    );
  await parts.book.setEntry(number, (entry) => ({
    ...entry,
    asked: booked.run === null ? entry.asked : (booked.attempts.at(-1) ?? 0) + 1,
    hold: null,
    removedAt: null,
    archivedAt: null,
    stashed: request.stashed,
    forced: request.forced,
    notBefore: null,
    edits: mergeEdits(entry.edits, request.edits),
  }));
  return number;
}

async function queueAgain(paths: LabPaths, parts: RestartParts, booked: BookedJob, request: Request): Promise<number> {
  const key = `${request.key}/${booked.job.number}`;
  const known = parts.book.findKey(key);
  if (known) return known.job.number;
  ensureEnded(booked);
  const { entry } = booked;
  const old = booked.job;
  if (old.test !== null) throw testRunError(old);
  await ensureCommit(paths, parts, old);
  const track = await bindTrack(paths, parts.config, parts.main);
  if (old.kind === 'replay' && track !== old.track)
    throw new LabError('user', `job ${old.number} replays a run of track ${old.track}, and the lab is on ${track} now`);
  if (old.fromTrack === track)
    throw new LabError('user', `job ${old.number} is a bridge from track ${track}, which is the present one again`);
  const edited = applyEdits(old, request.edits);
  const base = old.kind === 'plain' ? findChampion(parts, track, edited) : old.base;
  const asked: Partial<QueueEntry> = {
    priority: entry.priority,
    // Its group may be gone by now.
    ...(parts.groups.groups.has(entry.group) ? { group: entry.group } : {}),
    after: booked.run === null ? entry.after : [],
    stashed: request.stashed,
    forced: request.forced,
  };
  const again = await parts.queueCopy(booked, key, () =>
    parts.book.create(async (number): Promise<Job> => {
      await runGit(paths.root, ['update-ref', `refs/nightlab/jobs/${number}`, edited.commit]);
      return { ...edited, number, key, base, track, queuedAt: formatLocalTime(new Date()) };
    }, asked),
  );
  return again.job.number;
}

/** What a job by hand is compared with now; null where the track has no champion. */
function findChampion({ book, devices, config }: RestartParts, track: string, job: Job): string | null {
  const runs = listScoredRuns(book.all());
  const models = devices.filter((device) => device.class === job.device).map((device) => device.model);
  return (
    viewTrack(runs, track, chooseModel(runs, track, job.device, models), judgingOf(config)).champion?.commit ?? null
  );
}

/** Throws LabError where the commit is gone, or changed what is frozen by now. */
async function ensureCommit(paths: LabPaths, { main, config }: RestartParts, job: Job): Promise<void> {
  if ((await findCommit(paths.root, job.commit)) !== job.commit) {
    throw new LabError('user', `the commit ${job.commit} of job ${job.number} is gone from ${paths.root}`, {
      hints: ['`git fetch` may bring it back from a copy of the repository'],
    });
  }
  if (job.here === null) await ensureFrozen(paths.root, main, job.commit, config.rules, config.commands);
}

function ensureEnded(booked: BookedJob): void {
  const phase = phaseOf(booked);
  if (phase === 'ended' || phase === 'removed') return;
  const { number } = booked.job;
  throw new LabError('user', `${describePhase(booked)}: only a job that is over can be restarted`, {
    hints: [`\`lab wait ${number}\` waits for its end`],
  });
}
