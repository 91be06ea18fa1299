/**
 * The second life of a job that is made ready while another one runs: its supervisor waits for the device, and the daemon may take it back. Everybody
 * is killed and frozen there too, and a staged attempt is taken back in the worst moments. Whatever wins, each job runs once.
 */
import { existsSync } from 'node:fs';
import { afterAll, expect, onTestFailed, test } from 'vitest';
import { sendSignal } from '../../../workers/process-tree.ts';
import { waitUntil } from '../temporary-lab.ts';
import {
  canHarm,
  createFaultLab,
  type FaultLab,
  faultCase,
  killHard,
  readProcText,
  standStill,
  stateOf,
} from './fault-lab.ts';

let shared: FaultLab | null = null;

afterAll(async () => {
  await shared?.remove();
});

async function takeLab(): Promise<FaultLab> {
  const lab = shared ?? (await createFaultLab());
  shared = lab;
  onTestFailed(async () => {
    console.error(lab.lastWords());
    shared = null;
    await lab.remove();
  });
  return lab;
}

/** A job that stands still in mid-run and one behind it, whose supervisor froze where it begins to wait for the device. */
async function stageBehind(lab: FaultLab): Promise<{ running: number; staged: number; waiter: number }> {
  lab.hold('run');
  const running = await lab.addJob();
  await lab.isHeld('run');
  lab.freezeAt('staged');
  const staged = await lab.addJob();
  return { running, staged, waiter: await lab.frozenAt('staged') };
}

const victims = [
  'daemon',
  'waiting supervisor',
  'running supervisor',
  'redis',
  'daemon and waiting supervisor',
] as const;
const cases = victims.flatMap((victim) => (['SIGKILL', 'SIGSTOP'] as const).map((signal) => [victim, signal] as const));

test.skipIf(!canHarm).each(cases)(
  '%s by %s while a job is staged behind another: both ran once, in their order',
  faultCase,
  async (victim, signal) => {
    const lab = await takeLab();
    const { running, staged, waiter } = await stageBehind(lab);
    const pids: number[] = [];
    if (victim.includes('waiting')) pids.push(waiter);
    if (victim.startsWith('running')) pids.push(lab.pidOf('supervisor', running));
    if (victim.startsWith('daemon')) pids.push(lab.pidOf('daemon'));
    if (victim === 'redis') pids.push(lab.pidOf('redis'));
    for (const pid of pids) {
      if (signal === 'SIGKILL') await killHard(pid);
      else if (stateOf(pid) !== 'T') await standStill(pid);
    }
    if (!pids.includes(waiter)) sendSignal(waiter, 'SIGCONT');
    lab.letGo('run');
    if (signal === 'SIGSTOP') {
      // The first one's processes need none of them to come to the end of train.
      await waitUntil('train of the first is over', async () => existsSync(lab.attemptFile(running, 'train.exit')));
      for (const pid of pids) sendSignal(pid, 'SIGCONT');
    }
    await lab.expectWhole(running, staged, await lab.addJob());
    expect(lab.startsInOrder().slice(-3)[0]).toBe(running);
    expect(lab.startsInOrder().slice(-3)[1]).toBe(staged);
  },
);

test.skipIf(!canHarm).each(['SIGCONT', 'SIGKILL'] as const)(
  'a staged job whose supervisor is frozen gives way to one that is put ahead of it (then %s)',
  faultCase,
  async (signal) => {
    const lab = await takeLab();
    const { running, staged, waiter } = await stageBehind(lab);
    const ahead = await lab.addJob('--priority', '5');
    await waitUntil('the one ahead is made ready', async () => existsSync(lab.attemptFile(ahead, 'plan.json')));
    sendSignal(waiter, signal);
    lab.letGo('run');
    await lab.expectWhole(running, ahead, staged);
    expect(lab.startsInOrder().slice(-3)).toEqual([running, ahead, staged]);
  },
);

/** The supervisor that is ready for the next attempt. */
const spareOf = (lab: FaultLab): Promise<number> =>
  waitUntil('a spare supervisor is ready', async () => {
    const daemon = lab.pidOf('daemon');
    const spare = (await lab.processes()).find(({ pid, parentPid }) => parentPid === daemon && isSpare(pid));
    return spare?.pid ?? null;
  });
// Another child of the daemon, a git for example, may be gone by now.
const isSpare = (pid: number): boolean => readProcText(pid, 'cmdline').includes('--spare');

test.skipIf(!canHarm).each(['SIGKILL', 'SIGSTOP'] as const)(
  'a spare supervisor by %s before it is needed: the next job runs once',
  faultCase,
  async (signal) => {
    const lab = await takeLab();
    await lab.expectWhole(await lab.addJob());
    const spare = await spareOf(lab);
    if (signal === 'SIGKILL') sendSignal(spare, 'SIGKILL');
    else await standStill(spare);
    const job = await lab.addJob();
    if (signal === 'SIGSTOP') {
      await waitUntil('it is planned', async () => existsSync(lab.attemptFile(job, 'plan.json')));
      sendSignal(spare, 'SIGCONT');
    }
    await lab.expectWhole(job, await lab.addJob());
  },
);

test.skipIf(!canHarm)(
  'a staged job that is removed never runs, also where its supervisor sleeps through it',
  faultCase,
  async () => {
    const lab = await takeLab();
    const { running, staged, waiter } = await stageBehind(lab);
    expect(await lab.lab('remove', String(staged))).toMatchObject({ code: 0 });
    lab.expectNoRow(staged);
    sendSignal(waiter, 'SIGCONT');
    lab.letGo('run');
    await lab.expectWhole(running, await lab.addJob());
    expect(lab.countRuns(staged)).toEqual({ starts: 0, ends: 0 });
  },
);

test.skipIf(!canHarm)(
  'a supervisor that has the device already, and is about to begin, begins once or not at all where its job is killed',
  faultCase,
  async () => {
    const lab = await takeLab();
    lab.freezeAt('device-locked');
    const job = await lab.addJob();
    const pid = await lab.frozenAt('device-locked');
    const killing = lab.lab('kill', '--now', String(job));
    await waitUntil('it is asked for or taken back', async () => {
      const kind = await Promise.race([
        killing.then(() => 'asked'),
        lab.status(job).then(({ jobs }) => jobs[0]?.state.kind),
      ]);
      return kind === 'asked' || kind === 'removed' || existsSync(lab.attemptFile(job, 'kill'));
    });
    sendSignal(pid, 'SIGCONT');
    await killing;
    lab.expectNoRow(job);
    await lab.lab('wait', String(job));
    await lab.expectWhole(await lab.addJob());
    expect(lab.countRuns(job).ends).toBe(0);
    expect(lab.countRuns(job).starts).toBeLessThanOrEqual(1);
  },
);
