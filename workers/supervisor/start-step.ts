/**
 * Starting a step: the environment that is known only now, the wrapper's spawn, and what the system may refuse. It does not wait for the step's
 * end, and it asks nobody whether the step may start.
 */
import type { ChildProcess } from 'node:child_process';
import { appendFileSync, existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../../src/errors/lab-error.ts';
import { reachPoint } from '../../src/lab/named-point.ts';
import { readIdentity } from '../process-tree.ts';
import { type ArmedStep, armStep } from './armed-step.ts';
import { isDiskFull, stepPath, writePatiently } from './attempt-files.ts';
import { cardEnvironment } from './card-environment.ts';
import type { HeldDevices } from './device-turn.ts';
import { amdDriver, type PlannedDevice, type PlannedStep, type SupervisorPlan } from './plan.ts';
import type { Begin } from './started.ts';
import { readStepStart, spawnStep, wrapperLostCode } from './step-wrapper.ts';

/** The run whose step is started. */
export interface StartingRun {
  dir: string;
  plan: SupervisorPlan;
  /** Values by name. */
  secrets: NodeJS.ProcessEnv;
  /** What stands ready; taken by the start. */
  armed: ArmedStep | null;
  note: (line: string) => void;
}

/** Makes the run's first step ready on the only device that it may have; null where that is not possible, and it is started later. */
export function armFirstStep(
  run: StartingRun,
  step: PlannedStep,
  devices: readonly PlannedDevice[],
  deviceFd: number,
): ArmedStep | null {
  // A FIFO that is open would take what is sent before the run begins.
  if (run.plan.stdin && step.name === 'train') return null;
  try {
    return armStep(run.dir, step, extraEnvironment(run, devices), deviceFd);
  } catch {
    // The start in the ordinary way meets the same and says so.
    return null;
  }
}

/** Secrets, marker, slot and cards. */
function extraEnvironment({ plan, secrets }: StartingRun, devices: readonly PlannedDevice[]): Record<string, string> {
  const env: Record<string, string> = {};
  for (const name of plan.secretNames) {
    const value = secrets[name];
    if (value !== undefined) env[name] = value;
  }
  const cards = cardEnvironment(devices, existsSync(amdDriver));
  return { ...env, LAB_RUN: plan.marker, LAB_SLOT: slotOf(devices), ...cards };
}

/** Number of the device, of several the first one's: no two jobs that run at once on one class of device have the same. */
function slotOf(devices: readonly PlannedDevice[]): string {
  return /\d+$/.exec(devices[0]?.id ?? '')?.[0] ?? '0';
}

/** Lets go what stands ready, or spawns the step's wrapper until one has made the pid file. The wrapper's end comes boxed: a bare promise would be awaited with the start. */
export async function startStep(
  attempt: StartingRun,
  step: PlannedStep,
  held: HeldDevices,
  begin: Begin | null,
): Promise<{ ended: Promise<void> }> {
  const { dir, plan, note, secrets, armed } = attempt;
  for (const name of plan.secretNames)
    if (secrets[name] === undefined) note(`${step.name}: ${name} is named as a secret and not set`);
  attempt.armed = null;
  if (armed !== null) {
    const hasGone = await writePatiently(`${step.name}.pid`, () => armed.go(), note);
    if (hasGone) {
      const outcome = watchChild(armed.child);
      begin?.sync();
      reachPoint('step-spawned');
      return { ended: outcome.then(() => undefined) };
    }
    note(`${step.name}: what stood ready has ended; it is started anew`);
    armed.drop();
  }
  const extraEnv = extraEnvironment(attempt, held.devices);
  for (;;) {
    const child = await writePatiently(step.log, () => trySpawn(attempt, step, extraEnv, held.fds), note);
    begin?.sync();
    // Node throws some of the system's refusals and reports others as an event; both end here.
    const outcome = child instanceof Error ? Promise.resolve(child) : watchChild(child);
    reachPoint('step-spawned');
    const shown = await Promise.race([outcome.then((end) => end), pidFileShows(dir, step)]);
    if (shown === 'shown' || readStepStart(dir, step.name) !== null) return { ended: outcome.then(() => undefined) };
    if (shown instanceof Error) {
      recordUnstartable(attempt, step, shown);
      return { ended: outcome.then(() => undefined) };
    }
    note(
      `${step.name}: its wrapper could not write ${step.name}.pid (exit code ${shown}, ${wrapperLostCode} is expected on a full disk); trying again`,
    );
    await sleep(1000);
  }
}

function trySpawn(
  { dir, plan }: StartingRun,
  step: PlannedStep,
  env: Record<string, string>,
  deviceFds: readonly number[],
): ChildProcess | Error {
  const hasInput = plan.stdin && step.name === 'train';
  try {
    return spawnStep(dir, step, env, deviceFds, hasInput);
  } catch (error) {
    if (isDiskFull(error) || !(error instanceof Error)) throw error;
    return error;
  }
}

async function pidFileShows(dir: string, step: PlannedStep): Promise<'shown'> {
  while (readStepStart(dir, step.name) === null) await sleep(5);
  return 'shown';
}

/** Resolves to the exit code (null after a signal), or to the error of a spawn that failed. */
function watchChild(child: ChildProcess): Promise<number | null | Error> {
  return new Promise((resolve) => {
    child.once('error', resolve);
    child.once('exit', resolve);
  });
}

/** A step that the system refuses to start (an environment too large, say) failed like a command that cannot be executed. */
function recordUnstartable(attempt: StartingRun, step: PlannedStep, error: Error): void {
  const identity = readIdentity(process.pid);
  appendFileSync(join(attempt.dir, step.log), `nightlab: cannot start the ${step.name} step: ${messageOf(error)}\n`);
  writeFileSync(stepPath(attempt.dir, step.name, 'exit'), '126 end\n');
  writeFileSync(stepPath(attempt.dir, step.name, 'pid'), `${process.pid}\n${identity?.start ?? ''}\nend\n`);
}
