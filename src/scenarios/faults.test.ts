/**
 * Kills the daemon, Redis and the supervisor of a real lab with sandboxed runs, mostly two at once; one at a time, at each moment of a job's
 * life, is in faults/. After each: the training ran once, its job has one row and one journal entry, and nothing is left behind. A run here
 * waits for a file, so that "in mid-run" is a fact, not a guess.
 */
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { readProcess, sendSignal } from '../../workers/process-tree.ts';
import { createTemporaryLab, type TemporaryLab, waitUntil } from './temporary-lab.ts';

// Tells that it started, waits for the file `go` beside the lab (a sandboxed run can read it), then leaves its number.
const waitingTrain = `import os, time
print("train started", flush=True)
go = os.path.join(os.environ["GO_FOLDER"], "go")
while not os.path.exists(go):
    time.sleep(0.02)
open(os.path.join(os.environ["LAB_OUT"], "model.txt"), "w").write("1.0")
print("train ended", flush=True)
`;

const label = ['--label', 'Q: does it survive? H: no change'];
const labs: TemporaryLab[] = [];

async function createLab(): Promise<TemporaryLab> {
  // /tmp is the sandbox's own, so the signal file lies in the lab's checkout-free folder, which a run can read.
  const lab = await createTemporaryLab({ files: { 'train.py': waitingTrain }, local: 'env:\n  pass: [GO_FOLDER]\n' });
  lab.env.GO_FOLDER = join(lab.root, 'signals');
  await lab.write('.git/info/exclude', 'signals/\n');
  await lab.write('signals/.keep', '');
  labs.push(lab);
  return lab;
}

afterEach(async () => {
  await Promise.all(labs.splice(0).map((lab) => lab.remove()));
});

const letGo = (lab: TemporaryLab): Promise<void> => writeFile(join(lab.root, 'signals', 'go'), '');

async function daemonPid(lab: TemporaryLab): Promise<number> {
  return JSON.parse(await lab.read('.lab/daemon.json')).pid as number;
}

async function redisPid(lab: TemporaryLab): Promise<number> {
  const name = readdirSync(join(lab.root, '.lab', 'redis')).find((file) => file.endsWith('.pid'));
  return Number(await lab.read(`.lab/redis/${name}`));
}

async function supervisorPid(lab: TemporaryLab, job: number): Promise<number> {
  return JSON.parse(await lab.read(`.lab/runs/${job}/1/started`)).supervisor.pid as number;
}

async function trainStarted(lab: TemporaryLab, job: number): Promise<void> {
  const log = join(lab.root, '.lab', 'runs', String(job), '1', 'run.log');
  await waitUntil(
    'train started',
    async () => existsSync(log) && (await readFile(log, 'utf8')).includes('train started'),
  );
}

/** How often train was started, over all attempts. */
async function countStarts(lab: TemporaryLab, job: number): Promise<number> {
  const folder = join(lab.root, '.lab', 'runs', String(job));
  const logs = readdirSync(folder)
    .map((name) => join(folder, name, 'run.log'))
    .filter((path) => existsSync(path));
  const texts = await Promise.all(logs.map((path) => readFile(path, 'utf8')));
  return texts.join('').split('train started').length - 1;
}

async function expectRecordedOnce(lab: TemporaryLab, job: number): Promise<void> {
  const waited = await lab.lab('wait', String(job));
  expect(waited, waited.stdout + waited.stderr).toMatchObject({ code: 0 });
  const rows = (await lab.git('show', 'main:results.tsv')).split('\n').slice(1);
  expect(rows.filter((row) => row.split('\t')[16] === String(job))).toHaveLength(1);
  const journal = await lab.git('show', 'main:RESEARCH_JOURNAL.md');
  expect(journal.split(`\njob ${job}, attempt`).length - 1).toBe(1);
  // The next job may be on its way into the records: main moves first, the checkout follows.
  await waitUntil('the checkout is as main has it', async () => (await lab.git('status', '--porcelain')) === '');
  expect(await countStarts(lab, job)).toBe(1);
  const daemon = await daemonPid(lab);
  const own = new Set([daemon, await redisPid(lab)]);
  // The daemon keeps a spare supervisor for the next run.
  await waitUntil('the run has left no process', async () =>
    (await lab.processes()).every(({ pid, parentPid }) => own.has(pid) || (parentPid === daemon && isSpare(pid))),
  );
}

function isSpare(pid: number): boolean {
  const command = existsSync(`/proc/${pid}/cmdline`) ? readFileSync(`/proc/${pid}/cmdline`, 'latin1') : '';
  return command.includes('--spare');
}

test.each(['queues-cleared', 'planned'])(
  'a daemon killed at the point "%s" loses nothing and runs nothing twice',
  async (point) => {
    const lab = await createLab();
    await letGo(lab);
    await lab.labIn(lab.root, ['up'], point === 'queues-cleared' ? {} : { LAB_STOP_AT: point });
    const added = await lab.lab('add', '-p', ...label, '--', 'python3 train.py');
    if (point === 'queues-cleared') {
      await lab.lab('down');
      await lab.labIn(lab.root, ['up'], { LAB_STOP_AT: point });
    }
    expect(added, added.stderr).toMatchObject({ code: 0, stdout: '1\n' });
    await expectRecordedOnce(lab, 1);
    // The client whose daemon died under it asked a second time; that is the same job.
    expect((await lab.status()).jobs).toHaveLength(1);
  },
);

test.each(['daemon and redis', 'supervisor', 'daemon and supervisor'])(
  'killing the %s in mid-run costs nothing',
  async (what) => {
    const lab = await createLab();
    const job = await lab.add(...label, '--', 'python3 train.py');
    await trainStarted(lab, job);
    if (what.includes('daemon')) process.kill(await daemonPid(lab), 'SIGKILL');
    if (what.includes('redis')) process.kill(await redisPid(lab), 'SIGKILL');
    if (what.includes('supervisor')) process.kill(await supervisorPid(lab, job), 'SIGKILL');
    const [view] = (await lab.status(job)).jobs;
    expect(view?.state.kind === 'running' || view?.state.kind === 'queued').toBe(true);
    await letGo(lab);
    await expectRecordedOnce(lab, job);
  },
);

test('a job that ends while no daemon runs is recorded at the next start', async () => {
  const lab = await createLab();
  const job = await lab.add(...label, '--', 'python3 train.py');
  await trainStarted(lab, job);
  const down = await lab.lab('down');
  expect(down.stdout).toContain(`job ${job} goes on`);
  await letGo(lab);
  await waitUntil('the run ended', async () => existsSync(join(lab.root, '.lab', 'runs', String(job), '1', 'exit')));
  await expectRecordedOnce(lab, job);
});

test("Redis's data can be deleted under queued jobs; they run in their order all the same", async () => {
  const lab = await createLab();
  const jobs = [
    await lab.add(...label, '--', 'python3 train.py'),
    await lab.add(...label, '--', 'python3 train.py'),
    await lab.add(...label, '--', 'python3 train.py'),
  ];
  await trainStarted(lab, jobs[0] ?? 0);
  const redis = await redisPid(lab);
  await lab.lab('down');
  await waitUntil('Redis writes no more', async () => readProcess(redis) === null);
  rmSync(join(lab.root, '.lab', 'redis'), { recursive: true });
  await letGo(lab);
  for (const job of jobs) await expectRecordedOnce(lab, job);
  const starts = await Promise.all(
    jobs.map(async (job) => JSON.parse(await lab.read(`.lab/runs/${job}/1/run.json`)).startedAt as string),
  );
  expect([...starts].sort()).toEqual(starts);
});

test('a run whose whole process tree is lost is interrupted and tried once more, with one row', async () => {
  const lab = await createLab();
  const job = await lab.add(...label, '--', 'python3 train.py');
  await trainStarted(lab, job);
  const daemon = await daemonPid(lab);
  const redis = await redisPid(lab);
  process.kill(daemon, 'SIGKILL');
  // The supervisor first: it would write down the end of a train that dies before it.
  sendSignal(await supervisorPid(lab, job), 'SIGKILL');
  for (const { pid } of await lab.processes()) if (pid !== redis && pid !== daemon) sendSignal(pid, 'SIGKILL');
  await letGo(lab);
  const waited = await lab.lab('wait', String(job));
  expect(waited.code, waited.stderr).toBe(0);
  expect(JSON.parse(await lab.read(`.lab/runs/${job}/1/run.json`)).fate).toMatchObject({ failure: 'interrupted' });
  expect(JSON.parse(await lab.read(`.lab/runs/${job}/2/run.json`)).fate).toEqual({ kind: 'done' });
  const rows = (await lab.git('show', 'main:results.tsv'))
    .split('\n')
    .filter((row) => row.split('\t')[16] === String(job));
  expect(rows).toHaveLength(1);
});

test('two labs that share a device never run at the same time', async () => {
  const [one, two] = [await createLab(), await createLab()];
  const locks = await mkdtemp(join(tmpdir(), 'nl-locks-'));
  for (const lab of [one, two]) lab.env.LAB_DEVICES_LOCK_FOLDER = locks;
  const first = await one.add(...label, '--', 'python3 train.py');
  await trainStarted(one, first);
  const second = await two.add(...label, '--', 'python3 train.py');
  await letGo(two);
  await waitUntil('the second lab says who holds the device', async () => {
    const state = (await two.status(second)).jobs[0]?.state;
    return state?.kind === 'queued' && state.waits?.includes(one.root) === true;
  });
  expect(await countStarts(two, second)).toBe(0);
  await letGo(one);
  await expectRecordedOnce(one, first);
  await expectRecordedOnce(two, second);
  rmSync(locks, { recursive: true });
});

test('kill ends a running job politely and a queued one before it runs', async () => {
  const lab = await createLab();
  const running = await lab.add(...label, '--', 'python3 train.py');
  const queued = await lab.add(...label, '--', 'python3 train.py');
  await trainStarted(lab, running);
  expect((await lab.lab('kill', String(queued))).stdout).toContain('before it ran');
  await lab.lab('kill', String(running));
  expect((await lab.lab('wait', String(running), String(queued))).code).toBe(3);
  const states = (await lab.status()).jobs.map((view) => view.state);
  expect(states).toMatchObject([{ kind: 'ended', run: { fate: { failure: 'killed' } } }, { kind: 'removed' }]);
});
