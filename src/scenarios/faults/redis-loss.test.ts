/**
 * Redis loses what it holds, or its hold on a job: locks that run out while a job runs, an empty memory, a deleted or broken data folder, death
 * after death. A lock's end is brought about in Redis itself, because BullMQ's takes minutes.
 */
import { existsSync, readdirSync, renameSync, rmSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterEach, expect, test } from 'vitest';
import { sendSignal } from '../../../workers/process-tree.ts';
import { labPaths } from '../../config/lab-paths.ts';
import { waitUntil } from '../temporary-lab.ts';
import { canHarm, createFaultLab, type FaultLab, faultCase, killHard, standStill, stateOf } from './fault-lab.ts';

let made: FaultLab | null = null;

afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') console.error(made?.lastWords());
  await made?.remove();
  made = null;
});

/** A lab with a job that stands still in mid-run and two that wait behind it. */
async function createBusyLab(): Promise<{ lab: FaultLab; jobs: number[]; running: number }> {
  const lab = await createFaultLab();
  made = lab;
  lab.hold('run');
  const running = await lab.addJob();
  await lab.isHeld('run');
  return { lab, running, jobs: [running, await lab.addJob(), await lab.addJob()] };
}

async function inRedis<Found>(lab: FaultLab, ask: (redis: Redis) => Promise<Found>): Promise<Found> {
  const path = join(lab.env.XDG_RUNTIME_DIR ?? '', 'nightlab', `${labPaths(lab.root).id}.redis.sock`);
  const redis = new Redis({ path, retryStrategy: () => null });
  try {
    return await ask(redis);
  } finally {
    redis.disconnect();
  }
}

/** Ends and expects the whole: the held job first, then what waited, then one more. */
async function expectAll(lab: FaultLab, jobs: number[]): Promise<void> {
  lab.letGo('run');
  await lab.expectWhole(...jobs, await lab.addJob());
}

/** The new Redis after one that was killed. */
async function nextRedis(lab: FaultLab, pid: number): Promise<number> {
  return await waitUntil('Redis is started again', async () => {
    // The daemon takes the old file away and Redis writes a new one, at any moment of this look.
    const next = lab.findPid('redis');
    if (next === null) return null;
    const answers = () => inRedis(lab, (redis) => redis.ping()).catch(() => null);
    return next !== pid && (await answers()) === 'PONG' ? next : null;
  });
}

test.skipIf(!canHarm)(
  'a lock that ran out in mid-run, and a sweep that takes the job for dead, start nothing twice',
  faultCase,
  async () => {
    const { lab, jobs } = await createBusyLab();
    // The one that is made ready has a lock as well; taken after this moment, it would stay in the list that is to be empty.
    await waitUntil('the next one is made ready', async () => existsSync(lab.attemptFile(jobs[1] ?? 0, 'plan.json')));
    const locks = await inRedis(lab, async (redis) => {
      const keys = await redis.keys('*:lock');
      if (keys.length > 0) await redis.del(keys);
      return keys;
    });
    expect(locks).not.toEqual([]);
    // Two sweeps: the first marks, the second hands the job over.
    const [lock = ''] = locks;
    const active = lock.replace(/:[^:]*:lock$/, ':active');
    await waitUntil('the sweep has taken the job away', () =>
      inRedis(lab, async (redis) => (await redis.llen(active)) === 0),
    );
    await expectAll(lab, jobs);
  },
);

test.skipIf(!canHarm)('Redis may be away for longer than its locks last, while the run ends', faultCase, async () => {
  const { lab, jobs, running } = await createBusyLab();
  const endsAt = await inRedis(lab, async (redis) => {
    for (const key of await redis.keys('*:lock')) await redis.pexpire(key, 300);
    return Date.now() + 300;
  });
  const pid = lab.pidOf('redis');
  await standStill(pid);
  lab.letGo('run');
  await waitUntil(
    'the run ended and the lock too',
    async () => existsSync(lab.attemptFile(running, 'exit', 1)) && Date.now() > endsAt,
  );
  sendSignal(pid, 'SIGCONT');
  await expectAll(lab, jobs);
});

test.skipIf(!canHarm)(
  'Redis that dies with its locks run out comes back, and the run is not started again',
  faultCase,
  async () => {
    const { lab, jobs } = await createBusyLab();
    await inRedis(lab, async (redis) => {
      for (const key of await redis.keys('*:lock')) await redis.pexpire(key, 1);
    });
    const pid = lab.pidOf('redis');
    await killHard(pid);
    await nextRedis(lab, pid);
    await expectAll(lab, jobs);
  },
);

test.skipIf(!canHarm)('Redis that is killed five times in a row costs nothing', faultCase, async () => {
  const { lab, jobs } = await createBusyLab();
  for (let times = 0, pid = lab.pidOf('redis'); times < 5; times++, pid = await nextRedis(lab, pid))
    await killHard(pid);
  await expectAll(lab, jobs);
});

test.skipIf(!canHarm)('Redis that forgets everything is filled again', faultCase, async () => {
  const { lab, jobs } = await createBusyLab();
  await inRedis(lab, (redis) => redis.flushall());
  await expectAll(lab, jobs);
});

test.skipIf(!canHarm).each(['deleted', 'moved away'])(
  "Redis's data folder is %s under it before it dies",
  faultCase,
  async (what) => {
    const { lab, jobs } = await createBusyLab();
    const folder = join(lab.root, '.lab', 'redis');
    const pid = lab.pidOf('redis');
    if (what === 'deleted') rmSync(folder, { recursive: true });
    else renameSync(folder, `${folder}-away`);
    await killHard(pid);
    await nextRedis(lab, pid);
    await expectAll(lab, jobs);
  },
);

test.skipIf(!canHarm)("Redis's data folder is deleted under it and nobody kills it", faultCase, async () => {
  const { lab, jobs } = await createBusyLab();
  const pid = lab.pidOf('redis');
  rmSync(join(lab.root, '.lab', 'redis'), { recursive: true });
  lab.letGo('run');
  expect(await lab.lab('wait', ...jobs.map(String))).toMatchObject({ code: 0 });
  // The next daemon replaces a server that writes nowhere.
  await killHard(lab.pidOf('daemon'));
  await lab.lab('up');
  // Its parent was the daemon that was killed: it may stay a zombie for as long as pid 1 likes.
  await waitUntil('the old server is gone', async () => ['', 'Z'].includes(stateOf(pid)));
  await expectAll(lab, jobs);
});

test.skipIf(!canHarm)("Redis's data is broken when it is killed", faultCase, async () => {
  const { lab, jobs } = await createBusyLab();
  const folder = join(lab.root, '.lab', 'redis', 'appendonlydir');
  const pid = lab.pidOf('redis');
  for (const name of readdirSync(folder).filter((file) => file.endsWith('.manifest')))
    truncateSync(join(folder, name), 5);
  await killHard(pid);
  await nextRedis(lab, pid);
  await expectAll(lab, jobs);
  rmSync(folder, { recursive: true, force: true });
});

test.skipIf(!canHarm)(
  'Redis that hangs is told of, with its process, and things go on when it does',
  faultCase,
  async () => {
    const { lab, jobs } = await createBusyLab();
    const pid = lab.pidOf('redis');
    await standStill(pid);
    await waitUntil('the lab says so', async () =>
      (await lab.status()).problems.some(
        (problem) => problem.includes('Redis does not answer') && problem.includes(`kill -9 ${pid}`),
      ),
    );
    sendSignal(pid, 'SIGCONT');
    await expectAll(lab, jobs);
  },
);

test.skipIf(!canHarm)('Redis that hangs and is killed, as the lab advises, is replaced', faultCase, async () => {
  const { lab, jobs } = await createBusyLab();
  const pid = lab.pidOf('redis');
  await standStill(pid);
  lab.letGo('run');
  await waitUntil('the run is over', async () => existsSync(lab.attemptFile(jobs[0] ?? 0, 'exit', 1)));
  await killHard(pid);
  await nextRedis(lab, pid);
  await expectAll(lab, jobs);
});
