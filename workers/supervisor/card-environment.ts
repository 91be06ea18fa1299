/**
 * The variables by which GPU libraries see the cards of a run and no others. Pure. Numbers, not uuids: CUDA takes both, but programs that
 * read the variable themselves (vLLM, PyTorch before 2.0) stop at, or do not see, a card that is not a number.
 */
import type { PlannedDevice } from './plan.ts';

/** What a run on these devices is given. `hasAmdDriver`: whether this machine can have AMD's cards, which have to be hidden then. */
export function cardEnvironment(
  devices: readonly Pick<PlannedDevice, 'card'>[],
  hasAmdDriver: boolean,
): Record<string, string> {
  const numbersOf = (vendor: 'nvidia' | 'amd'): string =>
    devices.flatMap(({ card }) => (card?.vendor === vendor ? [card.index] : [])).join(',');
  const nvidia = numbersOf('nvidia');
  const amd = numbersOf('amd');
  return {
    // Empty: no card at all. HIP reads it too, but only where its own variable says nothing.
    CUDA_VISIBLE_DEVICES: nvidia,
    // nvidia-smi counts by bus address, CUDA with the fastest card first unless it is told.
    ...(nvidia === '' ? {} : { CUDA_DEVICE_ORDER: 'PCI_BUS_ID' }),
    // Empty would be as if it were not there.
    ...(amd === '' && !hasAmdDriver ? {} : { HIP_VISIBLE_DEVICES: amd === '' ? '-1' : amd }),
  };
}
