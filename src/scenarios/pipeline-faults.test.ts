/**
 * kill -9 of the lab at named points of an idea's and an experiment's life, and in the middle of an agent's work. The same command, given
 * again, comes to the same end: no row, report or entry twice, no idea lost, no worktree or process left over.
 */
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Experiment } from '../domain/experiment.ts';
import { parseResults } from '../lab/results-tsv.ts';
import { createScriptedLab } from './scripted-agent.ts';
import { labCommand, type TemporaryLab, waitUntil } from './temporary-lab.ts';

const ideaPoints = [
  'ideator-done',
  'ideas-taken',
  'ideas-recorded',
  'critic-done',
  'critiques-taken',
  'critiques-recorded',
];
const experimentPoints = [
  ...['experiment-chosen', 'worktree-made', 'implementer-done', 'change-committed', 'implement-ended'],
  ...['reviewer-done', 'review-read', 'smoke-queued', 'smoke-ended', 'evaluation-queued', 'evaluate-ended'],
  ...['decision-read', 'reporter-done', 'report-recorded', 'report-ended', 'journal-recorded', 'journal-ended'],
];
const slugOf = (point: string) => `at-${point}`;
const slugs = ['slow', 'vague', ...experimentPoints.map(slugOf)];

let lab: TemporaryLab;
beforeAll(async () => {
  lab = await createScriptedLab(slugs);
});
afterAll(() => lab.remove());

async function readState(slug: string): Promise<Experiment> {
  return JSON.parse(await lab.read(`.lab/experiments/${slug}/experiment.json`)) as Experiment;
}

test('a sweep that is killed at each of its points ends with every idea once, rated, and nothing lost', {
  timeout: 240_000,
}, async () => {
  const wanted = slugs.length - 1;
  for (const point of ideaPoints) {
    const killed = await lab.labIn(lab.root, ['ideate', '--until', String(wanted)], { LAB_STOP_AT: point });
    expect(killed.code, `${point}: ${killed.stderr}`).toBe(null);
  }
  const ended = await lab.lab('ideate', '--until', String(wanted));
  expect(ended, ended.stderr).toMatchObject({ code: 0 });
  const readRows = async (...options: string[]) =>
    (
      JSON.parse((await lab.lab('ideas', '--json', ...options)).stdout) as {
        ideas: { slug: string; rating: number | null; state: string }[];
      }
    ).ideas;
  const rows = await readRows();
  expect(rows.map(({ slug }) => slug).sort()).toEqual(slugs.filter((slug) => slug !== 'vague').sort());
  for (const { slug, rating, state } of rows)
    expect({ slug, rating, state }).toEqual({ slug, rating: 5, state: 'critiqued' });
  expect((await readRows('--rejected')).map(({ slug }) => slug)).toEqual(['vague']);
  expect(await lab.git('status', '--porcelain')).toBe('');
});

test.each(experimentPoints)(
  'an experiment killed at "%s" and begun again has one row, one report, one entry',
  { timeout: 120_000 },
  async (point) => {
    const slug = slugOf(point);
    const killed = await lab.labIn(lab.root, ['implement', slug], { LAB_STOP_AT: point });
    expect(killed.code, killed.stderr).toBe(null);
    const again = await lab.lab('implement', slug);
    // Killed after its last stage there is nothing left to do, and the command says so.
    if (point === 'journal-ended' && again.code === 1) expect(again.stderr).toContain('was built before');
    else expect(again, again.stderr).toMatchObject({ code: 0 });
    const state = await readState(slug);
    expect(state).toMatchObject({ next: 'done', outcome: { kind: 'decided' }, attempt: 1 });
    const rows = parseResults(await lab.git('show', 'main:results.tsv')).rows.filter((row) => row.idea === slug);
    expect(rows.map((row) => row.jobs)).toEqual([[state.job]]);
    const reports = readdirSync(join(lab.root, '9_reports')).filter((name) => name.includes(slug));
    expect(reports).toHaveLength(1);
    const journal = await lab.git('show', 'main:RESEARCH_JOURNAL.md');
    expect(journal.split(`\nexperiment ${slug}, attempt 1`)).toHaveLength(2);
    expect(await lab.git('show', `main:${state.ideaPath}`)).toContain('state: decided');
    expect(await lab.git('status', '--porcelain')).toBe('');
  },
);

test('an agent that was at work when the lab was killed is gone, and its work is done anew', {
  timeout: 120_000,
}, async () => {
  const signals = join(lab.root, '.git', 'signals');
  mkdirSync(signals, { recursive: true });
  const [node, script] = labCommand;
  const first = execa(node, [script, 'implement', 'slow'], {
    cwd: lab.root,
    env: lab.env,
    extendEnv: false,
    reject: false,
  });
  await waitUntil('the agent is at work', async () => existsSync(join(lab.root, '5_worktrees', 'slow', 'started')));
  first.kill('SIGKILL');
  await first;
  await waitUntil('the agent is gone', async () => (await agentProcesses()).length === 0);
  writeFileSync(join(signals, 'go'), '');
  const again = await lab.lab('implement', 'slow');
  expect(again, again.stderr).toMatchObject({ code: 0 });
  expect(await readState('slow')).toMatchObject({ next: 'done', outcome: { kind: 'decided' } });
  expect(await lab.git('show', '--stat', '--format=', (await readState('slow')).commit ?? '')).not.toContain('started');
});

test('Ctrl-C ends the agent and says what is kept; a second pipeline is told who is at work', {
  timeout: 120_000,
}, async () => {
  await lab.lab('idea', 'retry', 'slow');
  const go = join(lab.root, '.git', 'signals', 'go');
  rmSync(go);
  const [node, script] = labCommand;
  const first = execa(node, [script, 'implement', 'slow'], {
    cwd: lab.root,
    env: lab.env,
    extendEnv: false,
    reject: false,
  });
  await waitUntil('the agent is at work', async () => existsSync(join(lab.root, '5_worktrees', 'slow', 'started')));
  const second = await lab.lab('ideate', '--until', '99');
  expect(second.code).toBe(1);
  expect(second.stderr).toMatch(/another command works on the ideas of this lab \(process \d+: lab implement slow\)/);
  first.kill('SIGINT');
  const ended = await first;
  expect(ended.exitCode).toBe(130);
  expect(ended.stderr).toContain('the same command goes on from here');
  expect(await agentProcesses()).toEqual([]);
});

test('afterwards each worktree belongs to an experiment, and nothing of the lab runs but its daemon and Redis', async () => {
  const trees = readdirSync(join(lab.root, '5_worktrees')).sort();
  const experiments = readdirSync(join(lab.root, '.lab', 'experiments')).sort();
  expect(trees.filter((name) => !experiments.includes(name))).toEqual([]);
  await lab.lab('down');
  await waitUntil('nothing is left', async () => (await lab.processes()).length === 0);
});

/** Living agents of this lab. */
async function agentProcesses(): Promise<number[]> {
  const found: number[] = [];
  for (const { pid } of await lab.processes()) {
    // It may end between the two looks.
    const text = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    if (text.includes('agent.py')) found.push(pid);
  }
  return found;
}
