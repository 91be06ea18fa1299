/**
 * What a person has agents do from the keyboard: answer a question about a report, build an idea anew, rate an idea again. One lab with two
 * reports and a few ideas; the agents are the scripted ones.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Experiment } from '../domain/experiment.ts';
import { parseReport } from '../lab/report-parse.ts';
import { createScriptedLab } from './scripted-agent.ts';
import type { TemporaryLab } from './temporary-lab.ts';
import { runOnTerminal } from './terminal.ts';

let lab: TemporaryLab;
const prompt = '[q]uit > ';

beforeAll(async () => {
  lab = await createScriptedLab(['better', 'worse', 'left']);
  await lab.git('config', 'user.name', 'Ada Reviewer');
  expect(await lab.lab('ideate', '--until', '3')).toMatchObject({ code: 0 });
  expect(await lab.lab('implement', 'better', 'worse')).toMatchObject({ code: 0 });
}, 400_000);
afterAll(() => lab.remove());

async function readState(slug: string): Promise<Experiment> {
  return JSON.parse(await lab.read(`.lab/experiments/${slug}/experiment.json`)) as Experiment;
}

async function readReport(slug: string) {
  const path = (await readState(slug)).report ?? '';
  const text = await lab.git('show', `main:${path}`);
  const { verdict, reviewer, sections } = parseReport(text, path);
  return { path, text, verdict, reviewer, review: sections.Review ?? '', headings: Object.keys(sections) };
}

/** An idea by a person, with everything that it needs. */
async function writeIdea(slug: string): Promise<void> {
  const texts = ['--hypothesis', `It lowers ${slug}.`, '--mechanism', `By ${slug}.`, '--change', `One ${slug}.`];
  const figures = ['--expected', '-0.1 score', '--refuted-by', 'no change', '--test-plan', 'One run.'];
  const call = await lab.lab('idea', 'new', `The ${slug}`, '--slug', slug, ...texts, ...figures);
  expect(call, call.stderr).toMatchObject({ code: 0 });
}

const showIdea = async (slug: string) => JSON.parse((await lab.lab('idea', 'show', slug, '--json')).stdout);

test('a question at the keyboard is answered on the screen and under Review; the report stays open for a closing word', async () => {
  const { path } = await readReport('better');
  const call = await runOnTerminal(
    lab,
    ['reports', 'review', 'better'],
    [
      [prompt, 'k\n'],
      ['your question: ', 'why is it better?\n'],
      ['The score is 0.5, because the number is.', ''],
      [prompt, 'a\n'],
      ['note (empty: none): ', 'plain enough\n'],
    ],
  );
  expect(call.code).toBe(0);
  expect(call.screen).toMatch(/1 reviewed, 1 waits\n$/);
  const after = await readReport('better');
  expect(after).toMatchObject({ path, verdict: 'accept', reviewer: 'Ada Reviewer' });
  expect(after.review).toMatch(
    /\*\*Ada Reviewer asks:\*\*\s+> why is it better\?\s+\*\*scripted answers\*\* \(not measured\):/,
  );
  expect(after.review).toContain('> The score is 0.5, because the number is.');
  expect(after.review).toMatch(/accept\. plain enough/);
  expect(await lab.git('status', '--porcelain')).toBe('');
});

test('a heading in an answer forges none in the report', async () => {
  const { review, text } = await readReport('better');
  expect(review).toContain('Verdict');
  expect(text).not.toMatch(/^#+ Verdict/m);
});

test('an answer with a made-up number goes back once with the reason, and the mended one is taken', async () => {
  const call = await lab.lab('reports', 'review', 'worse', '--verdict', 'ask', '--note', 'a slip of the pen?');
  expect(call, call.stderr).toMatchObject({ code: 0 });
  expect(call.stderr).toContain('The score is 2, because the number is.');
  const { review, verdict } = await readReport('worse');
  expect(verdict).toBe('ask');
  expect(review).toContain('> The score is 2, because the number is.');
  expect(review).not.toContain('0.4321');
  expect((await lab.lab('reports')).stdout).toContain('1 to review');
});

test.each([
  ['invent something', /"0\.4321" is in no record/],
  ['say nothing', /it handed in no answer\.md/],
])('asked to %s, the agent is refused after two tries: exit 4, and nothing is written', async (question, reason) => {
  const before = await lab.git('rev-parse', 'main');
  const runs = () => readdirSync(join(lab.root, '.lab/agents')).filter((name) => name.includes('reporter-worse'));
  const asked = runs().length;
  const call = await lab.lab('reports', 'review', 'worse', '--verdict', 'ask', '--note', question);
  expect(runs()).toHaveLength(asked + 2);
  expect(call).toMatchObject({ code: 4, stdout: '' });
  expect(call.stderr).toMatch(/the reporter gave no answer that can be used/);
  expect(call.stderr).toMatch(reason);
  expect(await lab.git('rev-parse', 'main')).toBe(before);
});

test('at the keyboard an answer that was refused leaves the report open, and the next word counts', async () => {
  const call = await runOnTerminal(
    lab,
    ['reports', 'review'],
    [
      ['report 1 of 1', ''],
      [prompt, 'ask\n'],
      ['your question: ', 'invent something\n'],
      ['the reporter gave no answer that can be used', ''],
      [prompt, 's\n'],
    ],
  );
  expect(call.screen).toMatch(/0 reviewed, 1 waits\n$/);
  expect((await readReport('worse')).review).not.toContain('invent something');
});

test('retry at the keyboard opens the idea with the note for whoever builds it, and records the verdict', async () => {
  const { path } = await readReport('worse');
  const call = await runOnTerminal(
    lab,
    ['reports', 'review', 'worse'],
    [
      [prompt, 't\n'],
      ['what should be different: ', 'a smaller number\n'],
      ['worse is open again: `lab implement worse` builds it anew', ''],
    ],
  );
  expect(call.code).toBe(0);
  const text = await lab.git('show', `main:${path}`);
  expect(parseReport(text, path)).toMatchObject({ verdict: 'retry', reviewer: 'Ada Reviewer' });
  expect(text).toMatch(/retry\. a smaller number/);
  const idea = await showIdea('worse');
  expect(idea).toMatchObject({ state: 'critiqued', experiment: null });
  expect(idea.sections.critique).toContain('Attempt 2 was asked for: a smaller number.');
  expect(await lab.git('branch', '--list', 'exp/worse')).toBe('');
  expect(await lab.git('status', '--porcelain')).toBe('');
});

test('a second retry finds nothing to retry, and no second verdict is recorded', async () => {
  const before = await lab.git('rev-parse', 'main');
  const call = await lab.lab('reports', 'review', 'worse', '--verdict', 'retry', '--note', 'again');
  expect(call).toMatchObject({ code: 1, stdout: '' });
  expect(call.stderr).toContain('worse was not built yet, so there is nothing to retry');
  expect(await lab.git('rev-parse', 'main')).toBe(before);
});

test('`lab idea retry` is refused for an idea that was not built, is under way, was turned away or does not exist', async () => {
  const unbuilt = await lab.lab('idea', 'retry', 'left');
  expect(unbuilt).toMatchObject({ code: 1, stdout: '' });
  expect(unbuilt.stderr).toMatch(/left was not built yet[\s\S]*`lab implement left` builds it/);
  await lab.labIn(lab.root, ['implement', 'worse'], { LAB_STOP_AT: 'implement-ended' });
  const underWay = await lab.lab('idea', 'retry', 'worse');
  expect(underWay).toMatchObject({ code: 1, stdout: '' });
  expect(underWay.stderr).toMatch(/worse is under way \(next: implement\)[\s\S]*`lab implement worse` goes on with it/);
  await writeIdea('away');
  expect((await lab.lab('idea', 'reject', 'away', '--reason', 'no use')).code).toBe(0);
  const away = await lab.lab('idea', 'retry', 'away');
  expect(away).toMatchObject({ code: 1, stdout: '' });
  expect(away.stderr).toContain('away was turned away, so there is nothing to retry');
  expect(await lab.lab('idea', 'retry', 'nobody')).toMatchObject({ code: 1, stdout: '' });
  expect(await lab.lab('idea', 'retry')).toMatchObject({ code: 2, stdout: '' });
});

test("a person's idea gets a rating and a critique, and another look replaces both", async () => {
  await writeIdea('by-hand');
  const first = await lab.lab('idea', 'critique', 'by-hand');
  expect(first, first.stderr).toMatchObject({ code: 0, stdout: 'by-hand: rating 5 of 10\n' });
  const idea = await showIdea('by-hand');
  expect(idea).toMatchObject({ state: 'critiqued', rating: 5, author: 'Ada Reviewer' });
  expect(idea.sections.critique).toBe('Rating 5 of 10, by scripted.\n\nSound enough for by-hand.');
  expect((await lab.lab('idea', 'edit', 'by-hand', '--set', 'rating=1')).code).toBe(0);
  expect((await lab.lab('idea', 'critique', 'by-hand')).code).toBe(0);
  expect(await showIdea('by-hand')).toMatchObject({ state: 'critiqued', rating: 5, sections: idea.sections });
});

test('an idea that only turns a knob is turned away with its critique', async () => {
  await writeIdea('knob');
  expect(await lab.lab('idea', 'critique', 'knob')).toMatchObject({ code: 0, stdout: 'knob was turned away\n' });
  const idea = await showIdea('knob');
  expect(idea).toMatchObject({ isRejected: true, rating: 2 });
  expect(idea.sections.outcome).toContain('turns a knob and gives no mechanism');
  expect(idea.sections.critique).toContain('A number is turned.');
});

test.each([
  ['omitted', 'no critique that can be used of omitted'],
  ['overrated', 'rating: got "11", expected a number from 0 to 10'],
])('a critic without a usable opinion on %s ends with exit 4, and the idea stays proposed', async (slug, words) => {
  await writeIdea(slug);
  const call = await lab.lab('idea', 'critique', slug);
  expect(call).toMatchObject({ code: 4, stdout: '' });
  expect(call.stderr).toContain(words);
  expect(call.stderr).toContain(`the critic gave no opinion on ${slug}`);
  expect(await showIdea(slug)).toMatchObject({ state: 'proposed', rating: null });
});

test('what was built, turned away or never written is not critiqued, and nothing changes', async () => {
  const before = await lab.git('rev-parse', 'main');
  const refused = async (...words: string[]) => {
    const call = await lab.lab('idea', 'critique', ...words);
    expect(call.stdout).toBe('');
    return call;
  };
  expect(await refused('better')).toMatchObject({ code: 1, stderr: expect.stringContaining('better is decided') });
  expect(await refused('knob')).toMatchObject({ code: 1, stderr: expect.stringContaining('knob is rejected') });
  expect(await refused('nobody')).toMatchObject({ code: 1, stderr: expect.stringContaining('no idea is called') });
  expect(await refused('left', 'by-hand')).toMatchObject({ code: 2 });
  expect(await lab.git('rev-parse', 'main')).toBe(before);
});
