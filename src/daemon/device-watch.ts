/**
 * The devices of the machine as the queue sees them at one moment: processor slots (one device for each that a group may use), GPUs with who
 * uses their memory, and who else holds a device's lock. It asks in the background and decides nothing.
 */
import { availableParallelism } from 'node:os';
import type { PlacementDevice } from '../../queue/device-fit.ts';
import type { Device } from '../../workers/device-probe.ts';
import { createGpuStateReader, type GpuState } from '../../workers/device-state.ts';
import { isLabProcess } from '../../workers/gpu-user.ts';
import type { Group } from '../domain/job.ts';
import { monotonicMs } from '../domain/time.ts';

/** What the watch needs. */
export interface DeviceWatchOptions {
  /** As found when the daemon started: `cpu0` and the GPUs. */
  found: readonly Device[];
  groups: ReadonlyMap<string, Group>;
  labId: string;
  /** Called when a question that somebody waits for was answered. */
  onAnswer(): void;
}

/** The devices at one moment, and what is learned of them. */
export interface DeviceWatch {
  /** All devices that a job could get now; more processors than before where groups have more slots. */
  list(): Device[];
  /** Finds a device by its id, also a processor slot that no group has any more; null where the machine has none of that name. */
  find(id: string): Device | null;
  /** For placement. `jobOn` says which of this lab's jobs has a device. */
  judge(jobOn: ReadonlyMap<string, number>): PlacementDevice[];
  /** Asks anew who uses the GPUs where the last answer is older; `onAnswer` tells when it is there. */
  refresh(maxAgeMs: number): void;
  /** Notes who else holds the lock of a device; null: nobody, or not known to. */
  setHolder(id: string, holder: string | null): void;
}

/** Age of an answer beyond which a card takes no job until it is asked again, milliseconds. */
const validAgeMs = 20_000;
/** A holder that nobody has named again for so long is forgotten, milliseconds: the next job finds out. */
const holderAgeMs = 15_000;

/** Starts watching; it asks nothing by itself. */
export function createDeviceWatch({ found, groups, labId, onAnswer }: DeviceWatchOptions): DeviceWatch {
  const processor = found.find((device) => device.class === 'cpu');
  const gpus = found.filter((device) => device.class === 'gpu');
  const reader = createGpuStateReader({ devices: found, isOwn: (pid) => isLabProcess(pid, labId) });
  const holders = new Map<string, { text: string; atMs: number }>();
  let isAsking = false;

  const processorSlot = (index: number): Device | null =>
    processor === undefined ? null : { ...processor, id: `cpu${index}` };
  const list = (): Device[] => {
    const count = countSlots(groups);
    const slots = Array.from({ length: count }, (_, index) => processorSlot(index)).filter((slot) => slot !== null);
    return [...slots, ...gpus];
  };
  const holderOf = (id: string): string | null => {
    const known = holders.get(id);
    return known === undefined || monotonicMs() - known.atMs > holderAgeMs ? null : known.text;
  };
  const judgeGpu = (device: Device, states: readonly GpuState[] | null, job: number | null): PlacementDevice => {
    const blank = {
      id: device.id,
      class: device.class,
      job,
      holder: holderOf(device.id),
      strangers: null,
      freeMib: null,
      totalMib: device.memoryTotalMib,
    };
    const state = states?.find(({ id }) => id === device.id);
    if (state === undefined)
      return { ...blank, problem: `who uses ${device.id} is being asked; it takes no new job until that is known` };
    const { totalMib, strangers, strangersMib, problem } = state;
    // What our own job holds comes free with its end.
    const freeMib =
      job === null || totalMib === null || strangersMib === null ? state.freeMib : Math.max(0, totalMib - strangersMib);
    return { ...blank, problem, strangers, totalMib, freeMib };
  };

  return {
    list,
    find: (id) => {
      const slot = /^cpu(\d+)$/.exec(id)?.[1];
      return slot === undefined ? (gpus.find((device) => device.id === id) ?? null) : processorSlot(Number(slot));
    },
    judge(jobOn) {
      const latest = reader.latest();
      const states = latest === null || latest.ageMs > validAgeMs ? null : latest.reading.gpus;
      const devices = list();
      // A slot that was taken away stays until its job has ended.
      for (const id of jobOn.keys()) {
        const slot = /^cpu(\d+)$/.exec(id)?.[1];
        const extra =
          slot === undefined || devices.some((device) => device.id === id) ? null : processorSlot(Number(slot));
        if (extra !== null) devices.push(extra);
      }
      return devices.map((device) => {
        const job = jobOn.get(device.id) ?? null;
        if (device.class === 'gpu') return judgeGpu(device, states, job);
        const free = { problem: null, strangers: null, freeMib: null, totalMib: null };
        return { id: device.id, class: device.class, job, holder: holderOf(device.id), ...free };
      });
    },
    refresh(maxAgeMs) {
      if (gpus.length === 0 || isAsking) return;
      const latest = reader.latest();
      if (latest !== null && latest.ageMs <= maxAgeMs) return;
      isAsking = true;
      void reader.read(maxAgeMs).finally(() => {
        isAsking = false;
        onAnswer();
      });
    },
    setHolder(id, holder) {
      if (holder === null) holders.delete(id);
      else holders.set(id, { text: holder, atMs: monotonicMs() });
    },
  };
}

/** How many jobs may run on the processor at once: the slots of all groups together. */
function countSlots(groups: ReadonlyMap<string, Group>): number {
  let count = 0;
  for (const { slots } of groups.values()) count += slots === 0 ? availableParallelism() : slots;
  return Math.max(1, count);
}
