import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { packageRoot } from '../config/package-root.ts';
import { type Idea, ideaCategories, ideaStates } from '../domain/idea.ts';
import { formatLine } from './front-matter-values.ts';
import { editIdea, formatIdea, ideaFileName, parseIdea, parseIdeaFileName } from './idea-text.ts';

const idea: Idea = {
  slug: 'longer-contexts',
  title: 'Orders: 4 and 5',
  date: '2026-11-21',
  state: 'proposed',
  category: 'architecture',
  expected: '-0.200 val_bpb',
  refutedBy: 'less than 0.05 bpb',
  costMinutes: 1.5,
  sources: ['Shannon 1951: entropy', '0_docs/problem.md'],
  author: 'recorded',
  rating: null,
  sections: {
    hypothesis: 'It falls.',
    mechanism: 'Words share syllables.',
    change: '```python\nORDERS = (1, 2, 3, 4, 5)\n```',
    testPlan: 'One run.',
    sources: '',
    critique: '',
    outcome: '',
  },
};
const file = `---
slug: longer-contexts
title: "Orders: 4 and 5"
date: 2026-11-21
state: proposed
category: architecture
expected: -0.200 val_bpb
refuted_by: less than 0.05 bpb
cost_minutes: 1.5
sources:
  - "Shannon 1951: entropy"
  - 0_docs/problem.md
author: recorded
rating:
---

## Hypothesis

It falls.

## Mechanism

Words share syllables.

## Change

\`\`\`python
ORDERS = (1, 2, 3, 4, 5)
\`\`\`

## Test plan

One run.

## Sources

## Critique

## Outcome
`;

test('the canonical file has the keys and headings of the design, in that order', () => {
  expect(formatIdea(idea)).toBe(file);
  expect(parseIdea(file, '2026-11-21_longer-contexts.md')).toEqual({ idea, problems: [] });
});

test('the template is read without a problem and has all keys and headings of the canonical file', () => {
  const text = readFileSync(join(packageRoot(), '1_ideas/_TEMPLATE.md'), 'utf8');
  const shape = (from: string) => from.match(/^(?:[a-z_]+(?=:)|## .*)/gm);
  expect(shape(text)).toEqual(shape(formatIdea({ ...idea, sources: [], sections: { ...idea.sections, change: '' } })));
});

test("a person's file in another order, case and spelling says the same", () => {
  const text = `\ufeff---\r
Category: Regularization\r
Refuted-By: a rise\r
expected: −0.01 bpb\r
cost-minutes: 1.5 h\r
rating: 7.5/10\r
Sources: a.md, b.md\r
---\r
# Shrink: the weights #\r
\r
## TEST-PLAN\r
One run.\r
## change:\r
train()\r
## hypothesis\r
Less.\r
`;
  const { idea: read, problems } = parseIdea(text, '1_ideas/2026-11-20_weight-decay.md');
  expect(problems).toEqual([]);
  expect(read).toEqual({
    slug: 'weight-decay',
    title: 'Shrink: the weights',
    date: '2026-11-20',
    state: 'proposed',
    category: 'regularisation',
    expected: '−0.01 bpb',
    refutedBy: 'a rise',
    costMinutes: 90,
    sources: ['a.md', 'b.md'],
    author: '',
    rating: 7.5,
    sections: {
      hypothesis: 'Less.',
      mechanism: '',
      change: 'train()',
      testPlan: 'One run.',
      sources: '',
      critique: '',
      outcome: '',
    },
  });
});

test('what is wrong is said with the value and what was expected, and read as something', () => {
  const text = `---
slug: My Idea!
title: t
date: 2026-13-40
state: propsed
category: arch
expcted: -1
cost_minutes: soon
rating: 85
---
### Mechanism
## Notes
text
## Change
a
## change
b
`;
  const { idea: read, problems } = parseIdea(text, '2026-11-21_other.md');
  expect(problems).toEqual([
    'expcted: no key of an idea, its value is not read; did you mean expected?',
    'slug: got "My Idea!", expected words in kebab-case; read as my-idea',
    'date: got "2026-13-40", expected YYYY-MM-DD; read as 2026-11-21',
    `state: got "propsed", expected one of ${ideaStates.join(', ')}; did you mean proposed?`,
    `category: got "arch", expected one of ${ideaCategories.join(', ')}; did you mean architecture?`,
    'cost_minutes: got "soon", expected minutes on the device, for example 5',
    'rating: got "85", expected a number from 0 to 10, or nothing before the critique',
    'heading "Notes": none of Hypothesis, Mechanism, Change, Test plan, Sources, Critique, Outcome; its text is not read',
    'heading "change" stands twice; only the first one is read',
    '"### Mechanism" is no heading of an idea: write "## Mechanism"',
  ]);
  expect(read).toMatchObject({
    slug: 'my-idea',
    date: '2026-11-21',
    state: 'proposed',
    category: 'architecture',
    costMinutes: null,
    rating: null,
  });
  expect(read.sections.change).toBe('a');
});

test('an empty file still is an idea, and its problems name what is missing', () => {
  const { idea: read, problems } = parseIdea('', '2026-11-21_word-pairs.md');
  expect(read).toMatchObject({ slug: 'word-pairs', title: 'word pairs', date: '2026-11-21', category: 'architecture' });
  expect(problems.map((problem) => problem.slice(0, 20))).toEqual([
    'has no front matter:',
    'has no title: write ',
    'has no category: exp',
  ]);
});

test('a slug that differs from the dated file name is a problem; another name of a file says nothing', () => {
  expect(parseIdea(file, '2026-11-21_other.md').problems).toEqual([
    'slug: got "longer-contexts", the file\'s name says "other"; the first counts',
  ]);
  expect(parseIdea(file, 'idea-1.md')).toEqual({ idea, problems: [] });
});

test('an idea without a day is told so', () => {
  const undated = file.replace('date: 2026-11-21\n', '');
  expect(parseIdea(undated, 'idea-1.md').problems).toEqual(['has no date: write "date: YYYY-MM-DD"']);
  expect(parseIdea(undated, 'idea-1.md').idea.date).toBe('');
});

const line = fc.string({ unit: 'binary', maxLength: 30 }).map(formatLine);
const oddLine = fc.oneof(
  line,
  fc.constantFrom('Foo: bar', '# x', '[a]', '---', 'null', '"q"', "it's", '- a', '*x*', '| x', 'a # b', '7'),
);
const section = fc
  .array(fc.oneof(fc.string({ unit: 'binary', maxLength: 12 }), fc.constantFrom('## Outcome', '```', '~~~', '\\## x')))
  .map((lines) => lines.join('\n').replace(/\r\n?/g, '\n').trim());
const number = (max: number) =>
  fc.option(fc.double({ min: 0, max, noNaN: true }).filter((value) => !Object.is(value, -0)));
const anyIdea: fc.Arbitrary<Idea> = fc.record({
  slug: fc
    .array(fc.string({ unit: fc.constantFrom(...'abcxyz019'), minLength: 1, maxLength: 8 }), {
      minLength: 1,
      maxLength: 5,
    })
    .map((words) => words.join('-')),
  title: oddLine.filter((text) => text !== ''),
  date: fc.constantFrom('2026-11-21', '2024-02-29'),
  state: fc.constantFrom(...ideaStates),
  category: fc.constantFrom(...ideaCategories),
  expected: oddLine,
  refutedBy: oddLine,
  costMinutes: number(1e9),
  sources: fc.array(
    oddLine.filter((text) => text !== ''),
    { maxLength: 4 },
  ),
  author: oddLine,
  rating: number(10),
  sections: fc.record({
    hypothesis: section,
    mechanism: section,
    change: section,
    testPlan: section,
    sources: section,
    critique: section,
    outcome: section,
  }),
});

test('any idea is read back as it was written, without a problem', () => {
  fc.assert(
    fc.property(anyIdea, (any) => {
      expect(parseIdea(formatIdea(any), `1_ideas/${ideaFileName(any)}`)).toEqual({ idea: any, problems: [] });
    }),
    { numRuns: 1500 },
  );
});

test('an edit changes what it names and no more', () => {
  fc.assert(
    fc.property(anyIdea, anyIdea, (any, other) => {
      const { state, rating, title, category, expected, refutedBy, costMinutes } = other;
      const values = { state, rating, title, category, expected, refutedBy, costMinutes };
      const { critique, outcome } = other.sections;
      const text = editIdea(formatIdea(any), { ...values, critique, outcome });
      const edited = { ...any, ...values, sections: { ...any.sections, critique, outcome } };
      expect(parseIdea(text, ideaFileName(any))).toEqual({ idea: edited, problems: [] });
      expect(formatIdea(edited)).toBe(text);
    }),
    { numRuns: 500 },
  );
});

test("an edit keeps a person's own words, keys, headings and line ends byte for byte", () => {
  const text =
    '---\r\nTitle: x   # mine\r\nmood: good\r\nRATING:\r\n---\r\nabove\r\n## Notes\r\nkept\r\n## critique\r\nold\r\n';
  expect(editIdea(text, { rating: 7, state: 'critiqued', critique: 'new' })).toBe(
    '---\r\nTitle: x   # mine\r\nmood: good\r\nRATING: 7\r\nstate: critiqued\r\n---\r\nabove\r\n## Notes\r\nkept\r\n## critique\r\n\r\nnew\r\n',
  );
  expect(editIdea(text, {})).toBe(text);
  expect(editIdea(file, { rating: null, costMinutes: null })).toBe(file.replace('cost_minutes: 1.5', 'cost_minutes:'));
});

test('a file name tells day and slug, wherever the file lies', () => {
  expect(ideaFileName(idea)).toBe('2026-11-21_longer-contexts.md');
  expect(parseIdeaFileName('1_ideas/rejected/2026-11-21_a-b.md')).toEqual({ date: '2026-11-21', slug: 'a-b' });
  expect(parseIdeaFileName('2026-11-31_a.md')).toEqual({ date: null, slug: 'a' });
  expect(parseIdeaFileName('my-idea.md')).toEqual({ date: null, slug: 'my-idea' });
});

test.each([
  { date: '', slug: 'a' },
  { date: '2026-11-21', slug: '../a' },
  { date: '2026-11-21', slug: 'rejected' },
  { date: '2026-02-30', slug: 'a' },
])('no file name is made of $date and "$slug"', (parts) => {
  expect(() => ideaFileName(parts)).toThrow('has no file name');
});
