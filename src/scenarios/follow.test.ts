/**
 * `lab follow`: what a job waits for is told when it changes, only a job that needs a person itself ends it, and without a number each job
 * is shown as it begins. Beside it `lab wait` where nothing is open, and `lab log` of a large log.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
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
  /** What came on standard error. */
  told(): string;
  /** What came on standard output. */
  printed(): string;
  ended: Promise<{ code: number | null; signal: string | null }>;
}

function follow(...numbers: number[]): Following {
  const [node, script] = labCommand;
  const child = spawn(node, [script, 'follow', ...numbers.map(String)], { cwd: lab.root, env: lab.env });
  let text = '';
  let output = '';
  child.stderr.on('data', (bytes: Buffer) => {
    text += bytes.toString();
  });
  child.stdout.on('data', (bytes: Buffer) => {
    output += bytes.toString();
  });
  const ended = new Promise<{ code: number | null; signal: string | null }>((resolve) => {
    child.once('close', (code, signal) => resolve({ code, signal }));
  });
  return { child, told: () => text, printed: () => output, ended };
}

const tells = (following: Following, text: string): Promise<true> =>
  waitUntil(`it tells "${text}", so far:\n${following.told()}`, async () => following.told().includes(text));

const prints = (following: Following, text: string): Promise<true> =>
  waitUntil(`it prints "${text}", so far:\n${following.printed()}`, async () => following.printed().includes(text));

test('with nothing open wait says so and ends with 0, follow with 1; a number or group that is not there is an error', async () => {
  const nothing = { code: 0, stdout: '', stderr: expect.stringContaining('nothing is queued or running') };
  expect(await lab.lab('wait')).toMatchObject(nothing);
  expect(await lab.lab('wait', '--group', 'default', '--json')).toMatchObject(nothing);
  expect((await lab.lab('wait', '1')).code).toBe(1);
  expect((await lab.lab('wait', '--group', 'nowhere')).code).toBe(1);
  const following = await lab.lab('follow');
  expect(following).toMatchObject({ code: 1, stderr: expect.stringContaining('nothing runs and nothing is queued') });
});

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

test('without a number each job is shown as it begins, beside one that runs on, and a failure counts', async () => {
  expect((await lab.lab('parallel', '2')).code).toBe(0);
  const gate = join(lab.root, 'go-on');
  const waits = `echo long begins; until [ -e '${gate}' ]; do sleep 0.05; done; echo long ends`;
  const long = await lab.add('--no-score', ...label, '--', waits);
  const following = follow();
  await prints(following, 'long begins\n');
  const short = await lab.add('--no-score', ...label, '--', 'echo short one');
  await prints(following, `${short} | short one\n`);
  await tells(following, `job ${short}: done`);
  const failing = await lab.add('--no-score', ...label, '--', 'echo short two; exit 4');
  await prints(following, `${failing} | short two\n`);
  await tells(following, `job ${failing}: failed`);
  expect(following.told()).not.toContain(`job ${long}: `);
  await lab.write('go-on', '');
  expect(await following.ended).toEqual({ code: 3, signal: null });
  expect(following.printed()).toContain(`${long} | long ends\n`);
  expect(following.told()).toContain(`job ${long}: done`);
});

test('a log of more than 16 MiB is printed whole, as JSON too, and its last lines are counted from its end', async () => {
  const line = '0123456789abcdef\n';
  const count = 1_100_000;
  const number = String(
    await lab.add('--no-score', ...label, '--', `yes 0123456789abcdef 2>/dev/null | head -n ${count}`),
  );
  expect((await lab.lab('wait', number)).code).toBe(0);
  const whole = await lab.lab('log', number, '--step', 'run');
  // Compared as lengths and ends: a difference of such texts would fill the screen.
  expect(whole.stdout.length).toBe(count * line.length);
  expect(whole.stdout.startsWith(line) && whole.stdout.endsWith(`\n${line}`)).toBe(true);
  const [part] = JSON.parse((await lab.lab('log', number, '--step', 'run', '--json')).stdout) as { text: string }[];
  expect(part?.text === whole.stdout).toBe(true);
  const last = await lab.lab('log', number, '--step', 'run', '-n', '1000000');
  expect(last.stdout.length).toBe(1_000_000 * line.length);
});
