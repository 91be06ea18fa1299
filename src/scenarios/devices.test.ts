/**
 * Several devices in one lab, with a stand-in for nvidia-smi: who gets which card, what strangers on a card do, several cards at once, slots of
 * groups on the processor, and that what was made ready for a busy device can still be changed. Jobs wait for files, so nothing rests on time.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { createFakeNvidiaSmi, type FakeNvidiaSmi, idleCards } from './fake-nvidia-smi.ts';
import { createTemporaryLab, type TemporaryLab, waitUntil } from './temporary-lab.ts';

const labs: TemporaryLab[] = [];
const strangers: ChildProcess[] = [];
afterEach(async () => {
  for (const stranger of strangers.splice(0)) stranger.kill('SIGKILL');
  await Promise.all(labs.splice(0).map((lab) => lab.remove()));
});

async function createGpuLab(cards: number, changes: Partial<Parameters<FakeNvidiaSmi['set']>[0]> = {}) {
  const lab = await createTemporaryLab({ local: 'run:\n  device: gpu\n' });
  labs.push(lab);
  const smi = createFakeNvidiaSmi(lab.around, { cards: idleCards(cards), ...changes });
  lab.env.PATH = `${smi.folder}:${lab.env.PATH}`;
  await lab.write('.git/info/exclude', 'signals/\n');
  await lab.write('signals/.keep', '');
  return { lab, smi };
}

/** Queues a job that tells its cards, and ends when the file `signals/<go>` is there. */
const addWaiting = (lab: TemporaryLab, go: string, ...options: string[]): Promise<number> =>
  lab.add(
    ...['--here', '--no-score', '--label', 'Q: which card? H: any', ...options, '--'],
    `echo "cards=$CUDA_VISIBLE_DEVICES order=$CUDA_DEVICE_ORDER colour=$COLOUR slot=$LAB_SLOT group=$LAB_GROUP"; until [ -e signals/${go} ]; do sleep 0.05; done`,
  );

const stateOf = async (lab: TemporaryLab, job: number) => (await lab.status(job)).jobs[0]?.state;

/** Device that the job runs on; waits until it does. */
const deviceOf = (lab: TemporaryLab, job: number): Promise<string> =>
  waitUntil(`job ${job} runs`, async () => {
    const state = await stateOf(lab, job);
    return state?.kind === 'running' && state.step === 'train' && state.device;
  });

const isStaged = (lab: TemporaryLab, job: number): boolean =>
  existsSync(join(lab.root, '.lab', 'runs', String(job), '1', 'waiting.json'));

/** Waits until the job says that it waits for this. */
const saysWait = (lab: TemporaryLab, job: number, reason: string | RegExp): Promise<boolean> =>
  waitUntil(`job ${job} waits because ${reason}`, async () => {
    const state = await stateOf(lab, job);
    const waits = state?.kind === 'queued' ? (state.waits ?? '') : '';
    return typeof reason === 'string' ? waits.includes(reason) : reason.test(waits);
  });

/** Waits for all jobs of the lab, also where they have ended by now. */
async function expectAllDone(lab: TemporaryLab): Promise<void> {
  const numbers = (await lab.status()).jobs
    .filter(({ state }) => state.kind !== 'removed')
    .map(({ job }) => job.number);
  const waited = await lab.lab('wait', ...numbers.map(String));
  expect(waited, waited.stdout + waited.stderr).toMatchObject({ code: 0 });
}

/** Cards that the job told; waits until it has: that its step runs is known a moment before its first line is there. */
function cardsOf(lab: TemporaryLab, job: number): Promise<string> {
  const log = join(lab.root, '.lab', 'runs', String(job), '1', 'run.log');
  return waitUntil(`job ${job} tells its cards`, async () => {
    return /cards=(\S*) /.exec(existsSync(log) ? readFileSync(log, 'utf8') : '')?.[1] ?? null;
  });
}

test('two cards run two jobs, and the third is ready before one of them ends and takes the card that comes free', async () => {
  const { lab } = await createGpuLab(2);
  const first = await addWaiting(lab, 'a');
  expect(await deviceOf(lab, first)).toBe('gpu0');
  const second = await addWaiting(lab, 'b');
  expect(await deviceOf(lab, second)).toBe('gpu1');
  const third = await addWaiting(lab, 'c');
  await waitUntil('the third is ready', async () => isStaged(lab, third));
  await lab.write('signals/b', '');
  expect(await deviceOf(lab, third)).toBe('gpu1');
  expect([await cardsOf(lab, first), await cardsOf(lab, second), await cardsOf(lab, third)]).toEqual(['0', '1', '1']);
  // Without it CUDA counts by speed, and its 0 may be what nvidia-smi calls 1.
  expect(await lab.read(`.lab/runs/${first}/1/run.log`)).toContain('order=PCI_BUS_ID');
  await lab.write('signals/a', '');
  await lab.write('signals/c', '');
  await expectAllDone(lab);
});

test('a job bound to a card waits for that card while one behind it takes the other', async () => {
  const { lab } = await createGpuLab(2);
  const first = await addWaiting(lab, 'a', '--device', 'gpu0');
  expect(await deviceOf(lab, first)).toBe('gpu0');
  const bound = await addWaiting(lab, 'b', '--device', 'gpu0');
  const other = await addWaiting(lab, 'b');
  expect(await deviceOf(lab, other)).toBe('gpu1');
  expect(await stateOf(lab, bound)).toMatchObject({ kind: 'queued', position: 1 });
  await lab.write('signals/b', '');
  await lab.lab('wait', String(other));
  expect(await stateOf(lab, bound)).toMatchObject({ kind: 'queued' });
  await lab.write('signals/a', '');
  await lab.lab('wait', String(bound));
  expect(await cardsOf(lab, bound)).toBe('0');
});

test('a card that a stranger uses takes no job, which says whose process it is, until the stranger has gone', async () => {
  const stranger = spawn('sleep', ['600'], { stdio: 'ignore' });
  strangers.push(stranger);
  const pid = stranger.pid ?? 0;
  const used = [{ uuid: 'GPU-0', name: 'NVIDIA Stand-In', totalMib: 81_920, usedMib: 40_000 }];
  const { lab, smi } = await createGpuLab(1, { cards: used, processes: [{ card: 0, pid, memoryMib: 39_000 }] });
  const whole = await addWaiting(lab, 'a');
  await saysWait(lab, whole, new RegExp(`gpu0 is not free: .* in use by sleep \\(pid ${pid}`));
  const part = await addWaiting(lab, 'b', '--vram', '20G');
  expect(await deviceOf(lab, part)).toBe('gpu0');
  await lab.write('signals/b', '');
  await lab.lab('wait', String(part));
  expect(await stateOf(lab, whole)).toMatchObject({ kind: 'queued' });
  stranger.kill('SIGKILL');
  smi.set({ cards: idleCards(1), processes: [] });
  expect(await deviceOf(lab, whole)).toBe('gpu0');
  await lab.write('signals/a', '');
  await expectAllDone(lab);
});

test('memory that no visible process holds keeps a card from jobs, and so does a program that fails', async () => {
  const zombie = [{ uuid: 'GPU-0', name: 'NVIDIA Stand-In', totalMib: 81_920, usedMib: 30_000 }];
  const { lab, smi } = await createGpuLab(1, { cards: zombie });
  const job = await addWaiting(lab, 'a');
  await saysWait(lab, job, 'in use by no visible process');
  expect((await lab.status()).devices.find(({ id }) => id === 'gpu0')?.busy).toContain('29.3 GiB');
  smi.set({ fails: 'GPU has fallen off the bus' });
  await saysWait(lab, job, 'GPU has fallen off the bus');
  smi.set({ fails: null, cards: idleCards(1) });
  expect(await deviceOf(lab, job)).toBe('gpu0');
  await lab.write('signals/a', '');
  await expectAllDone(lab);
});

test('a job of two cards gets both at once, and both are its own until it ends', async () => {
  const { lab } = await createGpuLab(2);
  const first = await addWaiting(lab, 'a');
  expect(await deviceOf(lab, first)).toBe('gpu0');
  const pair = await addWaiting(lab, 'b', '--gpus', '2');
  await saysWait(lab, pair, '1 of the 2 GPUs that it takes are free');
  await lab.write('signals/a', '');
  expect(await deviceOf(lab, pair)).toBe('gpu0+gpu1');
  const behind = await addWaiting(lab, 'c');
  await waitUntil('the next is ready', async () => isStaged(lab, behind));
  expect(await cardsOf(lab, pair)).toBe('0,1');
  await lab.write('signals/b', '');
  await lab.lab('wait', String(pair));
  const ended = await stateOf(lab, pair);
  expect(ended?.kind === 'ended' && ended.run.device).toEqual({
    id: 'gpu0+gpu1',
    class: 'gpu',
    model: 'NVIDIA Stand-In',
  });
  await lab.write('signals/c', '');
  await expectAllDone(lab);
});

test('eight cards run eight jobs at once, each on its own', async () => {
  const { lab } = await createGpuLab(8);
  const lines = Array.from({ length: 9 }, () =>
    JSON.stringify({ command: 'until [ -e signals/go ]; do sleep 0.1; done', label: 'Q: eight? H: yes' }),
  );
  await lab.write('signals/jobs.jsonl', `${lines.join('\n')}\n`);
  const added = await lab.lab('add', '--from', 'signals/jobs.jsonl', '--here', '--no-score');
  expect(added.code, added.stderr).toBe(0);
  const used = await waitUntil('eight run', async () => {
    const { devices } = await lab.status();
    const busy = devices.filter(({ id, job }) => id.startsWith('gpu') && job !== null);
    return busy.length === 8 && busy;
  });
  expect(new Set(used.map(({ job }) => job)).size).toBe(8);
  await lab.write('signals/go', '');
  await expectAllDone(lab);
});

test('what was made ready for a busy device is changed, passed and taken out like any waiting job', async () => {
  const { lab } = await createGpuLab(1);
  const first = await addWaiting(lab, 'a');
  await deviceOf(lab, first);
  const second = await addWaiting(lab, 'b');
  const third = await addWaiting(lab, 'c');
  const fourth = await addWaiting(lab, 'd');
  await waitUntil('the second is ready', async () => isStaged(lab, second));
  expect((await lab.lab('env', 'set', String(second), 'COLOUR', 'red')).code).toBe(0);
  expect((await lab.lab('switch', String(third), '--top')).code).toBe(0);
  await waitUntil('the third is ready', async () => isStaged(lab, third) && !isStaged(lab, second));
  expect((await lab.lab('remove', String(third))).code).toBe(0);
  await waitUntil('the second is ready again', async () => isStaged(lab, second));
  expect((await lab.lab('pause', '--group', 'default', '--wait')).code).toBe(0);
  await waitUntil('nothing is ready in a paused group', async () => !isStaged(lab, second));
  rmSync(join(lab.root, 'signals', 'c'), { force: true });
  await lab.write('signals/a', '');
  await lab.lab('wait', String(first));
  expect(await stateOf(lab, second)).toMatchObject({ kind: 'queued' });
  for (const go of ['b', 'd']) await lab.write(`signals/${go}`, '');
  expect((await lab.lab('start', '--group', 'default')).code).toBe(0);
  await lab.lab('wait', String(second), String(fourth));
  expect((await lab.status(second)).jobs[0]?.state).toMatchObject({ kind: 'ended', run: { fate: { kind: 'done' } } });
  expect(await lab.read(`.lab/runs/${second}/1/run.log`)).toContain('colour=red');
  expect(existsSync(join(lab.root, '.lab', 'runs', String(third), '1'))).toBe(false);
});

test('a daemon that is killed leaves what was ready ready, and the next daemon takes it back or finds it begun', async () => {
  const { lab } = await createGpuLab(1);
  const first = await addWaiting(lab, 'a');
  await deviceOf(lab, first);
  const second = await addWaiting(lab, 'b');
  const third = await addWaiting(lab, 'b');
  await waitUntil('the second is ready', async () => isStaged(lab, second));
  const { pid } = JSON.parse(await lab.read('.lab/daemon.json')) as { pid: number };
  process.kill(pid, 'SIGKILL');
  await lab.write('signals/a', '');
  const started = join(lab.root, '.lab', 'runs', String(second), '1', 'started');
  await waitUntil('the second began without a daemon', async () => existsSync(started));
  expect(await deviceOf(lab, second)).toBe('gpu0');
  await lab.write('signals/b', '');
  await expectAllDone(lab);
  for (const job of [first, second, third]) expect((await stateOf(lab, job))?.kind).toBe('ended');
  expect(existsSync(join(lab.root, '.lab', 'runs', String(second), '2'))).toBe(false);
});

test('a group with two slots runs two jobs at once on the processor, and a third waits', async () => {
  const { lab } = await createGpuLab(0);
  expect((await lab.lab('parallel', '2')).code).toBe(0);
  const cpu = ['--device', 'cpu'];
  expect(await deviceOf(lab, await addWaiting(lab, 'a', ...cpu))).toBe('cpu0');
  expect(await deviceOf(lab, await addWaiting(lab, 'b', ...cpu))).toBe('cpu1');
  const third = await addWaiting(lab, 'c', ...cpu);
  await waitUntil('the third is ready', async () => isStaged(lab, third));
  expect(await stateOf(lab, third)).toMatchObject({ kind: 'queued', position: 1 });
  for (const go of ['a', 'b', 'c']) await lab.write(`signals/${go}`, '');
  await expectAllDone(lab);
  for (const slot of [0, 1])
    expect(await lab.read(`.lab/runs/${slot + 1}/1/run.log`)).toContain(`slot=${slot} group=default\n`);
});
