/** Handing out: who starts, who is made ready for a busy device, and that the order of the queue decides both. Made up and pure. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { PlacementDevice } from './device-fit.ts';
import { type HandoutInput, planHandouts } from './handouts.ts';
import type { ReadyJob } from './placement.ts';

const rule = { reserveAfterSeconds: 600, reserveForSeconds: 1800 };
const free = { job: null, holder: null, problem: null, strangers: null, freeMib: 80_000, totalMib: 80_000 };

function gpu(index: number, changes: Partial<PlacementDevice> = {}): PlacementDevice {
  return { id: `gpu${index}`, class: 'gpu', ...free, ...changes };
}

function cpu(index: number, changes: Partial<PlacementDevice> = {}): PlacementDevice {
  return { id: `cpu${index}`, class: 'cpu', ...free, freeMib: null, totalMib: null, ...changes };
}

function job(number: number, needs: Partial<ReadyJob['needs']> = {}, changes: Partial<ReadyJob> = {}): ReadyJob {
  const all = { deviceId: null, gpus: 1, vramMib: null, ...needs };
  return { number, class: 'gpu', needs: all, group: 'default', waitingSinceMs: 0, ignoresSlots: false, ...changes };
}

function plan(jobs: ReadyJob[], devices: PlacementDevice[], changes: Partial<HandoutInput> = {}) {
  const base = { groups: new Map(), groupOn: new Map(), nowMs: 0, reservations: [], rule };
  const { handouts, waits } = planHandouts({ jobs, devices, ...base, ...changes });
  return {
    handouts: handouts.map((one) => `${one.number}${one.isStart ? ' on ' : ' after '}${one.devices.join('+')}`),
    waits,
  };
}

test('the first job that fits is made ready for all busy devices, and nobody behind it', () => {
  const busy = [gpu(0, { job: 8 }), gpu(1, { job: 9 })];
  expect(plan([job(1), job(2), job(3)], busy).handouts).toEqual(['1 after gpu0+gpu1']);
  expect(plan([job(1, { deviceId: 'gpu1' }), job(2), job(3)], busy).handouts).toEqual(['1 after gpu1', '2 after gpu0']);
});

test('a free device takes its job at once while the next one is made ready for the busy one', () => {
  expect(plan([job(1), job(2), job(3)], [gpu(0, { job: 9 }), gpu(1)]).handouts).toEqual(['1 on gpu1', '2 after gpu0']);
});

test('a device that another lab holds is waited for like a busy one, and the wait is told', () => {
  const { handouts, waits } = plan([job(1)], [gpu(0, { holder: 'job 7 of /labs/two' })]);
  expect(handouts).toEqual(['1 after gpu0']);
  expect(waits.get(1)).toContain('gpu0 is held by job 7 of /labs/two');
});

test('a job behind jobs of its own lab has no other reason than its place', () => {
  expect(plan([job(1), job(2)], [gpu(0, { job: 9 })]).waits.size).toBe(0);
});

test('nothing is made ready for a card that strangers use or that does not answer', () => {
  const used = gpu(0, { job: 9, strangers: '3 GiB in use by python (pid 4)' });
  expect(plan([job(1)], [used]).handouts).toEqual([]);
  expect(plan([job(1)], [gpu(0, { job: 9, problem: 'gpu0 does not answer' })]).handouts).toEqual([]);
});

test('a job of several cards starts when all are free and is never made ready for one', () => {
  const pair = job(1, { gpus: 2 });
  expect(plan([pair], [gpu(0), gpu(1)]).handouts).toEqual(['1 on gpu0+gpu1']);
  expect(plan([pair], [gpu(0), gpu(1, { job: 9 })]).handouts).toEqual([]);
});

test('once cards are kept for a job of several, the next one is not made ready to take them over', () => {
  const pair = job(1, { gpus: 2 });
  const devices = [gpu(0, { job: 8 }), gpu(1, { job: 9 })];
  expect(plan([pair, job(2)], devices, { nowMs: 1000 }).handouts).toEqual(['2 after gpu0+gpu1']);
  expect(plan([pair, job(2)], devices, { nowMs: 601_000 }).handouts).toEqual([]);
});

test('a group that uses all its slots waits for one of its own jobs only', () => {
  const jobs = [job(1, {}, { class: 'cpu', group: 'a' }), job(2, {}, { class: 'cpu', group: 'b' })];
  const devices = [cpu(0, { job: 8 }), cpu(1, { job: 9 })];
  const groups = new Map([
    ['a', { slots: 1, running: 1 }],
    ['b', { slots: 1, running: 1 }],
  ]);
  const groupOn = new Map([
    ['cpu0', 'b'],
    ['cpu1', 'a'],
  ]);
  expect(plan(jobs, devices, { groups, groupOn }).handouts).toEqual(['1 after cpu1', '2 after cpu0']);
});

test('whatever is asked: a device has at most one job that starts or comes next, and of equal jobs the first comes first', () => {
  const device = fc.record({ isBusy: fc.boolean(), isHeld: fc.boolean() });
  const wish = fc.record({ gpus: fc.integer({ min: 1, max: 3 }), pin: fc.option(fc.integer({ min: 0, max: 3 })) });
  fc.assert(
    fc.property(fc.array(device, { minLength: 1, maxLength: 4 }), fc.array(wish, { maxLength: 8 }), (cards, wishes) => {
      const devices = cards.map(({ isBusy, isHeld }, index) =>
        gpu(index, { job: isBusy ? 90 + index : null, holder: isHeld ? 'another process' : null }),
      );
      const jobs = wishes.map(({ gpus, pin }, index) =>
        job(index + 1, pin === null ? { gpus } : { deviceId: `gpu${pin}` }),
      );
      const { handouts } = planHandouts({
        jobs,
        devices,
        groups: new Map(),
        groupOn: new Map(),
        nowMs: 0,
        reservations: [],
        rule,
      });
      const promised = handouts.flatMap((one) => one.devices);
      expect(new Set(promised).size).toBe(promised.length);
      for (const { number, devices: ids, isStart } of handouts) {
        for (const id of ids) {
          const found = devices.find((one) => one.id === id);
          expect(found?.job === null && found.holder === null).toBe(isStart);
        }
        const { needs } = jobs[number - 1] ?? job(0);
        const earlier = jobs.slice(0, number - 1).filter((one) => JSON.stringify(one.needs) === JSON.stringify(needs));
        for (const before of earlier) expect(handouts.map((one) => one.number)).toContain(before.number);
      }
    }),
  );
});

test('with more jobs of a group running than it has slots, none of it is made ready', () => {
  const jobs = [job(1, {}, { class: 'cpu', group: 'a' })];
  const devices = [cpu(0, { job: 7 }), cpu(1, { job: 8 })];
  const groupOn = new Map([
    ['cpu0', 'a'],
    ['cpu1', 'a'],
  ]);
  const groups = new Map([['a', { slots: 1, running: 2 }]]);
  expect(plan(jobs, devices, { groups, groupOn }).handouts).toEqual([]);
});

test('a job that is being made ready keeps its device when one before it comes free', () => {
  const jobs = [2, 3, 4].map((number) => job(number));
  const preferred = new Map([
    [2, ['gpu1']],
    [3, ['gpu2']],
  ]);
  const { handouts } = plan(jobs, [gpu(0), gpu(1), gpu(2)], { preferred });
  expect(handouts).toEqual(['2 on gpu1', '3 on gpu2', '4 on gpu0']);
});
