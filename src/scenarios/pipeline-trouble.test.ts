/**
 * Agents that are missing, that do not fit, and that do their part badly: what the person is told, what the experiment's state and report
 * say, and that the others go on. What the person does meanwhile is in pipeline-waits.test.ts, lying implementers are in pipeline.test.ts.
 */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Experiment } from '../domain/experiment.ts';
import { parseReport } from '../lab/report-parse.ts';
import { parseResults } from '../lab/results-tsv.ts';
import { createScriptedLab } from './scripted-agent.ts';
import { createTemporaryLab, type TemporaryLab } from './temporary-lab.ts';

async function readState(lab: TemporaryLab, slug: string): Promise<Experiment> {
  return JSON.parse(await lab.read(`.lab/experiments/${slug}/experiment.json`)) as Experiment;
}

/** What the state says under a stage, each time that it ended. */
async function notesOf(lab: TemporaryLab, slug: string, stage: string): Promise<string[]> {
  return (await readState(lab, slug)).history.filter((entry) => entry.stage === stage).map(({ note }) => note);
}

const ideaFiles = (lab: TemporaryLab, folder = '1_ideas') =>
  readdirSync(join(lab.root, folder)).filter((name) => /^\d/.test(name));

async function writeIdea(lab: TemporaryLab, slug: string): Promise<void> {
  const texts = ['--hypothesis', `It lowers ${slug}.`, '--mechanism', `By ${slug}.`, '--change', `One ${slug}.`];
  const figures = ['--expected', '-0.1 score', '--refuted-by', 'no change', '--test-plan', 'One run.'];
  const call = await lab.lab('idea', 'new', `The ${slug}`, '--slug', slug, ...texts, ...figures);
  expect(call, call.stderr).toMatchObject({ code: 0 });
}

describe('a lab without an agent of its own', () => {
  let lab: TemporaryLab;
  beforeAll(async () => {
    lab = await createTemporaryLab({ local: 'run:\n  seeds: [1]\n' });
    await writeIdea(lab, 'mine');
  });
  afterAll(() => lab.remove());

  test.each([
    ['ideator', ['ideate', '--until', '3']],
    ['implementer', ['implement', 'mine']],
    ['critic', ['idea', 'critique', 'mine']],
  ])('without an agent for the %s the command ends with exit 1, a hint, and nothing begun', async (role, args) => {
    const before = await lab.git('rev-parse', 'main');
    const call = await lab.lab(...args);
    expect(call).toMatchObject({ code: 1, stdout: '' });
    expect(call.stderr).toContain(`no agent is configured for the role ${role}`);
    expect(call.stderr).toMatch(/hint: set `agents: \{use: claude\}` in lab\.local\.yaml/);
    expect(await lab.git('rev-parse', 'main')).toBe(before);
    expect(existsSync(join(lab.root, '.lab/experiments'))).toBe(false);
  });

  test('an agent of an unknown name is refused with the names that there are', async () => {
    const call = await lab.lab('implement', 'mine', '--agent', 'cluade');
    expect(call).toMatchObject({ code: 1, stdout: '' });
    expect(call.stderr).toMatch(/--agent names the agent "cluade", expected one of .*claude.*recorded/);
    expect(existsSync(join(lab.root, '.lab/experiments'))).toBe(false);
  });

  test.each([
    ['ideate', ['ideate', '--until', '3']],
    ['critique', ['idea', 'critique', 'mine']],
  ])('the recording asked to %s here says that it only fits the starter problem, and exits with 4', async (_, args) => {
    const call = await lab.lab(...args, '--agent', 'recorded');
    expect(call).toMatchObject({ code: 4, stdout: '' });
    expect(call.stderr).toContain('the recording only fits the starter problem');
    expect(ideaFiles(lab)).toHaveLength(1);
  });

  test('the recording asked to build an idea here leaves the reason in its state and uses up no idea', async () => {
    const call = await lab.lab('implement', 'mine', '--agent', 'recorded');
    expect(call).toMatchObject({ code: 4 });
    const { outcome, waits } = await readState(lab, 'mine');
    expect(outcome).toBeNull();
    expect(waits).toContain('the recording only fits the starter problem');
  });
});

describe('reviewers and reporters that do their part badly', () => {
  let lab: TemporaryLab;
  const slugs = ['block-once', 'blocked', 'garbled', 'invents', 'invents-once'];
  beforeAll(async () => {
    lab = await createScriptedLab(slugs);
    expect(await lab.lab('ideate', '--until', '5')).toMatchObject({ code: 0 });
    const built = await lab.lab('implement', '-n', '5');
    // Two of them could not be built: their reviewers stayed against it or answered what cannot be read.
    expect(built, built.stdout + built.stderr).toMatchObject({ code: 4 });
  }, 480_000);
  afterAll(() => lab.remove());

  test('a blocking finding goes back once, and what was mended is approved and measured', async () => {
    const state = await readState(lab, 'block-once');
    expect(state).toMatchObject({ rounds: 2, outcome: { kind: 'decided' } });
    expect(state.returns).toEqual([{ stage: 'review', reason: 'train.py: the number is a guess' }]);
    expect(await notesOf(lab, 'block-once', 'review')).toEqual([
      'back to the implementer: train.py: the number is a guess',
      'approved by scripted',
    ]);
    expect(await lab.git('show', `${state.commit}:train.py`)).toContain('# mended');
    expect(await lab.git('show', `main:${state.report}`)).toContain('review: train.py: the number is a guess');
  });

  test('a reviewer who is still against it ends the experiment before it costs a run', async () => {
    const state = await readState(lab, 'blocked');
    expect(state).toMatchObject({ rounds: 2, smokeJobs: [], job: null, outcome: { kind: 'failed', stage: 'review' } });
    expect(state.outcome?.reason).toBe('the reviewer is still against it: train.py: the number is a guess');
    expect(state.returns).toHaveLength(1);
  });

  test('a review that cannot be read is asked for twice and then ends the experiment, saying what was wrong', async () => {
    const { outcome, agents, returns } = await readState(lab, 'garbled');
    expect(outcome).toMatchObject({ kind: 'failed', stage: 'review' });
    expect(outcome?.reason).toMatch(/no usable review after 2 tries: review\.md has no front matter/);
    expect(agents.filter(({ role }) => role === 'reviewer')).toHaveLength(2);
    expect(returns).toEqual([]);
  });

  test('a report that keeps inventing a number is published without prose, and state and report say so', async () => {
    const state = await readState(lab, 'invents');
    expect(state.outcome).toMatchObject({ kind: 'decided' });
    expect(state.agents.filter(({ role }) => role === 'reporter')).toHaveLength(2);
    expect((await notesOf(lab, 'invents', 'report')).at(-1)).toMatch(/, without prose: .*"0\.4321" is in no record/);
    const text = await lab.git('show', `main:${state.report}`);
    expect(text).not.toContain('It would reach');
    expect(text).toContain('> Wrote another number.');
    expect(text).toMatch(/The reporter's prose was not used: .*0\.4321/);
    expect(parseReport(text, state.report ?? '').metric).toBeCloseTo(
      parseResults(await lab.git('show', 'main:results.tsv')).rows.find(({ idea }) => idea === 'invents')?.metric ?? 0,
      6,
    );
  });

  test('a number invented once is answered with the reason, and the mended prose is published', async () => {
    const state = await readState(lab, 'invents-once');
    expect(state.agents.filter(({ role }) => role === 'reporter')).toHaveLength(2);
    expect(await notesOf(lab, 'invents-once', 'report')).toEqual([state.report]);
    const text = await lab.git('show', `main:${state.report}`);
    expect(text).toContain('It counts.');
    expect(text).not.toContain('0.4321');
  });

  test('the checkout is clean afterwards, and each of them has its report', async () => {
    expect(await lab.git('status', '--porcelain')).toBe('');
    for (const slug of slugs) expect((await readState(lab, slug)).report).toContain(slug);
  });
});

test('an ideator that hands in a link, a huge file and 200 ideas is told what was not read; the rest is taken once', {
  timeout: 240_000,
}, async () => {
  const lab = await createScriptedLab(['flood']);
  try {
    const call = await lab.lab('ideate', '--until', '20');
    expect(call, call.stderr).toMatchObject({ code: 0 });
    expect(call.stderr).toContain('202 files were handed in, only the first 100 by name were read');
    expect(call.stderr).toContain('0-link.md is a symbolic link and was not read');
    expect(call.stderr).toMatch(/1-huge\.md has 300000 bytes and was not read/);
    const files = ideaFiles(lab);
    // Some more than asked for are taken, because some may be turned away; not all of them.
    expect(files.length).toBeGreaterThanOrEqual(20);
    expect(files.length).toBeLessThanOrEqual(36);
    for (const name of [files[0], files.at(-1)])
      expect(await lab.git('show', `main:1_ideas/${name}`)).toMatch(/state: critiqued[\s\S]*Sound enough for many-/);
    expect(existsSync(join(lab.root, '1_ideas/rejected')) ? ideaFiles(lab, '1_ideas/rejected') : []).toEqual([]);
    expect(call.stderr).toMatch(/handed in 9\d ideas, \d+ were wanted; the rest was left/);
  } finally {
    await lab.remove();
  }
});

test('a critic that leaves an idea out is asked again, then told of; the idea stays proposed and is not built', {
  timeout: 240_000,
}, async () => {
  const lab = await createScriptedLab(['better', 'omitted']);
  try {
    const call = await lab.lab('ideate', '--until', '2');
    expect(call).toMatchObject({ code: 4, stdout: expect.stringContaining('2 ideas, 2 of them new') });
    expect(call.stderr).toContain('ended early: the critic gave no opinion on omitted');
    expect(readdirSync(join(lab.root, '.lab/agents')).filter((name) => name.includes('-critic-'))).toHaveLength(2);
    const rows = JSON.parse((await lab.lab('ideas', '--json')).stdout).ideas as { slug: string; state: string }[];
    expect(rows.map(({ slug, state }) => [slug, state])).toEqual([
      ['better', 'critiqued'],
      ['omitted', 'proposed'],
    ]);
    const built = await lab.lab('implement', '-n', '2');
    expect(built, built.stderr).toMatchObject({ code: 0 });
    expect(built.stderr).toContain('only 1 of 2 wanted: no more ideas have a critique');
    expect(readdirSync(join(lab.root, '.lab/experiments'))).toEqual(['better']);
  } finally {
    await lab.remove();
  }
});

test('a role without an agent ends the command with a hint once it is asked for, and the experiment goes on later', {
  timeout: 240_000,
}, async () => {
  const lab = await createScriptedLab(['better']);
  try {
    expect(await lab.lab('ideate', '--until', '1')).toMatchObject({ code: 0 });
    const local = await lab.read('lab.local.yaml');
    await lab.write('lab.local.yaml', local.replace('use: scripted', 'roles: {implementer: scripted}'));
    const call = await lab.lab('implement', 'better');
    expect(call).toMatchObject({ code: 1, stdout: '' });
    expect(call.stderr).toContain('no agent is configured for the role reviewer');
    expect(await readState(lab, 'better')).toMatchObject({ next: 'review', rounds: 1, outcome: null });
    await lab.write('lab.local.yaml', local);
    expect(await lab.lab('implement', 'better')).toMatchObject({ code: 0 });
    expect(await readState(lab, 'better')).toMatchObject({ rounds: 1, outcome: { kind: 'decided', status: 'keep' } });
  } finally {
    await lab.remove();
  }
});
