/**
 * Why and when the lab ends a step: kill requests, wall limit, time without output, size of the log. It decides and keeps the decision; the
 * signals are sent by step.ts.
 */
import { errnoOf, messageOf } from '../../src/errors/lab-error.ts';
import { attemptPath, readTextFile, stepPath, writeJsonSafely } from './attempt-files.ts';
import type { PlannedStep, StopReason, SupervisorPlan } from './plan.ts';

/** A decision to end a step, kept on disk so that a takeover carries it out. */
export interface StepStop {
  reason: StopReason;
  /** Milliseconds since 1970, by the step's own clock. */
  atMs: number;
  graceSeconds: number;
}

/** What is known of a step when it is decided about. */
export interface StepSight {
  attemptDir: string;
  plan: SupervisorPlan;
  step: PlannedStep;
  startedAtMs: number;
  /** By the step's own clock. */
  nowMs: number;
  /** When output was last seen, by the same clock. */
  lastOutputMs: number;
  logBytes: number;
  /** Milliseconds of standing still since a moment. */
  pausedMs(fromMs: number, nowMs: number): number;
}

const reasons: readonly StopReason[] = ['timeout', 'killed', 'idle', 'log-limit'];

/** The decision now, given the one before; null where the step goes on. */
export function decideStop(stop: StepStop | null, sight: StepSight): StepStop | null {
  const { attemptDir, plan, nowMs } = sight;
  const killGrace = readKillRequest(attemptDir, plan);
  if (stop === null) {
    if (killGrace !== null) return { reason: 'killed', atMs: nowMs, graceSeconds: killGrace };
    const reason = findMetLimit(sight);
    return reason === null ? null : { reason, atMs: nowMs, graceSeconds: plan.graceSeconds };
  }
  // A second, more impatient request shortens the grace; none lengthens it.
  return killGrace !== null && killGrace < stop.graceSeconds ? { ...stop, graceSeconds: killGrace } : stop;
}

function findMetLimit({ step, startedAtMs, nowMs, lastOutputMs, logBytes, pausedMs }: StepSight): StopReason | null {
  const passedMs = (fromMs: number): number => nowMs - fromMs - pausedMs(fromMs, nowMs);
  if (step.maxLogBytes !== null && logBytes > step.maxLogBytes) return 'log-limit';
  if (step.wallSeconds !== null && passedMs(startedAtMs) >= step.wallSeconds * 1000) return 'timeout';
  if (step.idleSeconds === null) return null;
  return passedMs(lastOutputMs) >= step.idleSeconds * 1000 ? 'idle' : null;
}

/** Whether a step that is being ended writes so much that its grace must not be waited for: twice the limit. Pure. */
export function isLogFlooded(step: PlannedStep, logBytes: number): boolean {
  return step.maxLogBytes !== null && logBytes > 2 * step.maxLogBytes;
}

/** Which limit ended a step, in words; null for a reason that has no limit of this kind. Pure. */
export function describeLimit(step: PlannedStep | undefined, reason: string): string | null {
  if (step === undefined) return null;
  if (reason === 'idle') return `${step.name} printed nothing for ${step.idleSeconds} s, its limit of idle time`;
  if (reason !== 'log-limit') return null;
  return `the log of ${step.name} grew over its limit of ${(step.maxLogBytes ?? 0) / 1e6} MB`;
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
  const known = reasons.find((one) => one === reason);
  if (known === undefined || typeof atMs !== 'number' || typeof graceSeconds !== 'number') return null;
  return { reason: known, atMs, graceSeconds };
}

/** Keeps the decision, before anything is signalled; where it cannot be written, `note` is told. */
export function keepStop(attemptDir: string, step: PlannedStep, stop: StepStop, note: (line: string) => void): void {
  try {
    writeJsonSafely(stepPath(attemptDir, step.name, 'stop'), stop);
  } catch (error) {
    // The step has to end all the same; only a takeover in this very moment would not know why.
    note(`cannot keep the reason for ending ${step.name}: ${errnoOf(error) ?? ''} ${messageOf(error)}`);
  }
}
