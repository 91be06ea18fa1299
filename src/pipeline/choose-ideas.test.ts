/** The label that an idea's evaluation gets: whatever its title and hypothesis say, it is read back as it was meant. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseLabel } from '../../queue/label.ts';
import type { Idea } from '../domain/idea.ts';
import { formatLabel } from './choose-ideas.ts';

function createIdea(title: string, hypothesis: string, expected = '-0.1 bpb'): Idea {
  return {
    slug: 'x',
    title,
    date: '2026-11-21',
    state: 'critiqued',
    category: 'data',
    expected,
    refutedBy: '',
    costMinutes: null,
    sources: [],
    author: '',
    rating: null,
    sections: { hypothesis, mechanism: '', change: '', testPlan: '', sources: '', critique: '', outcome: '' },
  };
}

const read = (idea: Idea, direction: 'lower' | 'higher' = 'lower') => parseLabel(formatLabel(idea), direction);

test.each([
  ['Longer contexts', 'does "Longer contexts" help?'],
  ['Longer contexts.', 'does "Longer contexts" help?'],
  ['Do longer contexts help?!', 'does "Do longer contexts help" help?'],
  ['Join "the" and \'a\'', 'does "Join "the" and \'a\'" help?'],
  ['Q: is it so? H: yes', 'does "Q - is it so? H - yes" help?'],
  ['h: in small letters', 'does "h - in small letters" help?'],
  ['why: the reason resolve: the answer', 'does "why - the reason resolve - the answer" help?'],
  ['Use 3x wider layers, +0.5 more', 'does "Use 3x wider layers, +0.5 more" help?'],
  ['  over\n two   lines ', 'does "over two lines" help?'],
])('the title %j is the question %j', (title, question) => {
  const label = read(createIdea(title, 'It lowers the loss.'));
  expect(label).toMatchObject({ question, hypothesis: '-0.1 bpb: It lowers the loss.' });
});

test.each([
  ['It needs 2x the memory and costs 0.3 bpb where words are rare.', '-0.1 bpb'],
  ['Expect 0.93 in the end, or +0.5 if it fails.', '-0.1 bpb'],
  ['Saves 0.7 bpb, says a paper.', '-0.1 bpb'],
  ['Q: why? H: +9 bpb.', '-0.1 bpb'],
])('the figure of the expectation is read, not those of the hypothesis %j', (hypothesis, expected) => {
  expect(read(createIdea('A title', hypothesis, expected)).expected).toEqual({
    kind: 'change',
    amount: -0.1,
    unit: 'bpb',
  });
});

test.each([
  ['-0.010 val_bpb', { kind: 'change', amount: -0.01, unit: 'val_bpb' }],
  ['saves 0.1 bpb', { kind: 'change', amount: -0.1, unit: 'bpb' }],
  ['improves by 0.1', { kind: 'change', amount: 0.1, unit: '' }],
  ['-5 %', { kind: 'change', amount: -5, unit: '%' }],
  ['expect 0.93', { kind: 'value', value: 0.93, unit: '' }],
])('the expectation %j stays what it is on the way through the label', (expected, wanted) => {
  expect(read(createIdea('A title', 'The 4 of 5 rows count.', expected), 'higher').expected).toEqual(wanted);
});

test('of the hypothesis the first sentence is taken, on one line', () => {
  const idea = createIdea('A title', 'It lowers val_bpb by half a bit,\nsince 1.5 is less. The rest is for readers.');
  expect(read(idea).hypothesis).toBe('-0.1 bpb: It lowers val_bpb by half a bit, since 1.5 is less.');
});

test('whatever title and hypothesis are made of, the label has both parts and the expectation', () => {
  const piece = fc.constantFrom(
    ...[
      'Q:',
      'H:',
      ' Q: ',
      ' H: ',
      'why:',
      ' resolve: ',
      '"',
      '?',
      '\n',
      '+0.3 bpb ',
      '2x ',
      'word',
      ' ',
      '.',
      'ß',
      ':',
    ],
  );
  const text = fc.array(piece, { maxLength: 12 }).map((pieces) => `a${pieces.join('')}`);
  fc.assert(
    fc.property(text, text, (title, hypothesis) => {
      const label = read(createIdea(title, hypothesis));
      expect(label.question).toMatch(/^does "a[\s\S]*" help\?$/);
      expect(label.hypothesis.startsWith('-0.1 bpb: a')).toBe(true);
      expect(label.expected).toEqual({ kind: 'change', amount: -0.1, unit: 'bpb' });
    }),
  );
});
