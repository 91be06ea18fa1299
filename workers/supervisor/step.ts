/**
 * Watches one running step until it has ended: wall limit, kill requests, samples of memory. It works the same on a step that
 * this supervisor started and on one that it adopted from a dead supervisor.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { StepResult } from '../../src/domain/run.ts';
import { errnoOf, messageOf } from '../../src/errors/lab-error.ts';
import { isAlive, type ProcessIdentity } from '../process-tree.ts';
import { attemptPath, readChangeTimeMs, readTextFile, stepPath, writeJsonSafely } from './attempt-files.ts';
import type { MemorySampler } from './memory-sampler.ts';
import type { PlannedStep, StopReason, SupervisorPlan } from './plan.ts';
import { askToEnd, killRunProcesses, listRunProcesses } from './run-tree.ts';
import { readStepExit, stepResultOf } from './step-wrapper.ts';

/** A step to watch. */
export interface WatchedStep {
  attemptDir: string;
  plan: SupervisorPlan;
  step: PlannedStep;
  identity: ProcessIdentity;
  startedAtMs: number;
  sampler: MemorySampler;
  /** Resolves when the wrapper is known to have ended; null for an adopted step, which is polled. */
  ended: Promise<void> | null;
  note: (line: string) => void;
}

/** How a step ended. */
export interface StepEnd {
  result: StepResult;
  /** Why the lab ended it; null where it ended by itself. */
  stop: StopReason | null;
  /** True where its wrapper vanished without an exit code. */
  lost: boolean;
}

/** A decision to end a step, kept on disk so that a takeover carries it out. */
export interface StepStop {
  reason: StopReason;
  /** Milliseconds since 1970. */
  atMs: number;
  graceSeconds: number;
}

// Reading /proc costs nothing; elsewhere each look starts `ps`.
const pollMs = process.platform === 'linux' ? 100 : 400;

/** Waits for the step to end, ending it where the plan or a request says so. */
export async function watchStep(watched: WatchedStep): Promise<StepEnd> {
  const { attemptDir, plan, step, identity, startedAtMs, sampler, note } = watched;
  let stop = readStepStop(attemptDir, step);
  // What an earlier supervisor decided it may not have lived to send.
  if (stop !== null) askToEnd(identity.pid, plan.marker);
  sampler.beginStep();
  let signalled = stop !== null;
  for (;;) {
    const alive = isAlive(identity);
    // Read after the look at the process: a wrapper that is gone has written its code before.
    const exit = readStepExit(attemptDir, step.name);
    if (exit !== null) {
      return {
        result: stepResultOf(step.name, exit.code, startedAtMs, exit.endedAtMs),
        stop: stop?.reason ?? null,
        lost: false,
      };
    }
    if (!alive)
      return { result: lostStepResult(attemptDir, step, startedAtMs), stop: stop?.reason ?? null, lost: true };

    const nowMs = Date.now();
    stop = decideStop(stop, watched, nowMs);
    if (stop !== null) {
      if (!signalled) {
        signalled = true;
        keepStop(attemptDir, step, stop, note);
        note(`${step.name}: ${stop.reason}, SIGTERM, then SIGKILL after ${stop.graceSeconds} s`);
        askToEnd(identity.pid, plan.marker);
      }
      if (nowMs >= stop.atMs + stop.graceSeconds * 1000) killRunProcesses(identity.pid, plan.marker);
    }
    sampler.sample(() => listRunProcesses(identity.pid, plan.marker).map((info) => info.pid));
    const pause = sleep(pollMs);
    await (watched.ended === null ? pause : Promise.race([pause, watched.ended]));
  }
}

/** Result of a step that left no exit code: its last sign of life, in log or samples, is taken as its end. */
export function lostStepResult(attemptDir: string, step: PlannedStep, startedAtMs: number): StepResult {
  const signs = [`${attemptDir}/${step.log}`, attemptPath(attemptDir, 'samples')].map(
    (path) => readChangeTimeMs(path) ?? 0,
  );
  return {
    name: step.name,
    exitCode: null,
    signal: null,
    seconds: Math.max(0, ...signs.map((ms) => ms - startedAtMs)) / 1000,
  };
}

/** A kill request in the attempt's folder, as its grace in seconds; null where there is none. A broken one counts, with the plan's grace. */
export function readKillRequest(attemptDir: string, plan: SupervisorPlan): number | null {
  const text = readTextFile(attemptPath(attemptDir, 'kill'));
  if (text === null) return null;
  try {
    const grace = (JSON.parse(text) as { graceSeconds?: unknown } | null)?.graceSeconds;
    return typeof grace === 'number' && grace >= 0 ? grace : plan.graceSeconds;
  } catch {
    // On a full disk the request is an empty file.
    return plan.graceSeconds;
  }
}

/** The decision to end a step that was kept on disk; null where there is none. */
export function readStepStop(attemptDir: string, step: PlannedStep): StepStop | null {
  const text = readTextFile(stepPath(attemptDir, step.name, 'stop'));
  if (text === null) return null;
  const { reason, atMs, graceSeconds } = JSON.parse(text) as Partial<Record<keyof StepStop, unknown>>;
  if ((reason !== 'timeout' && reason !== 'killed') || typeof atMs !== 'number' || typeof graceSeconds !== 'number')
    return null;
  return { reason, atMs, graceSeconds };
}

function decideStop(stop: StepStop | null, watched: WatchedStep, nowMs: number): StepStop | null {
  const { attemptDir, plan, step, startedAtMs } = watched;
  const killGrace = readKillRequest(attemptDir, plan);
  if (stop === null) {
    if (killGrace !== null) return { reason: 'killed', atMs: nowMs, graceSeconds: killGrace };
    const late = step.wallSeconds !== null && nowMs - startedAtMs >= step.wallSeconds * 1000;
    return late ? { reason: 'timeout', atMs: nowMs, graceSeconds: plan.graceSeconds } : null;
  }
  // A second, more impatient request shortens the grace; none lengthens it.
  return killGrace !== null && killGrace < stop.graceSeconds ? { ...stop, graceSeconds: killGrace } : stop;
}

function keepStop(attemptDir: string, step: PlannedStep, stop: StepStop, note: (line: string) => void): void {
  try {
    writeJsonSafely(stepPath(attemptDir, step.name, 'stop'), stop);
  } catch (error) {
    // The step has to end all the same; only a takeover in this very moment would not know why.
    note(`cannot keep the reason for ending ${step.name}: ${errnoOf(error) ?? ''} ${messageOf(error)}`);
  }
}
