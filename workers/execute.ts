/**
 * One attempt of a job from checkout to outcome. It is made ready while its device may still be busy, and can be taken back until it begins.
 * Found half-way (the worker was restarted), it attaches to the supervisor that is there; found ended, it only reads. Calling it twice
 * changes nothing. It does not decide or record.
 */
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { attemptFolder } from '../queue/job-store.ts';
import type { LabPaths } from '../src/config/lab-paths.ts';
import type { LabConfig } from '../src/config/schema.ts';
import type { Job } from '../src/domain/job.ts';
import type { Run, StepName } from '../src/domain/run.ts';
import { formatLocalTime } from '../src/domain/time.ts';
import { LabError, messageOf } from '../src/errors/lab-error.ts';
import { readJson, writeJsonSynced } from '../src/lab/atomic-write.ts';
import { isDiskFull } from '../src/lab/disk-space.ts';
import { reachPoint } from '../src/lab/named-point.ts';
import { readProvenance, writeProvenance } from '../src/lab/provenance-file.ts';
import type { SandboxProbe } from '../src/sandbox/sandbox.ts';
import { createCheckout, removeCheckout } from './checkout.ts';
import type { Device } from './device-probe.ts';
import { collectOutputs } from './outputs.ts';
import { type AttemptSetting, planRun } from './plan-run.ts';
import { createPythonFacts, gatherProvenance } from './provenance.ts';
import { readOutcome } from './read-outcome.ts';
import { waitForExit } from './supervisor/launch.ts';
import type { AwaitedDevice } from './supervisor/plan.ts';
import { clearLeftovers } from './supervisor/run-tree.ts';
import { checkTampering, readProtectedState } from './tampering.ts';
import { writeGuard } from './tip-guard.ts';

/** What the worker needs to run attempts. */
export interface ExecuteContext {
  paths: LabPaths;
  config: LabConfig;
  main: string;
  sandbox: SandboxProbe;
  /** Values of the job's secret names, as far as they are known. */
  secretsOf(job: Job): Record<string, string>;
}

/** How an attempt is run. */
export interface ExecuteOptions {
  /** The job's group: its runs are told. */
  group: string;
  /** What it may run on, all of one class. */
  devices: Device[];
  /** How many of them it takes: all, or 1, whichever is free first. */
  deviceCount: number;
  /** How main's ref looked when the attempt was last found good to run (ref-stamp.ts). */
  tipStamp(): string;
  /** Ends the waiting, never the run. */
  signal: AbortSignal;
  /** Aborts when the attempt is taken back; its file `started` says so then. */
  withdrawn: AbortSignal;
  tries: number;
  /** Called while it waits for its device: who else has which, by device, as the end of a sentence. */
  onWait(holders: ReadonlyMap<string, string>): void;
  /** Called when it has begun, and whenever another step runs. */
  onProgress(step: StepName | 'start'): void;
}

/**
 * Runs or re-attaches to an attempt and returns its outcome; `withdrawn` where it was taken back, and nothing of it ran. Expected failures are
 * outcomes; system errors (a full disk) are thrown and may be tried again. Aborting leaves the run going.
 */
export async function executeAttempt(
  context: ExecuteContext,
  job: Job,
  attempt: number,
  options: ExecuteOptions,
): Promise<Run | 'withdrawn'> {
  if (options.withdrawn.aborted) return 'withdrawn';
  const folder = attemptFolder(context.paths.runs, job.number, attempt);
  mkdirSync(folder, { recursive: true });
  const startedAt = formatLocalTime(new Date());
  if (!existsSync(join(folder, 'plan.json')) && !existsSync(join(folder, 'exit'))) {
    const refusal = await prepare(context, job, attempt, folder, options);
    if (options.withdrawn.aborted) return 'withdrawn';
    if (refusal !== null) return unstartedRun(context, job, attempt, options.devices, refusal, startedAt);
  }
  reachPoint('planned');
  // One that is taken back later has the file `started`, which is looked for right before a supervisor is launched.
  if (options.withdrawn.aborted) return 'withdrawn';
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
      if (now.startedAt !== null) options.onProgress(step);
      else options.onWait(listHolders(now.waitsFor, context.paths.root));
    },
  }).catch((error: unknown) => {
    python.drop();
    throw error;
  });
  if (exit === 'withdrawn') {
    python.drop();
    return 'withdrawn';
  }
  reachPoint('exit-seen');
  if (exit.steps.some(({ name }) => name === 'train')) await python.join();
  const setting = readJson(join(folder, 'setting.json')) as AttemptSetting | null;
  if (setting === null) throw new LabError('internal', `${folder}/setting.json is missing`);
  const tampered = setting.flags.includes('unsandboxed')
    ? await checkTampering(context.paths.root, context.main, folder)
    : [];
  const run = await readOutcome(folder, job, attempt, { ...setting, flags: [...setting.flags, ...tampered] }, exit);
  if (job.here === null) await collectOutputs(context.paths, context.config, job, attempt, folder);
  await noteTakenDevices(folder, options.devices, run);
  return run;
}

/** Removes what only the run needed: its checkout and the scorer's folder. Its outcome is safe before; calling it again changes nothing. */
export async function removeTraces(paths: LabPaths, job: number, attempt: number): Promise<void> {
  await removeCheckout(paths, job, attempt);
  rmSync(join(attemptFolder(paths.runs, job, attempt), 'scorer'), { recursive: true, force: true });
}

/** Deletes the folder of an attempt of which nothing ran. It is moved away first: half of it would be taken for an attempt that is ready. */
export function clearAttempt(paths: LabPaths, job: number, attempt: number): void {
  const folder = attemptFolder(paths.runs, job, attempt);
  if (!existsSync(folder)) return;
  mkdirSync(paths.trees, { recursive: true });
  const aside = join(paths.trees, `${job}.${attempt}.${process.pid}-${Date.now()}${withdrawnEnding}`);
  renameSync(folder, aside);
  // A supervisor that is about to notice may still make a file in it.
  rmSync(aside, { recursive: true, force: true, maxRetries: 5, retryDelay: 20 });
}

/** What the name of a withdrawn attempt's folder in `.lab/trees` ends with while it is deleted. */
export const withdrawnEnding = '.withdrawn';

/** How often preparing is tried where the system and not the commit stands in the way; a full disk is waited for without end. */
const maxPrepareTries = 5;

/** Makes checkout and plan; the message of what refuses them, or null. The plan is written last: with it, the attempt counts as planned. */
async function prepare(
  context: ExecuteContext,
  job: Job,
  attempt: number,
  folder: string,
  { devices, deviceCount, group, tipStamp, tries }: ExecuteOptions,
): Promise<string | null> {
  const { paths, config, main } = context;
  const [device] = devices;
  if (device === undefined) throw new LabError('internal', `job ${job.number} was handed out without a device`);
  const provenance = gatherProvenance({ ...context, device }, job).then((facts) => writeProvenance(folder, facts));
  // Gathered beside the checkout; whether it failed is asked below.
  provenance.catch(() => undefined);
  // Without a sandbox only a look before and after the run tells whether it changed what it must not.
  const unguarded = context.sandbox.kind === 'none' || job.here !== null ? readProtectedState(paths.root, main) : null;
  unguarded?.catch(() => undefined);
  try {
    const checkout = job.here === null ? await createCheckout(paths, config, main, job, attempt) : null;
    const input = { ...context, devices, deviceCount, job, attempt, group, folder, checkout };
    const { plan, setting } = await planRun(input);
    if (setting.flags.includes('unsandboxed'))
      await writeJsonSynced(join(folder, 'protected.json'), await (unguarded ?? readProtectedState(paths.root, main)));
    await writeJsonSynced(join(folder, 'setting.json'), setting);
    await provenance;
    writeGuard(folder, paths.root, main, tipStamp());
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

/** Brings the device in the provenance to what the run took: it was made ready for several, and several may be taken at once. */
async function noteTakenDevices(folder: string, devices: readonly Device[], run: Run): Promise<void> {
  const taken = devices.filter(({ id }) => run.device.id.split('+').includes(id));
  const provenance = readProvenance(folder);
  if (provenance === null || taken.length === 0 || provenance.device.id === run.device.id) return;
  const uuids = taken.flatMap(({ uuid }) => uuid ?? []);
  const device = {
    id: run.device.id,
    model: run.device.model,
    driver: taken[0]?.driver ?? null,
    uuid: uuids.length === 0 ? null : uuids.join('+'),
  };
  await writeProvenance(folder, { ...provenance, device });
}

/** An attempt whose folder vanished while it ran: ends what is left of it, and says so. */
export async function endLostAttempt(
  context: ExecuteContext,
  job: Job,
  attempt: number,
  devices: readonly Device[],
  note: (line: string) => void,
): Promise<Run> {
  const mark = { marker: `${context.paths.id}/${job.number}.${attempt}`, wrapperPid: null, sinceStart: null };
  await clearLeftovers(mark, note);
  const run = unstartedRun(context, job, attempt, devices, '', formatLocalTime(new Date()));
  const detail = 'its run folder vanished while it ran';
  return { ...run, fate: { kind: 'failed', failure: 'interrupted', detail } };
}

/** Who else holds the devices that a run waits for; jobs of its own lab are in their turn and not named. */
function listHolders(waitsFor: readonly AwaitedDevice[], root: string): Map<string, string> {
  const holders = new Map<string, string>();
  for (const { device, holder } of waitsFor) {
    if (holder === 'unknown') holders.set(device, 'another process');
    else if (holder.lab !== root) holders.set(device, `job ${holder.job} of ${holder.lab}`);
  }
  return holders;
}

function unstartedRun(
  context: ExecuteContext,
  job: Job,
  attempt: number,
  devices: readonly Device[],
  detail: string,
  startedAt: string,
): Run {
  const [device] = devices;
  return {
    schema: 1,
    job: job.number,
    attempt,
    fate: { kind: 'failed', failure: 'prepare-failed', detail },
    metric: null,
    measuredBy: context.config.metric,
    metrics: {},
    steps: [],
    trainSeconds: null,
    peakMemoryMib: null,
    memorySource: 'none',
    device: { id: device?.id ?? job.device, class: job.device, model: device?.model ?? '' },
    flags: [],
    track: job.track,
    startedAt,
    endedAt: formatLocalTime(new Date()),
  };
}
