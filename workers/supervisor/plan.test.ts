import { expect, test } from 'vitest';
import { parsePlan } from './plan.ts';

const device = (id: string) => ({
  id,
  class: id.replace(/\d+$/, ''),
  model: 'Some card',
  key: `key-${id}`,
  gpuUuid: null,
});
const plan = (changes: object) => ({
  ...{ schema: 1, job: 1, attempt: 1, marker: 'lab/1.1', lab: '/lab', graceSeconds: 5, secretNames: [], steps: [] },
  ...{ lockFolder: '/locks', devices: [device('gpu0'), device('gpu1')], deviceCount: 1 },
  ...changes,
});

test('one of several devices and all of them are plans, anything between, none and a mixture are not', () => {
  expect(parsePlan(plan({})).devices.map(({ id }) => id)).toEqual(['gpu0', 'gpu1']);
  expect(parsePlan(plan({ deviceCount: 2 })).deviceCount).toBe(2);
  const three = [device('gpu0'), device('gpu1'), device('gpu2')];
  expect(() => parsePlan(plan({ devices: three, deviceCount: 2 }))).toThrow(/deviceCount is 2, expected 1 or 3/);
  expect(() => parsePlan(plan({ deviceCount: 0 }))).toThrow(/deviceCount is 0/);
  expect(() => parsePlan(plan({ devices: [] }))).toThrow(/at least one device/);
  expect(() => parsePlan(plan({ devices: [device('gpu0'), device('cpu0')] }))).toThrow(/expected one class/);
  expect(() => parsePlan(plan({ devices: [device('gpu0'), device('gpu0')] }))).toThrow(/each only once/);
});

test('a device has the card that the plan names, and in a plan from before NVIDIA’s with the number of its id', () => {
  const named = { ...device('gpu1'), card: { vendor: 'amd', index: 0 } };
  const isNvidias = { ...device('gpu2'), gpuUuid: 'GPU-aa' };
  expect(parsePlan(plan({ devices: [isNvidias, named] })).devices.map(({ card }) => card)).toEqual([
    { vendor: 'nvidia', index: 2 },
    { vendor: 'amd', index: 0 },
  ]);
  expect(parsePlan(plan({ devices: [device('cpu0')] })).devices[0]?.card).toBeNull();
  const strange = { ...named, card: { vendor: 'other', index: 0 } };
  expect(() => parsePlan(plan({ devices: [strange] }))).toThrow(/devices\[0\]\.card\.vendor is "other"/);
});

test('a plan from before it named cards means AMD’s where the machine can have them and the uuid is not NVIDIA’s', () => {
  const cardOf = (gpuUuid: string | null, hasAmdDriver: boolean) =>
    parsePlan(plan({ devices: [{ ...device('gpu1'), gpuUuid }] }), () => hasAmdDriver).devices[0]?.card;
  for (const uuid of ['0x8f2a', null]) {
    expect(cardOf(uuid, true)).toEqual({ vendor: 'amd', index: 1 });
    expect(cardOf(uuid, false)).toEqual({ vendor: 'nvidia', index: 1 });
  }
  for (const uuid of ['GPU-aa', 'MIG-aa']) expect(cardOf(uuid, true)).toEqual({ vendor: 'nvidia', index: 1 });
  expect(parsePlan(plan({ devices: [device('cpu0')] }), () => true).devices[0]?.card).toBeNull();
});

test('an old plan’s device gets its id from its class, its lock, or what its steps see', () => {
  const old = (deviceClass: string, key: string, cards: string, hasAmdDriver = false) =>
    parsePlan(
      {
        ...plan({ lockFolder: undefined, devices: undefined, deviceCount: undefined }),
        ...{ deviceLock: { folder: '/locks', key }, deviceClass, gpuUuid: deviceClass === 'gpu' ? key : null },
        steps: [
          {
            ...{ name: 'train', argv: ['true'], cwd: '/', env: { CUDA_VISIBLE_DEVICES: cards }, log: 'run.log' },
            wallSeconds: null,
          },
        ],
      },
      () => hasAmdDriver,
    );
  expect(old('cpu', 'cpu0', '')).toMatchObject({ lockFolder: '/locks', deviceCount: 1, devices: [{ id: 'cpu0' }] });
  expect(old('gpu', 'GPU-aa', '2').devices).toMatchObject([{ id: 'gpu2', key: 'GPU-aa', gpuUuid: 'GPU-aa' }]);
  expect(old('gpu', 'gpu1', '').devices).toMatchObject([{ id: 'gpu1' }]);
  expect(old('gpu', '0x8f2a', '1', true).devices).toMatchObject([{ card: { vendor: 'amd', index: 1 } }]);
  expect(old('gpu', 'GPU-aa', '1', true).devices).toMatchObject([{ card: { vendor: 'nvidia', index: 1 } }]);
});
