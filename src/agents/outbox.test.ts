/** Ideas, critiques and implementations as agents hand them in, good and bad. */
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readCritiques, readImplementation, readProposedIdeas } from './outbox.ts';

let outbox: string;

beforeEach(() => {
  outbox = mkdtempSync(join(tmpdir(), 'nl-outbox-'));
});

afterEach(() => {
  rmSync(outbox, { recursive: true, force: true });
});

const put = (name: string, text: string): void => writeFileSync(join(outbox, name), text);

const front = (...lines: string[]): string => ['---', ...lines, '---', ''].join('\n');
const ideaFront = front(
  'slug: word-pairs',
  'title: Pairs of words',
  'category: architecture',
  'expected: -0.050 val_bpb',
  'refuted_by: less than the noise',
  'cost_minutes: 1',
  'sources: 0_docs/problem.md',
);
const ideaBody = ['Hypothesis', 'Mechanism', 'Change', 'Test plan', 'Sources']
  .map((heading) => `## ${heading}\n\nThis is the ${heading.toLowerCase()}.\n`)
  .join('\n');

test('a whole idea comes through with its texts, without problems, and waits for the lab to date and name it', () => {
  put('01-word-pairs.md', ideaFront + ideaBody);
  const { ideas, problems } = readProposedIdeas(outbox);
  expect(problems).toEqual([]);
  expect(ideas).toMatchObject([{ file: '01-word-pairs.md', problems: [], idea: { slug: 'word-pairs', date: '' } }]);
  expect(ideas[0]?.idea.sections.testPlan).toBe('This is the test plan.');
  expect(ideas[0]?.idea.expected).toBe('-0.050 val_bpb');
});

test('what only the lab may say is not taken from the agent', () => {
  const claims = ideaFront.replace('---\n', '---\nstate: selected\nrating: 10\nauthor: the owner\ndate: 1999-01-01\n');
  put('a.md', `${claims}${ideaBody}\n## Critique\n\nBest idea ever.\n\n## Outcome\n\nKept.\n`);
  expect(readProposedIdeas(outbox).ideas[0]?.idea).toMatchObject({
    state: 'proposed',
    rating: null,
    author: '',
    date: '',
    sections: { critique: '', outcome: '' },
  });
});

test('an idea without a hypothesis is told so, and the whole one beside it is not', () => {
  put('01-whole.md', ideaFront + ideaBody);
  put('02-half.md', ideaFront + ideaBody.replace(/## Hypothesis[\s\S]*?(?=## )/, ''));
  const { ideas } = readProposedIdeas(outbox);
  expect(ideas.map(({ problems }) => problems)).toEqual([[], [expect.stringMatching(/^has no hypothesis/)]]);
});

test('a file that is no idea at all has problems, and what is no markdown is named', () => {
  put('01-free.md', 'I think we should try harder.\n');
  put('notes.txt', 'scratch\n');
  const { ideas, problems } = readProposedIdeas(outbox);
  expect(ideas).toHaveLength(1);
  expect(ideas[0]?.problems.length).toBeGreaterThan(3);
  expect(problems).toContainEqual(expect.stringMatching(/^notes\.txt was not read/));
  expect(problems).toContainEqual(expect.stringMatching(/^01-free\.md: has no front matter/));
});

test('an empty outbox holds no ideas and no problems', () => {
  expect(readProposedIdeas(outbox)).toEqual({ ideas: [], problems: [] });
});

test.each([
  ['7', 7],
  ['7.5', 7.5],
  ['7/10', 7],
  ['8.5 / 10', 8.5],
  ['0', 0],
  ['10', 10],
])('a rating written %s is %d', (written, rating) => {
  put('a.md', `${front(`rating: ${written}`)}Sound.\n`);
  expect(readCritiques(outbox, ['a'])).toEqual({
    critiques: [{ slug: 'a', rating, duplicateOf: null, isKnobOnly: false, text: 'Sound.' }],
    problems: [],
  });
});

test.each(['11', '-1', 'good', '7/8', '', 'NaN', '1e1'])('a rating written %j is none', (written) => {
  put('a.md', `${front(`rating: ${written}`)}Sound.\n`);
  const { critiques, problems } = readCritiques(outbox, ['a']);
  expect(critiques).toEqual([]);
  expect(problems).toEqual([
    expect.stringMatching(/^a\.md: rating: got .*expected a number from 0 to 10/),
    'no critique that can be used of a',
  ]);
});

test('duplicates and knob-only ideas are read in the ways that agents write them', () => {
  put('a.md', `${front('rating: 2', 'duplicate_of: 1_ideas/2026-11-21_word-pairs.md', 'knob_only: no')}Same.\n`);
  put('b.md', `${front('rating: 2', 'Duplicate-Of: none', 'knob_only: True')}A knob.\n`);
  put('2026-11-21_c.md', `${front('rating: 2', 'duplicate_of: `word-pairs` (in other words)')}Same.\n`);
  const { critiques, problems } = readCritiques(outbox, ['a', 'b', 'c']);
  expect(problems).toEqual([]);
  expect(critiques).toMatchObject([
    { slug: 'a', duplicateOf: 'word-pairs', isKnobOnly: false },
    { slug: 'b', duplicateOf: null, isKnobOnly: true },
    { slug: 'c', duplicateOf: 'word-pairs', isKnobOnly: false },
  ]);
});

test('a critique without words, of itself, with an unclear flag, of a stranger, and one too many are turned away', () => {
  put('a.md', front('rating: 9'));
  put('b.md', `${front('rating: 9', 'duplicate_of: b')}Same.\n`);
  put('c.md', `${front('rating: 9', 'knob_only: perhaps')}Hm.\n`);
  put('stranger.md', `${front('rating: 9')}Sound.\n`);
  put('2026-11-21_d.md', `${front('rating: 3')}First.\n`);
  put('d.md', `${front('rating: 9')}Second.\n`);
  const { critiques, problems } = readCritiques(outbox, ['a', 'b', 'c', 'd', 'e']);
  expect(critiques).toMatchObject([{ slug: 'd', rating: 3 }]);
  expect(problems).toEqual([
    expect.stringMatching(/^a\.md: has a rating and no opinion/),
    expect.stringMatching(/^b\.md: duplicate_of: names the idea itself/),
    expect.stringMatching(/^c\.md: knob_only: got "perhaps"/),
    expect.stringMatching(/^d\.md: is a second critique of d/),
    expect.stringMatching(/^stranger\.md was not read/),
    'no critique that can be used of a, b, c, e',
  ]);
});

test('an implementation is done with or without notes', () => {
  expect(readImplementation(outbox)).toEqual({ kind: 'done', notes: '' });
  put('notes.md', '\nOne more key.\n');
  expect(readImplementation(outbox)).toEqual({ kind: 'done', notes: 'One more key.' });
});

test('cannot.md counts over notes.md, also empty, and a link in its place is not followed', () => {
  put('notes.md', 'Done all the same.\n');
  put('cannot.md', 'There is no such function.\n');
  expect(readImplementation(outbox)).toEqual({ kind: 'cannot', reason: 'There is no such function.' });
  put('cannot.md', '\n');
  expect(readImplementation(outbox)).toEqual({ kind: 'cannot', reason: 'the agent gave no reason' });
  rmSync(join(outbox, 'cannot.md'));
  symlinkSync('notes.md', join(outbox, 'cannot.md'));
  expect(readImplementation(outbox)).toMatchObject({ kind: 'cannot', reason: expect.stringMatching(/symbolic link/) });
});
