/**
 * Waiting for devices: takes their locks in the kernel's order, tells in waiting.json who has them meanwhile, gives up when the attempt is
 * withdrawn or killed, and does not mistake the own run's orphans, which hold the locks as well, for a stranger.
 */
import { rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../../src/errors/lab-error.ts';
import type { KernelLock } from '../../src/lab/kernel-lock.ts';
import { reachPoint } from '../../src/lab/named-point.ts';
import { lockDevice, readLastHolder, waitForDeviceLock } from '../device-lock.ts';
import { findMarked } from '../process-tree.ts';
import { attemptPath, writeJsonPlainly } from './attempt-files.ts';
import { createFolderWatch, type FolderWatch } from './folder-watch.ts';
import type { AwaitedDevice, PlannedDevice, PlannedStep, SupervisorPlan, WaitingRecord } from './plan.ts';
import { clearLeftovers } from './run-tree.ts';
import { noteLeftovers } from './score-watch.ts';
import { isWithdrawn } from './started.ts';
import { readKillRequest } from './step-stop.ts';
import { readStepStart } from './step-wrapper.ts';

/** Devices that are held, each with its lock. */
export interface HeldDevices {
  devices: PlannedDevice[];
  /** Descriptors to put into a child's stdio, so that it holds them as well. */
  fds: number[];
  release(): void;
}

/** What came of waiting. `started`: the step turned out to run already, started by a supervisor that has died. */
export type DeviceTurn =
  | { kind: 'locked'; held: HeldDevices }
  | { kind: 'started' }
  | { kind: 'killed' }
  | { kind: 'withdrawn' };

/** Who waits, and for what. */
export interface TurnRequest {
  attemptDir: string;
  plan: SupervisorPlan;
  /** The step that is to run. */
  step: PlannedStep;
  /** What it may have. */
  devices: readonly PlannedDevice[];
  /** True: all of them at once; false: the first that is free. */
  takesAll: boolean;
  /** Whether the run has begun before, so that a step or leftovers of it may hold the devices. */
  isBegun: boolean;
  /** Called when it begins to wait for its only device, with the descriptor on which that will be locked. */
  arm: (fd: number) => void;
  note: (line: string) => void;
}

// A wrapper that a dead supervisor has just spawned writes its pid file within this time, or never.
const orphanPatienceMs = 2000;
const lookMs = 250;

/** Waits until the devices are ours, the step is found running, or somebody wants the run ended or back. */
export async function waitForDevices(request: TurnRequest): Promise<DeviceTurn> {
  const { attemptDir, note } = request;
  const watch = createFolderWatch(attemptDir);
  const askedMs = performance.now();
  const waiting = createWaitingFile(request);
  let wasTold = false;
  try {
    let held: Lock[] = [];
    for (let rounds = 0; ; rounds++) {
      const early = findEarlyEnd(request);
      if (early !== null) {
        releaseAll(held);
        return early;
      }
      const busy = await tryDevices(request, held);
      // Looked at after the locks were tried: a wrapper holds them from its first moment, so one of the two shows it.
      if (request.isBegun && readStepStart(attemptDir, request.step.name) !== null) {
        releaseAll(held);
        return { kind: 'started' };
      }
      if (busy.length === 0) return { kind: 'locked', held: toHeld(held) };
      // Nothing is held while something is waited for, so that two runs that want the same devices never wait for each other.
      releaseAll(held);
      held = [];
      if (!wasTold) reachPoint('staged');
      wasTold = true;
      // Two runs that meet in this way again and again part by chance.
      if (rounds > 1) await sleep(Math.random() * 10 * Math.min(rounds, 10));
      const end = await waitForOne(request, busy, { watch, waiting, askedMs });
      if ('kind' in end) return end;
      held = [end];
    }
  } catch (error) {
    if (isWithdrawn(attemptDir)) return { kind: 'withdrawn' };
    note(`cannot wait for the device: ${messageOf(error)}`);
    throw error;
  } finally {
    watch.close();
    waiting.remove();
  }
}

interface Lock {
  device: PlannedDevice;
  lock: KernelLock;
}

function toHeld(held: readonly Lock[]): HeldDevices {
  return {
    devices: held.map(({ device }) => device),
    fds: held.map(({ lock }) => lock.fd),
    release: () => releaseAll(held),
  };
}

function releaseAll(held: readonly Lock[]): void {
  for (const { lock } of held) lock.release();
}

function findEarlyEnd({ attemptDir, plan }: TurnRequest): DeviceTurn | null {
  if (isWithdrawn(attemptDir)) return { kind: 'withdrawn' };
  return readKillRequest(attemptDir, plan) === null ? null : { kind: 'killed' };
}

/** Tries what is missing without waiting, adding to `held`; gives what was busy, nothing where enough is held. */
async function tryDevices({ plan, devices, takesAll }: TurnRequest, held: Lock[]): Promise<PlannedDevice[]> {
  const busy: PlannedDevice[] = [];
  for (const device of devices) {
    if (!takesAll && held.length > 0) return [];
    if (held.some((one) => one.device === device)) continue;
    const lock = await lockDevice(plan.lockFolder, device.key, plan);
    if (lock === null) busy.push(device);
    else held.push({ device, lock });
  }
  if (!takesAll && held.length > 0) return [];
  held.sort((a, b) => devices.indexOf(a.device) - devices.indexOf(b.device));
  return busy;
}

interface Meanwhile {
  watch: FolderWatch;
  waiting: WaitingFile;
  /** By `performance.now()`. */
  askedMs: number;
}

/** Waits for the first of the busy devices, or for the first of them all where all are wanted, looking at the attempt meanwhile. */
async function waitForOne(
  request: TurnRequest,
  busy: readonly PlannedDevice[],
  { watch, waiting, askedMs }: Meanwhile,
): Promise<Lock | DeviceTurn> {
  const { attemptDir, plan, step, note } = request;
  const first = busy[0];
  const wanted = request.takesAll && first !== undefined ? [first] : busy;
  const giveUp = new AbortController();
  const waits = wanted.map((device) => {
    const onOpen = request.devices.length === 1 && !request.isBegun ? request.arm : undefined;
    const wait = waitForDeviceLock(plan.lockFolder, device.key, plan, giveUp.signal, onOpen);
    return wait.then((lock) => ({ device, lock }));
  });
  waiting.tell(busy);
  let winner: Lock | null = null;
  try {
    for (;;) {
      const got = await Promise.race([...waits, watch.wait(lookMs)]);
      if (got !== 'looked') {
        winner = got;
        return got;
      }
      const early = findEarlyEnd(request);
      if (early !== null) return early;
      waiting.tell(busy);
      // Before it began, nothing of it can live.
      if (!request.isBegun) continue;
      if (readStepStart(attemptDir, step.name) !== null) return { kind: 'started' };
      if (performance.now() - askedMs <= orphanPatienceMs || findMarked(plan.marker).length === 0) continue;
      note('ending leftovers of this run that still hold the device');
      const killed = await clearLeftovers({ marker: plan.marker, wrapperPid: null, sinceStart: null }, note);
      if (step.name === 'score' && killed.length > 0) await noteLeftovers(attemptDir, killed, note);
    }
  } finally {
    giveUp.abort(new Error('enough'));
    // Two can come free in one moment; what was not returned goes back.
    for (const wait of waits)
      wait.then(
        (lock) => {
          if (lock !== winner) lock.lock.release();
        },
        () => undefined,
      );
  }
}

interface WaitingFile {
  /** Writes who has the devices, where that has changed. */
  tell(busy: readonly PlannedDevice[]): void;
  remove(): void;
}

function createWaitingFile({ attemptDir, plan, note }: TurnRequest): WaitingFile {
  const path = attemptPath(attemptDir, 'waiting');
  const since = new Date().toISOString();
  let shown = '';
  return {
    tell(busy) {
      const waitsFor: AwaitedDevice[] = busy.map(({ id, key }) => ({
        device: id,
        holder: readLastHolder(plan.lockFolder, key),
      }));
      const text = JSON.stringify(waitsFor);
      if (text === shown) return;
      shown = text;
      try {
        writeJsonPlainly(path, { schema: 1, waitsFor, since } satisfies WaitingRecord);
      } catch (error) {
        if (!isWithdrawn(attemptDir)) note(`cannot write waiting.json: ${messageOf(error)}`);
      }
    },
    remove: () => rmSync(path, { force: true }),
  };
}
