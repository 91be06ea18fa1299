import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { KernelLock } from '../../src/lab/kernel-lock.ts';
import { lockDevice, readDeviceHolder } from '../device-lock.ts';
import { descendantsOf, findMarked, isAlive, readIdentity, sendSignal } from '../process-tree.ts';
import { createAttempts, readKeptPeakMib, type TestAttempts, until } from './attempts-for-tests.ts';
import { hasSupervisor, launchSupervisor, readAttempt, requestKill } from './launch.ts';

let attempts: TestAttempts;

beforeAll(async () => {
  attempts = await createAttempts();
});
afterEach(() => attempts.clean());
afterAll(() => attempts.remove());

function linesOf(path: string): string[] {
  return existsSync(path)
    ? readFileSync(path, 'utf8')
        .split('\n')
        .filter((line) => line !== '')
    : [];
}

/** A shell line that waits until the test opens the gate: a step of a fixed length can be over before a busy test has looked at it. */
function createGate(name: string): { wait: string; open(): void } {
  const path = join(attempts.folder, `gate-${name}`);
  return { wait: `until [ -e ${path} ]; do sleep 0.05; done`, open: () => writeFileSync(path, '') };
}

/** Launches a supervisor that kills itself at a named point, and waits for its death. */
async function launchUntil(dir: string, point: string): Promise<void> {
  process.env.LAB_STOP_AT = point;
  try {
    launchSupervisor(dir, { entry: attempts.entry });
  } finally {
    delete process.env.LAB_STOP_AT;
  }
  await until(async () => !(await hasSupervisor(dir)));
}

async function killSupervisor(dir: string): Promise<void> {
  const supervisor = attempts.lastSupervisor(dir);
  if (supervisor === null) throw new Error('no supervisor took the attempt on');
  sendSignal(supervisor.pid, 'SIGKILL');
  await until(() => !isAlive(supervisor));
}

test('a supervisor that is killed in mid-run costs the run nothing', async () => {
  const gate = createGate('mid-run');
  const dir = attempts.plan([
    { name: 'train', shell: `echo begin; ${gate.wait}; echo end; exit 5` },
    { name: 'score', shell: 'echo never' },
  ]);
  const launchedMs = performance.now();
  launchSupervisor(dir, { entry: attempts.entry });
  await until(() => linesOf(join(dir, 'train.log')).includes('begin'));
  const begunMs = performance.now();
  const begun = readAttempt(dir).startedAt;
  await killSupervisor(dir);
  const ended = attempts.run(dir);
  await until(() => linesOf(join(dir, 'supervisors.jsonl')).length === 2);
  const openedMs = performance.now();
  gate.open();
  const exit = await ended;
  const endedMs = performance.now();
  expect(linesOf(join(dir, 'train.log'))).toEqual(['begin', 'end']);
  expect(exit).toMatchObject({ reason: 'completed', supervisors: 2, startedAt: begun, problem: null });
  expect(exit.steps).toMatchObject([{ name: 'train', exitCode: 5 }]);
  // Files are dated by a clock of some milliseconds.
  expect(exit.steps[0]?.seconds).toBeGreaterThan((openedMs - begunMs) / 1000 - 0.05);
  expect(exit.steps[0]?.seconds).toBeLessThan((endedMs - launchedMs) / 1000 + 0.05);
});

test('a run that ends while no supervisor lives keeps its code and its seconds, and goes on with the next step', async () => {
  const gate = createGate('unwatched');
  const dir = attempts.plan([
    { name: 'train', shell: `echo begin; ${gate.wait}` },
    { name: 'score', shell: 'echo scored' },
  ]);
  const launchedMs = performance.now();
  launchSupervisor(dir, { entry: attempts.entry });
  await until(() => linesOf(join(dir, 'train.log')).includes('begin'));
  const begunMs = performance.now();
  await killSupervisor(dir);
  const openedMs = performance.now();
  gate.open();
  await until(() => existsSync(join(dir, 'train.exit')) && findMarked(attempts.markerOf(dir)).length === 0);
  const endedMs = performance.now();
  const exit = await attempts.run(dir);
  expect(exit.steps.map(({ name, exitCode }) => [name, exitCode])).toEqual([
    ['train', 0],
    ['score', 0],
  ]);
  expect(exit.steps[0]?.seconds).toBeGreaterThan((openedMs - begunMs) / 1000 - 0.05);
  expect(exit.steps[0]?.seconds).toBeLessThan((endedMs - launchedMs) / 1000 + 0.05);
});

test('the device stays held by the run’s tree when its supervisor is killed, and is free when both are gone', async () => {
  const dir = attempts.plan([{ name: 'train', shell: 'echo begin; sleep 600' }]);
  launchSupervisor(dir, { entry: attempts.entry });
  await until(() => linesOf(join(dir, 'train.log')).includes('begin'));
  await killSupervisor(dir);
  expect(await lockDevice(attempts.locks, 'cpu0', { lab: '/other', job: 2 })).toBeNull();
  expect(await readDeviceHolder(attempts.locks, 'cpu0')).toMatchObject({ lab: attempts.folder });
  for (const info of findMarked(attempts.markerOf(dir))) sendSignal(info.pid, 'SIGKILL');
  await until(async () => (await readDeviceHolder(attempts.locks, 'cpu0')) === null);
});

const canEndWithParent = spawnSync('setpriv', ['--pdeathsig', 'KILL', '--', 'flock', '--version']).status === 0;

test.skipIf(!canEndWithParent)(
  'a supervisor that is killed while it waits for its device leaves nothing that stands in line',
  async () => {
    let held: KernelLock | null = null;
    while (held === null) held = await lockDevice(attempts.locks, 'cpu0', { lab: '/other', job: 2 });
    const dir = attempts.plan([{ name: 'train', shell: 'echo never' }]);
    launchSupervisor(dir, { entry: attempts.entry });
    const waiters = () => descendantsOf(attempts.lastSupervisor(dir)?.pid ?? -1);
    await until(() => waiters().some(({ name }) => name === 'flock'));
    const left = waiters().flatMap(({ pid }) => readIdentity(pid) ?? []);
    await killSupervisor(dir);
    await until(() => !left.some(isAlive));
    held.release();
  },
);

for (const point of [
  'supervisor-locked',
  'device-locked',
  'started-written',
  'step-spawned',
  'step-exited',
  'before-exit',
]) {
  test(`a supervisor that dies at ${point} leaves one run of each step, never two`, async () => {
    const trace = join(attempts.folder, `trace-${point}`);
    const shell = (name: string) => `echo begin ${name} >> ${trace}; sleep 0.3; echo end ${name} >> ${trace}`;
    const dir = attempts.plan([
      { name: 'prepare', shell: shell('prepare') },
      { name: 'train', shell: shell('train') },
    ]);
    await launchUntil(dir, point);
    const exit = await attempts.run(dir);
    expect(exit).toMatchObject({ reason: 'completed', problem: null });
    expect(exit.steps.map(({ name, exitCode }) => [name, exitCode])).toEqual([
      ['prepare', 0],
      ['train', 0],
    ]);
    expect(linesOf(trace)).toEqual(['begin prepare', 'end prepare', 'begin train', 'end train']);
  });
}

test('supervisors that are killed over and over still make one run', async () => {
  const trace = join(attempts.folder, 'trace-often');
  const gate = createGate('often');
  const dir = attempts.plan([{ name: 'train', shell: `echo begin >> ${trace}; ${gate.wait}; echo end >> ${trace}` }]);
  for (let count = 1; count <= 4; count++) {
    launchSupervisor(dir, { entry: attempts.entry });
    await until(() => linesOf(join(dir, 'supervisors.jsonl')).length === count);
    await killSupervisor(dir);
    await until(async () => !(await hasSupervisor(dir)));
  }
  gate.open();
  expect(await attempts.run(dir)).toMatchObject({ reason: 'completed', supervisors: 5, steps: [{ exitCode: 0 }] });
  expect(linesOf(trace)).toEqual(['begin', 'end']);
});

test('a wrapper that is killed makes the run interrupted, ends its processes and does not start it again', async () => {
  const dir = attempts.plan([{ name: 'train', shell: 'echo begin; sleep 600' }]);
  const ended = attempts.run(dir);
  await until(() => linesOf(join(dir, 'train.log')).includes('begin'));
  const wrapper = Number(linesOf(join(dir, 'train.pid'))[0]);
  sendSignal(wrapper, 'SIGKILL');
  const exit = await ended;
  expect(exit).toMatchObject({ reason: 'interrupted', steps: [{ name: 'train', exitCode: null, signal: null }] });
  expect(exit.problem).toMatch(/wrapper was killed/);
  expect(findMarked(attempts.markerOf(dir))).toEqual([]);
  expect(linesOf(join(dir, 'train.log'))).toEqual(['begin']);
});

test('a supervisor and a wrapper that are both killed make the run interrupted', async () => {
  const dir = attempts.plan([{ name: 'train', shell: 'echo begin; sleep 600' }]);
  launchSupervisor(dir, { entry: attempts.entry });
  await until(() => linesOf(join(dir, 'train.log')).includes('begin'));
  await killSupervisor(dir);
  sendSignal(Number(linesOf(join(dir, 'train.pid'))[0]), 'SIGKILL');
  expect(await attempts.run(dir)).toMatchObject({ reason: 'interrupted', supervisors: 2 });
  expect(findMarked(attempts.markerOf(dir))).toEqual([]);
  expect(linesOf(join(dir, 'train.log'))).toEqual(['begin']);
});

test('a wall limit and a kill request are kept by the supervisor that takes over', async () => {
  const stubborn = `trap '' TERM; echo ready; exec sleep 600`;
  const dir = attempts.plan([{ name: 'train', shell: stubborn, wallSeconds: 1 }], { graceSeconds: 1 });
  await launchUntil(dir, 'stop-kept');
  expect(existsSync(join(dir, 'train.stop'))).toBe(true);
  expect(await attempts.run(dir)).toMatchObject({ reason: 'timeout', supervisors: 2, steps: [{ signal: 'SIGKILL' }] });

  const other = attempts.plan([{ name: 'train', shell: stubborn }]);
  launchSupervisor(other, { entry: attempts.entry });
  await until(() => linesOf(join(other, 'train.log')).includes('ready'));
  await killSupervisor(other);
  requestKill(other, 0);
  expect(await attempts.run(other)).toMatchObject({ reason: 'killed', supervisors: 2, steps: [{ signal: 'SIGKILL' }] });
});

test('what was noted of the run survives a change of supervisor: leftovers, and a file changed under the scorer', async () => {
  const out = join(attempts.folder, 'out-takeover');
  mkdirSync(out);
  const gate = createGate('noted');
  const dir = attempts.plan(
    [
      { name: 'train', shell: `echo 1 > ${out}/model; echo 1 > ${out}/kept; setsid sleep 600 & exit 0` },
      { name: 'score', shell: `echo begin; ${gate.wait}` },
    ],
    { scoreReads: out },
  );
  launchSupervisor(dir, { entry: attempts.entry });
  await until(() => linesOf(join(dir, 'score.log')).includes('begin'));
  await killSupervisor(dir);
  rmSync(join(out, 'model'));
  gate.open();
  await until(() => existsSync(join(dir, 'score.exit')));
  expect(await attempts.run(dir)).toMatchObject({
    reason: 'completed',
    supervisors: 2,
    flags: ['leftovers', 'changed-while-scored'],
  });
});

test('the peak of memory survives a change of supervisor', async () => {
  const over = join(attempts.folder, 'measured');
  const python = `import os,time
b = b"x" * (90 << 20)
while not os.path.exists("${over}"): time.sleep(0.01)`;
  const dir = attempts.plan([
    { name: 'prepare', shell: `python3 -c '${python}'` },
    { name: 'train', shell: 'sleep 0.3' },
  ]);
  launchSupervisor(dir, { entry: attempts.entry });
  await until(() => readKeptPeakMib(dir) > 90);
  await killSupervisor(dir);
  writeFileSync(over, '');
  await until(() => existsSync(join(dir, 'prepare.exit')));
  const exit = await attempts.run(dir);
  expect(exit.peakMemoryMib).toBeGreaterThan(90);
  expect(exit.peakMemoryMib).toBeLessThan(200);
});
