/**
 * Which attempts the daemon hands out: those that start now, and for busy devices the one that comes next, so that it can be made ready
 * meanwhile. Pure. Who gets a free device is placement.ts; making ready and starting are the workers'.
 */
import { fits, type PlacementDevice } from './device-fit.ts';
import { type PlacementInput, placeJobs, type ReadyJob, wishOf } from './placement.ts';
import type { Reservation } from './reservation.ts';

/** A job and the devices that it may have. */
export interface Handout {
  number: number;
  /** In the devices' order. */
  devices: string[];
  /** How many of them it takes: all, or one of several, whichever is free first. */
  count: number;
  /** Whether they are free, so that it begins as soon as it is made ready; false: it is made ready while they are busy. */
  isStart: boolean;
}

/** What a round of handing out is judged by: placement's facts, where busy devices tell the free memory they would have without our job. */
export interface HandoutInput extends PlacementInput {
  /** Group of the job that runs on a device, by the device's id. */
  groupOn: ReadonlyMap<string, string>;
}

/** What one round decided. */
export interface HandoutPlan {
  /** In the order of the queue. */
  handouts: Handout[];
  /** Why a job does not start, by number, where it is more than jobs of this lab before it. */
  waits: Map<number, string>;
  /** To be handed to the next round. */
  reservations: Reservation[];
  /** Moment at which a round may decide otherwise although no device changed; null where time alone changes nothing. */
  nextMs: number | null;
}

/**
 * Decides who starts and who is made ready. A busy device has at most one job waiting for it, the first in the queue that fits, so that
 * what begins by itself when the device comes free is what the order says.
 */
export function planHandouts(input: HandoutInput): HandoutPlan {
  const { jobs, devices } = input;
  const placement = placeJobs(input);
  const starting = new Map(placement.assignments.map(({ number, devices: chosen }) => [number, chosen]));
  // A card that is kept for a job which takes several must not be taken over by the next one when it comes free.
  const promised = new Set<string>();
  const handouts: Handout[] = [];
  const waits = new Map<number, string>();
  // As in placement: promises only become more within a round.
  const refused = new Set<string>();
  const ordinary = new Map<string, boolean>();
  for (const job of jobs) {
    const chosen = starting.get(job.number);
    if (chosen !== undefined) {
      handouts.push({ number: job.number, devices: chosen, count: chosen.length, isStart: true });
      continue;
    }
    const never = placement.never.get(job.number);
    if (never !== undefined) {
      waits.set(job.number, never);
      continue;
    }
    const wish = wishOf(job);
    const isPlain = ordinary.get(wish) ?? isOrdinary(job, input);
    ordinary.set(wish, isPlain);
    const why = placement.waits.get(job.number);
    if (why !== undefined && !isPlain) waits.set(job.number, why);
    if (promised.size === devices.length) continue;
    if (refused.has(wish)) continue;
    const next = devices.filter((device) => !promised.has(device.id) && comesNext(job, device, input));
    if (job.class === 'gpu' && job.needs.gpus > 1) {
      const kept = placement.reservations.find(({ number }) => number === job.number);
      if (kept !== undefined) for (const { id } of next) if (!kept.passes.includes(id)) promised.add(id);
      continue;
    }
    refused.add(wish);
    if (next.length === 0) continue;
    for (const { id } of next) promised.add(id);
    handouts.push({ number: job.number, devices: next.map(({ id }) => id), count: 1, isStart: false });
  }
  return { handouts, waits, reservations: placement.reservations, nextMs: placement.nextMs };
}

/** Whether the job could have the device as soon as who runs on it has ended. */
function comesNext(job: ReadyJob, device: PlacementDevice, { groups, groupOn }: HandoutInput): boolean {
  if ((device.job === null && device.holder === null) || device.problem !== null) return false;
  if (!fits(job, device)) return false;
  const group = groups.get(job.group);
  if (job.class === 'gpu' || job.ignoresSlots || group === undefined || group.slots === 0) return true;
  // With all slots of its group taken, only the end of one of the group's jobs makes room; with too many taken, not even that.
  if (group.running === group.slots) return groupOn.get(device.id) === job.group;
  return group.running < group.slots;
}

/** Whether a job waits for nothing but jobs of this lab, on the devices or in its group: its place in the queue says enough then. */
function isOrdinary(job: ReadyJob, { devices, groups }: HandoutInput): boolean {
  const group = groups.get(job.group);
  if (job.class === 'cpu' && group !== undefined && group.slots > 0 && group.running >= group.slots) return true;
  const { deviceId, gpus } = job.needs;
  const wanted = devices.filter(({ class: kind, id }) => kind === job.class && (deviceId === null || id === deviceId));
  return (job.class === 'cpu' || gpus === 1) && wanted.every((device) => device.job !== null);
}
