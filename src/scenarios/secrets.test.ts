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
    expect((await lab.labIn(lab.root, ['enqueue', String(queued)], { MY_TOKEN: secret })).code).toBe(0);
    expect((await lab.lab('wait', String(queued))).code).toBe(0);
    const found = await execa('grep', ['-r', '-l', secret, lab.root], { reject: false });
    expect(found.stdout).toBe('');
  } finally {
    await lab.remove();
  }
});

test('a restart takes secrets from the shell that asks for it, and names those that nobody knows', async () => {
  const lab = await createTemporaryLab({ local: 'env:\n  secret: [MY_TOKEN, OTHER_TOKEN]\n' });
  try {
    const words = ['add', '-p', '--no-score', '--label', 'Q: kept? H: no', '--', '[ "$MY_TOKEN$OTHER_TOKEN" = ab ]'];
    const given = { MY_TOKEN: 'a', OTHER_TOKEN: 'b' };
    await lab.lab('up');
    const first = (await lab.labIn(lab.root, words, { MY_TOKEN: 'wrong', OTHER_TOKEN: 'b' })).stdout.trim();
    expect((await lab.lab('wait', first)).code).toBe(3);
    // A daemon that was started anew knows no secret.
    process.kill(JSON.parse(await lab.read('.lab/daemon.json')).pid, 'SIGKILL');
    await lab.lab('up');
    const half = await lab.labIn(lab.root, ['restart', '-p', first], { MY_TOKEN: 'a' });
    const held = await lab.lab('wait', half.stdout.trim());
    expect(held.stdout).toContain('OTHER_TOKEN was given with the job');
    const told = await lab.labIn(lab.root, ['restart', first], { MY_TOKEN: 'a' });
    expect(told.stderr).toContain('needs OTHER_TOKEN, stored nowhere and not set in this shell');
    expect(told.stderr).not.toContain('MY_TOKEN');
    for (const more of [['--in-place', first], ['--failed']]) {
      const again = await lab.labIn(lab.root, ['restart', '-p', ...more], given);
      const [number = ''] = again.stdout.trim().split('\n');
      expect({ code: (await lab.lab('wait', number)).code, stderr: again.stderr }).toEqual({ code: 0, stderr: '' });
      if (more[0] === '--in-place')
        expect((await lab.labIn(lab.root, words, { ...given, MY_TOKEN: 'c' })).code).toBe(0);
      await waitUntil('nothing is open', async () =>
        (await lab.status()).jobs.every(({ state }) => state.kind === 'ended' || state.kind === 'held'),
      );
    }
    // A key that is given again: refused for another command it changes nothing, and the same call may know less.
    const keyed = [...words.slice(0, 2), '--key', 'k', '--stashed', ...words.slice(2)];
    const waiting = (await lab.labIn(lab.root, keyed, given)).stdout.trim();
    const other = [...keyed.slice(0, -1), 'true'];
    expect((await lab.labIn(lab.root, other, { ...given, MY_TOKEN: 'c' })).stderr).toContain('the key "k" stands for');
    expect((await lab.labIn(lab.root, keyed, { MY_TOKEN: 'a' })).stdout.trim()).toBe(waiting);
    await lab.lab('enqueue', waiting);
    expect((await lab.lab('wait', waiting)).code).toBe(0);
  } finally {
    await lab.remove();
  }
});
