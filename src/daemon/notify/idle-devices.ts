/** Finds the devices that had work and have been idle for long. In memory: after a restart a device counts once it has had work again. */
import type { BookedJob } from '../../../queue/job-book.ts';

/** Looks at the devices and gives the ids of those that have now been idle for `limitMs`, each once until it has work again. */
export type IdleLook = (jobs: readonly BookedJob[], nowMs: number, limitMs: number) => string[];

/** Watches these devices. `cpu0` stands for the processor as a whole: it works while any of its slots has a job. */
export function createIdleLook(deviceIds: readonly string[]): IdleLook {
  const hadWork = new Set<string>();
  const idleSince = new Map<string, number>();
  return (jobs, nowMs, limitMs) =>
    deviceIds.filter((id) => {
      if (jobs.some(({ live }) => live?.devices.some((one) => one === id || isSlotOf(one, id)))) {
        hadWork.add(id);
        idleSince.delete(id);
        return false;
      }
      if (!hadWork.has(id)) return false;
      const since = idleSince.get(id) ?? nowMs;
      idleSince.set(id, since);
      if (nowMs - since < limitMs) return false;
      hadWork.delete(id);
      idleSince.delete(id);
      return true;
    });
}

/** Whether a device is a slot of the processor that `id` stands for. */
const isSlotOf = (one: string, id: string): boolean => id === 'cpu0' && /^cpu\d+$/.test(one);
