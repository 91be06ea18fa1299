/** The whole tour as a newcomer runs it: stopped with Ctrl-C in the middle, started again, looked at. Takes about two minutes of real training. */
import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readFile, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, expect, test } from 'vitest';
import { parseResults } from '../lab/results-tsv.ts';
import { labCommand, waitUntil } from './temporary-lab.ts';

const around = await realpath(await mkdtemp(join(tmpdir(), 'nl-tour-')));
const folder = join(around, 'tour-lab');
const [node, script] = labCommand;
const env = {
  ...process.env,
  XDG_RUNTIME_DIR: join(around, 'run'),
  LAB_DEVICES_LOCK_FOLDER: join(around, 'locks'),
  NO_COLOR: '1',
};
await mkdir(env.XDG_RUNTIME_DIR, { mode: 0o700 });

afterAll(async () => {
  await execa(node, [script, 'down'], { cwd: folder, env, reject: false });
  await rm(around, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
});

const lab = (...args: string[]) => execa(node, [script, ...args], { cwd: folder, env, reject: false });

test('a tour that Ctrl-C stopped goes on to its end: a keep, a discard and a crash, and a better champion than the baseline', {
  timeout: 600_000,
}, async () => {
  const first = spawn(node, [script, 'tour', folder], { cwd: around, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let told = '';
  for (const stream of [first.stdout, first.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      told += chunk.toString();
    });
  }
  const ended = new Promise<number | null>((resolve) => first.on('exit', (code) => resolve(code)));
  await waitUntil(
    `the first baseline run was told`,
    async () => told.includes('job 1 baseline seed 1: val_bpb'),
    300_000,
  );
  first.kill('SIGINT');
  expect(await ended).toBe(130);
  expect(told).toContain('stopped; kept: ');
  expect(told).toContain('the same command goes on from here');

  const second = await execa(node, [script, 'tour', folder], { cwd: around, env, reject: false });
  expect(second.exitCode, second.stderr).toBe(0);
  expect(second.stdout).toContain('running best from the baseline');
  expect(second.stdout).toContain('expected against observed');
  const { rows, problems } = parseResults(await readFile(join(folder, 'results.tsv'), 'utf8'));
  expect(problems).toEqual([]);
  expect(rows.map((row) => row.status)).toEqual(['keep', 'discard', 'discard', 'crash', 'keep']);
  expect(rows.map((row) => row.jobs)).toEqual([[4], [5], [6], [7], [8]]);

  const results = JSON.parse((await lab('results', '--json')).stdout);
  expect(results.baseline.noise.n).toBe(3);
  // The starter promises noise below 0.2 % and at least 20 % to win.
  expect(results.baseline.noise.std / results.baseline.noise.mean).toBeLessThan(0.002);
  expect(results.champion.value).toBeLessThan(0.8 * results.baseline.value);

  const journal = await readFile(join(folder, 'RESEARCH_JOURNAL.md'), 'utf8');
  for (const job of [4, 5, 6, 7, 8]) expect(journal.split(`\njob ${job}, attempt 1`)).toHaveLength(2);
  expect(journal).toContain('Expected -0.200000 bpb; observed -');

  const third = await execa(node, [script, 'tour', folder], { cwd: around, env, reject: false });
  expect(third.exitCode).toBe(0);
  expect(parseResults(await readFile(join(folder, 'results.tsv'), 'utf8')).rows).toHaveLength(5);
  expect((await execa('git', ['status', '--porcelain'], { cwd: folder })).stdout).toBe('');
});
