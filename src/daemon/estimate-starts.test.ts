/** When queued jobs start: on which lanes, in which order, and when nothing is said. */
import { expect, test } from 'vitest';
import type { PlacementDevice } from '../../queue/device-fit.ts';
import type { Eta, Group } from '../domain/job.ts';
import type { DeviceClass } from '../domain/run.ts';
import { estimateQueue, estimateStarts, type QueueSight, type RunningJob, type WaitingJob } from './estimate-starts.ts';

const anyDevice = { deviceId: null, gpus: 1, vramMib: null };
const onProcessor = (number: number, more: Partial<WaitingJob> = {}): WaitingJob => ({
  number,
  class: 'cpu',
  needs: anyDevice,
  group: 'default',
  waits: null,
  ...more,
});
const onGpu = (number: number, more: Partial<WaitingJob> = {}): WaitingJob =>
  onProcessor(number, { class: 'gpu', ...more });
const running = (number: number, deviceClass: DeviceClass, end: Eta | null): RunningJob => ({
  number,
  class: deviceClass,
  group: 'default',
  end,
});
const device = (id: string, more: Partial<PlacementDevice> = {}): PlacementDevice => ({
  id,
  class: id.startsWith('gpu') ? 'gpu' : 'cpu',
  job: null,
  holder: null,
  problem: null,
  strangers: null,
  freeMib: null,
  totalMib: null,
  ...more,
});
const slots = (count: number, name = 'default'): Group => ({ name, slots: count, isPaused: false });
const queue: QueueSight = {
  waiting: [],
  running: [],
  devices: [],
  groups: [slots(1)],
  processors: 2,
  typicalSeconds: () => 100,
};
/** Starts by number in seconds. */
const startsOf = (sight: Partial<QueueSight>): [number, number][] =>
  [...estimateQueue({ ...queue, ...sight })].map(([number, eta]) => [number, eta.seconds]);
const soon: Eta = { seconds: 30, from: 'progress' };

test('a queued job starts after those before it, on the lane that is free first; one unknown length ends the knowledge', () => {
  const waiting = [
    { number: 4, typicalSeconds: 10 },
    { number: 5, typicalSeconds: null },
    { number: 6, typicalSeconds: 10 },
  ];
  const seconds = (starts: ReturnType<typeof estimateStarts>) =>
    [...starts].map(([number, eta]) => [number, eta.seconds]);
  expect(seconds(estimateStarts(waiting, [{ seconds: 5, from: 'progress' }]))).toEqual([
    [4, 5],
    [5, 15],
  ]);
  expect(
    seconds(
      estimateStarts(waiting, [
        { seconds: 5, from: 'runs' },
        { seconds: 7, from: 'runs' },
      ]),
    ),
  ).toEqual([
    [4, 5],
    [5, 7],
  ]);
  expect(seconds(estimateStarts(waiting, [null, { seconds: 7, from: 'runs' }]))).toEqual([]);
});

test('a job that begins at once has no estimate, and the one behind it rests on the run that was looked up', () => {
  const starts = estimateQueue({ ...queue, waiting: [onProcessor(4), onProcessor(5)], devices: [device('cpu0')] });
  expect([...starts]).toEqual([[5, { seconds: 100, from: 'runs' }]]);
});

test('a job that waits for more than its turn has no estimate, nor has any behind it; one that can never start is passed', () => {
  const sight = { devices: [device('cpu0', { job: 3 })], running: [running(3, 'cpu', soon)] };
  const short = onProcessor(5, { waits: 'too little free disk' });
  expect(startsOf({ ...sight, waiting: [onProcessor(4), short, onProcessor(6)] })).toEqual([[4, 30]]);
  const never = onGpu(5, { waits: 'it can never start here' });
  expect(startsOf({ ...sight, waiting: [never, onProcessor(6)] })).toEqual([[6, 30]]);
});

test.each<[string, Partial<PlacementDevice>]>([
  ['another lab has one of the cards', { holder: 'job 7 of another lab' }],
  ['nobody knows who uses one of the cards', { problem: 'nvidia-smi failed' }],
  ['a stranger uses one of the cards', { strangers: '38.2 GiB in use by python' }],
])('where %s no start on a GPU is told, and that of a processor job is', (_, state) => {
  const devices = [device('gpu0', state), device('gpu1', { job: 3 }), device('cpu0', { job: 2 })];
  const busy = [running(3, 'gpu', soon), running(2, 'cpu', soon)];
  expect(startsOf({ devices, running: busy, waiting: [onGpu(4), onProcessor(5)] })).toEqual([[5, 30]]);
});

test('jobs for any one GPU take the cards in the order in which they come free', () => {
  const devices = [device('gpu0', { job: 2 }), device('gpu1', { job: 3 })];
  const busy = [running(2, 'gpu', { seconds: 500, from: 'runs' }), running(3, 'gpu', soon)];
  const waiting = [onGpu(4), onGpu(5), onGpu(6)];
  expect(startsOf({ devices, running: busy, waiting })).toEqual([
    [4, 30],
    [5, 130],
    [6, 230],
  ]);
  const bound = onGpu(5, { needs: { ...anyDevice, deviceId: 'gpu0' } });
  expect(startsOf({ devices, running: busy, waiting: [onGpu(4), bound] })).toEqual([]);
});

test('a slot of the processor that another lab has is none to count on', () => {
  const busy = [running(3, 'cpu', soon)];
  const devices = [device('cpu0', { job: 3 }), device('cpu1', { holder: 'job 7 of another lab' })];
  const sight = { running: busy, groups: [slots(2)], waiting: [onProcessor(4), onProcessor(5)] };
  expect(startsOf({ ...sight, devices })).toEqual([]);
  expect(startsOf({ ...sight, devices: [device('cpu0', { job: 3 }), device('cpu1')] })).toEqual([[5, 30]]);
});

test('one idle slot of the processor is not promised to two groups, nor is what comes free after it', () => {
  const groups = [slots(1, 'a'), slots(1, 'b')];
  const waiting = [4, 5, 6, 7].map((number) => onProcessor(number, { group: number % 2 === 0 ? 'a' : 'b' }));
  const held = device('cpu1', { holder: 'job 7 of another lab' });
  expect(startsOf({ groups, waiting, devices: [device('cpu0'), held] })).toEqual([]);
  expect(startsOf({ groups, waiting, devices: [device('cpu0'), device('cpu1')] })).toEqual([
    [6, 100],
    [7, 100],
  ]);
  // Nothing of the other group waits: what the other lab has is not missed.
  const ofOne = waiting.filter(({ group }) => group === 'a');
  expect(startsOf({ groups, waiting: ofOne, devices: [device('cpu0'), held] })).toEqual([[6, 100]]);
  // The end in one group makes room for the other, which has a slot and no device.
  const busy = [{ ...running(3, 'cpu', soon), group: 'a' }];
  expect(startsOf({ groups, waiting, running: busy, devices: [device('cpu0', { job: 3 }), held] })).toEqual([]);
});

test('beside a group without a limit, which takes the devices of any other, no start on the processor is told', () => {
  const devices = [device('cpu0', { job: 2 }), device('cpu1', { job: 3 }), device('cpu2', { job: 8 })];
  const free = [2, 3].map((number) => ({ ...running(number, 'cpu', { seconds: 500, from: 'runs' }), group: 'free' }));
  const sight = { devices, running: [...free, running(8, 'cpu', soon)], groups: [slots(1), slots(0, 'free')] };
  expect(startsOf({ ...sight, waiting: [onProcessor(4)] })).toEqual([[4, 30]]);
  expect(startsOf({ ...sight, waiting: [onProcessor(4, { group: 'free' }), onProcessor(5)] })).toEqual([]);
});

test('where more run than the group has slots, as many ends as are too many make no room', () => {
  const devices = [1, 2, 3].map((job) => device(`cpu${job - 1}`, { job }));
  const ends = [30, 10, 20].map((seconds, index) => running(index + 1, 'cpu', { seconds, from: 'runs' }));
  const sight = { devices, waiting: [onProcessor(4), onProcessor(5)] };
  expect(startsOf({ ...sight, running: ends, groups: [slots(1)] })).toEqual([
    [4, 30],
    [5, 130],
  ]);
  expect(startsOf({ ...sight, running: ends, groups: [slots(2)] })).toEqual([
    [4, 20],
    [5, 30],
  ]);
  // Any of them may be the one that nobody knows.
  const open = [...ends.slice(0, 2), running(3, 'cpu', null)];
  expect(startsOf({ ...sight, running: open, groups: [slots(1)] })).toEqual([]);
  // No limit, nothing too many.
  expect(startsOf({ ...sight, running: ends, groups: [slots(0)] })[0]).toEqual([4, 10]);
});
