/** `lab follow` of jobs that wait: what they wait for is told when it changes, and only a job that needs a person itself ends it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTemporaryLab, labCommand, type TemporaryLab, waitUntil } from './temporary-lab.ts';

const label = ['--label', 'Q: does it follow? H: no change'];
let lab: TemporaryLab;

beforeAll(async () => {
  lab = await createTemporaryLab();
});

afterAll(async () => {
  await lab.remove();
});

interface Following {
  child: ChildProcess;
  told(): string;
  ended: Promise<{ code: number | null; signal: string | null }>;
}

function follow(number: number): Following {
  const [node, script] = labCommand;
  const child = spawn(node, [script, 'follow', String(number)], { cwd: lab.root, env: lab.env });
  let text = '';
  child.stderr.on('data', (bytes: Buffer) => {
    text += bytes.toString();
  });
  const ended = new Promise<{ code: number | null; signal: string | null }>((resolve) => {
    child.once('close', (code, signal) => resolve({ code, signal }));
  });
  return { child, told: () => text, ended };
}

const tells = (following: Following, text: string): Promise<true> =>
  waitUntil(`it tells "${text}", so far:\n${following.told()}`, async () => following.told().includes(text));

test('a job behind one that was put aside says so, then that it is next, and is followed to its end', async () => {
  const aside = await lab.add('--no-score', '--stashed', ...label, '--', 'true');
  const behind = await lab.add('--no-score', '--after', String(aside), ...label, '--', 'echo at last');
  const following = follow(behind);
  await tells(following, `job ${behind} waits for job ${aside}, which is put aside: \`lab enqueue ${aside}\``);
  await lab.lab('enqueue', String(aside));
  expect(await following.ended).toEqual({ code: 0, signal: null });
  expect(following.told()).toContain(`job ${behind}: done`);
});

test('a job behind a paused one, and the paused one itself, say what makes them go on', async () => {
  const first = await lab.add('--no-score', ...label, '--', 'sleep 1000');
  expect((await lab.lab('wait', String(first), '--status', 'running')).code).toBe(0);
  const second = await lab.add('--no-score', ...label, '--', 'true');
  const [ofFirst, ofSecond] = [follow(first), follow(second)];
  await tells(ofSecond, `job ${second} is queued at place 1\n`);
  await lab.lab('pause', String(first));
  await tells(ofFirst, `job ${first} is paused: \`lab start ${first}\` goes on`);
  await tells(ofSecond, `place 1, behind job ${first}, which is paused: \`lab start ${first}\` goes on`);
  await lab.lab('start', String(first));
  await tells(ofFirst, `job ${first} goes on\n`);
  ofSecond.child.kill('SIGINT');
  expect(await ofSecond.ended).toEqual({ code: null, signal: 'SIGINT' });
  await lab.lab('kill', '--now', String(first));
  expect(await ofFirst.ended).toEqual({ code: 3, signal: null });
  await lab.lab('wait', String(second));
});

test('a job that needs a person itself ends with words and 3, also where it comes to that while it is followed', async () => {
  const aside = await lab.add('--no-score', '--stashed', ...label, '--', 'true');
  const call = await lab.lab('follow', String(aside));
  expect(call.code).toBe(3);
  expect(call.stderr).toContain('put aside; `lab enqueue` lets it go');
  const before = await lab.add('--no-score', '--delay', '1h', ...label, '--', 'true');
  const behind = await lab.add('--no-score', '--after', String(before), ...label, '--', 'true');
  const following = follow(behind);
  await tells(following, `job ${behind} waits for job ${before}, which is delayed: not before `);
  await lab.lab('remove', String(before));
  expect(await following.ended).toEqual({ code: 3, signal: null });
  expect(following.told()).toContain(`job ${before}, which it comes after, was removed`);
});
