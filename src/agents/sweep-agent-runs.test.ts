/** What a sweep deletes of the runs that a killed lab left, and what it never touches. That it ends processes is tested with the command agent. */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { sweepAgentRuns } from './sweep-agent-runs.ts';

let around: string;
let runs: string;
beforeEach(() => {
  around = mkdtempSync(join(tmpdir(), 'nl-'));
  runs = join(around, 'agents');
  mkdirSync(runs);
});
afterEach(() => rmSync(around, { recursive: true, force: true }));

function write(path: string, text = 'x'): void {
  mkdirSync(dirname(join(around, path)), { recursive: true });
  writeFileSync(join(around, path), text);
}

/** A run as a killed lab leaves it. */
function createRun(name: string, more: string[] = []): void {
  for (const path of ['task.json', 'prompt.md', 'home/.codex/auth.json', 'tmp/cache', 'outbox/idea.md', ...more])
    write(`agents/${name}/${path}`);
}

test('the home and the temporary folder of a run without a result are deleted, all else of it stays', async () => {
  createRun('one', ['outbox/home/kept.md']);
  createRun('two');
  expect(await sweepAgentRuns(runs)).toEqual({ killed: [], cleared: 2, left: [] });
  expect(readdirSync(join(runs, 'one')).sort()).toEqual(['outbox', 'prompt.md', 'task.json']);
  expect(readdirSync(join(runs, 'one', 'outbox')).sort()).toEqual(['home', 'idea.md']);
  expect(await sweepAgentRuns(runs)).toEqual({ killed: [], cleared: 0, left: [] });
});

test('what a program protected against deletion is deleted too', async () => {
  createRun('one', ['home/cache/file']);
  chmodSync(join(runs, 'one/home/cache'), 0o500);
  expect(await sweepAgentRuns(runs)).toMatchObject({ cleared: 1, left: [] });
  expect(existsSync(join(runs, 'one/home'))).toBe(false);
});

test('a run with a result, and a folder that is no run, are left alone', async () => {
  createRun('ended', ['result.json']);
  write('agents/other/home/file');
  expect(await sweepAgentRuns(runs)).toMatchObject({ cleared: 0 });
  expect(existsSync(join(runs, 'ended/home/.codex/auth.json'))).toBe(true);
  expect(existsSync(join(runs, 'other/home/file'))).toBe(true);
  // The folder of a run itself holds no runs, whatever its agent put into the outbox.
  createRun('one', ['outbox/home/file']);
  expect(await sweepAgentRuns(join(runs, 'one'))).toMatchObject({ cleared: 0 });
  expect(existsSync(join(runs, 'one/outbox/home/file'))).toBe(true);
});

test('no link is followed: of a run, of its home, or in it', async () => {
  for (const name of ['target/home/mine', 'target/task.json', 'mine/file']) write(name);
  symlinkSync(join(around, 'target'), join(runs, 'linked'));
  write('agents/one/task.json');
  write('agents/one/tmp/file');
  symlinkSync(join(around, 'mine'), join(runs, 'one/home'));
  createRun('two');
  symlinkSync(join(around, 'mine'), join(runs, 'two/home/link'));
  expect(await sweepAgentRuns(runs)).toEqual({ killed: [], cleared: 2, left: [] });
  expect([existsSync(join(runs, 'one/tmp')), existsSync(join(runs, 'two/home'))]).toEqual([false, false]);
  for (const name of ['target/home/mine', 'mine/file']) expect(existsSync(join(around, name)), name).toBe(true);
});

test('a folder that is not there has nothing to sweep', async () => {
  expect(await sweepAgentRuns(join(around, 'none'))).toEqual({ killed: [], cleared: 0, left: [] });
});
