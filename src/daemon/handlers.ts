/** What each route does, on top of the daemon: views of jobs and devices, waiting for changes, adding, killing, ending. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import type { BookedJob } from '../../queue/job-book.ts';
import { attemptFolder } from '../../queue/job-store.ts';
import { listWaiting, stateOf } from '../../queue/readiness.ts';
import { parseProgress } from '../../workers/log-reading/progress.ts';
import { listScoredRuns } from '../../workers/recorder/decide-job.ts';
import type { LabPaths } from '../config/lab-paths.ts';
import type { JobView } from '../domain/job.ts';
import { errnoOf } from '../errors/lab-error.ts';
import { judgingOf } from '../stats/against-baseline.ts';
import { chooseModel, type TrackView, viewTrack } from '../stats/track-view.ts';
import type { RouteHandlers } from './api.ts';
import { createControlHandlers } from './control/handlers.ts';
import type { Daemon } from './daemon.ts';
import { createTrackReader } from './track-cache.ts';

const waitLimitMs = 20_000;

/** The handlers of a daemon of that build; `end` is called once the answer to `down` is on its way. */
export function createHandlers(paths: LabPaths, daemon: Daemon, build: string, end: () => void): RouteHandlers {
  const { book } = daemon;
  const readTrack = createTrackReader(paths);
  const views = (numbers: number[]): JobView[] => {
    const context = daemon.queueContext();
    const waiting = new Map(listWaiting(book.all(), context).map(({ job }, place) => [job.number, place + 1]));
    const chosen = numbers.length === 0 ? book.all() : numbers.map((number) => book.get(number));
    return chosen.map((booked) => {
      const { env: _env, ...job } = booked.job;
      const facts = { position: waiting.get(job.number) ?? 0, waits: null, progress: readProgress(paths, booked) };
      const { group, priority, after, archivedAt } = booked.entry;
      return {
        job,
        state: stateOf(booked, facts, context),
        group,
        priority,
        after,
        eta: null,
        isArchived: archivedAt !== null,
        decision: booked.recorded?.decision ?? null,
      };
    });
  };
  return {
    hello: async () => ({ build, pid: process.pid, root: paths.root }),
    ...createControlHandlers(paths, daemon),
    add: (request) => daemon.add(request),
    addMany: ({ requests }) => daemon.addMany(requests),
    replay: (request) => daemon.replay(request),
    status: async ({ numbers }) => {
      const track = await readTrack(daemon.config, daemon.main);
      const runs = listScoredRuns(book.all());
      const { device } = daemon.config.run;
      const present = daemon.devices.filter((one) => one.class === device).map((one) => one.model);
      const model = chooseModel(runs, track, device, present);
      const { champion } = viewTrack(runs, track, model, judgingOf(daemon.config));
      return {
        jobs: views(numbers),
        hidden: 0,
        groups: [...daemon.groups.groups.values()],
        devices: daemon.devices.map((device) => ({
          id: device.id,
          class: device.class,
          model: device.model,
          job: book.all().find((job) => job.live?.devices.includes(device.id))?.job.number ?? null,
          busy: null,
        })),
        track,
        model,
        champion: champion && {
          commit: champion.commit,
          metric: champion.value,
          source: formatSource(champion),
        },
        redis: daemon.redisDescription(),
        problems: daemon.problems(),
      };
    },
    wait: async ({ numbers, seen }) => {
      const now = await book.waitForChange(numbers, seen, waitLimitMs);
      return { seen: now, jobs: views(numbers) };
    },
    kill: async ({ numbers, graceSeconds }) => {
      // All or nothing: a wrong number must not come to light after half of them are killed.
      for (const number of numbers) book.get(number);
      const results = [];
      for (const number of numbers) results.push({ number, ...(await daemon.kill(number, graceSeconds)) });
      return { results, notes: [] };
    },
    enqueue: async ({ numbers }) => {
      for (const number of numbers) book.get(number);
      const results = [];
      for (const number of numbers) results.push({ number, ...(await daemon.enqueue(number)) });
      return { results, notes: [] };
    },
    record: (request) => daemon.record(request),
    down: async () => {
      const running = book.all().filter((job) => job.live !== null);
      const queued = listWaiting(book.all(), daemon.queueContext());
      setImmediate(end);
      return { running: running.map((job) => job.job.number), queued: queued.map((job) => job.job.number) };
    },
  };
}

function formatSource({ source, runs, jobs }: NonNullable<TrackView['champion']>): string {
  if (source === 'baseline') return `baseline over ${runs} runs`;
  return source === 'bridge' ? `bridged, job ${jobs.join(', ')}` : `job ${jobs.join(', ')}`;
}

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
