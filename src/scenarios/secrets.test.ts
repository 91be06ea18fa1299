/** Secrets of a job: handed over, never stored, taken out of the log, and missed aloud after a restart. */
import { execa } from 'execa';
import { expect, test } from 'vitest';
import { createTemporaryLab, waitUntil } from './temporary-lab.ts';

const secret = 'supersecretvalue';

test('a secret reaches the run and no file, and a job whose secret is lost is held', async () => {
  const lab = await createTemporaryLab({ local: 'env:\n  secret: [MY_TOKEN]\n  pass: [GO_FOLDER]\n' });
  try {
    lab.env.GO_FOLDER = `${lab.root}/signals`;
    await lab.write('.git/info/exclude', 'signals/\n');
    await lab.write('signals/.keep', '');
    const command =
      'echo "token=$MY_TOKEN"; while [ ! -e $GO_FOLDER/go ]; do sleep 0.05; done; echo "again=$MY_TOKEN"; [ -n "$MY_TOKEN" ]';
    const add = async () =>
      Number(
        (
          await lab.labIn(lab.root, ['add', '-p', '--no-score', '--label', 'Q: kept? H: no', '--', command], {
            MY_TOKEN: secret,
          })
        ).stdout,
      );
    const running = await add();
    const queued = await add();
    await waitUntil('the first run has the secret', async () =>
      (await lab.lab('log', String(running), '--step', 'run')).stdout.includes(`token=${secret}`),
    );
    // Started by the client that had the secret, the daemon would have it too; this one is started without.
    process.kill(JSON.parse(await lab.read('.lab/daemon.json')).pid, 'SIGKILL');
    await lab.lab('up');
    await lab.write('signals/go', '');
    expect((await lab.lab('wait', String(running))).code).toBe(0);
    expect((await lab.lab('log', String(running), '--step', 'run')).stdout).toBe('token=***\nagain=***\n');
    const held = await lab.lab('wait', String(queued));
    expect(held.code).toBe(3);
    expect(held.stdout).toContain('MY_TOKEN was given with the job');
    const found = await execa('grep', ['-r', '-l', secret, lab.root], { reject: false });
    expect(found.stdout).toBe('');
  } finally {
    await lab.remove();
  }
});
