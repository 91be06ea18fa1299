import { expect, test } from 'vitest';
import { ordinaryScores, poolNoise } from './noise-model.ts';
import { createRandom } from './seeded-random.ts';

test('the variance is pooled inside commits: levels apart do not widen it', () => {
  const model = poolNoise([
    { commit: 'a', scores: [1, 3] },
    { commit: 'b', scores: [101, 102, 103] },
    { commit: 'c', scores: [50] },
  ]);
  // (2 + 2) / (1 + 2)
  expect(model.sd).toBeCloseTo(Math.sqrt(4 / 3), 12);
  expect(model).toMatchObject({ degrees: 3, runs: 6, outliers: [] });
});

test('without a repeat the noise is unknown, not zero', () => {
  expect(poolNoise([{ commit: 'a', scores: [1] }])).toMatchObject({ sd: null, degrees: 0, doubt: null });
  expect(poolNoise([])).toMatchObject({ sd: null, degrees: 0, runs: 0 });
});

test('runs that repeat to the digit have the noise zero and no outliers', () => {
  expect(poolNoise([{ commit: 'a', scores: [2, 2, 2, 2] }])).toMatchObject({ sd: 0, degrees: 3, outliers: [] });
  // Their mean, summed up, would be off in its last bit.
  for (const value of [0.1, 1.1, 0.7, 123.456])
    expect(poolNoise([{ commit: 'a', scores: [value, value, value] }]).sd).toBe(0);
});

test('one diverged seed among eight is named and does not widen the noise', () => {
  const scores = [-248, -251, -239, -255, -430.4, -244, -250, -247];
  const model = poolNoise([{ commit: 'a', scores }]);
  expect(model.outliers).toEqual([{ commit: 'a', index: 4, score: -430.4, side: 'worse' }]);
  expect(model.sd).toBeLessThan(8);
  expect(model.degrees).toBe(6);
  expect(ordinaryScores(model, { commit: 'a', scores })).toEqual(scores.filter((score) => score !== -430.4));
});

test('two diverged seeds do not hide each other', () => {
  const model = poolNoise([
    { commit: 'a', scores: [10, 10.4, 9.7, -20, -21] },
    { commit: 'b', scores: [12, 12.3, 11.9, 12.2] },
  ]);
  expect(model.outliers.map(({ index }) => index).sort()).toEqual([3, 4]);
  expect(model.sd).toBeLessThan(0.5);
});

test('of two runs of one commit that lie far apart the worse is the outlier', () => {
  const model = poolNoise([
    { commit: 'a', scores: [5, -15] },
    { commit: 'b', scores: [5, 5.2, 4.9, 5.1, 4.8, 5.3] },
  ]);
  expect(model.outliers).toMatchObject([{ commit: 'a', score: -15, side: 'worse' }]);
});

test('a lucky outlier is named as one that is better', () => {
  const model = poolNoise([{ commit: 'a', scores: [0, 0.1, -0.1, 0.05, -0.05, 9] }]);
  expect(model.outliers).toMatchObject([{ index: 5, side: 'better' }]);
});

test('three runs are too few to call any of them diverged, but they ask for one more', () => {
  const model = poolNoise([{ commit: 'a', scores: [-267.9, -271.8, -430.4] }]);
  expect(model.outliers).toEqual([]);
  expect(model.doubt).toBeLessThan(0.1);
});

test('normal noise is estimated without bias and seldom called heavy-tailed', () => {
  const random = createRandom(11);
  let squares = 0;
  let alarms = 0;
  const trials = 2000;
  for (let trial = 0; trial < trials; trial++) {
    const groups = [4, 3, 2].map((n, index) => ({
      commit: `${index}`,
      scores: Array.from({ length: n }, random.normal),
    }));
    const model = poolNoise(groups);
    squares += (model.sd ?? Number.NaN) ** 2;
    if (model.outliers.length > 0) alarms++;
  }
  expect(squares / trials).toBeGreaterThan(0.93);
  expect(squares / trials).toBeLessThan(1.05);
  expect(alarms / trials).toBeLessThan(0.02);
});
