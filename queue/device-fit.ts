/**
 * Whether a job fits a device: now, and ever on this machine. Pure. Order, slots and reservations are placement.ts.
 */
import type { DeviceNeeds } from '../src/domain/job.ts';
import type { DeviceClass } from '../src/domain/run.ts';

/** A device as placement sees it. One job of labs runs on it at a time, whatever memory is left. */
export interface PlacementDevice {
  /** `cpu0`, `gpu0`, … */
  id: string;
  class: DeviceClass;
  /** Number of this lab's job that has it; null where none has. */
  job: number | null;
  /** Who else holds its lock, as the end of a sentence ("job 7 of /labs/two"); null where nobody does. */
  holder: string | null;
  /** Why it takes no job at all, a sentence that names it ("nvidia-smi failed: …; gpu0 takes no new job until it answers"); null where it does. */
  problem: string | null;
  /** What strangers use of it ("38.2 GiB in use by python (pid 4242, anna)"); null where it is really free of them. */
  strangers: string | null;
  /** Free memory, MiB; null where it is not told. */
  freeMib: number | null;
  /** All its memory, MiB; null where it is not told. */
  totalMib: number | null;
}

/** What of a job counts for the fit. */
export interface Wish {
  class: DeviceClass;
  needs: DeviceNeeds;
}

/** Why the device can take no job now; null where it can. */
export function findTaken(device: PlacementDevice): string | null {
  if (device.job !== null) return `${device.id} runs job ${device.job}`;
  if (device.holder !== null) return `${device.id} is held by ${device.holder}`;
  return device.problem;
}

/** True where the job could start on the device if nobody else got it. Memory that is not told counts as enough on a card without strangers. */
export function fits({ class: wanted, needs }: Wish, device: PlacementDevice): boolean {
  if (device.class !== wanted || (needs.deviceId !== null && needs.deviceId !== device.id)) return false;
  if (wanted === 'cpu') return true;
  if (needs.vramMib === null) return device.strangers === null;
  if (device.freeMib === null)
    return device.strangers === null && (device.totalMib === null || device.totalMib >= needs.vramMib);
  return device.freeMib >= needs.vramMib;
}

/** Why the job can never start with these devices, however long it waits; null where it can. */
export function findMisfit({ class: wanted, needs }: Wish, devices: readonly PlacementDevice[]): string | null {
  const ofClass = devices.filter((device) => device.class === wanted);
  const word = wanted === 'gpu' ? 'GPU' : 'processor device';
  const names = ofClass.map(({ id }) => id).join(', ');
  if (ofClass.length === 0) return `it can never start here: it takes a ${word} and this machine has none`;
  if (needs.deviceId !== null && !ofClass.some(({ id }) => id === needs.deviceId))
    return `it can never start here: it is bound to ${needs.deviceId}, this machine has ${names}`;
  if (wanted === 'cpu') return null;
  if (needs.deviceId !== null && needs.gpus > 1)
    return `it can never start: it takes ${needs.gpus} GPUs at once and is bound to ${needs.deviceId} alone`;
  if (needs.gpus > ofClass.length)
    return `it can never start here: it takes ${needs.gpus} GPUs at once, this machine has ${ofClass.length} (${names})`;
  const { vramMib } = needs;
  if (vramMib === null) return null;
  const large = ofClass.filter(
    ({ id, totalMib }) =>
      (needs.deviceId === null || needs.deviceId === id) && (totalMib === null || totalMib >= vramMib),
  );
  if (large.length >= needs.gpus) return null;
  const on = needs.deviceId === null ? `${large.length} of ${names} have` : `${needs.deviceId} does not have`;
  return `it can never start here: it takes ${(vramMib / 1024).toFixed(1)} GiB on ${needs.gpus === 1 ? 'a GPU' : `${needs.gpus} GPUs`}, ${on} that much`;
}
