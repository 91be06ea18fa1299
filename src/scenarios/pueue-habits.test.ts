/**
 * Habits of a pueue user, in the own lab outside any repository: what is said while a job ends, after Ctrl-C, where a folder has gone, of bad
 * numbers and mistyped options, of a daemon that stands still, and how the shim kills and shows logs. A real daemon and real runs.
 */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTemporaryLab, labCommand, type TemporaryLab, waitUntil } from './temporary-lab.ts';

let lab: TemporaryLab;
let outside: string;

beforeAll(async () => {
  lab = await createTemporaryLab();
  outside = join(lab.around, 'outside');
  await mkdir(outside);
});

afterAll(() => lab.remove());

const call = (...args: string[]) => lab.labIn(outside, args);

async function add(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await call('add', '-p', ...args);
  if (code !== 0) throw new Error(stderr);
  return stdout.trim();
}

async function fateOf(number: string): Promise<unknown> {
  const { stdout } = await call('status', '--json', number);
  return JSON.parse(stdout).jobs[0].state.run?.fate;
}

/** A command that looks on, with what it said so far on both streams. */
function look(...args: string[]) {
  const [node, script] = labCommand;
  const child = spawn(node, [script, ...args], { cwd: outside, env: lab.env, stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
  const ended = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) =>
    child.once('close', (code, signal) => resolve({ code, signal })),
  );
  const tells = (words: string) => waitUntil(`it says ${words}`, async () => text.includes(words));
  return { child, ended, tells, told: () => text };
}

test('with no failed job a restart of the failed ones says so and is no failure', async () => {
  await call('add', '--wait', '--', 'true');
  expect(await call('restart', '--failed')).toEqual({
    ...{ code: 0, stdout: '' },
    stderr: 'no job has failed: nothing to start again\n',
  });
  expect((await call('restart', '--failed', '-p')).code).toBe(0);
});

test('bad numbers of slots and mistyped options are refused with what was meant', async () => {
  for (const words of [['--', '-1'], ['-1'], ['1.5'], ['9999999'], ['two'], ['1', '2']]) {
    const { code, stderr } = await call('parallel', ...words);
    expect({ code, stderr }, words.join(' ')).toMatchObject({ code: 2 });
    expect(stderr).toMatch(/^error: lab parallel got "(?:-1|1\.5|9999999|two|1 2)", expected /);
  }
  const typed = await call('add', '--lable', 'x', '--', 'true');
  expect(typed).toMatchObject({ code: 2, stderr: expect.stringContaining('hint: did you mean --label?') });
});

test('a job that is asked to end is shown as ending, also by the next daemon, until it has ended', async () => {
  const stubborn = 'import signal,time; signal.signal(15, signal.SIG_IGN); open("up", "w"); time.sleep(1000)';
  const number = await add('--', `python3 -c '${stubborn}'`);
  await waitUntil('it is up', async () => existsSync(join(outside, 'up')));
  expect((await call('wait', number, '-s', 'running')).stdout).toBe(`job ${number}: running\n`);
  await call('kill', '--grace', '900', number);
  expect((await call('status', '--state', 'ending')).stdout).toMatch(new RegExp(`^ *${number} +ending `, 'm'));
  expect((await call('down')).code).toBe(0);
  await waitUntil('the next daemon says so', async () => /ending/.test((await call('status', number)).stdout));
  await call('kill', '--now', number);
  expect((await call('wait', number)).code).toBe(3);
  expect((await call('status', number)).stdout).not.toContain('ending');
});

test('Ctrl-C while looking on says that the job goes on, and it does', async () => {
  const number = await add('--', 'echo begun; sleep 1000');
  const words = `job ${number} goes on; \`lab follow ${number}\` looks again, \`lab kill ${number}\` ends it\n`;
  const following = look('follow', number);
  await following.tells('begun');
  following.child.kill('SIGINT');
  expect(await following.ended).toEqual({ code: null, signal: 'SIGINT' });
  expect(following.told().slice(-words.length)).toBe(words);

  await call('pause', number);
  const waiting = look('wait', number);
  await waiting.tells('goes on\n');
  waiting.child.kill('SIGINT');
  expect(await waiting.ended).toEqual({ code: null, signal: 'SIGINT' });
  expect(waiting.told().slice(-words.length)).toBe(words);
  expect((await call('status', '--state', 'running')).stdout).toMatch(new RegExp(`^ *${number} +paused `, 'm'));
  await call('kill', '--now', number);
  expect((await call('wait', number)).code).toBe(3);
});

test('a job whose folder has gone fails by that name', async () => {
  const folder = join(outside, 'gone');
  await mkdir(folder);
  const { stdout } = await lab.labIn(folder, ['add', '-p', '--stashed', '--', 'true']);
  const number = stdout.trim();
  await rm(folder, { recursive: true });
  await call('enqueue', number);
  const waited = await call('wait', number);
  expect(waited).toMatchObject({ code: 3, stdout: expect.stringContaining(`job ${number}: failed (folder-gone)\n`) });
  expect(await fateOf(number)).toMatchObject({ failure: 'folder-gone', detail: `the folder ${folder} is gone` });
});

test('a daemon that stands still is told of once, and the command goes on when it does', async () => {
  await call('up');
  const file = join(lab.around, 'home', 'nightlab', 'own', '.lab', 'daemon.json');
  const { pid } = JSON.parse(readFileSync(file, 'utf8')) as { pid: number };
  process.kill(pid, 'SIGSTOP');
  const asking = look('status');
  try {
    await asking.tells(`the daemon (pid ${pid}) does not answer; waiting; `);
  } finally {
    process.kill(pid, 'SIGCONT');
  }
  expect(await asking.ended).toEqual({ code: 0, signal: null });
  expect(asking.told().split('does not answer')).toHaveLength(2);
  expect(asking.told()).toMatch(/^ *1 +done /m);
});

test('cleaning tells all jobs in a line, and then that there is nothing', async () => {
  const { jobs } = JSON.parse((await call('status', '--all', '--json')).stdout) as { jobs: unknown[] };
  expect(jobs.length).toBeGreaterThan(2);
  expect((await call('clean')).stdout).toBe(`${jobs.length} jobs (1-${jobs.length}): out of sight\n`);
  expect(await call('clean')).toMatchObject({ code: 0, stdout: '', stderr: 'nothing was there to clean\n' });
});

test('the shim kills and shows logs of the default group where no task is named, and of all with -a', async () => {
  const tools = join(lab.around, 'tools');
  expect((await call('shim', 'pueue', '--to', tools)).code).toBe(0);
  await writeFile(join(tools, 'lab'), `#!/bin/sh\nexec '${labCommand[0]}' '${labCommand[1]}' "$@"\n`, { mode: 0o755 });
  const env = { ...lab.env, PATH: `${tools}${delimiter}${lab.env.PATH ?? ''}` };
  const pueue = (...args: string[]) => execa('pueue', args, { cwd: outside, env, extendEnv: false, reject: false });
  await call('group', 'add', 'side', '-n', '1');
  const side = await add('-g', 'side', '--', 'echo from the side');
  await call('wait', side);
  const first = await add('--', 'echo from the first; sleep 1000');
  const second = await add('--stashed', '--', 'true');
  await waitUntil('it has printed', async () => (await pueue('log')).stdout.includes('from the first'));
  expect((await pueue('log')).stdout).not.toContain('from the side');
  const all = (await pueue('log', '-a', '-l', '1')).stdout;
  expect(all).toContain(`==> job ${side}, attempt 1, run <==\nfrom the side`);
  expect(all).toContain('from the first');
  expect((await pueue('log', '-g', 'side')).stdout).toBe('from the side');

  expect((await pueue('kill')).stdout).toBe(`job ${first}: asked to end at once, by SIGKILL`);
  expect((await call('wait', first)).code).toBe(3);
  const { stdout } = await call('status', '--json', second);
  expect(JSON.parse(stdout).jobs[0].state.kind).toBe('stashed');
  expect((await pueue('kill', '-a')).exitCode).toBe(0);
});
