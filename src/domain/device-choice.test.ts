import { expect, test } from 'vitest';
import { describeSilentGpu, resolveDevice } from './device-choice.ts';
import type { DeviceClass } from './run.ts';

test('auto is a GPU where there is one and else the processor, and a class stays what it is', () => {
  const box = new Set<DeviceClass>(['cpu', 'gpu']);
  const plain = new Set<DeviceClass>(['cpu']);
  expect([resolveDevice('auto', box), resolveDevice('auto', plain)]).toEqual(['gpu', 'cpu']);
  expect([resolveDevice('cpu', box), resolveDevice('gpu', plain)]).toEqual(['cpu', 'gpu']);
});

test('a GPU that did not answer is told where auto came to the processor, and nowhere else', () => {
  const problems = ['nvidia-smi failed: no answer within 15 s', 'rocm-smi --json gave no JSON'];
  expect(describeSilentGpu('auto', 'cpu', problems, 'jobs run')).toBe(
    'the device is auto, and no GPU was found: jobs run on the processor (nvidia-smi failed: no answer within 15 s)',
  );
  expect(describeSilentGpu('auto', 'cpu', [], 'jobs run')).toBeNull();
  expect(describeSilentGpu('auto', 'gpu', problems, 'jobs run')).toBeNull();
  expect(describeSilentGpu('cpu', 'cpu', problems, 'jobs run')).toBeNull();
});
