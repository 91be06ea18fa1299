/** From idea to verdict with a real command agent: what each kind of experiment leaves in the record, and what lying agents are told. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Experiment } from '../domain/experiment.ts';
import { parseResults } from '../lab/results-tsv.ts';
import { probeSandbox } from '../sandbox/bubblewrap.ts';
import { createScriptedLab } from './scripted-agent.ts';
import type { TemporaryLab } from './temporary-lab.ts';

const works = (await probeSandbox()).kind === 'bubblewrap';
let lab: TemporaryLab;
const slugs = ['better', 'worse', 'crash-once', 'crash', 'frozen', 'lazy', 'outside', 'forever', 'cannot', 'vague'];

beforeAll(async () => {
  lab = await createScriptedLab(slugs);
  const ideated = await lab.lab('ideate', '--until', '9');
  expect(ideated, ideated.stderr).toMatchObject({ code: 0 });
  // Alone, because the limit that it runs into would be short for the others on a slow machine.
  const endless = await lab.labIn(lab.root, ['implement', 'forever'], { LAB_AGENTS_WALL_SECONDS: '4' });
  expect(endless, endless.stdout + endless.stderr).toMatchObject({ code: 4 });
  const built = await lab.lab('implement', '-n', '8');
  // Some of them lie: the command says that agents failed.
  expect(built, built.stdout + built.stderr).toMatchObject({ code: 4 });
}, 480_000);
afterAll(() => lab.remove());

async function readState(slug: string): Promise<Experiment> {
  return JSON.parse(await lab.read(`.lab/experiments/${slug}/experiment.json`)) as Experiment;
}

test('an idea without a hypothesis is turned away, with the reason in its file', async () => {
  const [file] = readdirSync(join(lab.root, '1_ideas', 'rejected')).filter((name) => name.endsWith('_vague.md'));
  const text = await lab.read(`1_ideas/rejected/${file}`);
  expect(text).toContain('state: rejected');
  expect(text).toMatch(/Rejected: .*hypothesis/);
  expect((await lab.lab('implement', 'vague')).stderr).toContain('was turned away');
});

test('the ideas that stay have a rating and a critique', async () => {
  const names = readdirSync(join(lab.root, '1_ideas')).filter((name) => /^\d/.test(name));
  expect(names).toHaveLength(9);
  for (const name of names)
    expect(await lab.read(`1_ideas/${name}`)).toMatch(/rating: \d[\s\S]*Rating \d of 10, by scripted/);
});

test.each([
  ['better', 'decided', 'keep'],
  ['worse', 'decided', 'discard'],
  ['crash-once', 'decided', 'discard'],
])('%s ends as %s: %s, with one row and a report', async (slug, kind, status) => {
  const state = await readState(slug);
  expect(state.outcome).toMatchObject({ kind, status });
  const rows = parseResults(await lab.git('show', 'main:results.tsv')).rows.filter((row) => row.idea === slug);
  expect(rows.map((row) => row.status)).toEqual([status]);
  expect(await lab.git('show', `main:${state.report}`)).toContain(`decision: ${status}`);
});

test('a crash in the smoke run goes back once, with its log', async () => {
  const { returns, rounds } = await readState('crash-once');
  expect(rounds).toBe(2);
  expect(returns).toHaveLength(1);
  expect(returns[0]?.reason).toContain('IndexError: no such list');
});

test.each([
  ['crash', 'failed', 'smoke', /failed a second time: exception: IndexError/],
  // The sandbox refuses the write itself; without one the check of the change does.
  ['frozen', works ? 'failed' : 'refused', 'implement', /eval\.py/],
  ['lazy', 'failed', 'implement', /changed nothing/],
  ['forever', 'failed', 'implement', /agents\.wallSeconds = 4/],
  ['cannot', 'failed', 'implement', /no such place in train\.py/],
])('%s ends as %s at %s, with the reason in its state, its report and its idea', async (slug, kind, stage, reason) => {
  const state = await readState(slug);
  expect(state.outcome).toMatchObject({ kind, stage });
  expect(state.outcome?.reason).toMatch(reason);
  expect(await lab.git('show', `main:${state.report}`)).toMatch(reason);
  expect(await lab.git('show', `main:${state.ideaPath}`)).toMatch(reason);
  expect(parseResults(await lab.git('show', 'main:results.tsv')).rows.filter((row) => row.idea === slug)).toEqual([]);
});

test('an agent that writes outside its worktree does not get through, and its experiment says so', async () => {
  const { outcome } = await readState('outside');
  expect(outcome).toMatchObject({ kind: 'failed', stage: 'implement' });
  expect(outcome?.reason).toMatch(/outside its worktree/);
  expect(await lab.read('train.py')).not.toContain('stolen');
});

test('without a sandbox a write outside the worktree is found and named', async () => {
  const open = await createScriptedLab(['outside'], 'sandbox: off\n');
  try {
    expect((await open.lab('ideate', '--until', '1')).code).toBe(0);
    expect((await open.lab('implement', 'outside')).code).toBe(4);
    const { outcome } = JSON.parse(await open.read('.lab/experiments/outside/experiment.json')) as Experiment;
    expect(outcome).toMatchObject({ kind: 'failed', stage: 'implement' });
    expect(outcome?.reason).toMatch(/outside its worktree changed .*: train\.py/);
  } finally {
    await open.remove();
  }
});

test('every experiment has one report and one journal entry, and the next one begins from the champion', async () => {
  const reports = readdirSync(join(lab.root, '9_reports')).filter((name) => /^\d/.test(name));
  expect(reports).toHaveLength(9);
  const journal = await lab.git('show', 'main:RESEARCH_JOURNAL.md');
  for (const slug of slugs.filter((one) => one !== 'vague'))
    expect(journal.split(`\nexperiment ${slug}, attempt 1`)).toHaveLength(2);
  const better = await readState('better');
  expect((await readState('worse')).base).toBe(better.commit);
});

test('a branch carries a copy of its own report, on top of the commit that was measured', async () => {
  const { commit, report } = await readState('better');
  expect(await lab.git('show', `exp/better:${report}`)).toBe(await lab.git('show', `main:${report}`));
  expect(await lab.git('rev-parse', 'exp/better~1')).toBe(commit);
});

test('the checkout is clean afterwards', async () => {
  expect(await lab.git('status', '--porcelain')).toBe('');
});

test('a built idea can be tried again; the first attempt stays reachable and both reports are there', async () => {
  const before = await readState('lazy');
  expect((await lab.lab('implement', 'lazy')).stderr).toContain('lab idea retry lazy');
  expect((await lab.lab('idea', 'retry', 'lazy')).code).toBe(0);
  expect((await lab.lab('implement', 'lazy')).code).toBe(4);
  const after = await readState('lazy');
  expect(after.attempt).toBe(2);
  expect(after.report).not.toBe(before.report);
  for (const { report } of [before, after])
    expect(await lab.git('show', `main:${report}`)).toContain('changed nothing');
});
