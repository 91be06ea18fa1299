/**
 * The worker's side of a supervisor: launching one, waiting for the end of an attempt (launching another where the first one
 * died), asking for the run's end, and looking at what is known meanwhile. Nothing here touches the run's own processes.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, existsSync, openSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { StepName } from '../../src/domain/run.ts';
import { LabError } from '../../src/errors/lab-error.ts';
import { tryLock } from '../../src/lab/kernel-lock.ts';
import { isAlive, type ProcessIdentity, readIdentity, sendSignal } from '../process-tree.ts';
import { attemptPath, isDiskFull, readJsonFile, readTextFile, writeJsonSafely } from './attempt-files.ts';
import { createFolderWatch } from './folder-watch.ts';
import {
  type AwaitedDevice,
  parsePlan,
  type StartedRecord,
  type SupervisorExit,
  stepNames,
  type WaitingRecord,
} from './plan.ts';
import { supervisorEntry, useSpare } from './spare.ts';
import { isWithdrawn, readStarted } from './started.ts';
import { readStepExit, readStepStart } from './step-wrapper.ts';

/** How a supervisor is launched. */
export interface LaunchOptions {
  /** Secrets by name; they go into the supervisor's environment, or through the spare's pipe. */
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
  /** The devices that it waits for and who has them; empty where it does not wait. */
  waitsFor: AwaitedDevice[];
  /** ISO 8601; null where it has not begun, and where it was withdrawn. */
  startedAt: string | null;
  /** Ids of the devices that it took; null where it has not begun. */
  devices: string[] | null;
  /** True where the daemon took it back before it began: nothing of it ever ran. */
  isWithdrawn: boolean;
  /** The step that runs, with its start in ISO 8601; null between steps and outside. */
  step: { name: StepName; startedAt: string } | null;
  /** How it ended; null where it has not. */
  exit: SupervisorExit | null;
}

const pollMs = 200;
const ownEndMs = 300;
const minuteMs = 60_000;
const launchesPerMinute = 6;
// When this process launched supervisors, by attempt: the limit holds across several waits for one attempt.
const launchTimesMs = new Map<string, number[]>();
// Supervisors that this process launched, so that one that is still starting up is not taken for dead.
const launched = new Map<string, ChildProcess>();

/**
 * Starts a supervisor for an attempt whose plan.json is written: the spare where there is one. It outlives this process. Throws LabError where
 * the package is not built.
 */
export function launchSupervisor(attemptDir: string, options: LaunchOptions = {}): void {
  const entry = supervisorEntry(options);
  const child =
    useSpare(entry, attemptDir, options.secrets ?? {}) ?? spawnSupervisor(entry, attemptDir, options.secrets ?? {});
  // A failed spawn shows as no living supervisor; whoever waits tries again.
  const forget = (): void => {
    if (launched.get(attemptDir) === child) launched.delete(attemptDir);
  };
  child.once('error', forget);
  child.once('exit', forget);
  child.unref();
  launched.set(attemptDir, child);
}

function spawnSupervisor(entry: string, attemptDir: string, secrets: Record<string, string>): ChildProcess {
  if (!existsSync(entry)) {
    throw new LabError('internal', `cannot start a supervisor: ${entry} is missing`, { hints: ['npm run build'] });
  }
  const { LAB_RUN: _ownRun, ...env } = process.env;
  const log = openSync(attemptPath(attemptDir, 'log'), 'a', 0o644);
  try {
    return spawn(process.execPath, [entry, attemptDir], {
      cwd: '/',
      detached: true,
      env: { ...env, ...secrets },
      stdio: ['ignore', log, log],
    });
  } finally {
    closeSync(log);
  }
}

/**
 * Waits for an attempt's end; `withdrawn` where it was taken back or its folder is gone. Where it has no living supervisor, one is launched to
 * take it over, at most 6 times a minute. Rejects with the signal's reason when it aborts, and with a LabError where supervisors end as fast
 * as they are launched: the run goes on in both cases, and waiting can be tried again.
 */
export async function waitForExit(
  attemptDir: string,
  options: WaitOptions = {},
): Promise<SupervisorExit | 'withdrawn'> {
  let shown = '';
  const watch = createFolderWatch(attemptDir);
  try {
    for (;;) {
      options.signal?.throwIfAborted();
      const view = readAttempt(attemptDir);
      const text = JSON.stringify(view);
      if (text !== shown) options.onChange?.(view);
      shown = text;
      if (view.exit !== null || isWithdrawn(attemptDir)) {
        launchTimesMs.delete(attemptDir);
        return view.exit ?? 'withdrawn';
      }
      if (!(await mayHaveSupervisor(attemptDir))) {
        // It may have written `exit` and ended, or been withdrawn, since we looked; from here to the launch nothing is awaited.
        if (existsSync(attemptPath(attemptDir, 'exit')) || isWithdrawn(attemptDir)) continue;
        relaunch(attemptDir, options);
      }
      await watch.wait(pollMs, options.signal);
    }
  } finally {
    watch.close();
  }
}

/** As `hasSupervisor`; false where the folder vanishes under the question. */
async function mayHaveSupervisor(attemptDir: string): Promise<boolean> {
  try {
    return await hasSupervisor(attemptDir);
  } catch (error) {
    if (existsSync(attemptDir)) throw error;
    return false;
  }
}

function relaunch(attemptDir: string, options: LaunchOptions): void {
  const nowMs = performance.now();
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

/**
 * Ends the supervisors of a withdrawn attempt at once and resolves when none lives. Before that its folder must not be used again: one that
 * was held up could take the next attempt's files for its own. They have started nothing; what they made ready ends with them. Throws LabError
 * (worker) where one does not even end by SIGKILL.
 */
export async function endWithdrawn(attemptDir: string): Promise<void> {
  const listed = (readTextFile(attemptPath(attemptDir, 'supervisors')) ?? '').split('\n').map(parseIdentity);
  const own = launched.get(attemptDir)?.pid;
  const supervisors = [...listed, own === undefined ? null : readIdentity(own)].filter((one) => one !== null);
  const startMs = performance.now();
  for (let isAsked = false; supervisors.some(isAlive); await sleep(5)) {
    const waitedMs = performance.now() - startMs;
    // They see it in their folder and end by themselves, and so in order; one that is held up does not.
    if (!isAsked && waitedMs > ownEndMs) {
      isAsked = true;
      for (const { pid } of supervisors.filter(isAlive)) sendSignal(pid, 'SIGKILL');
    }
    if (waitedMs > 5000) {
      const pids = supervisors.filter(isAlive).map(({ pid }) => pid);
      throw new LabError('worker', `the supervisor of ${attemptDir} does not end (pid ${pids.join(', ')})`);
    }
  }
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
  const started = readStarted(attemptDir);
  const exit = readJsonFile(attemptPath(attemptDir, 'exit')) as SupervisorExit | null;
  const begun = started === 'withdrawn' ? null : started;
  return {
    waitsFor: exit === null && started !== 'withdrawn' ? readWaiting(attemptDir) : [],
    startedAt: begun?.at ?? null,
    devices: begun === null ? null : readTakenDevices(attemptDir, begun),
    isWithdrawn: started === 'withdrawn',
    step: exit === null && started !== 'withdrawn' ? readRunningStep(attemptDir) : null,
    exit,
  };
}

function readWaiting(attemptDir: string): AwaitedDevice[] {
  const waiting = readJsonFile(attemptPath(attemptDir, 'waiting')) as
    | (Partial<WaitingRecord> & { holder?: AwaitedDevice['holder'] })
    | null;
  if (waiting === null) return [];
  // A supervisor from before there could be several devices names the holder only.
  if (waiting.waitsFor === undefined)
    return waiting.holder === undefined
      ? []
      : readPlannedIds(attemptDir).map((device) => ({ device, holder: waiting.holder ?? 'unknown' }));
  return waiting.waitsFor;
}

function readTakenDevices(attemptDir: string, { devices }: StartedRecord): string[] {
  return devices.length > 0 ? devices : readPlannedIds(attemptDir);
}

function readPlannedIds(attemptDir: string): string[] {
  const plan = readJsonFile(attemptPath(attemptDir, 'plan'));
  return plan === null ? [] : parsePlan(plan).devices.map(({ id }) => id);
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
