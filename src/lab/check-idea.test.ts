import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { packageRoot } from '../config/package-root.ts';
import type { Idea } from '../domain/idea.ts';
import { checkIdea, templateWords } from './check-idea.ts';
import { parseIdea } from './idea-text.ts';

const idea: Idea = {
  slug: 'a',
  title: 'A',
  date: '2026-11-21',
  state: 'proposed',
  category: 'loss',
  expected: '-0.01 val_bpb',
  refutedBy: 'a rise',
  costMinutes: null,
  sources: [],
  author: '',
  rating: null,
  sections: {
    hypothesis: 'h',
    mechanism: 'm',
    change: 'c',
    testPlan: 't',
    sources: '',
    critique: '',
    outcome: '',
  },
};

test('an idea with every part needs neither cost, sources, author nor rating', () => {
  expect(checkIdea(idea)).toEqual([]);
});

test.each(['-0.010 val_bpb', '+0.000 val_bpb', '−0.2', 'saves 0.1 bpb', 'improves by 2 %', 'expect 0.93', '-5%'])(
  'an expectation may be written as %s',
  (expected) => {
    expect(checkIdea({ ...idea, expected })).toEqual([]);
  },
);

test.each(['better', '0.01', '2x batch size', 'a lot lower'])(
  '"%s" is no expectation, and the sentence shows one',
  (expected) => {
    expect(checkIdea({ ...idea, expected })).toEqual([
      `expected: got "${expected}", expected a signed change of the metric with its unit, for example "-0.010 val_bpb"`,
    ]);
  },
);

test('each part that is missing has its own sentence', () => {
  const empty = parseIdea('---\nslug: a\n---\n', 'a.md').idea;
  const problems = checkIdea({ ...empty, title: ' ' });
  expect(problems.map((problem) => problem.split(':')[0])).toEqual([
    'has no title',
    'has no hypothesis',
    'has no mechanism',
    'has no change',
    'has no test plan',
    'has no expected change',
    'has no refuted_by',
  ]);
  expect(problems[1]).toBe('has no hypothesis: say under ## Hypothesis what will happen to the metric and why');
});

test('a title has at most 200 characters, counted as a reader counts them', () => {
  expect(checkIdea({ ...idea, title: '🙂'.repeat(200) })).toEqual([]);
  expect(checkIdea({ ...idea, title: 'x'.repeat(201) })).toEqual([
    'title: has 201 characters, expected at most 200: the rest belongs under ## Change',
  ]);
});

test.each(['\u001b[2JA', 'A\nB', 'A\u2028B', 'A\u009bB'])(
  'the title %j is refused and its character named',
  (title) => {
    const [problem, ...others] = checkIdea({ ...idea, title });
    expect(others).toEqual([]);
    expect(problem).toMatch(/^title: has the control character U\+[0-9A-F]{4}, expected one line of plain text$/);
  },
);

test("the template's words count as missing, so that a copy of it is no idea", () => {
  const text = readFileSync(join(packageRoot(), '1_ideas/_TEMPLATE.md'), 'utf8');
  for (const words of templateWords) expect(text).toContain(words);
  expect(checkIdea(parseIdea(text, 'x.md').idea).map((problem) => problem.split(':')[0])).toEqual([
    'has no title',
    'has no hypothesis',
    'has no mechanism',
    'has no change',
    'has no test plan',
  ]);
});

test.each(['TODO', '...', '<!-- later -->', '-', 'n/a'])('"%s" is no hypothesis', (hypothesis) => {
  expect(checkIdea({ ...idea, sections: { ...idea.sections, hypothesis } })).toHaveLength(1);
});
