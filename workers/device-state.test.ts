/** What is known of GPUs, asked of a stand-in for nvidia-smi with real processes behind its pids. No real card is needed. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createFakeNvidiaSmi, type FakeCards, idleCards } from '../src/scenarios/fake-nvidia-smi.ts';
import { waitUntil } from '../src/scenarios/temporary-lab.ts';
import { probeDevices } from './device-probe.ts';
import { createGpuStateReader, type GpuStateOptions, toPlacementDevice } from './device-state.ts';
import { isLabProcess } from './gpu-user.ts';

let folder: string;
let children: ChildProcess[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gpu-state-'));
  children = [];
});

afterEach(() => {
  for (const child of children) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

async function createReader(cards: Partial<FakeCards>, options: Partial<GpuStateOptions> = {}) {
  const smi = createFakeNvidiaSmi(folder, cards);
  const { devices } = await probeDevices({ path: smi.folder });
  const asked = smi.readCalls().length;
  const reader = createGpuStateReader({
    devices,
    path: smi.folder,
    isOwn: (pid) => isLabProcess(pid, 'lab1'),
    ...options,
  });
  return { smi, reader, countCalls: () => smi.readCalls().length - asked };
}

/** A living process; with a marker it looks like a run of that lab. */
async function startProcess(marker: string | null = null): Promise<number> {
  const env = { PATH: process.env.PATH ?? '', ...(marker === null ? {} : { LAB_RUN: marker }) };
  const child = spawn('sleep', ['600'], { env, stdio: 'ignore' });
  children.push(child);
  await new Promise((resolve) => child.once('spawn', resolve));
  return child.pid ?? 0;
}

const used = (usedMib: number | null, count = 1): FakeCards['cards'] =>
  idleCards(count).map((card, index) => (index === 0 ? { ...card, usedMib } : card));

test.each([1, 2, 8])('%i idle cards are all free, with what is free of each', async (count) => {
  const { reader } = await createReader({ cards: idleCards(count) });
  const { gpus } = await reader.read(0);
  expect(gpus.map(({ id }) => id)).toEqual(Array.from({ length: count }, (_, index) => `gpu${index}`));
  for (const gpu of gpus) expect(gpu).toMatchObject({ freeMib: 81_916, strangers: null, problem: null, users: [] });
});

test("a stranger's process is named with program, pid and user, and only its own card is taken", async () => {
  const pid = await startProcess('lab2/5.1');
  const { reader } = await createReader({
    cards: used(39_117, 2),
    processes: [{ card: 0, pid, memoryMib: 39_100 }],
  });
  const { gpus } = await reader.read(0);
  expect(gpus[0]?.strangers).toBe(`38.2 GiB in use by sleep (pid ${pid}, ${userInfo().username})`);
  expect(gpus.map(({ freeMib, strangers }) => [freeMib, strangers === null])).toEqual([
    [42_803, false],
    [81_916, true],
  ]);
});

test("what the lab's own run holds is no stranger's, and what is beside it is", async () => {
  const own = await startProcess('lab1/12.1');
  const processes = [{ card: 0, pid: own, memoryMib: 30_000 }];
  const { reader, smi } = await createReader({ cards: used(30_400), processes });
  expect((await reader.read(0)).gpus[0]).toMatchObject({ strangers: null, strangersMib: 400, freeMib: 51_520 });
  const stranger = await startProcess();
  smi.set({ cards: used(40_000), processes: [...processes, { card: 0, pid: stranger, memoryMib: 9_900 }] });
  const [gpu] = (await reader.read(-1)).gpus;
  expect(gpu?.strangersMib).toBe(10_000);
  expect(gpu?.strangers).toContain(`sleep (pid ${stranger}`);
});

test('memory that nobody visible holds keeps the card from being free', async () => {
  const { reader, smi } = await createReader({ cards: used(20_480) });
  expect((await reader.read(0)).gpus[0]?.strangers).toBe(
    '20.0 GiB in use by no visible process (a zombie, or another container)',
  );
  const gone = await startProcess();
  const child = children[0];
  const ended = new Promise((resolve) => child?.once('exit', resolve));
  child?.kill('SIGKILL');
  await ended;
  smi.set({ processes: [{ card: 0, pid: gone, memoryMib: 20_000 }] });
  expect((await reader.read(-1)).gpus[0]?.strangers).toBe(
    `20.0 GiB in use by a process that is not visible here (pid ${gone})`,
  );
});

test('a card is free up to 5 % of it, and a small one up to 500 MiB', async () => {
  const { reader, smi } = await createReader({ cards: used(4096) });
  expect((await reader.read(0)).gpus[0]?.strangers).toBeNull();
  smi.set({ cards: used(4097) });
  expect((await reader.read(-1)).gpus[0]?.strangers).not.toBeNull();
  const small = idleCards(1).map((card) => ({ ...card, totalMib: 2000 }));
  smi.set({ cards: small.map((card) => ({ ...card, usedMib: 500 })) });
  expect((await reader.read(-1)).gpus[0]?.strangers).toBeNull();
  smi.set({ cards: small.map((card) => ({ ...card, usedMib: 501 })) });
  expect((await reader.read(-1)).gpus[0]?.strangers).not.toBeNull();
});

test('[N/A] stays unknown: a card without numbers is free until a stranger is seen on it', async () => {
  const cards = idleCards(1).map((card) => ({ ...card, usedMib: null, totalMib: null }));
  const { reader, smi } = await createReader({ cards });
  expect((await reader.read(0)).gpus[0]).toMatchObject({ freeMib: null, totalMib: null, strangers: null });
  const pid = await startProcess();
  smi.set({ processes: [{ card: 0, pid, memoryMib: null }] });
  expect((await reader.read(-1)).gpus[0]?.strangers).toContain('an unknown amount of memory in use by sleep');
});

test('a failing nvidia-smi is the reason why no card takes a job, and it is over when it answers again', async () => {
  const { reader, smi } = await createReader({ cards: idleCards(2) });
  smi.set({ fails: 'Unable to determine the device handle' });
  const { gpus } = await reader.read(0);
  expect(gpus.map(({ problem }) => problem)).toEqual(
    ['gpu0', 'gpu1'].map(
      (id) => `nvidia-smi failed: Unable to determine the device handle; ${id} takes no new job until it answers`,
    ),
  );
  expect(gpus[0]).toMatchObject({ freeMib: null, totalMib: 81_920 });
  smi.set({ fails: null });
  expect((await reader.read(-1)).gpus.map(({ problem }) => problem)).toEqual([null, null]);
});

test('a card that drops out of the answer has a problem, and the other keeps its own id', async () => {
  const { reader, smi } = await createReader({ cards: idleCards(2) });
  smi.set({ cards: idleCards(2).slice(1) });
  const { gpus } = await reader.read(0);
  expect(gpus.map(({ id, problem }) => [id, problem])).toEqual([
    ['gpu0', 'nvidia-smi does not show gpu0 (GPU-0) any more; it takes no new job until it does'],
    ['gpu1', null],
  ]);
});

test('while nvidia-smi hangs, all callers share one call and the last answer is there with its age', async () => {
  let nowMs = 1000;
  const { reader, smi, countCalls } = await createReader({}, { limitMs: 8000, nowMs: () => nowMs });
  expect(reader.latest()).toBeNull();
  await reader.read(0);
  const before = countCalls();
  smi.set({ hangs: true });
  nowMs = 9000;
  const reads = [reader.read(5000), reader.read(0), reader.read(5000)];
  expect(reader.latest()).toMatchObject({ ageMs: 8000, reading: { gpus: [{ problem: null }] } });
  for (const { gpus } of await Promise.all(reads))
    expect(gpus[0]?.problem).toBe('nvidia-smi failed: no answer within 8 s; gpu0 takes no new job until it answers');
  expect(countCalls() - before).toBe(1);
});

test('a call that outlives its limit is reported as hanging, with no second one started, until it ends', async () => {
  const { reader, smi, countCalls } = await createReader({}, { limitMs: 8000, patienceMs: 50 });
  smi.set({ hangs: true });
  expect((await reader.read(0)).gpus[0]?.problem).toContain('hangs and cannot be ended');
  expect((await reader.read(-1)).gpus[0]?.problem).toContain('hangs and cannot be ended');
  expect(countCalls()).toBeLessThanOrEqual(1);
  await waitUntil(
    'the call has ended',
    async () => reader.latest()?.reading.gpus[0]?.problem?.includes('no answer within 8 s') === true,
  );
  expect(countCalls()).toBe(1);
});

test('an answer that is young enough is given again without asking', async () => {
  let nowMs = 0;
  const { reader, countCalls } = await createReader({}, { nowMs: () => nowMs });
  const first = await reader.read(5000);
  nowMs = 5000;
  expect(await reader.read(5000)).toBe(first);
  expect(countCalls()).toBe(2);
  nowMs = 5001;
  expect((await reader.read(5000)).askedAtMs).toBe(5001);
});

test("Apple's GPU, which tells nothing, is left to its lock; what is judged goes to placement as it is", async () => {
  const reader = createGpuStateReader({
    devices: [
      {
        id: 'gpu0',
        class: 'gpu',
        model: 'Apple M3',
        uuid: null,
        index: null,
        memoryTotalMib: 8,
        memoryUsedMib: null,
        vendor: 'apple',
        driver: null,
      },
    ],
    path: folder,
    isOwn: () => false,
  });
  const [gpu] = (await reader.read(0)).gpus;
  expect(gpu === undefined ? null : toPlacementDevice(gpu, { job: 3, holder: null })).toEqual({
    id: 'gpu0',
    class: 'gpu',
    job: 3,
    holder: null,
    problem: null,
    strangers: null,
    freeMib: null,
    totalMib: 8,
  });
});
