/** The modes setup, program and adapt in whole labs: a clone of a small training repository, real jobs, a stand-in for uv. */
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { basename, delimiter, join } from 'node:path';
import { execa } from 'execa';
import { afterAll, afterEach, beforeEach, expect, test } from 'vitest';
import { labPaths } from '../config/lab-paths.ts';
import type { RatchetSession } from '../domain/ratchet.ts';
import { lockSession, writeSession } from '../ratchet/session.ts';
import { formatRow, formatRowsHeader } from '../ratchet/session-rows.ts';
import { createRatchetLab, readCells } from './ratchet-lab-for-tests.ts';
import { createTemporaryLab, type LabCall, type TemporaryLab } from './temporary-lab.ts';
import { createTrainingRepository, prepareTrainingData, putUvOnPath } from './training-repository-for-tests.ts';

let lab: TemporaryLab;
let home: string;
let source: string;
let work: string;
let env: Record<string, string>;
const left: TemporaryLab[] = [];

beforeEach(async () => {
  lab = await createTemporaryLab();
  left.push(lab);
  home = join(lab.around, 'home');
  source = join(lab.around, 'source');
  work = join(lab.around, 'work');
  // Below the home: of /tmp a sandboxed run sees nothing.
  const bin = await putUvOnPath(join(home, 'bin'));
  env = { HOME: home, PATH: `${bin}:${lab.env.PATH}` };
  await createTrainingRepository(source);
});
afterEach(async () => {
  await lab.remove();
  left.splice(left.indexOf(lab), 1);
});
afterAll(async () => {
  for (const one of left) await one.remove();
});

const ratchet = (...args: string[]): Promise<LabCall> => lab.labIn(work, ['autoresearch', ...args], env);
const git = async (...args: string[]) => (await execa('git', args, { cwd: work, env: lab.env })).stdout;

/** Steps with their states, as setup tells them on stderr. */
const statesOf = ({ stderr }: LabCall) =>
  [...stderr.matchAll(/^(repository|uv|lab|environment|hardware|data|baseline) +(done|already|skipped|failed) /gm)].map(
    ([, step, state]) => `${step} ${state}`,
  );

async function setUp(): Promise<void> {
  await prepareTrainingData(source, home);
  const call = await lab.labIn(lab.around, ['autoresearch', 'setup', '--clone', source, 'work'], env);
  expect(call).toMatchObject({ code: 0 });
}

async function writeRows(tag: string, rows: [string, number | null, 'keep' | 'discard' | 'crash', string][]) {
  const paths = labPaths(work);
  const start = await git('rev-parse', 'HEAD');
  const budget = { trainingSeconds: 10, wallSeconds: 600, constants: { MAX_SEQ_LEN: 64, EVAL_TOKENS: 4096 } };
  const worktree = join(paths.worktrees, `autoresearch-${tag}`);
  const session: RatchetSession = {
    schema: 1,
    tag,
    branch: `autoresearch/${tag}`,
    desc: '',
    worktree,
    start,
    metric: { name: 'val_bpb', direction: 'lower' },
    edits: ['train.py'],
    device: 'cpu',
    deviceId: null,
    rule: 'strict',
    budget: { ...budget, command: 'uv run train.py', frozen: {} },
    beganAt: '2026-11-21T20:00:00Z',
    track: '12345678',
    table: join(worktree, 'results.tsv'),
    max: null,
    agent: null,
  };
  await writeSession(paths, session);
  const table = rows.map(([commit, metric, status, description]) =>
    formatRow({ commit, metric, memoryGb: metric === null ? null : 0.1, status, description }),
  );
  await lab.write(
    `../${basename(work)}/5_worktrees/autoresearch-${tag}/results.tsv`,
    formatRowsHeader('val_bpb') + table.join(''),
  );
  return paths;
}

test('setup goes from an address to both numbers; what is missing is named, and nothing is done twice', async () => {
  const first = await lab.labIn(lab.around, ['autoresearch', 'setup', '--clone', source, 'work'], env);
  expect(first).toMatchObject({ code: 1, stdout: '' });
  expect(statesOf(first)).toEqual([
    'repository done',
    'uv already',
    'lab done',
    'environment done',
    'hardware already',
    'data failed',
  ]);
  expect(first.stderr).toMatch(/hint: `lab autoresearch setup --prepare` runs `uv run prepare\.py`/);
  const head = await git('rev-parse', 'HEAD');

  const second = await ratchet('setup', '--prepare');
  expect(second.code).toBe(0);
  expect(second.stdout).toMatch(/^val_bpb: +\d\.\d{6}\npeak_vram_mb: +\d+\.\d\n$/);
  expect(second.stderr).toMatch(/it may download/);
  expect(statesOf(second).slice(-2)).toEqual(['data done', 'baseline done']);

  const third = await ratchet('setup', '--prepare', '--json');
  const report = JSON.parse(third.stdout);
  expect(report.ok).toBe(true);
  expect(report.steps.map(({ state }: { state: string }) => state)).toEqual(Array(7).fill('already'));
  expect(report.baseline).toMatchObject({ commit: head, metricName: 'val_bpb', seed: 1 });
  const { jobs } = JSON.parse((await lab.labIn(work, ['status', '--json'], env)).stdout);
  expect(jobs).toHaveLength(1);
  expect(await git('status', '--porcelain')).toBe('');
});

test('a baseline that crashes ends the set-up with the last state of its log and what helps, and runs again once it is mended', async () => {
  const script = await readFile(join(source, 'train.py'), 'utf8');
  const broken =
    'for i in range(3000):\n    print(f"\\rstep {i:05d} | loss: 1.0", end="")\nraise MemoryError("no room for it")\n';
  await writeFile(join(source, 'train.py'), broken);
  await execa('git', ['commit', '--quiet', '--all', '--message=broken'], { cwd: source });
  await prepareTrainingData(source, home).catch(() => undefined);
  const call = await lab.labIn(lab.around, ['autoresearch', 'setup', '--clone', source, 'work'], env);
  expect(call).toMatchObject({ code: 3, stdout: '' });
  expect(call.stderr).toMatch(/set-up stopped at "baseline"/);
  expect(call.stderr).toMatch(/\| MemoryError: no room for it/);
  expect(call.stderr).not.toContain('step 00001');
  expect(call.stderr).toMatch(/hint: `lab autoresearch adapt` shows what fits/);

  await writeFile(join(work, 'train.py'), script);
  await git('commit', '--quiet', '--all', '--message=mended');
  expect(await ratchet('setup')).toMatchObject({ code: 0, stdout: expect.stringMatching(/^val_bpb: /) });
});

test('without uv it says where uv comes from, and makes no lab', async () => {
  // This machine may have one.
  const path = (lab.env.PATH ?? '').split(delimiter).filter((one) => !existsSync(join(one, 'uv')));
  await execa('git', ['clone', '--quiet', source, work]);
  const call = await lab.labIn(work, ['autoresearch', 'setup'], { ...env, PATH: path.join(delimiter) });
  expect(call.code).toBe(1);
  expect(statesOf(call)).toEqual(['repository already', 'uv failed']);
  expect(call.stderr).toMatch(/hint: https:\/\/docs\.astral\.sh\/uv/);
  expect(await git('log', '--format=%s')).toBe('a small training repository');
});

test('program is refused before the baseline and while a session runs; else it fills in what is measured and tried, once', async () => {
  await execa('git', ['clone', '--quiet', source, work]);
  expect(await ratchet('program', '--write')).toMatchObject({ code: 1, stderr: expect.stringMatching(/no lab yet/) });
  expect(await lab.labIn(work, ['init', '--adopt'], env)).toMatchObject({ code: 0 });
  const early = await ratchet('program', '--write');
  expect(early).toMatchObject({ code: 1, stderr: expect.stringMatching(/hint: `lab autoresearch setup`/) });
  await prepareTrainingData(source, home);
  expect(await ratchet('setup')).toMatchObject({ code: 0 });

  const paths = await writeRows('mar5', [
    ['aaaaaa1', 0.98, 'keep', 'baseline'],
    ['aaaaaa2', 0.97, 'keep', 'Raise ORDER to 3'],
    ['aaaaaa3', null, 'crash', 'ORDER 99'],
  ]);
  const lock = await lockSession(paths, 'mar5');
  try {
    const during = await ratchet('program', '--write');
    expect(during).toMatchObject({ code: 1, stderr: expect.stringMatching(/session mar5 is running/) });
    expect(await ratchet('program')).toMatchObject({ code: 0, stdout: expect.stringMatching(/not writable now/) });
  } finally {
    lock.release();
  }
  const before = await readFile(join(work, 'program.md'), 'utf8');
  expect(await ratchet('program')).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/would refresh: current baseline, what has been tried/),
  });
  expect(await readFile(join(work, 'program.md'), 'utf8')).toBe(before);
  const agent = await lab.labIn(work, ['autoresearch', 'program', '--write'], { ...env, LAB_ROLE: 'implementer' });
  expect(agent).toMatchObject({ code: 1, stderr: expect.stringMatching(/a human's/) });

  const written = await ratchet('program', '--write');
  expect(written.code).toBe(0);
  expect(written.stdout).toMatch(/^\+- keep 0\.970000 \(-0\.010000\): Raise ORDER to 3 \[mar5 aaaaaa2\]$/m);
  expect(written.stdout).toMatch(/^\+- val_bpb: \d\.\d{6} \(lower is better; one run\)$/m);
  expect(written.stdout).not.toMatch(/^-[^-]/m);
  expect(written.stderr).toMatch(/git add program\.md/);
  const again = await ratchet('program', '--write', '--json');
  expect(JSON.parse(again.stdout)).toMatchObject({ added: [], refreshed: [], diff: '', missing: [] });
  // What it says really works.
  await lab.labIn(work, ['rules', 'install'], env);
  await git('commit', '--quiet', '--message=program', '--', 'program.md');
});

test('once main has a result program is written all the same, and says that META_MODE makes it count; adapt refuses', async () => {
  await setUp();
  await writeFile(join(work, 'results.tsv'), 'commit\tval_bpb\nabc1234\t0.9\n');
  await git('add', '--force', 'results.tsv');
  await git('commit', '--quiet', '--no-verify', '--message=a result');
  const written = await ratchet('program', '--write');
  expect(written).toMatchObject({ code: 0, stderr: expect.stringMatching(/META_MODE=1 lab meta on/) });
  const adapt = await ratchet('adapt', '--seq-len', '32');
  expect(adapt).toMatchObject({ code: 1, stderr: expect.stringMatching(/prepare\.py is frozen.*\n.*human_journal/) });
  expect(await git('diff', '--name-only')).toBe('program.md');
});

test('another sequence length is written before a session only, and begins a track of its own', async () => {
  await setUp();
  const { baseline: first } = JSON.parse((await ratchet('setup', '--json')).stdout);
  const adapted = await ratchet('adapt', '--seq-len', '32');
  expect(adapted.stdout).toBe('prepare.py  MAX_SEQ_LEN  64 -> 32\nprepare.py  EVAL_TOKENS  4096 -> 2048\n');
  expect(await git('diff', '--unified=0', '--', 'prepare.py')).toMatch(/\+EVAL_TOKENS = 4 \* 512 {2}#/);
  await git('commit', '--quiet', '--message=shorter', '--', 'prepare.py');
  const { baseline: second } = JSON.parse((await ratchet('setup', '--json')).stdout);
  expect(second.job).not.toBe(first.job);

  // A real session's facts: what it is compared by is what main has now.
  const paths = await writeRows('mar5', [['aaaaaa1', 0.98, 'keep', 'baseline']]);
  const { createBudget } = await import('../ratchet/budget.ts');
  const { loadLabConfig } = await import('../git/committed-config.ts');
  const { readSession } = await import('../ratchet/session.ts');
  const known = readSession(paths, 'mar5');
  if (known === null) throw new Error('the session is gone');
  const config = loadLabConfig(work, { environment: {} });
  await writeSession(paths, { ...known, budget: await createBudget(work, 'master', config, ['train.py']) });
  const late = await ratchet('adapt', '--seq-len', '16');
  expect(late).toMatchObject({ code: 1, stderr: expect.stringMatching(/session mar5 has begun[\s\S]*--new-track/) });
  const lock = await lockSession(paths, 'mar5');
  try {
    const during = await ratchet('adapt', '--seq-len', '16', '--new-track');
    expect(during).toMatchObject({ code: 1, stderr: expect.stringMatching(/session mar5 is running/) });
  } finally {
    lock.release();
  }
  expect(await git('status', '--porcelain')).toBe('');
  expect(await ratchet('adapt', '--seq-len', '16', '--new-track')).toMatchObject({ code: 0 });
  expect(await git('status', '--porcelain')).toBe(' M prepare.py');
});

test('adapt shows what fits which card, and reads the rows of a session; in a plain clone it may still write', async () => {
  await execa('git', ['clone', '--quiet', source, work]);
  const { table, isEstimate } = JSON.parse((await ratchet('adapt', '--json')).stdout);
  expect(isEstimate).toBe(true);
  expect(table).toHaveLength(11);
  expect(await ratchet('adapt', '--seq-len', '32')).toMatchObject({ code: 0 });
  await git('checkout', '--quiet', 'prepare.py');
  expect(await lab.labIn(work, ['init', '--adopt'], env)).toMatchObject({ code: 0 });
  await writeRows('mar5', [
    ['aaaaaa1', 0.98, 'keep', 'baseline'],
    ...Array.from({ length: 9 }, (_, index) => [`bbbbbb${index}`, 0.99, 'discard', `learning rate ${index}`] as const),
  ] as Parameters<typeof writeRows>[1]);
  const shown = await ratchet('adapt');
  expect(shown.stdout).toMatch(/session mar5: 9 experiments, 0 kept, 0 crashed, 9 since the last gain/);
  expect(shown.stdout).toMatch(/leave learning rate \(9 tries\)/);
  expect(await ratchet('adapt', '--tag', 'none')).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/expected one of: mar5/),
  });
  for (const wrong of [['--seq-len', '3'], ['--new-track'], ['word']])
    expect(await ratchet('adapt', ...wrong)).toMatchObject({ code: 2, stdout: '' });
});

test('what a real session tried moves into program.md, with its categories and without its baseline', async () => {
  const made = await createRatchetLab({
    first: {
      1: "edit('ORDER', 3); hand('context of 3 characters')",
      2: "edit('ORDER', 1); hand('context of 1 character')",
      3: "append('raise RuntimeError(1)'); hand('deep trouble ahead')",
    },
    back: { 3: "fs.writeFileSync(outbox + '/cannot.md', 'it is no slip')" },
  });
  left.push(made.lab);
  expect(await made.call(['autoresearch', 'run', '--tag', 'mar5', '--max', '3'])).toMatchObject({ code: 0 });
  const written = await made.call(['autoresearch', 'program', '--write']);
  expect(written.code, written.stderr).toBe(0);
  const text = await readFile(join(made.clone, 'program.md'), 'utf8');
  const lines = text.split('\n').filter((line) => /^- (?:keep|discard|crash)/.test(line));
  expect(lines.map((line) => line.replace(/\d\.\d{6}|[+-]?0\.\d{6}|[0-9a-f]{7}(?=\])/g, 'N'))).toEqual([
    '- crash: deep trouble ahead [mar5 N]',
    expect.stringMatching(/^- discard N \([+]?N\): context of 1 character \[mar5 N\]$/),
    expect.stringMatching(/^- keep N \(-?N\): context of 3 characters \[mar5 N\]$/),
  ]);
  expect(text).toContain('Newest families, 3 experiments: optimizer 3 (1 kept).');
  expect(text).toMatch(/- from: session mar5\n/);
  const rows = await readCells(made, 'mar5');
  for (const [commit = ''] of rows.slice(1)) expect(text).toContain(`[mar5 ${commit}]`);
  expect(await made.call(['autoresearch', 'program', '--write'])).toMatchObject({ code: 0, stdout: '' });
  const strategy = JSON.parse((await made.call(['autoresearch', 'adapt', '--json'])).stdout).strategy;
  expect(strategy).toMatchObject({ tag: 'mar5', experiments: 3, keeps: 1, crashes: 1, stalled: 2 });
});
