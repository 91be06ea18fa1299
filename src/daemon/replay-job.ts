/**
 * The door for replays: an ended, scored job is queued again as it was. Everything but the secrets comes from the job on disk, so that
 * no client can slip another command or environment under an old number. It compares nothing; that is stats/replay-verdict.ts.
 */
import { type BookedJob, isOver } from '../../queue/job-book.ts';
import { isLockOpen } from '../config/open-locks.ts';
import type { Job } from '../domain/job.ts';
import type { Run } from '../domain/run.ts';
import { formatLocalTime } from '../domain/time.ts';
import { LabError } from '../errors/lab-error.ts';
import { findCommit } from '../git/repository.ts';
import { runGit } from '../git/run-git.ts';
import { checkFrozen } from '../rules/frozen.ts';
import { bindTrack } from '../rules/track-store.ts';
import { type AddContext, ensureDevice } from './add-job.ts';
import type { Routes } from './routes.ts';

/** What a client asks for. */
export type ReplayRequest = Routes['replay']['request'];

/**
 * Queues a job again. Throws LabError (user) where there is nothing to replay (no such job, not over, never scored, run in place, its
 * commit gone) or where its number could not be compared (another track, a file that is frozen by now).
 */
export async function replayJob(
  context: AddContext,
  request: ReplayRequest,
): Promise<{ booked: BookedJob; response: Routes['replay']['response'] }> {
  const { paths, config, main, book } = context;
  const known = book.findKey(request.key);
  if (known !== null) return { booked: known, response: { number: known.job.number, commit: known.job.commit } };
  const original = book.get(request.number);
  const run = ensureReplayable(original);
  const { job } = original;
  if ((await findCommit(paths.root, job.commit)) !== job.commit) {
    throw new LabError('user', `the commit ${job.commit} of job ${job.number} is gone from ${paths.root}`, {
      hints: ['`git fetch` may bring it back from a copy of the repository'],
    });
  }
  const track = await bindTrack(paths, config, main);
  if (track !== run.track) {
    throw new LabError(
      'user',
      `job ${job.number} was measured under track ${run.track}, and the lab's track is ${track} now: ` +
        'evaluator, commands, budget, data or dependencies differ, so its number cannot be compared and nothing was run',
      {
        hints: [
          `\`lab tracks compare ${run.track} ${track}\` measures the champion of ${run.track} under the present track`,
          '`lab results --all-tracks` shows the rows of every track',
        ],
      },
    );
  }
  const frozen = isLockOpen('worker') ? [] : await checkFrozen(paths.root, main, job.commit, config.rules);
  if (frozen.length > 0) {
    throw new LabError(
      'user',
      `job ${job.number}'s commit changed ${frozen.join(', ')}, FROZEN by now: what ran then cannot run again`,
      { hints: ['`rules` in lab.yaml says what is frozen'] },
    );
  }
  ensureDevice(context.devices, job.device, [`job ${job.number} is replayed where there is a ${job.device} device`]);
  const booked = await book.create(async (number): Promise<Job> => {
    await runGit(paths.root, ['update-ref', `refs/nightlab/jobs/${number}`, job.commit]);
    return {
      ...job,
      number,
      key: request.key,
      kind: 'replay',
      experiment: null,
      replays: job.number,
      fromTrack: null,
      ...{ start: null, variant: null, test: null },
      label: null,
      track,
      queuedAt: formatLocalTime(new Date()),
    };
  });
  return { booked, response: { number: booked.job.number, commit: booked.job.commit } };
}

/** The outcome that a replay is compared with. */
function ensureReplayable(original: BookedJob): Run {
  const { job, run } = original;
  const status = `\`lab status ${job.number}\` shows it`;
  if (job.kind === 'replay') {
    throw new LabError('user', `job ${job.number} is a replay itself, expected the job that it replays`, {
      hints: [`\`lab replay ${job.replays ?? ''}\` runs that one again`],
    });
  }
  if (job.kind === 'task' || job.kind === 'check')
    throw new LabError('user', `job ${job.number} is a ${job.kind} and was never scored`, { hints: [status] });
  if (run === null && original.entry.removedAt !== null)
    throw new LabError('user', `job ${job.number} was removed before it ran and was never scored`, { hints: [status] });
  if (run === null || !isOver(original)) {
    throw new LabError('user', `job ${job.number} is not over, so there is no number to compare with`, {
      hints: [`\`lab wait ${job.number}\` waits for its end`],
    });
  }
  if (run.fate.kind === 'failed' && run.fate.failure === 'interrupted')
    throw new LabError('user', `job ${job.number} was lost with its machine and never scored`, { hints: [status] });
  if (job.here !== null) {
    throw new LabError('user', `job ${job.number} ran in place (--here): what ran is in no commit`, {
      hints: ['without --here a job can be replayed'],
    });
  }
  return run;
}
