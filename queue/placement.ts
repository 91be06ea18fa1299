/**
 * Which ready job gets which devices. Pure: jobs, devices, slots, time and the memory of earlier rounds are given; nothing is locked or
 * started. Whether a job is ready at all is readiness's question; who holds a card is told by the caller (workers/device-state.ts).
 */
import type { DeviceNeeds } from '../src/domain/job.ts';
import type { DeviceClass } from '../src/domain/run.ts';
import { findMisfit, findTaken, fits, type PlacementDevice } from './device-fit.ts';
import { isReserving, keepCards, type Reservation, type ReserveRule } from './reservation.ts';

/** A job that only waits for a device. */
export interface ReadyJob {
  number: number;
  class: DeviceClass;
  needs: DeviceNeeds;
  group: string;
  /** Since when nothing but a device is missing, milliseconds since 1970. */
  waitingSinceMs: number;
  /** Whether a person sent it ahead (`lab start`): its group's slots do not hold it back, but it takes one. */
  ignoresSlots: boolean;
}

/** Processor jobs of a group. */
export interface GroupSlots {
  /** How many may run at once; 0: as many as there are processor devices. */
  slots: number;
  /** How many run now. */
  running: number;
}

/** What a round of placement is judged by. */
export interface PlacementInput {
  /** In the order of the queue. */
  jobs: readonly ReadyJob[];
  devices: readonly PlacementDevice[];
  /** By name; a group that is not there has no limit. */
  groups: ReadonlyMap<string, GroupSlots>;
  nowMs: number;
  /** What the round before gave back; empty after a start. */
  reservations: readonly Reservation[];
  rule: ReserveRule;
  /** Devices that jobs are being made ready for, by number: kept where they still fit, so that no start is made ready twice. */
  preferred?: ReadonlyMap<number, readonly string[]>;
}

/** A job and the devices it is to start on, in the devices' order. */
export interface Assignment {
  number: number;
  devices: string[];
}

/** What one round decided. Every job is in exactly one of `assignments`, `waits` and `never`. */
export interface Placement {
  assignments: Assignment[];
  /** Why a job does not start now, by number. */
  waits: Map<number, string>;
  /** Why a job can never start on this machine, by number. */
  never: Map<number, string>;
  /** To be handed to the next round. */
  reservations: Reservation[];
  /** Moment at which a round may decide otherwise although no device changed; null where time alone changes nothing. */
  nextMs: number | null;
}

/**
 * Gives devices to jobs. In order, each job takes what fits it and nobody before it took, so a job that waits blocks no other. One
 * that takes several GPUs at once is passed like any other until it has waited long enough; then cards that come free are kept for it.
 */
export function placeJobs(input: PlacementInput): Placement {
  const { jobs, devices, groups, nowMs, reservations, rule, preferred = new Map() } = input;
  const placement: Placement = { assignments: [], waits: new Map(), never: new Map(), reservations: [], nextMs: null };
  const taken = new Map<string, string>();
  for (const device of devices) {
    const why = findTaken(device);
    if (why !== null) taken.set(device.id, why);
  }
  const running = new Map([...groups].map(([name, group]) => [name, group.running]));
  const wake = (atMs: number) => {
    if (atMs > nowMs) placement.nextMs = Math.min(placement.nextMs ?? atMs, atMs);
  };
  // Within a round devices and slots only become fewer: what one job could not have, none after it that asks for the same can.
  const refused = new Map<string, string>();
  for (const job of jobs) {
    const wish = wishOf(job);
    const known = refused.get(wish);
    if (known !== undefined) {
      placement.waits.set(job.number, known);
      continue;
    }
    const misfit = findMisfit(job, devices);
    if (misfit !== null) {
      placement.never.set(job.number, misfit);
      continue;
    }
    const slots = groups.get(job.group)?.slots ?? 0;
    const inUse = running.get(job.group) ?? 0;
    if (job.class === 'cpu' && slots > 0 && inUse >= slots && !job.ignoresSlots) {
      const full = `the group ${job.group} runs ${inUse} of ${slots} jobs on the processor; \`lab parallel\` changes that`;
      refused.set(wish, full);
      placement.waits.set(job.number, full);
      continue;
    }
    const wanted = countWanted(job);
    const fitting = devices.filter((device) => !taken.has(device.id) && fits(job, device));
    if (fitting.length >= wanted) {
      const chosen = chooseDevices(rankByPreference(job.number, fitting, preferred), wanted, devices);
      for (const { id } of chosen) taken.set(id, `${id} goes to job ${job.number}`);
      for (const kept of placement.reservations)
        kept.passes = kept.passes.filter((id) => !chosen.some((one) => one.id === id));
      if (job.class === 'cpu') running.set(job.group, inUse + 1);
      placement.assignments.push({ number: job.number, devices: chosen.map(({ id }) => id) });
      continue;
    }
    const why = explainWait(job, devices, taken, fitting.length);
    placement.waits.set(job.number, why);
    if (wanted === 1) {
      refused.set(wish, why);
      continue;
    }
    if (!isReserving(job.waitingSinceMs, nowMs, rule)) {
      wake(job.waitingSinceMs + rule.reserveAfterSeconds * 1000);
      continue;
    }
    const free = fitting.map(({ id }) => id);
    const before = reservations.find(({ number }) => number === job.number) ?? null;
    const { reservation, kept, endsMs } = keepCards({ number: job.number, free, before, nowMs, rule });
    placement.reservations.push(reservation);
    for (const id of kept) taken.set(id, `${id} is kept for job ${job.number}, which takes ${wanted} GPUs at once`);
    if (endsMs !== null) wake(endsMs);
  }
  return placement;
}

/** What placement knows of a job besides its number and its age: two with the same wish fit the same devices. */
export function wishOf({ class: wanted, needs, group, ignoresSlots }: ReadyJob): string {
  return `${wanted} ${needs.deviceId} ${needs.gpus} ${needs.vramMib} ${ignoresSlots} ${group}`;
}

/** How many devices the job takes: a processor job takes one, whatever it says of GPUs. */
function countWanted(job: ReadyJob): number {
  return job.class === 'gpu' ? job.needs.gpus : 1;
}

/** What is thought of for this job, then what is thought of for none, then the others; a device with its rank. */
function rankByPreference(
  number: number,
  fitting: readonly PlacementDevice[],
  preferred: ReadonlyMap<number, readonly string[]>,
): [PlacementDevice, number][] {
  const own = preferred.get(number) ?? [];
  const others = new Set([...preferred].flatMap(([job, ids]) => (job === number ? [] : ids)));
  return fitting.map((device) => [device, own.includes(device.id) ? 0 : others.has(device.id) ? 2 : 1]);
}

/** By rank; then cards that nobody uses before those with strangers, then the ones with most free memory, then their own order. */
function chooseDevices(
  fitting: readonly [PlacementDevice, number][],
  wanted: number,
  all: readonly PlacementDevice[],
): PlacementDevice[] {
  const chosen = [...fitting]
    .sort(([a, rankA], [b, rankB]) => {
      if (rankA !== rankB) return rankA - rankB;
      const byStrangers = Number(a.strangers !== null) - Number(b.strangers !== null);
      return byStrangers || (a.strangers === null ? 0 : (b.freeMib ?? 0) - (a.freeMib ?? 0));
    })
    .slice(0, wanted)
    .map(([device]) => device);
  return all.filter((device) => chosen.includes(device));
}

function explainWait(
  job: ReadyJob,
  devices: readonly PlacementDevice[],
  taken: ReadonlyMap<string, string>,
  free: number,
): string {
  const reasons: string[] = [];
  for (const device of devices) {
    if (device.class !== job.class || (job.needs.deviceId !== null && device.id !== job.needs.deviceId)) continue;
    const why = taken.get(device.id) ?? (fits(job, device) ? null : `${device.id} ${explainMisfit(job, device)}`);
    if (why !== null) reasons.push(why);
  }
  const shown = reasons.slice(0, 3).join('; ');
  const more = reasons.length > 3 ? `; and ${reasons.length - 3} more` : '';
  const wanted = countWanted(job);
  return wanted === 1 ? `${shown}${more}` : `${free} of the ${wanted} GPUs that it takes are free: ${shown}${more}`;
}

function explainMisfit(job: ReadyJob, device: PlacementDevice): string {
  const { vramMib } = job.needs;
  const users = device.strangers === null ? '' : `: ${device.strangers}`;
  if (vramMib === null) return `is not free${users}`;
  const gib = (mib: number) => `${(mib / 1024).toFixed(1)} GiB`;
  if (device.totalMib !== null && device.totalMib < vramMib)
    return `has ${gib(device.totalMib)} in all, the job takes ${gib(vramMib)}`;
  return device.freeMib === null
    ? `does not tell its free memory, the job takes ${gib(vramMib)}${users}`
    : `has ${gib(device.freeMib)} free, the job takes ${gib(vramMib)}${users}`;
}
