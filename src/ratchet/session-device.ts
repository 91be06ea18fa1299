/** Which class of device a new session runs on. Pure: what the machine has was asked before. */
import type { DeviceProbe } from '../../workers/device-probe.ts';
import { type DeviceChoice, resolveDevice } from '../domain/device-choice.ts';
import type { DeviceClass } from '../domain/run.ts';
import { LabError } from '../errors/lab-error.ts';

const hints = ['`lab doctor` shows the devices that were found'];

/**
 * The class of the named device, or the one that the lab's choice comes to among the devices that were found. Throws LabError (user) where this
 * machine has no such device, or none of the class: the tag would be used up for nothing. The same where the choice is `auto`, no GPU was
 * found and something could not be asked: the session keeps its class, and one bad answer would put a whole night on the processor.
 */
export function ensureDevice(
  { devices, problems: [problem] }: DeviceProbe,
  choice: DeviceChoice,
  deviceId: string | null,
): DeviceClass {
  const wanted = resolveDevice(choice, new Set(devices.map((device) => device.class)));
  const found = devices.find((device) => (deviceId === null ? device.class === wanted : device.id === deviceId));
  if (found === undefined)
    throw new LabError(
      'user',
      `this machine has no ${deviceId === null ? `${wanted} device` : `device "${deviceId}"`}, expected one of: ${devices.map(({ id }) => id).join(', ')}`,
      { hints },
    );
  if (choice === 'auto' && deviceId === null && found.class === 'cpu' && problem !== undefined)
    throw new LabError(
      'user',
      `run.device is auto, and whether this machine has a GPU cannot be told: ${problem}; expected a GPU, or a word that the processor is meant`,
      {
        hints: [
          `\`lab autoresearch run --device ${found.id}\` says that the processor is meant; \`run: {device: cpu}\` in lab.local.yaml says it for good`,
          ...hints,
        ],
      },
    );
  return found.class;
}
