/**
 * When queued jobs are expected to start. Pure: the queue, what runs, the devices and the durations are given. Nothing is said of a job
 * that begins in this moment, that waits for more than jobs of this lab, or that comes after one whose start or length nobody knows.
 */
import { findMisfit, findTaken, fits, type PlacementDevice, type Wish } from '../../queue/device-fit.ts';
import type { Eta, Group } from '../domain/job.ts';
import type { DeviceClass } from '../domain/run.ts';

/** A job that waits for a device, as far as its turn can be told. */
export interface WaitingFacts {
  number: number;
  /** What such runs take, seconds; null where none is known. */
  typicalSeconds: number | null;
}

/** When a device or a slot comes free; `from` null: it is idle, and nothing was looked up for that. */
export interface Lane {
  /** Seconds from now. */
  seconds: number;
  from: Eta['from'] | null;
}

const idle: Lane = { seconds: 0, from: null };

/**
 * When each waiting job starts, in their order, on lanes that each run one job at a time. A lane is null where nothing is known of the end
 * of what keeps it. Unknown lengths make all that comes after them unknown.
 */
export function estimateStarts(waiting: readonly WaitingFacts[], busy: readonly (Lane | null)[]): Map<number, Eta> {
  const starts = new Map<number, Eta>();
  const lanes: Lane[] = busy.filter((lane) => lane !== null);
  // A lane whose end is open might be free first: then no start is known.
  if (lanes.length < busy.length) return starts;
  for (const { number, typicalSeconds } of waiting) {
    const first = lanes.toSorted((a, b) => a.seconds - b.seconds)[0];
    if (first === undefined) return starts;
    if (first.from !== null) starts.set(number, { seconds: first.seconds, from: first.from });
    if (typicalSeconds === null) return starts;
    lanes[lanes.indexOf(first)] = { seconds: first.seconds + typicalSeconds, from: first.from ?? 'runs' };
  }
  return starts;
}

/** A job that only waits for a device. */
export interface WaitingJob extends Wish {
  number: number;
  group: string;
  /** Why it does not start, where that is more than its place in the queue; null otherwise. */
  waits: string | null;
}

/** A job that runs. */
export interface RunningJob {
  number: number;
  class: DeviceClass;
  group: string;
  /** When it ends; null where nobody knows. */
  end: Eta | null;
}

/** What starts are told from. */
export interface QueueSight {
  /** In the order of the queue. */
  waiting: readonly WaitingJob[];
  running: readonly RunningJob[];
  /** As placement sees them. */
  devices: readonly PlacementDevice[];
  groups: readonly Group[];
  /** How many processors the machine has: the slots of a group without a limit. */
  processors: number;
  /** What a job's runs take, seconds; null where none is known. */
  typicalSeconds(number: number): number | null;
}

/** When the waiting jobs start; a job of which nothing can be told is left out. */
export function estimateQueue(sight: QueueSight): Map<number, Eta> {
  const { devices, running } = sight;
  // One that can never start keeps no other from its turn.
  const able = sight.waiting.filter((job) => job.waits === null || findMisfit(job, devices) === null);
  const starts = new Map<number, Eta>();
  const estimate = (queued: readonly WaitingJob[], lanes: readonly (Lane | null)[]) => {
    for (const [number, eta] of estimateStarts(listForeseen(queued, sight), lanes)) starts.set(number, eta);
  };
  const gpus = devices.filter((device) => device.class === 'gpu');
  const onGpu = able.filter((job) => job.class === 'gpu');
  // Where one of them is bound to a card, takes several or does not fit each card, no simple estimate holds for any.
  if (onGpu.every((job) => job.needs.deviceId === null && job.needs.gpus === 1 && gpus.every((gpu) => fits(job, gpu))))
    estimate(
      onGpu,
      gpus.map((gpu) => laneOf(gpu, running)),
    );
  const contenders = sight.groups.flatMap((group) => contendersOf(group, able, sight));
  if (!areContested(contenders, devices))
    for (const { queued, lanes } of contenders)
      if (queued.every(({ needs }) => needs.deviceId === null)) estimate(queued, lanes);
  return starts;
}

/** A group that has jobs waiting for the processor. */
interface Contender {
  /** How many may run at once; 0: no limit. */
  slots: number;
  queued: readonly WaitingJob[];
  /** How many of its slots are idle and wanted now. */
  wantedSlots: number;
  lanes: (Lane | null)[];
}

/** The group as a contender; none where nothing of it waits for the processor. */
function contendersOf({ name, slots }: Group, able: readonly WaitingJob[], sight: QueueSight): Contender[] {
  const queued = able.filter((job) => job.class === 'cpu' && job.group === name);
  if (queued.length === 0) return [];
  const ends = sight.running.filter((job) => job.class === 'cpu' && job.group === name).map(({ end }) => end);
  const idleCount = Math.max(0, (slots === 0 ? sight.processors : slots) - ends.length);
  const lanes = [...dropSurplus(ends, slots), ...Array.from({ length: idleCount }, () => idle)];
  return [{ slots, queued, wantedSlots: Math.min(idleCount, queued.length), lanes }];
}

/** With more at work than slots (`lab parallel 1`) the first ends make no room. An end that nobody knows may be any of them: it stays. */
function dropSurplus(ends: readonly (Eta | null)[], slots: number): readonly (Eta | null)[] {
  const known = ends.filter((end) => end !== null);
  if (slots === 0 || known.length < ends.length) return ends;
  return known.toSorted((a, b) => a.seconds - b.seconds).slice(Math.max(0, known.length - slots));
}

/**
 * Whether what one of the groups waits for may go to another. With fewer idle devices than idle slots (another lab has one, nobody knows
 * until when) whoever is left over takes the next device that comes free, in whichever group; a group without a limit does so anyway.
 */
function areContested(contenders: readonly Contender[], devices: readonly PlacementDevice[]): boolean {
  const idleCount = devices.filter((device) => device.class === 'cpu' && findTaken(device) === null).length;
  if (contenders.reduce((sum, { wantedSlots }) => sum + wantedSlots, 0) > idleCount) return true;
  return contenders.length > 1 && contenders.some(({ slots }) => slots === 0);
}

/** When a GPU comes free for the next job; null where nobody knows. */
function laneOf(gpu: PlacementDevice, running: readonly RunningJob[]): Lane | null {
  if (gpu.problem !== null) return null;
  if (gpu.job !== null) return running.find(({ number }) => number === gpu.job)?.end ?? null;
  return gpu.holder === null ? idle : null;
}

/** The jobs whose turn comes in their order, up to the first of which nobody knows when it starts or how long it takes. */
function listForeseen(queued: readonly WaitingJob[], { typicalSeconds }: QueueSight): WaitingFacts[] {
  const foreseen: WaitingFacts[] = [];
  for (const { number, waits } of queued) {
    if (waits !== null) break;
    const seconds = typicalSeconds(number);
    foreseen.push({ number, typicalSeconds: seconds });
    if (seconds === null) break;
  }
  return foreseen;
}
