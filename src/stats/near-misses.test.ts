import { expect, test } from 'vitest';
import { judgeEffect, startPrior } from './effect-prior.ts';
import { chooseRiders, combineNearMisses, reviewNearMisses } from './near-misses.ts';
import { createRandom } from './seeded-random.ts';

const miss = (change: string, mean: number) => ({ change, effect: { ...judgeEffect(startPrior(1), 0, 1), mean } });
const rule = { withinWidths: 0.5, most: 2, share: 0.5 };

test('a discard that helps by now joins the champion, near ones stay best first, the rest is dropped', () => {
  const misses = [miss('far', -0.9), miss('near', -0.3), miss('nearer', -0.1), miss('good', 0.2), miss('third', -0.4)];
  expect(reviewNearMisses(misses, 1, rule)).toEqual({
    promote: ['good'],
    stay: ['nearer', 'near'],
    drop: ['far', 'third'],
  });
});

test('every remembered discard ends in exactly one list, unknown ones among the dropped', () => {
  const misses = [miss('a', 0), miss('b', -0.2), miss('c', 1), { change: 'unknown', effect: null }];
  const { promote, stay, drop } = reviewNearMisses(misses, 1, rule);
  expect([...promote, ...stay, ...drop].sort()).toEqual(['a', 'b', 'c', 'unknown']);
  expect(drop).toEqual(['unknown']);
});

test('near is measured in widths of one run', () => {
  expect(reviewNearMisses([miss('a', -0.3)], 0.1, rule).drop).toEqual(['a']);
  expect(reviewNearMisses([miss('a', -0.3)], 1, rule).stay).toEqual(['a']);
});

test('riders are drawn by lot, the same lots for the same seed', () => {
  const stay = ['a', 'b', 'c', 'd', 'e', 'f'];
  const draw = () => chooseRiders(stay, 0.5, createRandom(9).uniform);
  expect(draw()).toEqual(draw());
  expect(chooseRiders(stay, 0, createRandom(9).uniform)).toEqual([]);
  expect(chooseRiders(stay, 1, createRandom(9).uniform)).toEqual(stay);
});

test('an idle device combines the best, not so many that their losses add up', () => {
  const misses = [
    miss('c', -0.3),
    miss('a', -0.05),
    miss('b', -0.2),
    miss('d', -0.4),
    { change: 'unknown', effect: null },
  ];
  expect(combineNearMisses(misses, 1)).toEqual(['a', 'b']);
});
