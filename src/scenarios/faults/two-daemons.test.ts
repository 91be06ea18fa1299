/** Several daemons of one lab started in the same moment, by hand and by clients: one works, the others say so and end, no job runs twice. */
import { join } from 'node:path';
import { execa } from 'execa';
import { afterEach, expect, test } from 'vitest';
import { packageRoot } from '../../config/package-root.ts';
import { canHarm, createFaultLab, type FaultLab, faultCase, killHard } from './fault-lab.ts';

/** Exit code of a daemon that found another one. */
const otherDaemonCode = 75;
let lab: FaultLab | null = null;

afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') console.error(lab?.lastWords());
  await lab?.remove();
  lab = null;
});

/** A lab whose daemon and Redis are dead, with a run in its middle and two jobs behind it. */
async function createLeftLab(): Promise<{ made: FaultLab; jobs: number[] }> {
  const made = await createFaultLab();
  lab = made;
  made.hold('run');
  const jobs = [await made.addJob(), await made.addJob(), await made.addJob()];
  await made.isHeld('run');
  const pids = [made.pidOf('daemon'), made.pidOf('redis')];
  for (const pid of pids) await killHard(pid);
  return { made, jobs };
}

/** Starts a daemon as its client would; gives its exit code, null where it was still at work when all others had ended. */
function startDaemon(made: FaultLab) {
  return execa(process.execPath, [join(packageRoot(), 'dist', 'daemon.js'), made.root], {
    cwd: made.root,
    env: made.env,
    extendEnv: false,
    detached: true,
    cleanup: false,
    reject: false,
    stdio: 'ignore',
  });
}

test.skipIf(!canHarm).each([2, 5])(
  'of %i daemons started at once one works, and the run and the queue go on',
  faultCase,
  async (count) => {
    const { made, jobs } = await createLeftLab();
    const daemons = Array.from({ length: count }, () => startDaemon(made));
    const codes: (number | undefined)[] = [];
    const ended = daemons.map(async (daemon) => {
      codes.push((await daemon).exitCode);
      return codes.length;
    });
    await new Promise<void>((resolve) => {
      for (const end of ended) void end.then((so) => so === count - 1 && resolve());
    });
    expect(codes).toEqual(Array.from({ length: count - 1 }, () => otherDaemonCode));
    made.letGo('run');
    await made.expectWhole(...jobs, await made.addJob());
    for (const daemon of daemons) daemon.unref();
  },
);

test.skipIf(!canHarm).each([2, 5])(
  '%i clients that find no daemon queue their jobs with one, each once',
  faultCase,
  async (count) => {
    const { made, jobs } = await createLeftLab();
    const more = await Promise.all(Array.from({ length: count }, () => made.addJob()));
    expect(new Set(more).size).toBe(count);
    made.letGo('run');
    await made.expectWhole(...jobs, ...more);
  },
);

test.skipIf(!canHarm)(
  'a daemon that is frozen keeps its lab: a second one ends, and the first goes on',
  faultCase,
  async () => {
    const made = await createFaultLab();
    lab = made;
    made.hold('run');
    const job = await made.addJob();
    await made.isHeld('run');
    process.kill(made.pidOf('daemon'), 'SIGSTOP');
    expect((await startDaemon(made)).exitCode).toBe(otherDaemonCode);
    process.kill(made.pidOf('daemon'), 'SIGCONT');
    made.letGo('run');
    await made.expectWhole(job, await made.addJob());
  },
);
