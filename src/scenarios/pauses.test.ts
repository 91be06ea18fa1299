/** Pausing, starting and talking to a run inside the sandbox, and that the time it stood still is no time of the run. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { probeSandbox } from '../sandbox/bubblewrap.ts';
import { createTemporaryLab, waitUntil } from './temporary-lab.ts';

const sandbox = await probeSandbox();
const reason = sandbox.kind === 'none' ? `skipped, no sandbox: ${sandbox.reason}` : '';

// A child that left its session with an empty environment is of the run all the same.
const command = `(env -i setsid sh -c 'while :; do echo tick; sleep 0.05; done') & read line; echo "got $line"; read line; echo "then $line"`;

test.skipIf(reason)(
  `a sandboxed run stands still, goes on and reads what it was sent meanwhile ${reason}`,
  async () => {
    const lab = await createTemporaryLab();
    try {
      const number = await lab.add('--no-score', '--stdin', '--label', 'Q: still? H: yes', '--', command);
      const folder = join(lab.root, '.lab', 'runs', String(number), '1');
      const ticks = async () => (await readFile(join(folder, 'run.log'), 'utf8').catch(() => '')).split('tick').length;
      await waitUntil('it ticks', async () => (await ticks()) > 3);
      expect((await lab.lab('send', String(number), 'one')).code).toBe(0);
      await waitUntil('it read', async () => (await readFile(join(folder, 'run.log'), 'utf8')).includes('got one'));
      expect((await lab.lab('pause', String(number))).code).toBe(0);
      // The job counts as paused before its processes are stopped.
      await waitUntil('the supervisor stops it', async () => existsSync(join(folder, 'train.paused')));
      // Two looks without a tick between them, longer apart than ticks are.
      await waitUntil('it stands still', async () => {
        const before = await ticks();
        const { jobs } = await lab.status(number);
        return (await ticks()) === before && jobs[0]?.state.kind === 'running' && jobs[0].state.isPaused;
      });
      expect((await lab.lab('send', String(number), 'two')).code).toBe(0);
      expect(await readFile(join(folder, 'run.log'), 'utf8')).not.toContain('then two');
      expect((await lab.lab('start', String(number))).code).toBe(0);
      expect((await lab.lab('wait', String(number))).code).toBe(0);
      expect(await readFile(join(folder, 'run.log'), 'utf8')).toContain('then two');

      const [view] = (await lab.status(number)).jobs;
      if (view?.state.kind !== 'ended') throw new Error('it is not over');
      const { run } = view.state;
      expect(run.flags).toContain('paused');
      expect(run.flags).not.toContain('unsandboxed');
      const { steps } = JSON.parse(await readFile(join(folder, 'exit'), 'utf8')) as { steps: typeof run.steps };
      const [left, kept] = [steps, run.steps].map((list) => list.find(({ name }) => name === 'train'));
      expect(kept?.pausedSeconds).toBeGreaterThan(0);
      expect((kept?.seconds ?? 0) + (kept?.pausedSeconds ?? 0)).toBeCloseTo(left?.seconds ?? 0, 2);
      expect(run.trainSeconds).toBe(kept?.seconds);
      expect((await lab.lab('status', String(number))).stdout).toMatch(/train .* and .* paused exit 0/);
    } finally {
      await lab.remove();
    }
  },
);
