/** The order in which ideas are built, and the two lines that explain it. */
import { expect, test } from 'vitest';
import type { Idea } from '../domain/idea.ts';
import { rankIdeas, type SelectionInput, selectionWeights } from './select.ts';

function createIdea(slug: string, changes: Partial<Idea> = {}): Idea {
  return {
    slug,
    title: `Title of ${slug}`,
    date: '2026-11-21',
    state: 'critiqued',
    category: 'data',
    expected: '-0.1 bpb',
    refutedBy: 'no change',
    costMinutes: 2,
    sources: [],
    author: 'somebody',
    rating: 5,
    sections: {
      hypothesis: '',
      mechanism: '',
      change: '',
      testPlan: '',
      sources: '',
      critique: '',
      outcome: '',
    },
    ...changes,
  };
}

const input = (candidates: Idea[], changes: Partial<SelectionInput> = {}): SelectionInput => ({
  candidates,
  tried: [],
  direction: 'lower',
  unit: 'bpb',
  metricName: 'val_bpb',
  champion: 1,
  budgetMinutes: 10,
  ...changes,
});

const order = (candidates: Idea[], changes: Partial<SelectionInput> = {}) =>
  rankIdeas(input(candidates, changes)).map(({ idea }) => idea.slug);

/** Score of the only candidate. */
function score(idea: Idea, changes: Partial<SelectionInput> = {}): number {
  const [ranked] = rankIdeas(input([idea], changes));
  return ranked?.score ?? Number.NaN;
}

const lines = (idea: Idea, changes: Partial<SelectionInput> = {}) => rankIdeas(input([idea], changes))[0]?.choice;

test('the better rating comes first, and an idea without a rating after every rated one that is like it otherwise', () => {
  const rated = [null, 2, 9.5, 0.5, 7].map((rating) => createIdea(`at-${rating ?? 'none'}`, { rating }));
  expect(order(rated)).toEqual(['at-9.5', 'at-7', 'at-2', 'at-0.5', 'at-none']);
});

test('equal ideas come in the order of their slugs, however they were given', () => {
  const ideas = ['b', 'a', 'c'].map((slug) => createIdea(slug));
  expect(order(ideas)).toEqual(['a', 'b', 'c']);
  expect(order([...ideas].reverse())).toEqual(['a', 'b', 'c']);
});

test('the weights add up to one, and an idea that is best in every part scores one, one that is worst in all zero', () => {
  expect(Object.values(selectionWeights).reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(1, 12);
  expect(score(createIdea('best', { rating: 10, expected: '-0.3 bpb' }))).toBeCloseTo(1, 12);
  const twin = createIdea('twin', { title: 'The very same words' });
  const worst = { ...twin, slug: 'worst', rating: 0, expected: '+0.1 bpb', costMinutes: 1e12 };
  expect(score(worst, { tried: [twin] })).toBeCloseTo(0, 6);
});

test.each<[keyof typeof selectionWeights, Idea, Idea, Idea[]]>([
  ['rating', createIdea('x', { rating: 10 }), createIdea('x', { rating: 0 }), []],
  ['gain', createIdea('x', { expected: '-0.3 bpb' }), createIdea('x', { expected: '+0.3 bpb' }), []],
  ['feasibility', createIdea('x', { costMinutes: 10 }), createIdea('x', { costMinutes: 1e9 }), []],
  [
    'novelty',
    createIdea('x', { title: 'Quite another matter' }),
    createIdea('x', { title: 'Reversed alphabets' }),
    [createIdea('old', { title: 'Reversed alphabets' })],
  ],
])('%s counts with its weight from best to worst, everything else alike', (part, best, worst, tried) => {
  expect(score(best, { tried }) - score(worst, { tried })).toBeCloseTo(selectionWeights[part], 6);
});

test('a gain counts from a tenth of a per cent on and no more above thirty per cent; a loss counts as no gain', () => {
  const at = (expected: string) => score(createIdea('x', { expected }));
  expect(at('-0.001 bpb')).toBeCloseTo(at('+0.5 bpb'), 12);
  expect(at('-0.01 bpb')).toBeGreaterThan(at('-0.001 bpb'));
  expect(at('-0.1 bpb')).toBeGreaterThan(at('-0.01 bpb'));
  expect(at('-0.9 bpb')).toBeCloseTo(at('-0.3 bpb'), 12);
});

test('what fits the budget is feasible whatever it costs, and what takes twice as long counts half', () => {
  const at = (costMinutes: number | null) => score(createIdea('x', { costMinutes }));
  expect(at(10)).toBe(at(0));
  expect(at(10) - at(20)).toBeCloseTo(selectionWeights.feasibility / 2, 12);
  expect(at(null)).toBeCloseTo(at(20), 12);
});

test('with a metric that is to rise, a rise is the gain and a fall is none', () => {
  const ideas = [createIdea('a-fall', { expected: '-0.2 acc' }), createIdea('rise', { expected: '+0.2 acc' })];
  const accuracy = { metricName: 'acc', unit: '' };
  expect(order(ideas, accuracy)).toEqual(['a-fall', 'rise']);
  expect(order(ideas, { ...accuracy, direction: 'higher' })).toEqual(['rise', 'a-fall']);
  const rise = createIdea('x', { expected: '+0.2 acc' });
  expect(lines(rise, { ...accuracy, direction: 'higher' })?.[0]).toContain('(a gain of 20.0 % of the champion)');
  expect(lines(rise, accuracy)?.[0]).toContain('(a gain of -20.0 % of the champion)');
});

test('a target and a share are gains against the champion, whatever its sign', () => {
  expect(lines(createIdea('x', { expected: 'expect 0.93' }), { champion: 1.24 })?.[0]).toContain('gain of 25.0 %');
  expect(lines(createIdea('x', { expected: '-5 %' }), { champion: 1.24 })?.[0]).toContain('gain of 5.0 %');
  expect(lines(createIdea('x', { expected: '-0.5 bpb' }), { champion: -2 })?.[0]).toContain('gain of 25.0 %');
});

test('per cent of a metric that is a percentage are points of it', () => {
  const percent = { metricName: 'accuracy', unit: '%', direction: 'higher', champion: 70 } as const;
  expect(lines(createIdea('x', { expected: '+2 %' }), percent)?.[0]).toContain(
    'expects +2 % (a gain of 2.9 % of the champion)',
  );
});

test('a figure of something else than the metric counts as no gain, and the line says so', () => {
  const seconds = createIdea('a-seconds', { expected: '-30 s' });
  expect(lines(seconds)?.[0]).toBe(
    'rating 5 of 10, expects -30 s, which is no change of val_bpb, about 2 min on the device',
  );
  expect(lines(createIdea('x', { expected: '-2 GB' }), { unit: '' })?.[0]).toContain('which is no change of val_bpb');
  expect(score(seconds)).toBeCloseTo(score(createIdea('x', { expected: 'better' })), 12);
  expect(order([seconds, createIdea('small', { expected: '-0.002 bpb' })])).toEqual(['small', 'a-seconds']);
});

test.each([null, 0])('with the champion at %s no share is stated, and the gain of no idea counts', (champion) => {
  const ideas = [createIdea('a', { expected: '-0.01 bpb' }), createIdea('b', { expected: '-0.9 bpb' })];
  expect(order(ideas, { champion })).toEqual(['a', 'b']);
  expect(lines(createIdea('x'), { champion })?.[0]).toBe('rating 5 of 10, expects -0.1 bpb, about 2 min on the device');
});

test('the two lines say rating, expectation with its share, cost, score, place and the nearest that was tried', () => {
  const tried = [
    createIdea('far', { title: 'Longer contexts of symbols' }),
    createIdea('near', { title: 'Pairs of neighbouring words joined' }),
  ];
  const candidates = [
    createIdea('first', { rating: 9.5, title: 'Pairs of neighbouring words' }),
    createIdea('second', { rating: 1, title: 'Weight decay' }),
  ];
  const ranked = rankIdeas(input(candidates, { tried }));
  expect(ranked.map(({ choice }) => choice[0])).toEqual([
    'rating 9.5 of 10, expects -0.1 bpb (a gain of 10.0 % of the champion), about 2 min on the device',
    'rating 1 of 10, expects -0.1 bpb (a gain of 10.0 % of the champion), about 2 min on the device',
  ]);
  const [first, second] = ranked;
  expect(first?.choice[1]).toMatch(
    /^score 0\.\d\d, place 1 of 2 candidates; nearest of those tried: near, \d+ % alike$/,
  );
  expect(first?.choice[1]).toContain(`score ${first?.score.toFixed(2)},`);
  expect(second?.choice[1]).toContain('place 2 of 2 candidates');
});

test('an idea without rating, figure and cost says so, and a single candidate is one candidate', () => {
  const bare = createIdea('bare', { rating: null, expected: '', costMinutes: null });
  expect(lines(bare)).toEqual([
    'not rated, expects no figure, cost not stated',
    expect.stringMatching(/^score \d\.\d\d, place 1 of 1 candidate; nothing was tried before$/),
  ]);
  expect(lines(createIdea('x', { expected: 'much better' }))?.[0]).toContain('expects much better, about');
});

test('no candidates give no ranking', () => {
  expect(rankIdeas(input([]))).toEqual([]);
});
