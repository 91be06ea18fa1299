import { expect, test } from 'vitest';
import { cardEnvironment } from './card-environment.ts';
import type { PlannedDevice } from './plan.ts';

const nvidia = (index: number): Pick<PlannedDevice, 'card'> => ({ card: { vendor: 'nvidia', index } });
const amd = (index: number): Pick<PlannedDevice, 'card'> => ({ card: { vendor: 'amd', index } });
const processor = { card: null };

test('a run on NVIDIA’s cards sees them by nvidia-smi’s numbers, in nvidia-smi’s order, and no card of AMD', () => {
  const cuda = { CUDA_VISIBLE_DEVICES: '0,2', CUDA_DEVICE_ORDER: 'PCI_BUS_ID' };
  expect(cardEnvironment([nvidia(0), nvidia(2)], false)).toEqual(cuda);
  expect(cardEnvironment([nvidia(0), nvidia(2)], true)).toEqual({ ...cuda, HIP_VISIBLE_DEVICES: '-1' });
});

test('a run on AMD’s cards sees them by HIP’s numbers, and no card of NVIDIA', () => {
  expect(cardEnvironment([amd(1)], true)).toEqual({ CUDA_VISIBLE_DEVICES: '', HIP_VISIBLE_DEVICES: '1' });
});

test('a run on the processor sees no card', () => {
  expect(cardEnvironment([processor], false)).toEqual({ CUDA_VISIBLE_DEVICES: '' });
  expect(cardEnvironment([processor], true)).toEqual({ CUDA_VISIBLE_DEVICES: '', HIP_VISIBLE_DEVICES: '-1' });
});
