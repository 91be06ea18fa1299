import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { KernelLock } from '../../src/lab/kernel-lock.ts';
import { probeSandbox } from '../../src/sandbox/bubblewrap.ts';
import { lockDevice } from '../device-lock.ts';
import {
  findMarked,
  isAlive,
  listProcesses,
  type ProcessIdentity,
  readBootId,
  readIdentity,
  sendSignal,
} from '../process-tree.ts';
import { createAttempts, type TestAttempts, testDevice, until } from './attempts-for-tests.ts';
import { hasSupervisor, launchSupervisor, readAttempt, waitForExit } from './launch.ts';
import { beginAttempt, endUnstarted, isWithdrawn, readStarted, withdrawAttempt } from './started.ts';

let attempts: TestAttempts;
const works = (await probeSandbox()).kind === 'bubblewrap';
const strangers: KernelLock[] = [];
const children: ChildProcess[] = [];

beforeAll(async () => {
  attempts = await createAttempts();
});
afterEach(() => {
  for (const held of strangers.splice(0)) held.release();
  for (const child of children.splice(0)) child.kill('SIGKILL');
  attempts.clean();
});
afterAll(() => attempts.remove());

/** Takes a device for another lab. */
async function occupy(key: string): Promise<KernelLock> {
  for (;;) {
    const held = await lockDevice(attempts.locks, key, { lab: '/other/lab', job: 41 });
    if (held === null) continue;
    strangers.push(held);
    return held;
  }
}

function identityOf(): ProcessIdentity {
  const own = readIdentity(process.pid);
  if (own === null) throw new Error('the test does not find its own process');
  return own;
}

function linesOf(path: string): string[] {
  const lines = existsSync(path) ? readFileSync(path, 'utf8').split('\n') : [];
  return lines.filter((line) => line !== '');
}

const record = () => ({
  ...{ schema: 1 as const, supervisor: identityOf(), bootId: readBootId() },
  ...{ at: new Date().toISOString(), devices: ['cpu0'] },
});

async function stage(dir: string): Promise<ProcessIdentity> {
  launchSupervisor(dir, { entry: attempts.entry });
  await until(() => readAttempt(dir).waitsFor.length > 0);
  const supervisor = attempts.lastSupervisor(dir);
  if (supervisor === null) throw new Error('no supervisor took the attempt on');
  return supervisor;
}

test('of a begin and a withdrawal exactly one wins, and both are told the same', () => {
  const folder = join(attempts.folder, 'race');
  for (const first of ['begin', 'withdraw'] as const) {
    const dir = join(folder, first);
    mkdirSync(dir, { recursive: true });
    if (first === 'begin') {
      expect(beginAttempt(dir, record())).not.toBeNull();
      expect(withdrawAttempt(dir)).toBe('begun');
      expect(readStarted(dir)).toMatchObject({ devices: ['cpu0'] });
    } else {
      expect(withdrawAttempt(dir)).toBe('withdrawn');
      expect(withdrawAttempt(dir)).toBe('withdrawn');
      expect(beginAttempt(dir, record())).toBeNull();
      expect(endUnstarted(dir)).toBe(false);
      expect(readAttempt(dir)).toMatchObject({ isWithdrawn: true, startedAt: null, devices: null, waitsFor: [] });
    }
    expect(readdirSync(dir)).toEqual(['started']);
  }
});

test('a withdrawal that races with supervisors in other processes agrees with what ran, in every round', async () => {
  const free: string[] = [];
  for (let round = 0; round < 12; round++) {
    const device = testDevice(`race${round}`);
    const held = await occupy(device.key);
    const dir = attempts.plan([{ name: 'train', shell: 'echo ran' }], { devices: [{ ...device, class: 'cpu' }] });
    await stage(dir);
    const ended = waitForExit(dir, { entry: attempts.entry });
    held.release();
    // From one that is certainly too early to one that is too late.
    const until = performance.now() + round * 1.5;
    while (performance.now() < until) await new Promise((resume) => setImmediate(resume));
    const answer = withdrawAttempt(dir);
    const exit = await ended;
    expect(exit === 'withdrawn' ? 'withdrawn' : 'begun').toBe(answer);
    expect(linesOf(join(dir, 'train.log'))).toEqual(answer === 'begun' ? ['ran'] : []);
    free.push(answer);
  }
  expect(free).toHaveLength(12);
});

test('a full disk’s empty file withdraws, an ended attempt and one of an old supervisor cannot be withdrawn, a missing one is', () => {
  const dir = attempts.plan([{ name: 'train' }]);
  writeFileSync(join(dir, 'started'), '');
  expect(readStarted(dir)).toBe('withdrawn');
  const ended = attempts.plan([{ name: 'train' }]);
  writeFileSync(join(ended, 'exit'), '{}');
  expect(withdrawAttempt(ended)).toBe('begun');
  const old = attempts.plan([{ name: 'train' }]);
  writeFileSync(join(old, 'plan.json'), JSON.stringify({ schema: 1, deviceLock: { folder: '/', key: 'cpu0' } }));
  expect(withdrawAttempt(old)).toBe('begun');
  expect(existsSync(join(old, 'started'))).toBe(false);
  rmSync(dir, { recursive: true });
  expect(withdrawAttempt(dir)).toBe('withdrawn');
  expect(isWithdrawn(dir)).toBe(true);
});

test('an attempt that was killed before it began is begun for whoever wants it back, and never starts', async () => {
  await occupy('cpu0');
  const dir = attempts.plan([{ name: 'train', shell: 'echo ran' }]);
  const supervisor = await stage(dir);
  writeFileSync(join(dir, 'kill'), '');
  await until(() => !isAlive(supervisor));
  expect(readAttempt(dir)).toMatchObject({
    isWithdrawn: false,
    startedAt: null,
    exit: { reason: 'killed', steps: [] },
  });
  expect(withdrawAttempt(dir)).toBe('begun');
});

test('a withdrawn supervisor runs nothing, ends, and leaves no tool waiting, even where its folder is deleted at once', async () => {
  const held = await occupy('cpu0');
  for (const isDeleted of [false, true]) {
    const dir = attempts.plan([{ name: 'train', shell: 'echo ran' }]);
    const ended = waitForExit(dir, { entry: attempts.entry });
    await until(() => readAttempt(dir).waitsFor.length > 0);
    const supervisor = attempts.lastSupervisor(dir);
    if (supervisor === null) throw new Error('no supervisor took the attempt on');
    const marker = attempts.markerOf(dir);
    await until(() => findMarked(marker).length > 0);
    const findTools = () => listProcesses().filter(({ parentPid }) => parentPid === supervisor.pid);
    await until(() => findTools().some(({ name }) => name === 'flock'));
    const tools = findTools();
    expect(withdrawAttempt(dir)).toBe('withdrawn');
    if (isDeleted) rmSync(dir, { recursive: true, maxRetries: 5 });
    expect(await ended).toBe('withdrawn');
    await until(() => !isAlive(supervisor));
    const bootId = readBootId();
    // What stood ready ends with its supervisor.
    await until(() => findMarked(marker).length === 0);
    await until(() => tools.every(({ pid, start }) => !isAlive({ pid, start, bootId })));
    expect(existsSync(dir)).toBe(!isDeleted);
    if (!isDeleted) {
      expect(existsSync(join(dir, 'train.pid'))).toBe(false);
      expect(existsSync(join(dir, 'exit'))).toBe(false);
      expect(readFileSync(join(dir, 'supervisor.log'), 'utf8')).toBe('');
    }
  }
  held.release();
  // Nobody has kept the device.
  await occupy('cpu0');
});

test('a supervisor that is launched for a withdrawn or deleted attempt ends without a file, and the wait launches none', async () => {
  const dir = attempts.plan([{ name: 'train', shell: 'echo ran' }]);
  expect(withdrawAttempt(dir)).toBe('withdrawn');
  expect(await waitForExit(dir, { entry: attempts.entry })).toBe('withdrawn');
  expect(existsSync(join(dir, 'supervisor.log'))).toBe(false);
  launchSupervisor(dir, { entry: attempts.entry });
  await until(async () => !(await hasSupervisor(dir)));
  expect(existsSync(join(dir, 'supervisors.jsonl'))).toBe(false);
  rmSync(dir, { recursive: true });
  expect(await waitForExit(dir, { entry: attempts.entry })).toBe('withdrawn');
  expect(existsSync(dir)).toBe(false);
});

test.skipIf(process.platform !== 'linux')(
  'two labs that wait for one device alternate in the order in which they came',
  async () => {
    const held = await occupy('cpu0');
    const trace = join(attempts.folder, 'turns');
    const dirs: string[] = [];
    for (let turn = 0; turn < 6; turn++) {
      const lab = turn % 2 === 0 ? '/labs/one' : '/labs/two';
      const dir = attempts.plan([{ name: 'train', shell: `echo ${turn} >> ${trace}` }], { lab });
      dirs.push(dir);
      const supervisor = await stage(dir);
      // waiting.json is there before the tool stands in the kernel's line.
      await until(() => existsSync('/proc/locks') && countWaiters(supervisor) === 1);
    }
    held.release();
    await Promise.all(dirs.map((dir) => attempts.run(dir)));
    expect(linesOf(trace)).toEqual(['0', '1', '2', '3', '4', '5']);
  },
);

/** How many tools of a supervisor stand in the kernel's line. */
function countWaiters(supervisor: ProcessIdentity): number {
  const tools = listProcesses().filter(({ parentPid, name }) => parentPid === supervisor.pid && name === 'flock');
  const lines = readFileSync('/proc/locks', 'utf8').split('\n');
  return tools.filter(({ pid }) => lines.some((line) => line.includes('->') && line.includes(` ${pid} `))).length;
}

test('the first of two devices that comes free is taken, said in the view, and shown to the run', async () => {
  const devices = [testDevice('gpu0'), testDevice('gpu1')];
  await occupy('gpu0');
  const second = await occupy('gpu1');
  const dir = attempts.plan([{ name: 'train', shell: 'echo "card $CUDA_VISIBLE_DEVICES"; sleep 0.3' }], { devices });
  const ended = attempts.run(dir);
  await until(() => readAttempt(dir).waitsFor.length === 2);
  expect(readAttempt(dir)).toMatchObject({
    waitsFor: [
      { device: 'gpu0', holder: { lab: '/other/lab' } },
      { device: 'gpu1', holder: { lab: '/other/lab' } },
    ],
    devices: null,
  });
  second.release();
  await until(() => readAttempt(dir).devices !== null);
  expect(readAttempt(dir)).toMatchObject({ devices: ['gpu1'], waitsFor: [] });
  expect(await ended).toMatchObject({ reason: 'completed' });
  expect(linesOf(join(dir, 'train.log'))).toEqual(['card 1']);
});

test('several devices are taken at once, none while one is missing, and the run sees them all', async () => {
  const devices = [testDevice('gpu0'), testDevice('gpu1')];
  const held = await occupy('gpu1');
  const dir = attempts.plan([{ name: 'train', shell: 'echo "cards $CUDA_VISIBLE_DEVICES"' }], {
    devices,
    deviceCount: 2,
  });
  const ended = attempts.run(dir);
  // A device that the test before has just let go may be waited for at first.
  await until(
    () =>
      readAttempt(dir)
        .waitsFor.map(({ device }) => device)
        .join() === 'gpu1',
  );
  const other = await occupy('gpu0');
  other.release();
  held.release();
  expect(await ended).toMatchObject({ reason: 'completed' });
  expect(readAttempt(dir).devices).toEqual(['gpu0', 'gpu1']);
  expect(linesOf(join(dir, 'train.log'))).toEqual(['cards 0,1']);
});

test('runs that want the same two devices in crossed order all end, and never overlap', async () => {
  const trace = join(attempts.folder, 'crossed');
  const [one, two] = [testDevice('gpu0'), testDevice('gpu1')];
  const shell = `echo begin >> ${trace}; sleep 0.05; echo end >> ${trace}`;
  const dirs = [0, 1, 2, 3].map((count) =>
    attempts.plan([{ name: 'train', shell }], { devices: count % 2 === 0 ? [one, two] : [two, one], deviceCount: 2 }),
  );
  const exits = await Promise.all(dirs.map((dir) => attempts.run(dir)));
  expect(exits.map(({ reason }) => reason)).toEqual(Array.from(dirs, () => 'completed'));
  expect(linesOf(trace)).toEqual(dirs.flatMap(() => ['begin', 'end']));
});

test('a supervisor that takes over waits for the device that the run had, not for one that is free', async () => {
  const devices = [testDevice('gpu0'), testDevice('gpu1')];
  const stranger = await occupy('gpu0');
  const go = join(attempts.folder, 'go-takeover');
  const dir = attempts.plan(
    [
      { name: 'prepare', shell: `echo begin; until [ -e ${go} ]; do sleep 0.05; done` },
      { name: 'train', shell: 'echo "card $CUDA_VISIBLE_DEVICES"' },
    ],
    { devices },
  );
  launchSupervisor(dir, { entry: attempts.entry });
  await until(() => linesOf(join(dir, 'prepare.log')).includes('begin'));
  const supervisor = attempts.lastSupervisor(dir);
  if (supervisor === null) throw new Error('no supervisor took the attempt on');
  sendSignal(supervisor.pid, 'SIGKILL');
  await until(() => !isAlive(supervisor));
  writeFileSync(go, '');
  await until(() => existsSync(join(dir, 'prepare.exit')));
  stranger.release();
  expect(await attempts.run(dir)).toMatchObject({ reason: 'completed', supervisors: 2 });
  expect(linesOf(join(dir, 'train.log'))).toEqual(['card 1']);
  expect(readAttempt(dir).devices).toEqual(['gpu1']);
});

test('a plan from before there could be several devices is run on its device', async () => {
  const held = await occupy('GPU-aa');
  const dir = attempts.plan([{ name: 'train', shell: 'echo "card $CUDA_VISIBLE_DEVICES"' }]);
  const { lockFolder, devices, deviceCount, ...rest } = JSON.parse(readFileSync(join(dir, 'plan.json'), 'utf8'));
  expect([devices.length, deviceCount]).toEqual([1, 1]);
  rest.steps[0].env.CUDA_VISIBLE_DEVICES = '3';
  writeFileSync(
    join(dir, 'plan.json'),
    JSON.stringify({ ...rest, deviceLock: { folder: lockFolder, key: 'GPU-aa' }, deviceClass: 'gpu', gpuUuid: null }),
  );
  const ended = attempts.run(dir);
  await until(() => readAttempt(dir).waitsFor.length > 0);
  expect(readAttempt(dir).waitsFor).toMatchObject([{ device: 'gpu3' }]);
  held.release();
  expect(await ended).toMatchObject({ reason: 'completed' });
  expect(linesOf(join(dir, 'train.log'))).toEqual(['card 3']);
});

for (const kind of ['plain', 'sandboxed'] as const) {
  test.skipIf(kind === 'sandboxed' && !works)(
    `a ${kind} step that stood ready has its input, signals, descriptors and exit code like any other`,
    async () => {
      const held = await occupy('cpu0');
      const prefix =
        kind === 'plain'
          ? []
          : 'bwrap --ro-bind / / --dev /dev --proc /proc --unshare-pid --die-with-parent --new-session --'.split(' ');
      // The pipe wakes it also where the signal comes before it has begun to wait.
      const python =
        'import os,signal,sys; assert sys.stdin.read() == ""; assert not os.path.exists("/proc/self/fd/3"); assert signal.getsignal(2) == signal.default_int_handler; r, w = os.pipe(); os.set_blocking(w, False); signal.set_wakeup_fd(w); print("ready", flush=True); os.read(r, 1)';
      const dir = attempts.plan([
        { name: 'prepare', argv: [...prefix, '/bin/sh', '-c', `exec python3 -c '${python}' 2>/dev/null`] },
      ]);
      const ended = attempts.run(dir);
      await until(() => findMarked(attempts.markerOf(dir)).length >= 2);
      expect(existsSync(join(dir, 'prepare.pid'))).toBe(false);
      held.release();
      await until(() => linesOf(join(dir, 'prepare.log')).includes('ready'));
      // Of the processes that the run has, python is the only one that an interrupt ends.
      for (const info of findMarked(attempts.markerOf(dir)))
        if (info.name.startsWith('python')) sendSignal(info.pid, 'SIGINT');
      expect(await ended).toMatchObject({ reason: 'completed', steps: [{ name: 'prepare', signal: 'SIGINT' }] });
      expect(linesOf(join(dir, 'prepare.log'))).toEqual(['ready']);
    },
  );
}

test('the exit code with which a gate ends is a step’s own where the step ran', async () => {
  const held = await occupy('cpu0');
  const dir = attempts.plan([{ name: 'train', shell: 'echo "run $LAB_RUN"; exit 125' }]);
  const ended = attempts.run(dir);
  await until(() => findMarked(attempts.markerOf(dir)).length >= 2);
  held.release();
  expect(await ended).toMatchObject({ reason: 'completed', steps: [{ exitCode: 125 }] });
  expect(linesOf(join(dir, 'train.log'))).toEqual([`run ${attempts.markerOf(dir)}`]);
});

for (const point of ['device-locked', 'started-written', 'step-spawned']) {
  test(`a supervisor that waited and dies at ${point} leaves one run of each step, never two`, async () => {
    const held = await occupy('cpu0');
    const trace = join(attempts.folder, `staged-${point}`);
    const shell = (name: string) => `echo begin ${name} >> ${trace}; sleep 0.2; echo end ${name} >> ${trace}`;
    const dir = attempts.plan([
      { name: 'prepare', shell: shell('prepare') },
      { name: 'train', shell: shell('train') },
    ]);
    const child = spawn(process.execPath, [attempts.entry, dir], {
      env: { ...process.env, LAB_STOP_AT: point },
      stdio: 'ignore',
    });
    children.push(child);
    await until(() => readAttempt(dir).waitsFor.length > 0 && findMarked(attempts.markerOf(dir)).length >= 2);
    held.release();
    await until(() => child.signalCode !== null);
    expect(await attempts.run(dir)).toMatchObject({ reason: 'completed', supervisors: 2, problem: null });
    expect(linesOf(trace)).toEqual(['begin prepare', 'end prepare', 'begin train', 'end train']);
  });
}

test('a supervisor that dies at staged costs nothing: another waits in its place', async () => {
  const held = await occupy('cpu0');
  const dir = attempts.plan([{ name: 'train', shell: 'echo ran' }]);
  const child = spawn(process.execPath, [attempts.entry, dir], {
    env: { ...process.env, LAB_STOP_AT: 'staged' },
    stdio: 'ignore',
  });
  children.push(child);
  await until(() => child.signalCode !== null);
  expect(readAttempt(dir)).toMatchObject({ startedAt: null, isWithdrawn: false });
  const ended = attempts.run(dir);
  await until(() => linesOf(join(dir, 'supervisors.jsonl')).length === 2);
  held.release();
  expect(await ended).toMatchObject({ reason: 'completed', supervisors: 2 });
  expect(linesOf(join(dir, 'train.log'))).toEqual(['ran']);
});
