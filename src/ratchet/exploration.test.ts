import { expect, test } from 'vitest';
import { chooseExploration, countStalled, listNearMisses } from './exploration.ts';
import { createDecided } from './iterations-for-tests.ts';

const stalled = (count: number) => [
  createDecided(0, 'keep'),
  createDecided(1, 'keep'),
  ...Array.from({ length: count }, (_, index) => createDecided(2 + index, index % 2 === 0 ? 'discard' : 'crash')),
];

test('the search widens by a step for each so many experiments without a gain, and no further than its last step', () => {
  const steps = [0, 2, 3, 5, 6, 9, 12, 100].map((count) => chooseExploration(stalled(count), 3));
  expect(steps).toEqual([0, 0, 1, 1, 2, 3, 4, 4]);
});

test('a gain takes it back to near what works', () => {
  const iterations = [...stalled(7), createDecided(9, 'keep')];
  expect(countStalled(iterations)).toBe(0);
  expect(chooseExploration(iterations, 3)).toBe(0);
});

test('a session with nothing but its baseline is not stalled', () => {
  expect(countStalled([createDecided(0, 'keep')])).toBe(0);
});

test('near misses are the discards with a number, the nearest first by the direction', () => {
  const iterations = [
    createDecided(0, 'keep'),
    createDecided(1, 'discard', { runs: [1.3] }),
    createDecided(2, 'crash', { runs: [0.1] }),
    createDecided(3, 'discard', { runs: [1.1] }),
    createDecided(4, 'discard', { runs: [1.2] }),
  ];
  expect(listNearMisses(iterations, 'lower', 2).map(({ number }) => number)).toEqual([3, 4]);
  expect(listNearMisses(iterations, 'higher', 9).map(({ number }) => number)).toEqual([1, 4, 3]);
});
