/** The device as configuration and requests name it. Jobs and runs hold the class that it came to, never the choice. */
import type { DeviceClass } from './run.ts';

/** A class of devices, or `auto`: a GPU where the machine has one, else the processor. */
export type DeviceChoice = DeviceClass | 'auto';

/** The class that a choice comes to among these classes. */
export function resolveDevice(choice: DeviceChoice, classes: Pick<ReadonlySet<DeviceClass>, 'has'>): DeviceClass {
  if (choice !== 'auto') return choice;
  return classes.has('gpu') ? 'gpu' : 'cpu';
}

/**
 * Says that `auto` came to the processor although a GPU may be there: one that did not answer (`problems`) looks like none, and a run on
 * the processor in its place takes many times as long. Null where there is nothing to say. `runs` is who runs there: "it runs".
 */
export function describeSilentGpu(
  choice: DeviceChoice,
  device: DeviceClass,
  problems: readonly string[],
  runs: string,
): string | null {
  const [problem] = problems;
  if (choice !== 'auto' || device !== 'cpu' || problem === undefined) return null;
  return `the device is auto, and no GPU was found: ${runs} on the processor (${problem})`;
}
