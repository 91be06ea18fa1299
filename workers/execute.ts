/**
 * One attempt of a job from checkout to outcome. Found half-way (the worker was restarted), it attaches to the supervisor that is
 * there; found ended, it only reads. Calling it twice changes nothing. It does not decide or record.
 */
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { attemptFolder } from '../queue/job-store.ts';
import type { LabPaths } from '../src/config/lab-paths.ts';
import type { LabConfig } from '../src/config/schema.ts';
import type { Job } from '../src/domain/job.ts';
import type { Run, RunFate, StepName } from '../src/domain/run.ts';
import { formatLocalTime } from '../src/domain/time.ts';
import { LabError, messageOf } from '../src/errors/lab-error.ts';
import { readJson, writeJsonSynced } from '../src/lab/atomic-write.ts';
import { isDiskFull } from '../src/lab/disk-space.ts';
import { reachPoint } from '../src/lab/named-point.ts';
import { writeProvenance } from '../src/lab/provenance-file.ts';
import type { SandboxProbe } from '../src/sandbox/sandbox.ts';
import { createCheckout, removeCheckout } from './checkout.ts';
import type { DeviceHolder } from './device-lock.ts';
import type { Device } from './device-probe.ts';
import { collectOutputs } from './outputs.ts';
import { type AttemptSetting, planRun } from './plan-run.ts';
import { createPythonFacts, gatherProvenance } from './provenance.ts';
import { readOutcome } from './read-outcome.ts';
import { waitForExit } from './supervisor/launch.ts';
import { checkTampering, readProtectedState } from './tampering.ts';
import { waitForRoom } from './wait-for-room.ts';

/** What the worker needs to run attempts. */
export interface ExecuteContext {
  paths: LabPaths;
  config: LabConfig;
  main: string;
  device: Device;
  sandbox: SandboxProbe;
  /** Values of the job's secret names, as far as they are known. */
  secretsOf(job: Job): Record<string, string>;
}

/** What changes while an attempt runs. */
export interface ExecuteProgress {
  step: StepName | 'start';
  /** ISO 8601, when the device was first held; null before. */
  startedAt: string | null;
  /** Who holds the device while the attempt waits for it; null where it does not wait. */
  waits: string | null;
}

/**
 * Runs or re-attaches to an attempt and returns its outcome. Expected failures are outcomes; system errors (a full disk) are thrown
 * and may be tried again. Aborting leaves the run going.
 */
export async function executeAttempt(
  context: ExecuteContext,
  job: Job,
  attempt: number,
  options: { signal: AbortSignal; tries: number; onProgress(progress: ExecuteProgress): void },
): Promise<Run> {
  const folder = attemptFolder(context.paths.runs, job.number, attempt);
  mkdirSync(folder, { recursive: true });
  const startedAt = formatLocalTime(new Date());
  if (!existsSync(join(folder, 'plan.json')) && !existsSync(join(folder, 'exit'))) {
    const room = await waitForRoom(
      context.paths.runs,
      folder,
      context.config.devices.reserveMb,
      options.signal,
      (waits) => options.onProgress({ step: 'start', startedAt: null, waits }),
    );
    if (room === 'killed') {
      const detail = 'killed on request while it waited for free disk';
      return unstartedRun(context, job, attempt, { kind: 'failed', failure: 'killed', detail }, startedAt);
    }
    const refusal = await prepare(context, job, attempt, folder, options.tries);
    if (refusal !== null) {
      const fate = { kind: 'failed', failure: 'prepare-failed', detail: refusal } as const;
      return unstartedRun(context, job, attempt, fate, startedAt);
    }
  }
  reachPoint('planned');
  let step: StepName | 'start' = 'start';
  // Asked while train runs: not before, because the prepare step may make the environment, and not after, to keep nobody waiting.
  const python = createPythonFacts(context.paths, job, attempt, folder);
  const exit = await waitForExit(folder, {
    signal: options.signal,
    secrets: context.secretsOf(job),
    onChange: (now) => {
      // Between two steps none runs; the one before is still what a person wants to read.
      step = now.step?.name ?? step;
      if (step === 'train' || step === 'score') python.ask();
      options.onProgress({ step, startedAt: now.startedAt, waits: formatHolder(now.waitsFor) });
    },
  }).catch((error: unknown) => {
    python.drop();
    throw error;
  });
  reachPoint('exit-seen');
  if (exit.steps.some(({ name }) => name === 'train')) await python.join();
  const setting = readJson(join(folder, 'setting.json')) as AttemptSetting | null;
  if (setting === null) throw new LabError('internal', `${folder}/setting.json is missing`);
  const tampered = setting.flags.includes('unsandboxed')
    ? await checkTampering(context.paths.root, context.main, folder)
    : [];
  const run = await readOutcome(folder, job, attempt, { ...setting, flags: [...setting.flags, ...tampered] }, exit);
  if (job.here === null) await collectOutputs(context.paths, context.config, job, attempt, folder);
  return run;
}

/** Removes what only the run needed: its checkout and the scorer's folder. Its outcome is safe before; calling it again changes nothing. */
export async function removeTraces(paths: LabPaths, job: number, attempt: number): Promise<void> {
  await removeCheckout(paths, job, attempt);
  rmSync(join(attemptFolder(paths.runs, job, attempt), 'scorer'), { recursive: true, force: true });
}

/** How often preparing is tried where the system and not the commit stands in the way; a full disk is waited for without end. */
const maxPrepareTries = 5;

/** Makes checkout and plan; the message of what refuses them, or null. The plan is written last: with it, the attempt counts as planned. */
async function prepare(
  context: ExecuteContext,
  job: Job,
  attempt: number,
  folder: string,
  tries: number,
): Promise<string | null> {
  const { paths, config, main } = context;
  const provenance = gatherProvenance(context, job).then((facts) => writeProvenance(folder, facts));
  // Gathered beside the checkout; whether it failed is asked below.
  provenance.catch(() => undefined);
  try {
    const checkout = job.here === null ? await createCheckout(paths, config, main, job, attempt) : null;
    const { plan, setting } = await planRun({ ...context, job, attempt, folder, checkout });
    if (setting.flags.includes('unsandboxed'))
      await writeJsonSynced(join(folder, 'protected.json'), await readProtectedState(paths.root, main));
    await writeJsonSynced(join(folder, 'setting.json'), setting);
    await provenance;
    await writeJsonSynced(join(folder, 'plan.json'), plan);
    return null;
  } catch (error) {
    await Promise.allSettled([provenance]);
    if (!(error instanceof LabError)) throw error;
    const isRefusal = error.kind === 'refused' || error.kind === 'config';
    if (!isRefusal && (tries < maxPrepareTries || isDiskFull(paths.root))) throw error;
    const causes = error.cause === undefined ? [] : [messageOf(error.cause)];
    return [error.message, ...causes, ...error.hints.map((hint) => `hint: ${hint}`)].join('; ');
  }
}

/** Who holds the device that a run waits for, as one line. */
function formatHolder(holder: DeviceHolder | 'unknown' | null): string | null {
  if (holder === null) return null;
  return holder === 'unknown'
    ? 'the device is held by another process'
    : `the device is held by job ${holder.job} of ${holder.lab}`;
}

function unstartedRun(context: ExecuteContext, job: Job, attempt: number, fate: RunFate, startedAt: string): Run {
  const { id, class: deviceClass, model } = context.device;
  return {
    schema: 1,
    job: job.number,
    attempt,
    fate,
    metric: null,
    measuredBy: context.config.metric,
    metrics: {},
    steps: [],
    trainSeconds: null,
    peakMemoryMib: null,
    memorySource: 'none',
    device: { id, class: deviceClass, model },
    flags: [],
    track: job.track,
    startedAt,
    endedAt: formatLocalTime(new Date()),
  };
}
