/** Jobs whose track moved on while they waited: held with the reason, let go or dropped by a human, never scored under the wrong track. */
import { expect, test } from 'vitest';
import { createTemporaryLab, evalScript, waitUntil } from './temporary-lab.ts';

const label = ['--label', 'Q: does it hold? H: no change'];

test('a changed evaluator holds the queued jobs, and the running one ends under the track it started with', async () => {
  const lab = await createTemporaryLab({
    files: {
      'train.py':
        'import os, time\nprint("train started", flush=True)\nwhile not os.path.exists(os.path.join(os.environ["GO_FOLDER"], "go")): time.sleep(0.02)\nopen(os.path.join(os.environ["LAB_OUT"], "model.txt"), "w").write("1.0")\n',
    },
    local: 'env:\n  pass: [GO_FOLDER]\n',
  });
  try {
    lab.env.GO_FOLDER = `${lab.root}/signals`;
    await lab.write('.git/info/exclude', 'signals/\n');
    await lab.write('signals/.keep', '');
    const running = await lab.add(...label, '--', 'python3 train.py');
    const kept = await lab.add(...label, '--', 'python3 train.py');
    const dropped = await lab.add(...label, '--', 'python3 train.py');
    const before = (await lab.status()).track;
    await waitUntil('train runs', async () => {
      const [view] = (await lab.status(running)).jobs;
      return view?.state.kind === 'running' && view.state.step === 'train';
    });
    await lab.write('eval.py', `${evalScript}# a new version\n`);
    await lab.git('commit', '--quiet', '--all', '--message=human: change the evaluator');
    await lab.write('signals/go', '');

    expect((await lab.lab('wait', String(running))).code).toBe(0);
    const waited = await lab.lab('wait', String(kept), String(dropped));
    expect(waited.code).toBe(3);
    expect(waited.stdout).toContain(`lab enqueue ${kept}`);
    const after = (await lab.status()).track;
    expect(after).not.toBe(before);

    expect((await lab.lab('enqueue', String(kept))).stdout).toContain(`bound to track ${after}`);
    expect((await lab.lab('kill', String(dropped))).code).toBe(0);
    expect((await lab.lab('wait', String(kept))).code).toBe(0);
    const rows = (await lab.git('show', 'main:results.tsv'))
      .trim()
      .split('\n')
      .slice(1)
      .map((row) => row.split('\t'));
    expect(rows.map((row) => [row[16], row[15], row[18]])).toEqual([
      [String(running), before, expect.not.stringContaining('overlaid')],
      [String(kept), after, expect.stringContaining('overlaid')],
    ]);
    expect((await lab.status(dropped)).jobs[0]?.state.kind).toBe('removed');
    expect((await lab.lab('enqueue', String(kept))).stderr).toContain('is not held');
  } finally {
    await lab.remove();
  }
});
