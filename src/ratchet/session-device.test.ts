import { expect, test } from 'vitest';
import type { Device } from '../../workers/device-probe.ts';
import { LabError } from '../errors/lab-error.ts';
import { ensureDevice } from './session-device.ts';

const facts = { uuid: null, index: null, memoryTotalMib: null, memoryUsedMib: null, driver: null };
const cpu: Device = { id: 'cpu0', class: 'cpu', model: 'a processor', vendor: 'cpu', ...facts };
const gpu: Device = { id: 'gpu0', class: 'gpu', model: 'a card', vendor: 'nvidia', ...facts };
const problems = ['nvidia-smi failed: no answer within 15 s', 'rocm-smi --json gave no JSON'];

test('auto comes to the processor only where nothing kept a GPU from being found', () => {
  expect(ensureDevice({ devices: [cpu], problems: [] }, 'auto', null)).toBe('cpu');
  const ensure = () => ensureDevice({ devices: [cpu], problems }, 'auto', null);
  expect(ensure).toThrow(LabError);
  expect(ensure).toThrow(
    expect.objectContaining({
      kind: 'user',
      message: expect.stringContaining('cannot be told: nvidia-smi failed: no answer within 15 s;'),
      hints: expect.arrayContaining([expect.stringContaining('--device cpu0')]),
    }),
  );
});

test.each([
  ['auto with a GPU that was found', 'auto', null, [cpu, gpu], 'gpu'],
  ['the processor by its name', 'auto', 'cpu0', [cpu], 'cpu'],
  ['a GPU by its name', 'auto', 'gpu0', [cpu, gpu], 'gpu'],
  ['the processor by lab.yaml', 'cpu', null, [cpu], 'cpu'],
  ['the processor by its name where lab.yaml says gpu', 'gpu', 'cpu0', [cpu, gpu], 'cpu'],
] as const)('a problem of the probe keeps no session back: %s', (_, choice, deviceId, devices, expected) => {
  expect(ensureDevice({ devices: [...devices], problems }, choice, deviceId)).toBe(expected);
});

test('a device that is not there is refused with those that are', () => {
  const probe = { devices: [cpu, gpu], problems: [] };
  expect(() => ensureDevice(probe, 'auto', 'gpu7')).toThrow('no device "gpu7", expected one of: cpu0, gpu0');
  expect(() => ensureDevice({ devices: [cpu], problems }, 'gpu', null)).toThrow('no gpu device, expected one of: cpu0');
});
