/** A whole lab that notifies by a real command: what is told, once, over a restart of its daemon, and how a failure is shown. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createTemporaryLab, type TemporaryLab, waitUntil } from '../../scenarios/temporary-lab.ts';

let lab: TemporaryLab;
const label = ['--label', 'Q: does it tell? H: it does'];

const events = (): string[] => {
  const path = join(lab.around, 'events');
  return existsSync(path) ? readFileSync(path, 'utf8').trim().split(/ *\n/) : [];
};

const configure = (command: string) =>
  lab.write(
    'lab.local.yaml',
    `notify:\n  on: [done, failed, queue-empty, device-idle]\n  idleMinutes: 0.001\n  command: ${JSON.stringify(command)}\n`,
  );

beforeEach(async () => {
  lab = await createTemporaryLab();
  await configure(`echo "$LAB_EVENT \${LAB_JOB:-$LAB_DEVICE} $LAB_FATE $LAB_METRIC" >>"${join(lab.around, 'events')}"`);
});

afterEach(() => lab.remove());

test('a job, the empty queue and the idle device are told once each, also over a restart; what ended meanwhile is told then', async () => {
  // Long enough to be seen at work: a device that was never seen so is not told to be idle.
  await lab.add(...label, '--', 'sleep 1; python3 train.py');
  await waitUntil('three events', async () => events().length === 3);
  expect(events().sort()).toEqual(['device-idle cpu0', 'done 1 done 1', 'queue-empty']);
  await lab.add(...label, '--', `until [ -e '${join(lab.root, 'go')}' ]; do sleep 0.05; done; exit 3`);
  await waitUntil('job 2 runs', async () => (await lab.status(2)).jobs[0]?.state.kind === 'running');
  await lab.lab('down');
  await lab.write('go', '');
  await lab.lab('up');
  await waitUntil('empty again', async () => events().filter((line) => line.startsWith('queue-empty')).length === 2);
  expect(events().filter((line) => line.startsWith('done'))).toEqual(['done 1 done 1']);
  expect(events().filter((line) => line.startsWith('failed'))).toHaveLength(1);
});

test('as long as nothing is to be told nothing is kept, and what ended by then is no news later', async () => {
  await lab.write('lab.local.yaml', '');
  await lab.add(...label, '--', 'true');
  await lab.add(...label, '--', 'python3', 'train.py');
  expect((await lab.lab('wait', '1', '2')).code).toBe(3);
  expect(existsSync(join(lab.root, '.lab', 'notified.json'))).toBe(false);
  await configure(`echo "$LAB_EVENT $LAB_JOB" >>"${join(lab.around, 'events')}"`);
  await lab.add(...label, '--', 'python3', 'train.py');
  await waitUntil('the empty queue', async () => events().includes('queue-empty'));
  expect(events().filter((line) => line !== 'device-idle')).toEqual(['done 3', 'queue-empty']);
  expect(existsSync(join(lab.root, '.lab', 'notified.json'))).toBe(true);
});

test('a command that fails is one line of the status and holds up no job', async () => {
  await configure('exit 9');
  await lab.add(...label, '--', 'python3', 'train.py');
  await lab.add(...label, '--', 'python3', 'train.py');
  expect((await lab.lab('wait', '1', '2')).code).toBe(0);
  await waitUntil('a problem', async () =>
    (await lab.status()).problems.some((line) => line.includes('notify.command failed')),
  );
  expect((await lab.status()).problems.filter((line) => line.includes('notify'))).toHaveLength(1);
});

test('lab notify test shows what was sent and what came back, and its exit code tells a failure', async () => {
  await configure('echo hello $LAB_TEST');
  const good = await lab.lab('notify', 'test');
  expect(good).toMatchObject({ code: 0 });
  expect(good.stdout).toContain('LAB_EVENT: queue-empty');
  expect(good.stdout).toContain('hello yes');
  await configure('exit 9');
  expect((await lab.lab('notify', 'test')).code).toBe(1);
});
