/**
 * Watches the job book and tells a person what `notify.on` names. It only reads the queue and never holds it up: events are sent one
 * after the other beside it, and what fails becomes one line of `lab status`. An event is marked before it is sent: never twice, and one
 * that a kill -9 interrupts is lost.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { type BookedJob, isOver, type JobBook, nextAttempt } from '../../../queue/job-book.ts';
import { findObstacle, type QueueContext } from '../../../queue/readiness.ts';
import type { LabPaths } from '../../config/lab-paths.ts';
import type { LabConfig } from '../../config/schema.ts';
import { messageOf } from '../../errors/lab-error.ts';
import { type DeliveryLimits, deliverEvent, deliveryLimits } from './deliver.ts';
import type { EventName, LabEvent } from './event.ts';
import { createIdleLook } from './idle-devices.ts';
import { createMarks, readNotified } from './notified-store.ts';

/** What it watches. */
export interface NotifierParts {
  paths: Pick<LabPaths, 'root' | 'logs' | 'state'>;
  book: JobBook;
  deviceIds: readonly string[];
  queueContext(): QueueContext;
  notify(): LabConfig['notify'];
  log: Pick<Logger, 'info' | 'warn'>;
  /** Absent: those of deliver.ts. */
  limits?: DeliveryLimits;
}

/** A running notifier. */
export interface Notifier {
  /** What of the last event of each way could not be sent, one line each. */
  problems(): string[];
  /** Ends it; what is being sent gets two seconds, a command goes on by itself. */
  stop(): Promise<void>;
}

/** Longest time between two looks, milliseconds: only an idle device is found without a change of the book. */
const lookMs = 5000;
const farewellMs = 2000;
/** How long changes are gathered before they are looked at, milliseconds. */
const gatherMs = 100;

/** Starts to watch. Never throws: what it cannot read or write is a problem, no reason for the daemon not to start. */
export function startNotifier(parts: NotifierParts): Notifier {
  const { paths, book, deviceIds, queueContext, notify, log, limits = deliveryLimits } = parts;
  const stop = new AbortController();
  const problems = new Map<string, string>();
  const known = readNotified(paths.state);
  const told = known ?? { jobs: listEnds(book), isBusy: false };
  const findIdle = createIdleLook(deviceIds);
  let sending: Promise<void> = Promise.resolve();
  let isStopped = false;

  const send = (event: LabEvent) => {
    const settings = notify();
    if (!settings.on.includes(event.name)) return;
    sending = sending.then(async () => {
      if (stop.signal.aborted) {
        // Nothing of it was sent: the next daemon tells it.
        if (event.job !== null) told.jobs.delete(event.job.number);
        if (event.name === 'queue-empty') told.isBusy = true;
        marks.change();
        return;
      }
      for (const { way, target, ok, detail } of await deliverEvent(event, settings, paths, stop.signal, { limits })) {
        const details = {
          event: event.name,
          job: event.job?.number,
          way,
          detail,
          ...(way === 'webhook' && { target }),
        };
        log[ok ? 'info' : 'warn'](details, ok ? 'told' : 'could not tell');
        if (ok) problems.delete(way);
        else
          problems.set(
            way,
            `notify.${way === 'command' ? 'command' : 'url'} failed for ${event.name}: ${detail}; \`lab notify test\` tries it`,
          );
      }
    });
  };

  const marks = createMarks(paths.state, told, known !== null);
  let load: Load = { queued: 0, running: 0, recording: 0 };
  let lookedAt: number | null = null;
  let isOff = false;

  /** Takes note that nothing is told now: what ends meanwhile is no news for whoever has it told later. */
  const passBy = async () => {
    isOff = true;
    lookedAt = book.version;
    await marks.drop().catch((error: unknown) => log.warn({ problem: messageOf(error) }, 'notified.json'));
  };
  const resume = () => {
    isOff = false;
    told.jobs.clear();
    for (const booked of book.all())
      if (booked.run !== null && isRecorded(booked) && booked.changed <= (lookedAt ?? 0))
        told.jobs.set(booked.job.number, booked.run.attempt);
    told.isBusy = false;
    marks.change();
  };

  const look = async () => {
    if (notify().on.length === 0) return await passBy();
    if (isOff) resume();
    const events: LabEvent[] = [];
    const make = (name: EventName, job: LabEvent['job'], device: string | null) =>
      events.push({ name, job, device, queued: load.queued, running: load.running, isTest: false });
    const since = lookedAt;
    const { version } = book;
    const wasBusy = told.isBusy;
    // Between two changes of the book only an idle device can be news; thousands of jobs are not looked at for that.
    if (since !== version) {
      load = countLoad(book.open(), queueContext());
      for (const booked of since === null ? book.all() : book.all().filter(({ changed }) => changed > since)) {
        const { job, run, recorded } = booked;
        if (run === null || !isRecorded(booked) || told.jobs.get(job.number) === run.attempt) continue;
        told.jobs.set(job.number, run.attempt);
        const { number, kind, label } = job;
        // The smoke run of an experiment is the pipeline's own business.
        if (job.kind === 'check') continue;
        const status = recorded?.attempt === run.attempt ? (recorded.decision?.status ?? null) : null;
        make(run.fate.kind, { number, kind, label: label?.text ?? null, run, status }, null);
      }
      const isBusy = load.queued + load.running + load.recording > 0;
      if (wasBusy && !isBusy) make('queue-empty', null, null);
      told.isBusy = isBusy;
      lookedAt = version;
    }
    if (wasBusy !== told.isBusy || events.length > 0) marks.change();
    try {
      await marks.write(() => {
        // Without this an emptied lab would carry the numbers of purged jobs for ever.
        for (const number of told.jobs.keys()) if (book.find(number) === null) told.jobs.delete(number);
      });
      problems.delete('mark');
    } catch (error) {
      problems.set('mark', `what was told cannot be kept, a restart may tell it again: ${messageOf(error)}`);
    }
    for (const id of findIdle(book.open(), Date.now(), notify().idleMinutes * 60_000)) make('device-idle', null, id);
    for (const event of events) send(event);
  };

  const watch = async () => {
    for (let seen = 0; !isStopped; ) {
      const now = book.version;
      try {
        await look();
      } catch (error) {
        problems.set('look', `notifications: ${messageOf(error)}`);
      }
      seen = now;
      await book.waitForChange([], seen, Math.min(lookMs, Math.max(50, notify().idleMinutes * 60_000)));
      // Hundreds of jobs that are queued at once are one look. Where nothing is told a look costs nothing, and must not be late: what ended
      // before telling began is no news.
      if (!isOff) await sleep(gatherMs, undefined, { ref: false });
    }
  };
  void watch();

  return {
    problems: () => [...problems.values()],
    async stop() {
      isStopped = true;
      const timer = setTimeout(() => stop.abort(), farewellMs);
      await sending;
      clearTimeout(timer);
      if (notify().on.length === 0) return;
      await marks.write().catch((error: unknown) => log.warn({ problem: messageOf(error) }, 'notified.json'));
    },
  };
}

/** Whether the job is over and its record made, or stuck for a reason that a person should not wait for. */
const isRecorded = (booked: BookedJob): boolean =>
  isOver(booked) &&
  (booked.recordProblem !== null ||
    (booked.recorded?.isDone === true && booked.recorded.attempt === booked.run?.attempt));

function listEnds(book: JobBook): Map<number, number> {
  const ends = new Map<number, number>();
  for (const booked of book.all())
    if (booked.run !== null && isOver(booked)) ends.set(booked.job.number, booked.run.attempt);
  return ends;
}

interface Load {
  queued: number;
  running: number;
  recording: number;
}

function countLoad(jobs: readonly BookedJob[], context: QueueContext): Load {
  const load = { queued: 0, running: 0, recording: 0 };
  for (const booked of jobs) {
    if (booked.live !== null) load.running += 1;
    else if (booked.run !== null && isOver(booked)) load.recording += isRecorded(booked) ? 0 : 1;
    else if (nextAttempt(booked) !== null) {
      const obstacle = findObstacle(booked, context)?.kind;
      // These wait for a person, not for a device or the time.
      if (obstacle !== 'held' && obstacle !== 'stashed') load.queued += 1;
    }
  }
  return load;
}
