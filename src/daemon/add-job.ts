/**
 * The door of the queue: from a request to a job that is safe on disk. The label is parsed, the tree is snapshotted, frozen files are
 * checked and the track is bound here, before a number is promised.
 */
import { join } from 'node:path';
import type { BookedJob, JobBook } from '../../queue/job-book.ts';
import { checkPriority, normalPriority } from '../../queue/job-schema.ts';
import { jobFolder } from '../../queue/job-store.ts';
import { parseLabel } from '../../queue/label.ts';
import { listScoredRuns } from '../../workers/recorder/decide-job.ts';
import type { LabPaths } from '../config/lab-paths.ts';
import { findRepositoryRoot } from '../config/repository-root.ts';
import type { LabConfig } from '../config/schema.ts';
import type { Job, JobKind } from '../domain/job.ts';
import type { DeviceClass } from '../domain/run.ts';
import { formatLocalTime } from '../domain/time.ts';
import { LabError } from '../errors/lab-error.ts';
import { findCommit, resolveCommit } from '../git/repository.ts';
import { runGit } from '../git/run-git.ts';
import { snapshotTree } from '../git/snapshot.ts';
import { ensureFrozen } from '../rules/frozen.ts';
import { bindTrack, readTracks } from '../rules/track-store.ts';
import { judgingOf } from '../stats/against-baseline.ts';
import { chooseModel, type ScoredRun, viewTrack } from '../stats/track-view.ts';
import type { AddRequest, Routes } from './routes.ts';

/** What the door needs of the daemon. */
export interface AddContext {
  paths: LabPaths;
  config: LabConfig;
  main: string;
  book: JobBook;
  /** Device classes that have a worker, each with the models of its devices. */
  devices: ReadonlyMap<DeviceClass, readonly string[]>;
}

/** Queues one job. Throws LabError with what was wrong; nothing is left of a refused one but an unused number. */
export async function addJob(
  context: AddContext,
  request: AddRequest,
): Promise<{ booked: BookedJob; response: Routes['add']['response'] }> {
  const { paths, config, main, book } = context;
  const known = book.findKey(request.key);
  if (known) {
    const { number, commit, snapshot } = known.job;
    return {
      booked: known,
      response: { number, commit, snapshot, untracked: [], notes: ['asked before: this is the same job'] },
    };
  }
  const label = request.label === null ? null : parseLabel(request.label, config.metric.direction);
  if (label === null && request.kind === 'plain') {
    throw new LabError('usage', 'the job has no label', {
      hints: ['write --label "Q: does order 5 help? H: saves 0.2 bpb"'],
    });
  }
  const command = request.command ?? config.commands.train;
  const device = request.device ?? config.run.device;
  ensureDevice(context.devices, device, [`--device ${[...context.devices.keys()][0] ?? 'cpu'} takes another`]);
  if (findRepositoryRoot(request.checkout) !== paths.root) {
    throw new LabError('user', `${request.checkout} is not a checkout of the lab ${paths.root}`, {
      hints: ['run `lab add` inside the lab or one of its worktrees'],
    });
  }
  if ((await findCommit(paths.root, main)) === null) {
    throw new LabError('user', `the branch ${main} has no commit yet, expected one with lab.yaml in it`, {
      hints: ['`git add -A && git commit -m start`'],
    });
  }
  for (const hash of [request.base, request.commit]) {
    if (hash === null || (await findCommit(paths.root, hash)) === hash) continue;
    throw new LabError('user', `${hash} is no commit of ${paths.root}, expected one to run or to compare with`, {
      hints: ['`git log --oneline --all` lists the commits'],
    });
  }
  const notes: string[] = [];
  const source = await takeSource(context, request, notes);
  try {
    if (!request.here) await ensureFrozen(paths.root, main, source.commit, config.rules, config.commands);
    const track = await bindTrack(paths, config, main);
    const runs = listScoredRuns(book.all());
    const models = context.devices.get(device) ?? [];
    if (request.kind === 'bridge') ensureBridge(context, request, track, runs, models);
    const champion = viewTrack(runs, track, chooseModel(runs, track, device, models), judgingOf(config)).champion;
    const isCheck = request.kind === 'check';
    const experiment =
      request.kind === 'plain' || isCheck
        ? (request.experiment ?? (await findExperiment(paths, request.checkout)))
        : null;
    const kind: JobKind = experiment === null || isCheck ? request.kind : 'experiment';
    const booked = await book.create(
      async (number): Promise<Job> => {
        await runGit(paths.root, ['update-ref', `refs/nightlab/jobs/${number}`, source.commit]);
        return {
          schema: 1,
          number,
          key: request.key,
          kind,
          experiment,
          replays: null,
          fromTrack: request.fromTrack,
          label,
          command,
          commit: source.commit,
          snapshot: source.isSnapshot,
          base: request.base ?? champion?.commit ?? null,
          directory: request.directory,
          here: request.here ? join(request.checkout, request.directory) : null,
          device,
          seed: request.seed,
          env: request.env,
          secretNames: Object.keys(request.secrets),
          track,
          wallSeconds: request.wallSeconds ?? config.run.wallSeconds,
          needs: request.needs,
          retry: request.retry ?? { times: 0, on: [], delaySeconds: config.run.retrySeconds },
          limits: request.limits ?? { idleSeconds: config.run.idleSeconds, logMb: config.run.logMb },
          stdin: request.stdin,
          flags: request.flags,
          queuedAt: formatLocalTime(new Date()),
        };
      },
      {
        priority: request.priority ?? (isCheck ? checkPriority : normalPriority),
        group: request.group,
        after: request.after,
        notBefore: request.notBefore,
        stashed: request.stashed,
        forced: request.forced,
      },
    );
    const { number, commit, snapshot } = booked.job;
    return {
      booked,
      response: {
        number,
        commit,
        snapshot,
        untracked: source.untracked,
        notes: [...notes, `run folder ${jobFolder(paths.runs, number)}`],
      },
    };
  } finally {
    // The job's own ref keeps the commit now, or nothing needs it. One that stays is swept at the daemon's next start.
    await runGit(paths.root, ['update-ref', '-d', source.ref]).catch((error: unknown) =>
      notes.push(`${source.ref} stays: ${String(error)}`),
    );
  }
}

/** Throws LabError (user) where no worker serves that class of device; `hints` follow the general one. */
export function ensureDevice(devices: AddContext['devices'], device: DeviceClass, hints: string[]): void {
  if (devices.has(device)) return;
  throw new LabError(
    'user',
    `this machine has no ${device} device, expected one of: ${[...devices.keys()].join(', ')}`,
    {
      hints: ['`lab doctor` shows the devices that were found', ...hints],
    },
  );
}

/**
 * Throws LabError where a bridge would carry something else over than the champion of another track: what may become champion here without
 * having been an experiment of this track must have been one there.
 */
function ensureBridge(
  { paths, config }: AddContext,
  request: AddRequest,
  track: string,
  runs: ScoredRun[],
  models: readonly string[],
): void {
  const { fromTrack, commit } = request;
  if (fromTrack === null || commit === null)
    throw new LabError('usage', 'a bridge names a track and the commit that is its champion');
  if (fromTrack === track)
    throw new LabError('user', `${track} is the present track, expected another one to bring a champion over from`);
  const direction = readTracks(paths).find(({ id }) => id === fromTrack)?.parts.metric.direction;
  const judging = { ...judgingOf(config), ...(direction ? { direction } : {}) };
  const champions = models.flatMap((model) => viewTrack(runs, fromTrack, model, judging).champion ?? []);
  if (champions.some((champion) => champion.commit === commit)) return;
  const known = champions.map((champion) => champion.commit.slice(0, 7)).join(', ') || 'none';
  throw new LabError(
    'user',
    `${commit.slice(0, 7)} is not the champion of track ${fromTrack} on ${models.join(', ')}, expected: ${known}`,
    { hints: ['`lab tracks` shows the champion of each track'] },
  );
}

interface Source {
  commit: string;
  isSnapshot: boolean;
  untracked: string[];
  /** Temporary ref that keeps the commit until the job's own ref does. */
  ref: string;
}

async function takeSource({ config, main, paths }: AddContext, request: AddRequest, notes: string[]): Promise<Source> {
  const ref = `refs/nightlab/adding/${process.pid}-${Date.now()}-${Math.random().toString(36).slice(2, 8)}`;
  if (request.kind === 'baseline') {
    const commit = await resolveCommit(paths.root, main);
    await runGit(paths.root, ['update-ref', ref, commit]);
    return { commit, isSnapshot: false, untracked: [], ref };
  }
  if (request.commit !== null) {
    await runGit(paths.root, ['update-ref', ref, request.commit]);
    return { commit: request.commit, isSnapshot: false, untracked: [], ref };
  }
  if (request.here) {
    const commit = await resolveCommit(request.checkout, 'HEAD');
    await runGit(paths.root, ['update-ref', ref, commit]);
    notes.push('--here: runs in place; what is in the folder when it starts is what runs, and the row is flagged');
    return { commit, isSnapshot: false, untracked: [], ref };
  }
  const megabyte = 1_000_000;
  const snapshot = await snapshotTree(request.checkout, {
    ref,
    message: `nightlab: snapshot for a job\n\n${request.label ?? request.command ?? ''}`,
    maxFileBytes: config.snapshot.maxFileMb * megabyte,
    maxTotalBytes: config.snapshot.maxTotalMb * megabyte,
  });
  for (const path of snapshot.notCaptured)
    notes.push(`${path}: a nested repository or a dirty submodule, not part of the snapshot`);
  return { commit: snapshot.commit, isSnapshot: snapshot.isSnapshot, untracked: snapshot.untracked, ref };
}

/** The slug of the experiment whose worktree this is; null elsewhere. */
async function findExperiment(paths: LabPaths, checkout: string): Promise<string | null> {
  if (!checkout.startsWith(`${paths.worktrees}/`)) return null;
  const branch = (await runGit(checkout, ['symbolic-ref', '--quiet', '--short', 'HEAD']).catch(() => '')).trim();
  return /^exp\/(.+)$/.exec(branch)?.[1] ?? null;
}
