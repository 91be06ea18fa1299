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
import { studyEvidence } from '../analysis/change-evidence.ts';
import type { LabPaths } from '../config/lab-paths.ts';
import type { Eta, Job, JobView } from '../domain/job.ts';
import { errnoOf } from '../errors/lab-error.ts';
import { judgingOf } from '../stats/against-baseline.ts';
import { chooseModel, type TrackView, viewTrack } from '../stats/track-view.ts';
import type { RouteHandlers } from './api.ts';
import type { Daemon } from './daemon.ts';
import { createTypicalSeconds, estimateEnd, estimateStarts, type TimedRun } from './eta.ts';
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

  const idle: Eta = { seconds: 0, from: 'runs' };
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
    const elapsedSeconds = Math.max(0, (nowMs - Date.parse(live.startedAt)) / 1000);
    return estimateEnd({ elapsedSeconds, typicalSeconds: typical, progress });
  };
  /** When what runs on a device ends; zero seconds where nothing does. */
  const endOn = (id: string, nowMs: number): Eta | null => {
    const holder = openJobs().find(({ live }) => live?.devices.includes(id));
    return holder === undefined ? idle : endOf(holder, readProgress(paths, holder), nowMs);
  };
  const startsOf = (waiting: BookedJob[], nowMs: number): Map<number, Eta> => {
    const starts = new Map<number, Eta>();
    const estimate = (queued: BookedJob[], lanes: (Eta | null)[]) => {
      const facts = queued.map(({ job }) => ({ number: job.number, typicalSeconds: typicalOf(job) }));
      for (const [number, eta] of estimateStarts(facts, lanes)) starts.set(number, eta);
    };
    const gpus = daemon.watch.list().filter((device) => device.class === 'gpu');
    const onGpu = waiting.filter(({ job }) => job.device === 'gpu');
    // Where some are bound to a card or take several, no simple estimate holds for any.
    if (onGpu.length > 0 && onGpu.every(({ job }) => job.needs.deviceId === null && job.needs.gpus === 1))
      estimate(
        onGpu,
        gpus.map(({ id }) => endOn(id, nowMs)),
      );
    for (const { name, slots } of daemon.groups.groups.values()) {
      const queued = waiting.filter(({ job, entry }) => job.device === 'cpu' && entry.group === name);
      if (queued.length === 0) continue;
      const running = openJobs().filter(({ job, entry, live }) => live && job.device === 'cpu' && entry.group === name);
      const ends = running.map((booked) => endOf(booked, readProgress(paths, booked), nowMs));
      const count = Math.max(slots === 0 ? availableParallelism() : slots, ends.length);
      estimate(queued, [...ends, ...Array.from({ length: count - ends.length }, () => idle)]);
    }
    return starts;
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
    const starts = startsOf(waiting, context.nowMs);
    return chosen.map((booked) => {
      const { number } = booked.job;
      if (!isOpen(booked)) return withSince(viewSettled(booked, context));
      const progress = readProgress(paths, booked);
      const eta = booked.live === null ? (starts.get(number) ?? null) : endOf(booked, progress, context.nowMs);
      return viewJob(
        booked,
        { position: places.get(number) ?? 0, waits: daemon.feed.waitsOf(number), progress },
        eta,
        context,
      );
    });
  };
  const viewDevices = (): DeviceView[] => {
    const jobOn = new Map<string, number>();
    for (const { job, live } of openJobs()) for (const id of live?.devices ?? []) jobOn.set(id, job.number);
    const models = new Map(daemon.watch.list().map(({ id, model }) => [id, model]));
    return daemon.watch.judge(jobOn).map(({ id, class: deviceClass, job, holder, problem, strangers }) => ({
      id,
      class: deviceClass,
      model: models.get(id) ?? daemon.watch.find(id)?.model ?? '',
      job,
      busy: job !== null ? null : holder !== null ? `held by ${holder}` : (strangers ?? problem),
    }));
  };
  const chooseJobs = (numbers: number[]): BookedJob[] =>
    numbers.length === 0 ? book.all() : numbers.map((number) => book.get(number));

  return {
    status: async ({ numbers, filter }) => {
      const track = await readTrack(daemon.config, daemon.main);
      const runs = scoredRunsOf(book);
      const { device } = daemon.config.run;
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
    wait: async ({ numbers, seen }) => {
      const now = await book.waitForChange(numbers, seen, waitLimitMs);
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
