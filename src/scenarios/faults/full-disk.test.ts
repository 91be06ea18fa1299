/**
 * A file system without a free byte under the lab, from one moment of a job's life to a later one: nothing is lost, nothing runs twice, and the
 * queue goes on by itself when there is room. The disk is a small tmpfs; where this user may not mount one, the cases are skipped with
 * that reason. What a person is told meanwhile is ../full-disk.test.ts's.
 */
import { mkdtemp, realpath, rm, statfs, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, expect, onTestFailed, test } from 'vitest';
import { sendSignal } from '../../../workers/process-tree.ts';
import { waitUntil } from '../temporary-lab.ts';
import { canHarm, createFaultLab, type FaultLab, faultCase, killHard } from './fault-lab.ts';
import { moments } from './life-of-a-job.ts';

const disk = await realpath(await mkdtemp(join(tmpdir(), 'nl-disk-')));
const mount = canHarm
  ? await execa('mount', ['-t', 'tmpfs', '-o', 'size=48m', 'tmpfs', disk], { reject: false })
  : null;
const canMount = mount?.exitCode === 0;
const why = canMount ? '' : ' (skipped: this user may not mount a small file system)';
const filler = join(disk, 'filler');
let shared: FaultLab | null = null;

afterAll(async () => {
  await shared?.remove();
  // What was killed in the lab may take a moment to let go of it.
  if (canMount)
    await waitUntil('the disk is free', async () => (await execa('umount', [disk], { reject: false })).exitCode === 0);
  await rm(disk, { recursive: true, force: true });
});

async function takeLab(): Promise<FaultLab> {
  const lab = shared ?? (await createFaultLab({ parent: disk }));
  shared = lab;
  onTestFailed(async () => {
    console.error(lab.lastWords());
    shared = null;
    await rm(filler, { force: true });
    await lab.remove();
  });
  return lab;
}

/** Takes every free byte. */
async function fillDisk(): Promise<void> {
  const { bavail, bsize } = await statfs(disk);
  await writeFile(filler, Buffer.alloc(Number(bavail) * Number(bsize))).catch(() => undefined);
  // What rounding left.
  await execa('sh', ['-c', `cat /dev/zero >> ${filler}`], { reject: false });
}

const makeRoom = (): Promise<void> => rm(filler, { force: true });

const frozen = moments.flatMap((moment) => (moment.kind === 'point' && moment.name !== 'enqueued' ? [moment] : []));

test.skipIf(!canMount).each(frozen.map(({ name }) => name))(
  `from "%s" on the disk is full for a while: the job ran once and has one row${why}`,
  faultCase,
  async (name) => {
    const lab = await takeLab();
    // Train's own output would be what fails: it is the lab that is looked at, so nothing is held back for long.
    lab.freezeAt(name);
    const job = await lab.addJob();
    const pid = await lab.frozenAt(name);
    await fillDisk();
    sendSignal(pid, 'SIGCONT');
    await waitUntil('the lab says that the disk is full', async () =>
      (await lab.status()).problems.some((problem) => problem.includes('the disk is full')),
    );
    await makeRoom();
    await settle(lab, job, name);
  },
);

/** Train needs room for its model: where it ran on the full disk it failed, truthfully and once; else it ran once and was recorded once. */
async function settle(lab: FaultLab, job: number, name: string): Promise<void> {
  await lab.lab('wait', String(job));
  const state = (await lab.status(job)).jobs[0]?.state;
  expect(state?.kind).toBe('ended');
  expect(lab.countRuns(job)).toEqual({ starts: 1, ends: 1 });
  const isDone = state?.kind === 'ended' && state.run.fate.kind === 'done';
  if (!isDone) {
    expect([
      'supervisor-locked',
      'device-locked',
      'started-written',
      'step-spawned',
      'planned',
      'claimed',
      'checkout-added',
      'staged',
    ]).toContain(name);
    lab.expectNoRow(job);
  }
  await lab.expectWhole(await lab.addJob());
}

test.skipIf(!canMount)(
  `jobs that are added on a full disk are refused or queued whole, and their numbers are not mixed up${why}`,
  faultCase,
  async () => {
    const lab = await takeLab();
    const before = (await lab.status()).jobs.length;
    await fillDisk();
    const calls = await Promise.all(
      [1, 2, 3].map(() => lab.lab('add', '-p', '--label', 'Q: room? H: no', '--', 'sh train.sh')),
    );
    for (const call of calls) expect(call).toMatchObject({ code: 1, stdout: '' });
    await makeRoom();
    expect((await lab.status()).jobs.length).toBe(before);
    await lab.expectWhole(await lab.addJob());
  },
);

test.skipIf(!canMount)(
  `a daemon that is killed on a full disk, in mid-run, finds the run again when there is room${why}`,
  faultCase,
  async () => {
    const lab = await takeLab();
    lab.hold('score');
    const job = await lab.addJob();
    await lab.isHeld('score');
    await fillDisk();
    await killHard(lab.pidOf('daemon'));
    await killHard(lab.pidOf('redis'));
    await killHard(lab.pidOf('supervisor', job));
    // A daemon may or may not come up on such a disk; whoever asks changes nothing.
    await lab.lab('status');
    await makeRoom();
    lab.letGo('score');
    await lab.expectWhole(job, await lab.addJob());
  },
);
