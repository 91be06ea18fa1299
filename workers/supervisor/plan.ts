/**
 * What passes between worker and supervisor through the attempt's folder: the plan, and what is known while it runs and after.
 * Parsed by hand: the supervisor starts once per run and a schema library would double its start-up time.
 */
import { existsSync } from 'node:fs';
import type { DeviceClass, MemorySource, StepName, StepResult } from '../../src/domain/run.ts';
import { LabError } from '../../src/errors/lab-error.ts';
import type { DeviceHolder } from '../device-lock.ts';
import type { ProcessIdentity } from '../process-tree.ts';

/** All steps in their order. */
export const stepNames: readonly StepName[] = ['prepare', 'train', 'score'];

/** One command of the run. */
export interface PlannedStep {
  name: StepName;
  /** The complete command line, sandbox included. The first word is a program, never a shell builtin. */
  argv: string[];
  /** Absolute folder to start in. */
  cwd: string;
  /** The complete environment, but for secrets, LAB_RUN, LAB_SLOT and what card-environment.ts adds. */
  env: Record<string, string>;
  /** Name of the log file in the attempt's folder; stdout and stderr are appended to it. */
  log: string;
  /** Wall limit in seconds, pauses not counted; null for none. */
  wallSeconds: number | null;
  /** Longest time without output in seconds, pauses not counted; null for none. */
  idleSeconds: number | null;
  /** Largest log in bytes; null for none. */
  maxLogBytes: number | null;
}

/** A card as its vendor's libraries name it. */
export interface PlannedCard {
  vendor: 'nvidia' | 'amd';
  index: number;
}

/** A device that a run may be given. */
export interface PlannedDevice {
  /** `cpu0`, `gpu1`, … */
  id: string;
  class: DeviceClass;
  /** Brand or name, for the record of the run; empty in plans from before it was kept here. */
  model: string;
  /** Name of its lock in the lock folder. */
  key: string;
  /** Which GPU to read memory of; null: no memory is read. */
  gpuUuid: string | null;
  /** Null where libraries have no choice among cards: the processor, Apple's GPU. */
  card: PlannedCard | null;
}

/** The content of plan.json. */
export interface SupervisorPlan {
  schema: 1;
  job: number;
  attempt: number;
  /** Value of LAB_RUN in the environment of all the run's processes, "<labId>/<job>.<attempt>"; no spaces. */
  marker: string;
  /** Folder of device locks. */
  lockFolder: string;
  /** What the run may be given, all of one class, never empty. */
  devices: PlannedDevice[];
  /** As many as there are devices: it takes all of them at once. 1 of several: it takes whichever is free first. */
  deviceCount: number;
  /** Lab root, for those who ask who holds the device. */
  lab: string;
  /** Seconds between SIGTERM and SIGKILL at the wall limit. */
  graceSeconds: number;
  /** Names taken from the secrets that the supervisor was given when a step starts, and never written to disk. */
  secretNames: string[];
  /** Absolute folder whose files must stay as they are while the score step runs; null where nothing is watched. */
  scoreReads: string | null;
  /** Whether the train step reads from a FIFO in the attempt's folder; false: its standard input is empty. */
  stdin: boolean;
  steps: PlannedStep[];
}

/** Content of `started` where a supervisor began. */
export interface StartedRecord {
  schema: 1;
  supervisor: ProcessIdentity;
  bootId: string;
  /** ISO 8601. */
  at: string;
  /** Ids of the devices that it took; empty in records from before they were kept: the plan's only device. */
  devices: string[];
}

/** A device that a run waits for, and who has it. */
export interface AwaitedDevice {
  /** Its id. */
  device: string;
  holder: DeviceHolder | 'unknown';
}

/** Content of `waiting.json`. */
export interface WaitingRecord {
  schema: 1;
  waitsFor: AwaitedDevice[];
  /** ISO 8601. */
  since: string;
}

/** Why the lab itself ended a step. */
export type StopReason = 'timeout' | 'killed' | 'idle' | 'log-limit';

/** How an attempt ended: completed says that every step ended by itself, whatever its exit code. */
export type ExitReason = 'completed' | StopReason | 'interrupted';

/** The content of `exit`. */
export interface SupervisorExit {
  schema: 1;
  reason: ExitReason;
  /** Steps that were started, in their order. */
  steps: StepResult[];
  /** Peak memory in MiB; null where nothing could be measured. */
  peakMemoryMib: number | null;
  memorySource: MemorySource;
  /** ISO 8601, when the device was first held; null where it never was. */
  startedAt: string | null;
  /** ISO 8601. */
  endedAt: string;
  /** How many supervisors worked on it: 1 unless one was killed. */
  supervisors: number;
  /** One sentence where something other than the run's own commands went wrong; null otherwise. */
  problem: string | null;
  /** Which limit was met, in words; null where it was none of `idle` and `log-limit`, absent in attempts from before. */
  limit?: string | null;
  /** What a reader must know: "leftovers", "changed-while-scored", "paused"; absent in attempts from before. */
  flags?: string[];
}

/** What every program opens that computes on an AMD card; there where the kernel has the driver. */
export const amdDriver = '/dev/kfd';

/**
 * The plan in a parsed plan.json. Throws LabError naming the first field that is not as expected. `hasAmdDriver`: whether this machine can
 * have AMD's cards, which plans from before the card was kept do not say.
 */
export function parsePlan(value: unknown, hasAmdDriver: () => boolean = () => existsSync(amdDriver)): SupervisorPlan {
  const plan = recordOf(value, 'plan');
  if (plan.schema !== 1) throw planError('schema', plan.schema, '1');
  const marker = textOf(plan.marker, 'marker');
  if (/\s/.test(marker)) throw planError('marker', marker, 'a text without spaces');
  return {
    schema: 1,
    job: numberOf(plan.job, 'job'),
    attempt: numberOf(plan.attempt, 'attempt'),
    marker,
    ...parseDevices(plan, hasAmdDriver),
    lab: textOf(plan.lab, 'lab'),
    graceSeconds: numberOf(plan.graceSeconds, 'graceSeconds'),
    secretNames: textsOf(plan.secretNames, 'secretNames'),
    // Absent in plans from before this was watched.
    scoreReads:
      plan.scoreReads === undefined || plan.scoreReads === null ? null : textOf(plan.scoreReads, 'scoreReads'),
    stdin: plan.stdin === true,
    steps: listOf(plan.steps, 'steps').map(parseStep),
  };
}

type PlannedDevices = Pick<SupervisorPlan, 'lockFolder' | 'devices' | 'deviceCount'>;

function parseDevices(plan: Record<string, unknown>, hasAmdDriver: () => boolean): PlannedDevices {
  if (plan.deviceLock !== undefined) return parseOldDevice(plan, hasAmdDriver);
  const devices = listOf(plan.devices, 'devices').map((value, index) => {
    const at = `devices[${index}]`;
    const device = recordOf(value, at);
    const id = textOf(device.id, `${at}.id`);
    const deviceClass = classOf(device.class, `${at}.class`);
    const gpuUuid = device.gpuUuid === null ? null : textOf(device.gpuUuid, `${at}.gpuUuid`);
    const named = { id, class: deviceClass, gpuUuid };
    return {
      ...named,
      model: textOf(device.model, `${at}.model`),
      key: textOf(device.key, `${at}.key`),
      card: device.card === undefined ? cardOfOld(named, hasAmdDriver) : parseCard(device.card, `${at}.card`),
    };
  });
  if (devices.length === 0) throw planError('devices', devices, 'at least one device');
  // Two locks of one file would wait for each other.
  for (const name of ['id', 'key'] as const) {
    const texts = devices.map((device) => device[name]);
    if (new Set(texts).size < texts.length) throw planError(`${name} of the devices`, texts, 'each only once');
  }
  if (new Set(devices.map((device) => device.class)).size > 1)
    throw planError(
      'class of the devices',
      devices.map((device) => device.class),
      'one class',
    );
  const deviceCount = numberOf(plan.deviceCount, 'deviceCount');
  if (deviceCount !== 1 && deviceCount !== devices.length)
    throw planError('deviceCount', deviceCount, `1 or ${devices.length}, the number of devices`);
  return { lockFolder: textOf(plan.lockFolder, 'lockFolder'), devices, deviceCount };
}

/** Plans from before a run could have several devices name one lock, one class, one card. */
function parseOldDevice(plan: Record<string, unknown>, hasAmdDriver: () => boolean): PlannedDevices {
  const deviceClass = classOf(plan.deviceClass, 'deviceClass');
  const deviceLock = recordOf(plan.deviceLock, 'deviceLock');
  const key = textOf(deviceLock.key, 'deviceLock.key');
  const id = findOldId(plan, deviceClass, key);
  const gpuUuid = plan.gpuUuid === null ? null : textOf(plan.gpuUuid, 'gpuUuid');
  const device: PlannedDevice = {
    id,
    class: deviceClass,
    model: '',
    key,
    gpuUuid,
    card: cardOfOld({ id, class: deviceClass, gpuUuid }, hasAmdDriver),
  };
  return { lockFolder: textOf(deviceLock.folder, 'deviceLock.folder'), devices: [device], deviceCount: 1 };
}

function parseCard(value: unknown, field: string): PlannedCard | null {
  if (value === null) return null;
  const card = recordOf(value, field);
  const { vendor } = card;
  if (vendor !== 'nvidia' && vendor !== 'amd') throw planError(`${field}.vendor`, vendor, 'nvidia or amd');
  return { vendor, index: numberOf(card.index, `${field}.index`) };
}

/**
 * Plans from before the card was kept gave the id's number to CUDA's name, which AMD's libraries read as well. Now that is empty for a run
 * on AMD's cards: such a plan must be known for theirs, by a uuid that is not of NVIDIA's making, or the run would see no card.
 */
function cardOfOld(
  { id, class: deviceClass, gpuUuid }: Pick<PlannedDevice, 'id' | 'class' | 'gpuUuid'>,
  hasAmdDriver: () => boolean,
): PlannedCard | null {
  if (deviceClass === 'cpu') return null;
  const vendor = /^(?:GPU|MIG)-/.test(gpuUuid ?? '') || !hasAmdDriver() ? 'nvidia' : 'amd';
  return { vendor, index: Number(id.replace(/^gpu/, '')) };
}

/** The id stood in those plans only as the card's number in the steps' environment. */
function findOldId(plan: Record<string, unknown>, deviceClass: DeviceClass, key: string): string {
  if (deviceClass === 'cpu') return 'cpu0';
  if (/^gpu\d+$/.test(key)) return key;
  const [step] = listOf(plan.steps, 'steps');
  const env = (step as { env?: Record<string, unknown> } | undefined)?.env;
  const cards = env?.CUDA_VISIBLE_DEVICES;
  return typeof cards === 'string' && /^\d+$/.test(cards) ? `gpu${cards}` : 'gpu0';
}

function parseStep(value: unknown, index: number): PlannedStep {
  const at = `steps[${index}]`;
  const step = recordOf(value, at);
  const name = stepNames.find((known) => known === step.name);
  if (name === undefined) throw planError(`${at}.name`, step.name, stepNames.join(', '));
  const argv = textsOf(step.argv, `${at}.argv`);
  if (argv.length === 0) throw planError(`${at}.argv`, argv, 'at least the program');
  const env = Object.entries(recordOf(step.env, `${at}.env`)).map(([key, text]) => [
    key,
    textOf(text, `${at}.env.${key}`),
  ]);
  return {
    name,
    argv,
    cwd: textOf(step.cwd, `${at}.cwd`),
    env: Object.fromEntries(env) as Record<string, string>,
    log: textOf(step.log, `${at}.log`),
    wallSeconds: step.wallSeconds === null ? null : numberOf(step.wallSeconds, `${at}.wallSeconds`),
    idleSeconds: limitOf(step.idleSeconds, `${at}.idleSeconds`),
    maxLogBytes: limitOf(step.maxLogBytes, `${at}.maxLogBytes`),
  };
}

/** A limit that plans from before it do not have. */
function limitOf(value: unknown, field: string): number | null {
  return value === undefined || value === null ? null : numberOf(value, field);
}

function planError(field: string, value: unknown, expected: string): LabError {
  return new LabError('internal', `plan.json: ${field} is ${JSON.stringify(value)}, expected ${expected}`);
}

function recordOf(value: unknown, field: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw planError(field, value, 'an object');
  return value as Record<string, unknown>;
}

function classOf(value: unknown, field: string): DeviceClass {
  if (value !== 'cpu' && value !== 'gpu') throw planError(field, value, 'cpu or gpu');
  return value;
}

function listOf(value: unknown, field: string): unknown[] {
  if (!Array.isArray(value)) throw planError(field, value, 'a list');
  return value;
}

function textsOf(value: unknown, field: string): string[] {
  return listOf(value, field).map((item, index) => textOf(item, `${field}[${index}]`));
}

function textOf(value: unknown, field: string): string {
  if (typeof value !== 'string') throw planError(field, value, 'a text');
  return value;
}

function numberOf(value: unknown, field: string): number {
  if (typeof value !== 'number' || !Number.isFinite(value)) throw planError(field, value, 'a number');
  return value;
}
