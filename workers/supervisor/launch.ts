/**
 * The worker's side of a supervisor: launching one, waiting for the end of an attempt (launching another where the first one
 * died), asking for the run's end, and looking at what is known meanwhile. Nothing here touches the run's own processes.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, existsSync, type FSWatcher, openSync, watch } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../src/config/package-root.ts';
import type { StepName } from '../../src/domain/run.ts';
import { LabError } from '../../src/errors/lab-error.ts';
import { tryLock } from '../../src/lab/kernel-lock.ts';
import type { DeviceHolder } from '../device-lock.ts';
import { isAlive, type ProcessIdentity } from '../process-tree.ts';
import { attemptPath, isDiskFull, readJsonFile, readTextFile, writeJsonSafely } from './attempt-files.ts';
import { type StartedRecord, type SupervisorExit, stepNames, type WaitingRecord } from './plan.ts';
import { readStepExit, readStepStart } from './step-wrapper.ts';

/** How a supervisor is launched. */
export interface LaunchOptions {
  /** Secrets by name; they go into the supervisor's environment only. */
  secrets?: Record<string, string>;
  /** The program to run; dist/supervisor.js of this package where not given. */
  entry?: string;
}

/** How `waitForExit` waits. */
export interface WaitOptions extends LaunchOptions {
  /** Ends the waiting, never the run. */
  signal?: AbortSignal;
  /** Called with the first view and whenever something in it changes. */
  onChange?: (view: AttemptView) => void;
}

/** What is known of an attempt right now. */
export interface AttemptView {
  /** Who holds the device that it waits for; null where it does not wait. */
  waitsFor: DeviceHolder | 'unknown' | null;
  /** ISO 8601; null where the device was not held yet. */
  startedAt: string | null;
  /** The step that runs, with its start in ISO 8601; null between steps and outside. */
  step: { name: StepName; startedAt: string } | null;
  /** How it ended; null where it has not. */
  exit: SupervisorExit | null;
}

const pollMs = 200;
const minuteMs = 60_000;
const launchesPerMinute = 6;
// When this process launched supervisors, by attempt: the limit holds across several waits for one attempt.
const launchTimesMs = new Map<string, number[]>();
// Supervisors that this process launched, so that one that is still starting up is not taken for dead.
const launched = new Map<string, ChildProcess>();

/** Starts a supervisor for an attempt whose plan.json is written; it outlives this process. Throws LabError where the package is not built. */
export function launchSupervisor(attemptDir: string, options: LaunchOptions = {}): void {
  const entry = options.entry ?? join(packageRoot(), 'dist', 'supervisor.js');
  if (!existsSync(entry)) {
    throw new LabError('internal', `cannot start a supervisor: ${entry} is missing`, { hints: ['npm run build'] });
  }
  const { LAB_RUN: _ownRun, ...env } = process.env;
  const log = openSync(attemptPath(attemptDir, 'log'), 'a', 0o644);
  try {
    const child = spawn(process.execPath, [entry, attemptDir], {
      cwd: '/',
      detached: true,
      env: { ...env, ...options.secrets },
      stdio: ['ignore', log, log],
    });
    // A failed spawn shows as no living supervisor; whoever waits tries again.
    child.once('error', () => launched.delete(attemptDir));
    child.once('exit', () => launched.delete(attemptDir));
    child.unref();
    launched.set(attemptDir, child);
  } finally {
    closeSync(log);
  }
}

/**
 * Waits for an attempt's end. Where it has no living supervisor, one is launched to take it over, at most 6 times a minute.
 * Rejects with the signal's reason when it aborts, and with a LabError where supervisors end as fast as they are launched: the run
 * goes on in both cases, and waiting can be tried again.
 */
export async function waitForExit(attemptDir: string, options: WaitOptions = {}): Promise<SupervisorExit> {
  let shown = '';
  const waiter = createWaiter(attemptDir);
  try {
    for (;;) {
      options.signal?.throwIfAborted();
      const view = readAttempt(attemptDir);
      const text = JSON.stringify(view);
      if (text !== shown) options.onChange?.(view);
      shown = text;
      if (view.exit !== null) {
        launchTimesMs.delete(attemptDir);
        return view.exit;
      }
      if (!(await hasSupervisor(attemptDir))) {
        // It may have written `exit` and ended since we looked.
        if (existsSync(attemptPath(attemptDir, 'exit'))) continue;
        relaunch(attemptDir, options);
      }
      await waiter.wait(options.signal);
    }
  } finally {
    waiter.close();
  }
}

function relaunch(attemptDir: string, options: LaunchOptions): void {
  const nowMs = Date.now();
  const recent = (launchTimesMs.get(attemptDir) ?? []).filter((ms) => nowMs - ms < minuteMs);
  if (recent.length >= launchesPerMinute) {
    const lastWords = (readTextFile(attemptPath(attemptDir, 'log')) ?? '').trim().split('\n').at(-1) ?? '';
    throw new LabError('worker', `the supervisor of ${attemptDir} ends as soon as it is launched: ${lastWords}`, {
      hints: [`read ${attemptPath(attemptDir, 'log')}`, 'lab doctor'],
    });
  }
  launchSupervisor(attemptDir, options);
  launchTimesMs.set(attemptDir, [...recent, nowMs]);
}

/** Asks for the end of an attempt's run: SIGTERM, then SIGKILL after `graceSeconds`. A later request can only shorten the grace. */
export function requestKill(attemptDir: string, graceSeconds: number): void {
  const path = attemptPath(attemptDir, 'kill');
  try {
    writeJsonSafely(path, { graceSeconds });
  } catch (error) {
    if (!isDiskFull(error)) throw error;
    // An empty file needs no room, and means the plan's own grace.
    closeSync(openSync(path, 'a'));
  }
}

/** What is known of an attempt from its folder. */
export function readAttempt(attemptDir: string): AttemptView {
  const waiting = readJsonFile(attemptPath(attemptDir, 'waiting')) as WaitingRecord | null;
  const started = readJsonFile(attemptPath(attemptDir, 'started')) as StartedRecord | null;
  const exit = readJsonFile(attemptPath(attemptDir, 'exit')) as SupervisorExit | null;
  return {
    waitsFor: exit === null ? (waiting?.holder ?? null) : null,
    startedAt: started?.at ?? null,
    step: exit === null ? readRunningStep(attemptDir) : null,
    exit,
  };
}

/** True while a supervisor has the attempt or is starting up for it. */
export async function hasSupervisor(attemptDir: string): Promise<boolean> {
  if (launched.has(attemptDir)) return true;
  const last = (readTextFile(attemptPath(attemptDir, 'supervisors')) ?? '').trim().split('\n').at(-1) ?? '';
  const identity = parseIdentity(last);
  if (identity !== null && isAlive(identity)) return true;
  // The list can miss one that has just begun; only the lock is sure. It is taken for a moment, which supervisors reckon with.
  const probe = await tryLock(attemptPath(attemptDir, 'lock'));
  probe?.release();
  return probe === null;
}

function parseIdentity(line: string): ProcessIdentity | null {
  try {
    return JSON.parse(line) as ProcessIdentity;
  } catch {
    // Empty, or cut short by a full disk: the lock decides.
    return null;
  }
}

function readRunningStep(attemptDir: string): AttemptView['step'] {
  for (const name of stepNames) {
    const start = readStepStart(attemptDir, name);
    if (start === null || start === 'unfinished' || readStepExit(attemptDir, name) !== null) continue;
    return { name, startedAt: new Date(start.startedAtMs).toISOString() };
  }
  return null;
}

interface Waiter {
  wait(signal: AbortSignal | undefined): Promise<void>;
  close(): void;
}

/** Wakes at a change in the folder, after 200 ms, or when the signal aborts. */
function createWaiter(folder: string): Waiter {
  let wake: () => void = () => undefined;
  let watcher: FSWatcher | null = null;
  try {
    watcher = watch(folder, () => wake());
    // Watching is only for speed; some file systems and full inotify tables do without, and the poll goes on.
    watcher.on('error', () => watcher?.close());
  } catch {
    watcher = null;
  }
  return {
    wait(signal) {
      return new Promise((resolve) => {
        const timer = setTimeout(() => wake(), pollMs);
        wake = () => {
          clearTimeout(timer);
          signal?.removeEventListener('abort', wake);
          wake = () => undefined;
          resolve();
        };
        signal?.addEventListener('abort', wake, { once: true });
      });
    },
    close() {
      watcher?.close();
    },
  };
}
