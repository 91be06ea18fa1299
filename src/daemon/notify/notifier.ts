/**
 * Watches the job book and tells a person what `notify.on` names. It only reads the queue and never holds it up: events are sent one
 * after the other beside it, and what fails becomes one line of `lab status`. An event is marked before it is sent: never twice, and one
 * that a kill -9 interrupts is lost.
 */
import type { Logger } from 'pino';
import { type BookedJob, isOver, type JobBook, nextAttempt } from '../../../queue/job-book.ts';
import { findObstacle, type QueueContext } from '../../../queue/readiness.ts';
import type { LabPaths } from '../../config/lab-paths.ts';
import type { LabConfig } from '../../config/schema.ts';
import { messageOf } from '../../errors/lab-error.ts';
import { type DeliveryLimits, deliverEvent, deliveryLimits } from './deliver.ts';
import type { EventName, LabEvent } from './event.ts';
import { createIdleLook } from './idle-devices.ts';
import { readNotified, writeNotified } from './notified-store.ts';

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
  let isWritten = known !== null;

  const send = (event: LabEvent) => {
    const settings = notify();
    if (!settings.on.includes(event.name)) return;
    sending = sending.then(async () => {
      if (stop.signal.aborted) {
        // Nothing of it was sent: the next daemon tells it.
        if (event.job !== null) told.jobs.delete(event.job.number);
        if (event.name === 'queue-empty') told.isBusy = true;
        isWritten = false;
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

  const look = async () => {
    const jobs = book.all();
    const load = countLoad(jobs, queueContext());
    const isBusy = load.queued + load.running + load.recording > 0;
    const events: LabEvent[] = [];
    const make = (name: EventName, job: LabEvent['job'], device: string | null) =>
      events.push({ name, job, device, queued: load.queued, running: load.running, isTest: false });
    for (const booked of jobs) {
      const { job, run, recorded } = booked;
      if (run === null || !isRecorded(booked) || told.jobs.get(job.number) === run.attempt) continue;
      told.jobs.set(job.number, run.attempt);
      const { number, kind, label } = job;
      // The smoke run of an experiment is the pipeline's own business.
      if (job.kind === 'check') continue;
      const status = recorded?.attempt === run.attempt ? (recorded.decision?.status ?? null) : null;
      make(run.fate.kind, { number, kind, label: label?.text ?? null, run, status }, null);
    }
    const wasBusy = told.isBusy;
    if (wasBusy && !isBusy) make('queue-empty', null, null);
    told.isBusy = isBusy;
    // Without this an emptied lab would carry the numbers of purged jobs for ever.
    for (const number of told.jobs.keys()) if (book.find(number) === null) told.jobs.delete(number);
    if (!isWritten || wasBusy !== isBusy || events.length > 0) {
      isWritten = false;
      try {
        await writeNotified(paths.state, told);
        isWritten = true;
        problems.delete('mark');
      } catch (error) {
        problems.set('mark', `what was told cannot be kept, a restart may tell it again: ${messageOf(error)}`);
      }
    }
    for (const id of findIdle(jobs, Date.now(), notify().idleMinutes * 60_000)) make('device-idle', null, id);
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
      if (isWritten) return;
      await writeNotified(paths.state, told).catch((error: unknown) =>
        log.warn({ problem: messageOf(error) }, 'notified.json'),
      );
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

function countLoad(jobs: readonly BookedJob[], context: QueueContext) {
  const load = { queued: 0, running: 0, recording: 0 };
  for (const booked of jobs) {
    if (booked.live !== null && booked.live.waits === null) load.running += 1;
    else if (booked.live !== null) load.queued += 1;
    else if (booked.run !== null && isOver(booked)) load.recording += isRecorded(booked) ? 0 : 1;
    else if (nextAttempt(booked) !== null) {
      const obstacle = findObstacle(booked, context)?.kind;
      // These wait for a person, not for a device or the time.
      if (obstacle !== 'held' && obstacle !== 'stashed') load.queued += 1;
    }
  }
  return load;
}
