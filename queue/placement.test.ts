/** Placement: who gets which device, why the others wait, and that nobody waits for ever. The jobs and devices are made up: it is pure. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { PlacementDevice } from './device-fit.ts';
import { type GroupSlots, type PlacementInput, placeJobs, type ReadyJob } from './placement.ts';
import type { Reservation } from './reservation.ts';

const rule = { reserveAfterSeconds: 600, reserveForSeconds: 1800 };

function gpu(index: number, changes: Partial<PlacementDevice> = {}): PlacementDevice {
  const free = { job: null, holder: null, problem: null, strangers: null, freeMib: 80_000, totalMib: 80_000 };
  return { id: `gpu${index}`, class: 'gpu', ...free, ...changes };
}

function cpu(index: number, changes: Partial<PlacementDevice> = {}): PlacementDevice {
  return { ...gpu(index, { freeMib: null, totalMib: null }), id: `cpu${index}`, class: 'cpu', ...changes };
}

function job(number: number, needs: Partial<ReadyJob['needs']> = {}, changes: Partial<ReadyJob> = {}): ReadyJob {
  return {
    number,
    class: 'gpu',
    needs: { deviceId: null, gpus: 1, vramMib: null, ...needs },
    group: 'default',
    waitingSinceMs: 0,
    ignoresSlots: false,
    ...changes,
  };
}

function place(jobs: ReadyJob[], devices: PlacementDevice[], changes: Partial<PlacementInput> = {}) {
  return placeJobs({ jobs, devices, groups: new Map(), nowMs: 0, reservations: [], rule, ...changes });
}

const pairs = ({ assignments }: { assignments: { number: number; devices: string[] }[] }) =>
  assignments.map(({ number, devices }) => `${number}:${devices.join('+')}`);

test('a card that a stranger uses takes no job that wants all of it, and the reason says who', () => {
  const busy = gpu(0, { strangers: '38.2 GiB in use by python (pid 4242, anna)', freeMib: 40_000 });
  const placed = place([job(1)], [busy]);
  expect(placed.assignments).toEqual([]);
  expect(placed.waits.get(1)).toBe('gpu0 is not free: 38.2 GiB in use by python (pid 4242, anna)');
});

test('--vram fits beside a stranger where as much is free, exactly up to what is free', () => {
  const busy = gpu(0, { strangers: 'x', freeMib: 40_000 });
  expect(pairs(place([job(1, { vramMib: 40_000 })], [busy]))).toEqual(['1:gpu0']);
  expect(place([job(1, { vramMib: 40_001 })], [busy]).waits.get(1)).toContain('gpu0 has 39.1 GiB free');
  expect(pairs(place([job(1, { vramMib: 10 })], [{ ...busy, job: 9 }]))).toEqual([]);
  expect(pairs(place([job(1, { vramMib: 10 })], [busy, gpu(1)]))).toEqual(['1:gpu1']);
});

test('memory that is not told is enough on a free card and never beside a stranger', () => {
  const untold = gpu(0, { freeMib: null, totalMib: null });
  expect(pairs(place([job(1, { vramMib: 10 })], [untold]))).toEqual(['1:gpu0']);
  expect(place([job(1, { vramMib: 10 })], [{ ...untold, strangers: 'x' }]).waits.get(1)).toContain('does not tell');
});

test('a pinned job waits for its device and the job behind it starts on another', () => {
  const placed = place([job(1, { deviceId: 'gpu0' }), job(2)], [gpu(0, { job: 7 }), gpu(1)]);
  expect(pairs(placed)).toEqual(['2:gpu1']);
  expect(placed.waits.get(1)).toBe('gpu0 runs job 7');
});

test('a device that another lab holds, or that has a problem, takes nothing and is named', () => {
  const devices = [gpu(0, { holder: 'job 3 of /labs/two' }), gpu(1, { problem: 'gpu1 is lost' })];
  const placed = place([job(1, { vramMib: 1 })], devices);
  expect(placed.waits.get(1)).toBe('gpu0 is held by job 3 of /labs/two; gpu1 is lost');
});

test.each([
  ['no GPU', job(1), [cpu(0)], 'takes a GPU and this machine has none'],
  ['an unknown device', job(1, { deviceId: 'gpu4' }), [gpu(0)], 'bound to gpu4, this machine has gpu0'],
  ['more GPUs than there are', job(1, { gpus: 3 }), [gpu(0), gpu(1)], 'takes 3 GPUs at once, this machine has 2'],
  ['two GPUs, one of them named', job(1, { gpus: 2, deviceId: 'gpu0' }), [gpu(0), gpu(1)], 'bound to gpu0 alone'],
  ['more memory than any card', job(1, { vramMib: 90_000 }), [gpu(0, { job: 3 })], 'takes 87.9 GiB on a GPU'],
  ['more than its card has', job(1, { vramMib: 9, deviceId: 'gpu0' }), [gpu(0, { totalMib: 8 }), gpu(1)], 'gpu0 does'],
])('%s: the job is told that it can never start, and the next one is not held up', (_, first, devices, words) => {
  const placed = place([first, job(2, {}, { class: 'cpu' })], [...devices, cpu(8)]);
  expect(placed.never.get(1)).toContain(words);
  expect(placed.waits.has(1)).toBe(false);
  expect(placed.assignments).toMatchObject([{ number: 2 }]);
});

test('a busy card is a reason to wait, never a reason to give up', () => {
  const placed = place([job(1, { gpus: 2 })], [gpu(0, { job: 1 }), gpu(1, { problem: 'hangs' })]);
  expect([placed.never.size, placed.waits.size]).toEqual([0, 1]);
});

test("a group's slots bound its processor jobs; GPU jobs and jobs sent ahead pass them", () => {
  const groups = new Map<string, GroupSlots>([['a', { slots: 2, running: 1 }]]);
  const on = (number: number, changes: Partial<ReadyJob> = {}) =>
    job(number, {}, { class: 'cpu', group: 'a', ...changes });
  const jobs = [on(1), on(2), on(3, { ignoresSlots: true }), on(4, { group: 'b' }), job(5, {}, { group: 'a' })];
  const placed = place(jobs, [cpu(0), cpu(1), cpu(2), cpu(3), gpu(0)], { groups });
  expect(pairs(placed)).toEqual(['1:cpu0', '3:cpu1', '4:cpu2', '5:gpu0']);
  expect(placed.waits.get(2)).toContain('the group a runs 2 of 2 jobs');
});

test('a job for two GPUs is passed at first, then a freed card is kept for it, then it gets both', () => {
  const jobs = [job(1, { gpus: 2 }), job(2)];
  const devices = [gpu(0), gpu(1, { job: 9 })];
  const early = place(jobs, devices, { nowMs: 599_000 });
  expect(pairs(early)).toEqual(['2:gpu0']);
  expect(early.waits.get(1)).toBe('1 of the 2 GPUs that it takes are free: gpu1 runs job 9');
  expect(early.nextMs).toBe(600_000);
  const late = place(jobs, devices, { nowMs: 600_000 });
  expect(pairs(late)).toEqual([]);
  expect(late.waits.get(2)).toContain('gpu0 is kept for job 1, which takes 2 GPUs at once');
  expect(late.nextMs).toBe(2_400_000);
  const met = place(jobs, [gpu(0), gpu(1)], { nowMs: 700_000, reservations: late.reservations });
  expect(pairs(met)).toEqual(['1:gpu0+gpu1']);
  expect(met.reservations).toEqual([]);
});

test('a window that ends in vain lets one job pass on the kept card, and the next window is twice as long', () => {
  const two = job(1, { gpus: 2 });
  const busy = gpu(1, { holder: 'job 1 of /labs/two' });
  const open = place([two], [gpu(0), busy], { nowMs: 600_000 });
  const ended = place([two, job(2), job(3)], [gpu(0), busy], { nowMs: 2_400_000, reservations: open.reservations });
  expect(pairs(ended)).toEqual(['2:gpu0']);
  const again = place([two, job(3)], [gpu(0), busy], { nowMs: 2_500_000, reservations: ended.reservations });
  expect(pairs(again)).toEqual([]);
  expect(again.nextMs).toBe(2_500_000 + 3_600_000);
});

const anyDevice = fc.record({
  class: fc.constantFrom('cpu' as const, 'gpu' as const),
  job: fc.option(fc.integer({ min: 900, max: 999 }), { freq: 4 }),
  holder: fc.option(fc.constant('another lab'), { freq: 2 }),
  problem: fc.option(fc.constant('hangs'), { freq: 2 }),
  strangers: fc.option(fc.constant('somebody'), { freq: 3 }),
  freeMib: fc.option(fc.integer({ min: 0, max: 100 })),
  totalMib: fc.option(fc.integer({ min: 50, max: 100 })),
});
const anyDevices = fc
  .array(anyDevice, { maxLength: 9 })
  .map((list) => list.map((one, index): PlacementDevice => ({ ...one, id: `${one.class}${index}` })));
const anyNeeds = fc.record({
  deviceId: fc.option(fc.constantFrom('gpu0', 'gpu1', 'cpu0', 'cpu2'), { freq: 3 }),
  gpus: fc.integer({ min: 1, max: 3 }),
  vramMib: fc.option(fc.integer({ min: 1, max: 100 })),
});
const anyJobs = fc
  .array(
    fc.record({
      needs: anyNeeds,
      class: fc.constantFrom('cpu' as const, 'gpu' as const),
      group: fc.constantFrom('a', 'b', 'c'),
      waitingSinceMs: fc.integer({ min: 0, max: 3_000_000 }),
      ignoresSlots: fc.constant(false),
    }),
    { maxLength: 12 },
  )
  .map((list) => list.map((one, index): ReadyJob => ({ ...one, number: index + 1 })));
const anyGroups = fc.record({ slots: fc.integer({ min: 0, max: 3 }), running: fc.integer({ min: 0, max: 2 }) });

test('whatever is asked: no device twice, none that is taken, no slot too many, each job answered once, equals in order', () => {
  fc.assert(
    fc.property(anyJobs, anyDevices, anyGroups, anyGroups, (jobs, devices, a, b) => {
      const groups = new Map([
        ['a', a],
        ['b', b],
      ]);
      const placed = place(jobs, devices, { groups, nowMs: 3_000_000 });
      const given = placed.assignments.flatMap((one) => one.devices);
      expect(new Set(given).size).toBe(given.length);
      const find = (number: number) => jobs.find((one) => one.number === number);
      for (const { number, devices: ids } of placed.assignments) {
        const asked = find(number);
        expect(ids).toHaveLength(asked?.class === 'gpu' ? asked.needs.gpus : 1);
        for (const id of ids) {
          const device = devices.find((one) => one.id === id);
          expect(device).toMatchObject({ class: asked?.class, job: null, holder: null, problem: null });
          if (asked?.class === 'gpu' && asked.needs.vramMib === null) expect(device?.strangers).toBeNull();
        }
      }
      for (const [name, { slots, running }] of groups) {
        const started = placed.assignments.filter(({ number }) => {
          const asked = find(number);
          return asked?.group === name && asked.class === 'cpu';
        }).length;
        if (slots > 0 && started > 0) expect(running + started).toBeLessThanOrEqual(slots);
      }
      const answered = [
        ...placed.assignments.map(({ number }) => number),
        ...placed.waits.keys(),
        ...placed.never.keys(),
      ];
      expect(answered.sort((x, y) => x - y)).toEqual(jobs.map(({ number }) => number));
      for (const reason of [...placed.waits.values(), ...placed.never.values()]) expect(reason).not.toBe('');
      // Of two jobs that ask for the same, the later one never starts without the earlier.
      for (const { number } of placed.assignments) {
        const later = find(number);
        for (const earlier of jobs.slice(0, number - 1)) {
          const isEqual = earlier.class === later?.class && earlier.group === later.group;
          if (isEqual && JSON.stringify(earlier.needs) === JSON.stringify(later?.needs))
            expect(placed.assignments.map((one) => one.number)).toContain(earlier.number);
        }
      }
    }),
    { numRuns: 500 },
  );
});

test('in simulated time every job that can start does, however many small ones keep arriving behind it', () => {
  const run = fc.record({ gpus: fc.integer({ min: 1, max: 3 }), minutes: fc.integer({ min: 1, max: 240 }) });
  fc.assert(
    fc.property(
      fc.array(run, { minLength: 1, maxLength: 6 }),
      fc.array(fc.integer({ min: 1, max: 240 }), { minLength: 1, maxLength: 8 }),
      fc.integer({ min: 3, max: 4 }),
      (asked, fillers, cards) => {
        const waiting: { job: ReadyJob; minutes: number }[] = asked.map(({ gpus, minutes }, index) => ({
          job: job(index + 1, { gpus }),
          minutes,
        }));
        const running = new Map<string, { number: number; untilMinute: number }>();
        let reservations: Reservation[] = [];
        let next = 1000;
        const isOpen = () => waiting.some((one) => one.job.number < 1000);
        for (let minute = 0; isOpen(); minute += 1) {
          expect(minute).toBeLessThan(200 * 24 * 60);
          for (const [id, one] of running) if (one.untilMinute <= minute) running.delete(id);
          while (waiting.length < asked.length + cards) {
            const minutes = fillers[next % fillers.length] ?? 1;
            waiting.push({ job: job(next, {}, { waitingSinceMs: minute * 60_000 }), minutes });
            next += 1;
          }
          const devices = Array.from({ length: cards }, (_, index) =>
            gpu(index, { job: running.get(`gpu${index}`)?.number ?? null }),
          );
          const jobs = waiting.map((one) => one.job);
          const placed = place(jobs, devices, { nowMs: minute * 60_000, reservations });
          reservations = placed.reservations;
          for (const { number, devices: ids } of placed.assignments) {
            const index = waiting.findIndex((one) => one.job.number === number);
            const [started] = waiting.splice(index, 1);
            for (const id of ids) running.set(id, { number, untilMinute: minute + (started?.minutes ?? 1) });
          }
        }
      },
    ),
    { numRuns: 40 },
  );
});

test('a card that never comes free holds the other one up only for the windows: jobs behind keep starting', () => {
  const never = gpu(1, { strangers: 'a zombie' });
  let reservations: Reservation[] = [];
  let untilMinute = 0;
  let started = 0;
  for (let minute = 0; minute < 30 * 24 * 60; minute += 1) {
    const devices = [gpu(0, { job: minute < untilMinute ? 9 : null }), never];
    const jobs = [job(1, { gpus: 2 }), job(1000 + started, {}, { waitingSinceMs: minute * 60_000 })];
    const placed = place(jobs, devices, { nowMs: minute * 60_000, reservations });
    reservations = placed.reservations;
    for (const { number } of placed.assignments) {
      expect(number).toBeGreaterThanOrEqual(1000);
      untilMinute = minute + 10;
      started += 1;
    }
  }
  // 64 times half an hour is the longest window: 30 days hold more than 20 of them.
  expect(started).toBeGreaterThan(20);
});
