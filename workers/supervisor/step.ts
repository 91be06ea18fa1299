/**
 * Watches one running step until it has ended: its limits, kill requests, pauses, samples of memory. It works the same on a step that
 * this supervisor started and on one that it adopted from a dead supervisor.
 */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { StepResult } from '../../src/domain/run.ts';
import { isAlive, type ProcessIdentity } from '../process-tree.ts';
import { attemptPath, readChangeTimeMs } from './attempt-files.ts';
import { nextLookMs, readLogBytes } from './log-limit.ts';
import type { MemorySampler } from './memory-sampler.ts';
import { createPauseWatch } from './pause.ts';
import type { PlannedStep, StopReason, SupervisorPlan } from './plan.ts';
import { askToEnd, killRunProcesses, listRunProcesses } from './run-tree.ts';
import { decideStop, isLogFlooded, keepStop, readStepStop } from './step-stop.ts';
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

// Reading /proc costs nothing; elsewhere each look starts `ps`.
const pollMs = process.platform === 'linux' ? 100 : 400;

/** Waits for the step to end, ending it where the plan or a request says so, and stopping it while a pause is asked for. */
export async function watchStep(watched: WatchedStep): Promise<StepEnd> {
  const { attemptDir, plan, step, identity, startedAtMs, sampler, note } = watched;
  const run = { wrapperPid: identity.pid, marker: plan.marker, note };
  const pauses = createPauseWatch(attemptDir, step.name, run);
  const logPath = join(attemptDir, step.log);
  let stop = readStepStop(attemptDir, step);
  // What an earlier supervisor decided it may not have lived to send.
  if (stop !== null) askToEnd(identity.pid, plan.marker);
  sampler.beginStep();
  let signalled = stop !== null;
  let last = { atMs: Date.now(), logBytes: step.maxLogBytes === null ? 0 : readLogBytes(logPath) };
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
    const logBytes = step.maxLogBytes === null ? 0 : readLogBytes(logPath);
    const { pausedMs } = pauses;
    stop = decideStop(stop, { attemptDir, plan, step, startedAtMs, nowMs, logBytes, pausedMs });
    if (stop !== null && !signalled) {
      signalled = true;
      keepStop(attemptDir, step, stop, note);
      note(`${step.name}: ${stop.reason}, SIGTERM, then SIGKILL after ${stop.graceSeconds} s`);
      askToEnd(identity.pid, plan.marker);
    }
    // After SIGTERM, so that a paused step that goes on for its end meets the signal first.
    pauses.look(nowMs, stop === null);
    if (stop !== null && (nowMs >= stop.atMs + stop.graceSeconds * 1000 || isLogFlooded(step, logBytes)))
      killRunProcesses(identity.pid, plan.marker);
    if (!pauses.isPaused()) sampler.sample(() => listRunProcesses(identity.pid, plan.marker).map((info) => info.pid));

    const leftBytes = (step.maxLogBytes ?? 0) * (stop === null ? 1 : 2) - logBytes;
    const pause = sleep(nextLookMs(pollMs, leftBytes, logBytes - last.logBytes, nowMs - last.atMs));
    last = { atMs: nowMs, logBytes };
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
