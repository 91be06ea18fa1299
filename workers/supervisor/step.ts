/**
 * Watches one running step until it has ended: its limits, kill requests, pauses, samples of memory. It works the same on a step that
 * this supervisor started and on one that it adopted from a dead supervisor.
 */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { StepResult } from '../../src/domain/run.ts';
import { reachPoint } from '../../src/lab/named-point.ts';
import { isAlive } from '../process-tree.ts';
import { askToEnd } from './ask-end.ts';
import { attemptPath, readChangeTimeMs } from './attempt-files.ts';
import { nextLookMs, readLogBytes } from './log-limit.ts';
import type { MemorySampler } from './memory-sampler.ts';
import { createPauseWatch } from './pause.ts';
import type { PlannedStep, StopReason, SupervisorPlan } from './plan.ts';
import { chooseEndMs, createRunClock, isTimeTrue, type StepBegin } from './run-clock.ts';
import { killRunProcesses, listRunProcesses } from './run-tree.ts';
import { decideStop, isLogFlooded, keepStop, readStepStop } from './step-stop.ts';
import { readStepExit, stepResultOf } from './step-wrapper.ts';

/** A step to watch. */
export interface WatchedStep extends StepBegin {
  attemptDir: string;
  plan: SupervisorPlan;
  step: PlannedStep;
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
  const clock = createRunClock(watched);
  let stop = readStepStop(attemptDir, step);
  // What an earlier supervisor decided it may not have lived to send.
  let held = stop === null ? null : askToEnd(identity.pid, plan.marker);
  sampler.beginStep();
  let signalled = stop !== null;
  // The log's time is the machine's, which may have been set: what counts is that it changes, and when we see it.
  let changed = readChangeTimeMs(logPath);
  let lastOutputMs = clock();
  if (isTimeTrue(clock)) lastOutputMs = Math.min(lastOutputMs, Math.max(startedAtMs, changed ?? 0));
  let last = { atMs: startedAtMs, logBytes: step.maxLogBytes === null ? 0 : readLogBytes(logPath) };
  for (;;) {
    const alive = isAlive(identity);
    const nowMs = clock();
    // Read after the look at the process: a wrapper that is gone has written its code before.
    const exit = readStepExit(attemptDir, step.name);
    if (exit !== null) {
      return {
        result: stepResultOf(step.name, exit.code, startedAtMs, chooseEndMs(exit.endedAtMs, last.atMs, nowMs)),
        stop: stop?.reason ?? null,
        lost: false,
      };
    }
    if (!alive) {
      const result = lostStepResult(attemptDir, step, startedAtMs, { aliveMs: last.atMs, nowMs });
      return { result, stop: stop?.reason ?? null, lost: true };
    }

    const change = step.idleSeconds === null ? changed : readChangeTimeMs(logPath);
    if (change !== changed) lastOutputMs = nowMs;
    changed = change;
    const logBytes = step.maxLogBytes === null ? 0 : readLogBytes(logPath);
    const { pausedMs } = pauses;
    stop = decideStop(stop, { attemptDir, plan, step, startedAtMs, nowMs, lastOutputMs, logBytes, pausedMs });
    if (stop !== null && !signalled) {
      signalled = true;
      keepStop(attemptDir, step, stop, note);
      reachPoint('stop-kept');
      note(`${step.name}: ${stop.reason}, SIGTERM, then SIGKILL after ${stop.graceSeconds} s`);
      held = askToEnd(identity.pid, plan.marker);
    }
    // After SIGTERM, so that a paused step that goes on for its end meets the signal first.
    const wasPaused = pauses.isPaused();
    pauses.look(nowMs, stop === null);
    // What let the step go on let its shells go on, too.
    if (stop !== null && wasPaused) held = askToEnd(identity.pid, plan.marker, held);
    const isPatienceOver = stop !== null && nowMs >= stop.atMs + stop.graceSeconds * 1000;
    if (isPatienceOver || (stop !== null && isLogFlooded(step, logBytes))) killRunProcesses(identity.pid, plan.marker);
    else held?.endIfAlone();
    if (!pauses.isPaused())
      sampler.sample(() => listRunProcesses(identity.pid, plan.marker, identity.start).map((info) => info.pid));

    const leftBytes = (step.maxLogBytes ?? 0) * (stop === null ? 1 : 2) - logBytes;
    const pause = sleep(nextLookMs(pollMs, leftBytes, logBytes - last.logBytes, nowMs - last.atMs));
    last = { atMs: nowMs, logBytes };
    await (watched.ended === null ? pause : Promise.race([pause, watched.ended]));
  }
}

/**
 * Result of a step that left no exit code: its last sign of life, in log or samples, is taken as its end. `seen`: when it was last seen alive
 * and first seen gone, by its clock; null where it was never looked at.
 */
export function lostStepResult(
  attemptDir: string,
  step: PlannedStep,
  startedAtMs: number,
  seen: { aliveMs: number; nowMs: number } | null,
): StepResult {
  const signs = [`${attemptDir}/${step.log}`, attemptPath(attemptDir, 'samples')].map(
    (path) => readChangeTimeMs(path) ?? 0,
  );
  const endMs = Math.min(seen?.nowMs ?? Number.POSITIVE_INFINITY, Math.max(seen?.aliveMs ?? startedAtMs, ...signs));
  return { name: step.name, exitCode: null, signal: null, seconds: Math.max(0, endMs - startedAtMs) / 1000 };
}
