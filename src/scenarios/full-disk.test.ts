/** A file system without a free byte under the lab: the run, its records and the queue wait or say so, and nothing is lost or doubled. */
import { appendFile, mkdtemp, readFile, realpath, rm, stat, statfs, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { parseResults } from '../lab/results-tsv.ts';
import { createTemporaryLab, type TemporaryLab, waitUntil } from './temporary-lab.ts';

const folder = await realpath(await mkdtemp(join(tmpdir(), 'nl-disk-')));
const mount = await execa('mount', ['-t', 'tmpfs', '-o', 'size=48m', 'tmpfs', folder], { reject: false });
const canMount = mount.exitCode === 0;
const why = canMount ? '' : ' (skipped: this user may not mount a small file system)';
const elsewhere = await realpath(await mkdtemp(join(tmpdir(), 'nl-sign-')));
const blockBytes = 4096;
const filler = join(folder, 'filler');
let lab: TemporaryLab;

beforeAll(async () => {
  // No sandbox, so that the job's last sign of life can lie on a disk with room.
  if (canMount) lab = await createTemporaryLab({ parent: folder, local: 'sandbox: off\ndevices:\n  reserveMb: 0\n' });
});

afterEach(async () => {
  await rm(filler, { force: true });
});

afterAll(async () => {
  await lab?.remove();
  // What was killed in the lab may take a moment to let go of it.
  if (canMount)
    await waitUntil(
      'the disk is free',
      async () => (await execa('umount', [folder], { reject: false })).exitCode === 0,
    );
  for (const path of [folder, elsewhere]) await rm(path, { recursive: true, force: true });
});

/** Takes every free byte. */
async function fillDisk(): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  await writeFile(filler, Buffer.alloc(Number(bavail) * Number(bsize))).catch(() => undefined);
  // What rounding left.
  await execa('sh', ['-c', `cat /dev/zero >> ${filler}`], { reject: false });
}

async function rowsOnMain(): Promise<number[]> {
  return parseResults(await lab.git('show', 'main:results.tsv')).rows.flatMap((row) => row.jobs);
}

async function stateOf(number: number) {
  return (await lab.status(number)).jobs[0]?.state;
}

/** A job that was queued here; `end` lets its command end and waits until it has. */
interface StartedJob {
  number: number;
  end(): Promise<void>;
}

/** Queues a job that trains, then works on after its model is written until it may end; waits until it is at that point. */
async function startJob(): Promise<StartedJob> {
  const sign = join(elsewhere, String(Date.now()));
  const mayEnd = `${sign}-may-end`;
  const command = `python3 train.py; until [ -e ${mayEnd} ]; do sleep 0.05; done; touch ${sign}`;
  const number = await lab.add('--label', 'Q: full? H: waits', '--', command);
  const model = join(lab.root, '.lab', 'runs', String(number), '1', 'out', 'model.txt');
  await waitUntil('the model is written', () =>
    readFile(model, 'utf8').then(
      (text) => text === '1.0',
      () => null,
    ),
  );
  const isOver = () =>
    readFile(sign, 'utf8').then(
      () => true,
      () => null,
    );
  const end = async () => {
    await writeFile(mayEnd, '');
    await waitUntil('the run has ended', isOver);
  };
  return { number, end };
}

test.skipIf(!canMount)(
  `a job that ends on a full disk is recorded exactly once when there is room again${why}`,
  async () => {
    const { number, end } = await startJob();
    await fillDisk();
    await end();
    // Whoever asks meanwhile changes nothing.
    await lab.lab('status');
    expect(await rowsOnMain()).toEqual([]);
    await rm(filler);
    await lab.lab('wait', String(number));
    expect(await stateOf(number)).toMatchObject({ kind: 'ended', status: 'keep', run: { metric: 1 } });
    expect(await rowsOnMain()).toEqual([number]);
  },
);

test.skipIf(!canMount)(
  `a job that runs while the daemon is down and the disk full is recorded exactly once${why}`,
  async () => {
    const before = await rowsOnMain();
    const { number, end } = await startJob();
    await lab.lab('down');
    await fillDisk();
    await end();
    await lab.lab('status');
    await rm(filler);
    await lab.lab('wait', String(number));
    expect(await stateOf(number)).toMatchObject({ kind: 'ended', status: 'keep' });
    expect(await rowsOnMain()).toEqual([...before, number]);
  },
);

test.skipIf(!canMount)(
  `a job that is added on a full disk is refused with the reason, and the next one runs${why}`,
  async () => {
    await lab.lab('up');
    const before = await rowsOnMain();
    await fillDisk();
    const refused = await lab.lab('add', '--label', 'Q: full? H: refused', '--', 'python3', 'train.py');
    expect({ code: refused.code, stdout: refused.stdout }).toEqual({ code: 1, stdout: '' });
    expect(refused.stderr).toMatch(/no space left|ENOSPC|couldn't write|unable to write/i);
    await rm(filler);
    const number = await lab.add('--label', 'Q: room? H: runs', '--', 'python3', 'train.py');
    expect((await lab.lab('wait', String(number))).code).toBe(0);
    expect(await rowsOnMain()).toEqual([...before, number]);
  },
);

test.skipIf(!canMount)(`a daemon outlives a full disk, and one that cannot start there says why${why}`, async () => {
  const pidOf = async () => (JSON.parse((await lab.lab('up', '--json')).stdout) as { pid: number }).pid;
  const pid = await pidOf();
  const { number, end } = await startJob();
  // To the end of its last block: a log with room in it would hide for a while that nothing can be written.
  const log = join(lab.root, '.lab', 'logs', 'daemon.log');
  const { size } = await stat(log);
  await appendFile(log, '\n'.repeat(blockBytes - (size % blockBytes)));
  await fillDisk();
  await end();
  try {
    await waitUntil('the lab says that the disk is full', async () =>
      (await lab.status()).problems.some((problem) => problem.includes('the disk is full')),
    );
  } finally {
    await rm(filler);
  }
  await lab.lab('wait', String(number));
  expect(await pidOf()).toBe(pid);
  await lab.lab('down');
  await fillDisk();
  const start = await lab.lab('up');
  if (start.code !== 0) expect(start.stderr).toMatch(/no space left|ENOSPC/i);
});
