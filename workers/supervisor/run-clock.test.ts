/** The clock of a step, read by this process as by a supervisor that takes over. Jumps of whole labs are in src/scenarios/faults/clock.test.ts. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { KernelLock } from '../../src/lab/kernel-lock.ts';
import { lockDevice } from '../device-lock.ts';
import { findMarked } from '../process-tree.ts';
import { createAttempts, type TestAttempts, until } from './attempts-for-tests.ts';
import { launchSupervisor } from './launch.ts';
import { chooseEndMs, createRunClock, isTimeTrue, type StepBegin } from './run-clock.ts';
import { readStepStart } from './step-wrapper.ts';

const hourMs = 3_600_000;
let attempts: TestAttempts;

beforeAll(async () => {
  attempts = await createAttempts();
});
afterEach(() => attempts.clean());
afterAll(() => attempts.remove());

async function waitForBegin(dir: string): Promise<StepBegin> {
  const log = join(dir, 'train.log');
  await until(() => existsSync(log) && readFileSync(log, 'utf8').includes('begin'));
  const start = readStepStart(dir, 'train');
  if (start === null || start === 'unfinished') throw new Error('train has begun without a whole pid file');
  return start;
}

test('whoever looks at a step later counts from its start, and sees that the machine’s time was set', async () => {
  const dir = attempts.plan([{ name: 'train', shell: 'echo begin; sleep 600' }]);
  launchSupervisor(dir, { entry: attempts.entry });
  const start = await waitForBegin(dir);
  const clock = createRunClock(start);
  expect(isTimeTrue(clock)).toBe(true);
  const before = clock();
  await until(() => clock() > before);
  // Elsewhere it trusts the machine's time once.
  if (process.platform !== 'linux') return;
  for (const byMs of [hourMs, -hourMs])
    expect(isTimeTrue(createRunClock({ ...start, startedAtMs: start.startedAtMs + byMs }))).toBe(false);
});

test.skipIf(process.platform !== 'linux')(
  'the time in which a step stood ready for its device is not counted',
  async () => {
    // What the test before has left can hold the device for another moment.
    let held: KernelLock | null = null;
    while (held === null) held = await lockDevice(attempts.locks, 'cpu0', { lab: '/other', job: 2 });
    const dir = attempts.plan([{ name: 'train', shell: 'echo begin; sleep 600' }]);
    launchSupervisor(dir, { entry: attempts.entry });
    await until(() => findMarked(attempts.markerOf(dir)).length > 0);
    const marked = findMarked(attempts.markerOf(dir));
    const wrapper = marked.find(({ parentPid }) => marked.every(({ pid }) => pid !== parentPid));
    const readyMs = performance.now();
    await until(() => performance.now() - readyMs > 2500);
    held.release();
    const start = await waitForBegin(dir);
    expect(start.identity.pid).toBe(wrapper?.pid);
    expect(isTimeTrue(createRunClock(start))).toBe(true);
    // What the wrapper's own start would have told.
    expect(isTimeTrue(createRunClock({ ...start, steadyMs: null }))).toBe(false);
  },
);

test('the end that an exit file shows counts where it can be true', () => {
  expect(chooseEndMs(10_050, 10_000, 10_100)).toBe(10_050);
  // Sources differ by a little.
  expect(chooseEndMs(10_110, 10_000, 10_100)).toBe(10_110);
  expect(chooseEndMs(10_050 + hourMs, 10_000, 10_100)).toBe(10_100);
  expect(chooseEndMs(10_050 - hourMs, 10_000, 10_100)).toBe(10_100);
});
