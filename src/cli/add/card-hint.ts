/** The line for who chose cards by the environment, as one does without a queue: which option says the same to the lab. Pure. */
import type { AddRequest } from '../../daemon/routes.ts';
import { type CardWish, readCardWish } from '../card-wish.ts';

/** The line; null where nothing was chosen, or where each job says itself what it runs on. */
export function renderCardHint(
  environment: Readonly<Record<string, string | undefined>>,
  requests: readonly Pick<AddRequest, 'device' | 'needs'>[],
): string | null {
  // Inside a run and beside an agent the lab has set the variable, and nobody chose anything.
  if (environment.LAB_RUN !== undefined || environment.LAB_ROLE !== undefined) return null;
  const wish = readCardWish(environment);
  if (wish === null) return null;
  if (requests.every(({ device, needs }) => device === 'cpu' || needs.deviceId !== null || needs.gpus > 1)) return null;
  return `${wish.text} is not taken along, because the lab gives each run its card: ${renderOption(wish)}`;
}

function renderOption({ vendor, numbers }: CardWish): string {
  if (numbers === null) return '`--device gpu0` asks for one card; `lab status` shows their names';
  const [first, ...others] = numbers;
  if (first === undefined) return '`--device cpu` keeps the job off the GPUs';
  if (others.length > 0) return `\`--gpus ${numbers.length}\` asks for ${numbers.length} at once`;
  // The lab's names go by nvidia-smi's numbers; which of them AMD's number stands for is not known without asking for the devices.
  if (vendor === 'amd') return '`--device NAME` asks for one card; `lab status` shows the names';
  return `\`--device gpu${first}\` asks for that one, by the numbers that \`lab status\` shows`;
}
