import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Idea } from '../domain/idea.ts';
import { duplicateThreshold, findDuplicate, similarity } from './similarity.ts';

function createIdea(slug: string, title: string, hypothesis: string, change: string): Idea {
  const sections = { hypothesis, mechanism: '', change, testPlan: '', sources: '', critique: '', outcome: '' };
  return {
    slug,
    title,
    date: '2026-11-21',
    state: 'proposed',
    category: 'architecture',
    expected: '-0.01 val_bpb',
    refutedBy: '',
    costMinutes: null,
    sources: [],
    author: '',
    rating: null,
    sections,
  };
}

const different = [
  createIdea(
    'contexts',
    'Contexts of four and five symbols',
    'Orders 4 and 5 beside 1 to 3 lower val_bpb by 0.2, because three symbols cannot tell words with a common syllable apart.',
    'ORDERS becomes (1, 2, 3, 4, 5).',
  ),
  createIdea(
    'longest',
    'Contexts of six and seven symbols',
    'Orders 6 and 7 reach over the blank into the word before and lower val_bpb by 0.05.',
    'ORDERS gets 6 and 7 as well.',
  ),
  createIdea(
    'pairs',
    'A feature for pairs of words',
    'The previous word and the letters of this one as one key lower val_bpb by 0.05: neighbours agree in gender.',
    'features() appends the previous word joined with the word so far.',
  ),
  // The hardest case: the same words, another feature.
  createIdea(
    'ending',
    'A feature for the ending of the previous word',
    'The last letters of the previous word and the letters of this one as one key lower val_bpb by 0.03: endings agree in gender.',
    'features() appends the last two letters of the previous word joined with the word so far.',
  ),
  createIdea(
    'rate',
    'A learning rate twice as high',
    'Rare contexts get too few updates to leave zero, so a rate of 0.6 lowers val_bpb by 0.01.',
    'LEARNING_RATE is 0.6.',
  ),
  createIdea(
    'constant',
    'No decay of the learning rate',
    'A rate that stays lets late positions count as much as early ones and lowers val_bpb by 0.02.',
    'The factor (1 - step / steps) goes.',
  ),
  createIdea(
    'momentum',
    'Momentum with a velocity per row',
    'Gradients of one row point the same way for long, so a velocity speeds them up and lowers val_bpb by 0.03.',
    'update() keeps a velocity for each row and steps along it.',
  ),
  createIdea(
    'decay',
    'Shrink the weights a little at each step',
    'Weights of rare rows memorise the training text; shrinking them lowers val_bpb by 0.005.',
    'update() multiplies each weight by 0.9999.',
  ),
  createIdea(
    'averaging',
    'Serve the average of the last weights',
    'The mean over the last fifth of training lies nearer to the optimum than the final weights, by 0.008 bpb.',
    'train() sums the table over the last fifth of the steps and returns the mean.',
  ),
  createIdea(
    'smoothing',
    'Soften the targets',
    'A little uniform mass in the target makes confident mistakes cheaper and lowers val_bpb by 0.01.',
    'The target is 0.98 for the true symbol, and the rest is shared among the others.',
  ),
  createIdea(
    'curriculum',
    'Begin with short contexts',
    'Training orders 1 and 2 first gives long contexts a better start and lowers val_bpb by 0.01.',
    'For the first tenth of the steps only short orders are active.',
  ),
];
const find = (idea: Idea) => findDuplicate(idea, different);

test('different ideas of one field are not confused', () => {
  const confused = different.flatMap((idea) => {
    const twin = findDuplicate(
      idea,
      different.filter((other) => other !== idea),
    );
    return twin === null ? [] : [`${idea.slug} = ${twin.slug} (${twin.similarity})`];
  });
  expect(confused).toEqual([]);
});

test.each([
  createIdea(
    'contexts',
    'Four- and five-symbol contexts',
    'With the orders 4 and 5 beside 1, 2 and 3, val_bpb falls by 0.2: words that have a syllable in common cannot be told apart from three symbols.',
    'Set ORDERS = (1, 2, 3, 4, 5).',
  ),
  createIdea(
    'averaging',
    'Average the last weights and serve those',
    'Averaged over the last fifth of the training the weights lie nearer the optimum than the final ones; val_bpb is lower by 0.008.',
    'In train(), sum up the table during the last fifth of steps, and return its mean.',
  ),
  createIdea(
    'momentum',
    'Velocity (momentum) for every row',
    'The gradients of a row point long in the same way. A velocity for it speeds this up: -0.03 val_bpb.',
    'Keep velocities for the rows in update(), and step along them.',
  ),
  createIdea(
    'curriculum',
    'Short contexts first, long ones later',
    'Long contexts start better and val_bpb is lower by 0.01 where orders 1 and 2 are trained before the others.',
    'Only orders 1 and 2 are active in the first tenth of the steps.',
  ),
])('the reworded idea "$title" is found under another slug', (idea) => {
  expect(find({ ...idea, slug: 'another-slug' })?.slug).toBe(idea.slug);
});

test('the same slug is a duplicate whatever the texts say', () => {
  expect(find(createIdea('decay', 'Something else', 'Quite other words.', 'None of those.'))).toEqual({
    slug: 'decay',
    similarity: 1,
  });
});

test('an idea without words repeats none', () => {
  expect(find(createIdea('empty', '', '', ''))).toBeNull();
  expect(findDuplicate(createIdea('a', 'a title', 'h', 'c'), [])).toBeNull();
  expect(similarity('', '')).toBe(0);
  expect(similarity('the and of', 'the and of')).toBe(0);
});

test('plural, case, accents and number words make no difference, figures do', () => {
  expect(similarity('Longer CONTEXTS of four symbols', 'longer context of 4 symbol')).toBeCloseTo(1);
  expect(similarity('naïve words', 'naive word')).toBeCloseTo(1);
  expect(similarity('orders 4 and 5', 'orders 6 and 7')).toBeLessThan(duplicateThreshold);
});

test('a word that every idea uses counts less than a rare one', () => {
  expect(similarity('training momentum', 'loss momentum')).toBeGreaterThan(
    similarity('training momentum', 'training syllable'),
  );
});

test('any two texts are as alike one way as the other, between 0 and 1', () => {
  const text = fc.array(
    fc.oneof(
      fc.constantFrom('context', 'model', 'the', '4', 'constructor', '__proto__'),
      fc.string({ unit: 'binary' }),
    ),
  );
  fc.assert(
    fc.property(text, text, (a, b) => {
      const alike = similarity(a.join(' '), b.join(' '));
      expect(alike).toBeGreaterThanOrEqual(0);
      expect(alike).toBeLessThanOrEqual(1);
      expect(similarity(b.join(' '), a.join(' '))).toBeCloseTo(alike);
    }),
  );
});
