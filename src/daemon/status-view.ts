/**
 * What the `status` and `wait` routes show: jobs with their states, places and estimates, devices, the track and its champion. What is
 * computed over all jobs is kept until the book changes, so that thousands of ended jobs cost nothing when nothing happened.
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { type BookedJob, isOpen } from '../../queue/job-book.ts';
import { attemptFolder } from '../../queue/job-store.ts';
import { listWaiting, type QueueContext, stateOf } from '../../queue/readiness.ts';
import { parseProgress } from '../../workers/log-reading/progress.ts';
import { readPausedMs } from '../../workers/supervisor/pause.ts';
import { studyEvidence } from '../analysis/change-evidence.ts';
import type { LabPaths } from '../config/lab-paths.ts';
import { resolveDevice } from '../domain/device-choice.ts';
import type { Eta, Job, JobView } from '../domain/job.ts';
import { errnoOf } from '../errors/lab-error.ts';
import { judgingOf } from '../stats/against-baseline.ts';
import { chooseModel, type TrackView, viewTrack } from '../stats/track-view.ts';
import type { RouteHandlers } from './api.ts';
import type { Daemon } from './daemon.ts';
import { estimateQueue } from './estimate-starts.ts';
import { createTypicalSeconds, estimateEnd, type TimedRun } from './eta.ts';
import type { DeviceView } from './routes.ts';
import { scoredRunsOf } from './scored-runs.ts';
import { applyFilter } from './status-filter.ts';
import { createTrackReader } from './track-cache.ts';

const waitLimitMs = 20_000;

/** The handlers that show and wait. */
export function createStatusHandlers(paths: LabPaths, daemon: Daemon): Pick<RouteHandlers, 'status' | 'wait'> {
  const { book } = daemon;
  const readTrack = createTrackReader(paths);
  const remember = <T>(compute: () => T): (() => T) => {
    let known: { version: number; value: T } | null = null;
    return () => {
      if (known?.version !== book.version) known = { version: book.version, value: compute() };
      return known.value;
    };
  };
  const typicalSeconds = remember(() => createTypicalSeconds(listTimedRuns(book.all())));
  const evidence = remember(() => studyEvidence(book.all()));
  // Most jobs of a long night are over; what can still move is looked at each time.
  const openJobs = remember(() => book.open().sort((a, b) => a.job.number - b.job.number));

  const typicalOf = (job: Job): number | null => {
    const model = (
      daemon.watch.list().find(({ id }) => id === job.needs.deviceId) ??
      daemon.devices.find((device) => device.class === job.device)
    )?.model;
    return model === undefined ? null : typicalSeconds()(job.command, model);
  };
  const endOf = (booked: BookedJob, progress: string | null, nowMs: number): Eta | null => {
    const { live } = booked;
    if (live === null || live.isPaused || live.isEnding) return null;
    const model = daemon.watch.find(live.devices[0] ?? '')?.model;
    const typical = model === undefined ? null : typicalSeconds()(booked.job.command, model);
    const startedMs = Date.parse(live.startedAt);
    // What such runs took is told without their pauses.
    const pausedMs = readPausedMs(attemptFolder(paths.runs, booked.job.number, live.attempt), startedMs, nowMs);
    const elapsedSeconds = Math.max(0, nowMs - startedMs - pausedMs) / 1000;
    return estimateEnd({ elapsedSeconds, typicalSeconds: typical, progress });
  };
  const listJobOn = (): Map<string, number> => {
    const jobOn = new Map<string, number>();
    for (const { job, live } of openJobs()) for (const id of live?.devices ?? []) jobOn.set(id, job.number);
    return jobOn;
  };
  const startsOf = (waiting: BookedJob[], endAt: (running: BookedJob) => Eta | null): Map<number, Eta> => {
    if (waiting.length === 0) return new Map();
    const running = openJobs().filter(({ live }) => live !== null);
    const factsOf = ({ job, entry }: BookedJob) => ({ number: job.number, class: job.device, group: entry.group });
    return estimateQueue({
      waiting: waiting.map((booked) => ({
        ...factsOf(booked),
        needs: booked.job.needs,
        waits: daemon.feed.waitsOf(booked.job.number),
      })),
      running: running.map((booked) => ({ ...factsOf(booked), end: endAt(booked) })),
      devices: daemon.watch.judge(listJobOn()),
      groups: [...daemon.groups.groups.values()],
      processors: availableParallelism(),
      typicalSeconds: (number) => typicalOf(book.get(number).job),
    });
  };

  // The view of a job that is over stays what it is until the job itself changes.
  const settled = new Map<number, { changed: number; view: JobView }>();
  const viewSettled = (booked: BookedJob, context: QueueContext): JobView => {
    const known = settled.get(booked.job.number);
    if (known?.changed === booked.changed) return known.view;
    const view = viewJob(booked, { position: 0, waits: null, progress: null }, null, context);
    settled.set(booked.job.number, { changed: booked.changed, view });
    return view;
  };

  // What fresh seeds say of a change comes after its run, and is not in its record.
  const withSince = (view: JobView): JobView => {
    if (view.job.kind !== 'experiment' || view.decision?.status !== 'keep') return view;
    const { changeOfJob, ofChange } = evidence();
    const since = ofChange.get(changeOfJob.get(view.job.number) ?? '')?.word;
    return since === undefined ? view : { ...view, since };
  };

  const viewJobs = (chosen: BookedJob[]): JobView[] => {
    const context = daemon.queueContext();
    const waiting = chosen.some(isOpen) ? listWaiting(openJobs(), context) : [];
    const places = new Map(waiting.map(({ job }, index) => [job.number, index + 1]));
    const sights = new Map<number, { progress: string | null; end: Eta | null }>();
    // What runs is shown, and others wait for its end: its files are read once.
    const see = (booked: BookedJob) => {
      const known = sights.get(booked.job.number);
      if (known !== undefined) return known;
      const progress = readProgress(paths, booked);
      const sight = { progress, end: endOf(booked, progress, context.nowMs) };
      sights.set(booked.job.number, sight);
      return sight;
    };
    const starts = startsOf(waiting, (running) => see(running).end);
    return chosen.map((booked) => {
      const { number } = booked.job;
      if (!isOpen(booked)) return withSince(viewSettled(booked, context));
      const { progress, end } = see(booked);
      const eta = booked.live === null ? (starts.get(number) ?? null) : end;
      return viewJob(
        booked,
        { position: places.get(number) ?? 0, waits: daemon.feed.waitsOf(number), progress },
        eta,
        context,
      );
    });
  };
  const viewDevices = (): DeviceView[] => {
    const known = new Map(daemon.watch.list().map((device) => [device.id, device]));
    return daemon.watch.judge(listJobOn()).map(({ id, class: deviceClass, job, holder, problem, strangers }) => {
      const device = known.get(id) ?? daemon.watch.find(id);
      return {
        id,
        class: deviceClass,
        model: device?.model ?? '',
        vendor: device?.vendor ?? 'cpu',
        index: device?.index ?? null,
        job,
        busy: job !== null ? null : holder !== null ? `held by ${holder}` : (strangers ?? problem),
      };
    });
  };
  const chooseJobs = (numbers: number[]): BookedJob[] =>
    numbers.length === 0 ? book.all() : numbers.map((number) => book.get(number));

  return {
    status: async ({ numbers, filter }) => {
      const track = await readTrack(daemon.config, daemon.main);
      const runs = scoredRunsOf(book);
      const device = resolveDevice(daemon.config.run.device, new Set(daemon.devices.map((one) => one.class)));
      const present = daemon.devices.filter((one) => one.class === device).map((one) => one.model);
      const model = chooseModel(runs, track, device, present);
      const { champion } = viewTrack(runs, track, model, judgingOf(daemon.config));
      const views = viewJobs(chooseJobs(numbers));
      return {
        ...(filter === undefined ? { jobs: views, hidden: 0 } : applyFilter(filter, views)),
        groups: [...daemon.groups.groups.values()],
        devices: viewDevices(),
        track,
        model,
        champion: champion && {
          commit: champion.commit,
          metric: champion.value,
          source: formatSource(champion),
          state: champion.state,
        },
        redis: daemon.redisDescription(),
        problems: daemon.problems(),
      };
    },
    wait: async ({ numbers, seen, filter }) => {
      const now = await book.waitForChange(numbers, seen, waitLimitMs);
      if (filter !== undefined) return { seen: now, jobs: applyFilter(filter, viewJobs(chooseJobs(numbers))).jobs };
      // Whoever waits for any change at all asks for what it shows by itself: thousands of ended jobs are not sent along each time.
      return { seen: now, jobs: viewJobs(numbers.length === 0 ? openJobs() : chooseJobs(numbers)) };
    },
  };
}

function viewJob(
  booked: BookedJob,
  facts: Parameters<typeof stateOf>[1],
  eta: Eta | null,
  context: QueueContext,
): JobView {
  const { env: _env, ...job } = booked.job;
  const { group, priority, after, archivedAt } = booked.entry;
  const state = stateOf(booked, facts, context);
  const decision = booked.recorded?.decision ?? null;
  return { job, state, group, priority, after, eta, isArchived: archivedAt !== null, decision };
}

/** The runs that durations are taken from, in the order in which they ended. */
function listTimedRuns(jobs: BookedJob[]): TimedRun[] {
  const timed: (TimedRun & { endedMs: number })[] = [];
  for (const { job, run } of jobs) {
    if (run === null || run.fate.kind !== 'done') continue;
    timed.push({
      command: job.command,
      deviceModel: run.device.model,
      seconds: run.steps.reduce((sum, step) => sum + step.seconds, 0),
      endedMs: Date.parse(run.endedAt),
    });
  }
  return timed.sort((a, b) => a.endedMs - b.endedMs);
}

function formatSource({ source, runs, jobs, state }: NonNullable<TrackView['champion']>): string {
  const made = state === null || state.changes.length === 0 ? [] : [formatCount(state.changes.length, 'change')];
  if (source === 'experiment' && state !== null)
    return [jobs.length === 0 ? 'put together by the lab' : `job ${jobs.join(', ')}`, ...made].join(', ');
  if (source === 'baseline') return `baseline over ${runs} runs`;
  return source === 'bridge' ? `bridged, job ${jobs.join(', ')}` : `job ${jobs.join(', ')}`;
}

const formatCount = (count: number, word: string): string => `${count} ${word}${count === 1 ? '' : 's'}`;

/** The last progress line of a running job's log; null where there is none. */
function readProgress(paths: LabPaths, booked: BookedJob): string | null {
  if (booked.live === null || booked.live.step !== 'train') return null;
  const file = join(attemptFolder(paths.runs, booked.job.number, booked.live.attempt), 'run.log');
  try {
    const handle = openSync(file, 'r');
    try {
      const { size } = fstatSync(handle);
      const tail = Buffer.alloc(Math.min(size, 4096));
      readSync(handle, tail, 0, tail.length, size - tail.length);
      return parseProgress(tail);
    } finally {
      closeSync(handle);
    }
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return null;
    throw error;
  }
}
