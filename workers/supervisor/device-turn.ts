/**
 * Waiting for the device: takes its lock, tells in waiting.json who has it meanwhile, and does not mistake the own run's
 * orphans, which hold the lock as well, for a stranger.
 */
import { rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../../src/errors/lab-error.ts';
import type { KernelLock } from '../../src/lab/kernel-lock.ts';
import { type DeviceHolder, lockDevice, readDeviceHolder } from '../device-lock.ts';
import { findMarked } from '../process-tree.ts';
import { attemptPath, writeJsonSafely } from './attempt-files.ts';
import type { PlannedStep, SupervisorPlan, WaitingRecord } from './plan.ts';
import { clearLeftovers } from './run-tree.ts';
import { noteLeftovers } from './score-watch.ts';
import { readKillRequest } from './step-stop.ts';
import { readStepStart } from './step-wrapper.ts';

/** What came of waiting. `started`: the step turned out to run already, started by a supervisor that has died. */
export type DeviceTurn = { kind: 'locked'; lock: KernelLock } | { kind: 'started' } | { kind: 'killed' };

// A wrapper that a dead supervisor has just spawned writes its pid file within this time, or never.
const orphanPatienceMs = 2000;

/** Waits until the device is ours, the step is found running, or somebody asks for the run's end. */
export async function waitForDevice(
  attemptDir: string,
  plan: SupervisorPlan,
  step: PlannedStep,
  note: (line: string) => void,
): Promise<DeviceTurn> {
  const { folder, key } = plan.deviceLock;
  const waitingPath = attemptPath(attemptDir, 'waiting');
  const sinceMs = Date.now();
  let shown = '';
  let pauseMs = 10;
  try {
    for (;;) {
      if (readKillRequest(attemptDir, plan) !== null) return { kind: 'killed' };
      const lock = await lockDevice(folder, key, { lab: plan.lab, job: plan.job });
      // Looked at after the lock was tried: a wrapper holds it from its first moment, so one of the two shows it.
      if (readStepStart(attemptDir, step.name) !== null) {
        lock?.release();
        return { kind: 'started' };
      }
      if (lock !== null) return { kind: 'locked', lock };
      if (Date.now() - sinceMs > orphanPatienceMs && findMarked(plan.marker).length > 0) {
        note('ending leftovers of this run that still hold the device');
        const killed = await clearLeftovers(plan.marker, null, note);
        if (step.name === 'score' && killed.length > 0) await noteLeftovers(attemptDir, killed, note);
      }
      const holder = await readDeviceHolder(folder, key);
      if (holder !== null && JSON.stringify(holder) !== shown) {
        shown = JSON.stringify(holder);
        tellWaiting(waitingPath, holder, sinceMs, note);
      }
      await sleep(pauseMs);
      pauseMs = Math.min(250, pauseMs * 2);
    }
  } finally {
    rmSync(waitingPath, { force: true });
  }
}

function tellWaiting(
  path: string,
  holder: DeviceHolder | 'unknown',
  sinceMs: number,
  note: (line: string) => void,
): void {
  const record: WaitingRecord = { schema: 1, holder, since: new Date(sinceMs).toISOString() };
  try {
    writeJsonSafely(path, record);
  } catch (error) {
    note(`cannot write waiting.json: ${messageOf(error)}`);
  }
}
