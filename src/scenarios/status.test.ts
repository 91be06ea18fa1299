/** Status, wait, follow and log of a real lab: what is shown, filtered and left out, and that nothing waits for ever. */
import { expect, test } from 'vitest';
import type { Routes } from '../daemon/routes.ts';
import { createTemporaryLab, waitUntil } from './temporary-lab.ts';

const label = ['--label', 'Q: does it show? H: no change'];
const gated =
  'import os, time\nprint("epoch 5/100", flush=True)\nwhile not os.path.exists(os.path.join(os.environ["GO_FOLDER"], "go")): time.sleep(0.02)\nprint("after the gate", flush=True)\n';

test('status shows progress, a full estimate and filters in 100 columns; follow and wait see jobs to their end', async () => {
  const lab = await createTemporaryLab({ files: { 'gated.py': gated }, local: 'env:\n  pass: [GO_FOLDER]\n' });
  try {
    lab.env.GO_FOLDER = `${lab.root}/signals`;
    await lab.write('.git/info/exclude', 'signals/\n');
    await lab.write('signals/.keep', '');
    const failed = await lab.add('--no-score', ...label, '--', 'false');
    expect((await lab.lab('wait', String(failed))).code).toBe(3);
    const running = await lab.add('--no-score', ...label, '--', 'python3 gated.py');
    const queued = await lab.add('--no-score', '--label', 'Q: second one? H: none', '--', 'python3 gated.py');
    expect((await lab.lab('wait', String(running), '--status', 'running')).code).toBe(0);
    const view = await waitUntil('progress and estimate', async () => {
      const [found] = (await lab.status(running)).jobs;
      return found?.eta ? found : null;
    });
    expect(view.eta?.from).toBe('progress');
    expect(view.state).toMatchObject({ kind: 'running', progress: 'epoch 5/100' });
    expect(view.job).not.toHaveProperty('env');

    const table = (await lab.lab('status')).stdout;
    expect(table).toContain('epoch 5/100');
    expect(table).toMatch(/~\d+ \w+ \(progress\)/);
    expect(table).not.toMatch(/\bprio\b|\bgroup\b/);
    const jobLines = table.split('\n').slice(3);
    expect(Math.max(...jobLines.map((line) => line.length))).toBeLessThanOrEqual(100);

    const numbersOf = async (...args: string[]) =>
      (
        JSON.parse((await lab.lab('status', '--json', ...args)).stdout) as { jobs: { job: { number: number } }[] }
      ).jobs.map(({ job }) => job.number);
    expect(await numbersOf('--state', 'failed')).toEqual([failed]);
    expect(await numbersOf('--state', 'queued,running')).toEqual([running, queued]);
    expect(await numbersOf('--label', 'SECOND')).toEqual([queued]);
    expect(await lab.lab('status', '--state', 'held')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('no job matches\n'),
    });
    for (const words of [[], ['--json'], [String(failed)]])
      expect(await lab.lab('status', '--group', 'nowhere', ...words)).toMatchObject({
        ...{ code: 1, stdout: '' },
        stderr: expect.stringContaining('there is no group "nowhere", expected one of: default\n'),
      });
    expect((await lab.lab('status', '--state', 'sleeping')).code).toBe(2);
    const all = [failed, running, queued].map(String);
    expect(await numbersOf(...all, '--state', 'failed,queued')).toEqual([failed, queued]);
    expect(await numbersOf(...all, '--label', 'second', '--state', 'failed')).toEqual([]);
    const none = await lab.lab('status', String(failed), '--state', 'queued');
    expect(none).toMatchObject({ code: 0, stdout: 'none of these jobs is what the options ask for\n' });

    const follow = lab.lab('follow', String(running), String(queued));
    await lab.write('signals/go', '');
    const followed = await follow;
    expect(followed.code).toBe(0);
    expect(followed.stdout).toContain(`${running} | after the gate\n`);
    expect(followed.stdout).toContain(`${queued} | after the gate\n`);
    const parts = JSON.parse((await lab.lab('log', '--json', String(running))).stdout) as unknown[];
    expect(parts).toContainEqual({
      number: running,
      attempt: 1,
      step: 'run',
      text: expect.stringContaining('epoch 5/100'),
    });
  } finally {
    await lab.remove();
  }
});

test('more than ten ended jobs are counted, not shown, unless --all asks for them', async () => {
  const lab = await createTemporaryLab();
  try {
    for (let index = 0; index < 12; index++) await lab.add('--no-score', ...label, '--', 'true');
    expect((await lab.lab('wait')).code).toBe(0);
    const shown = JSON.parse((await lab.lab('status', '--json')).stdout) as Routes['status']['response'];
    expect([shown.jobs.length, shown.hidden]).toEqual([10, 2]);
    expect(shown.jobs[0]?.job.number).toBe(3);
    expect((await lab.lab('status')).stdout).toContain('2 earlier jobs: `lab status --all`');
    expect((await lab.lab('status', '--all')).stdout).not.toContain('earlier job');
  } finally {
    await lab.remove();
  }
});
