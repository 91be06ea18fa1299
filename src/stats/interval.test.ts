import { expect, test } from 'vitest';
import { changeInterval } from './interval.ts';
import { luckBound } from './noise.ts';

const input = { observed: -0.2, std: 0.001, noiseRuns: 3, newRuns: 1, baseRuns: 3, confidence: 0.95 };

// t from printed tables, two-sided: 95 % with 2 degrees of freedom 4.302653, 90 % with 4: 2.131847, 99 % with 9: 3.249836.
test.each([
  [input, -0.2 - 0.004968276, -0.2 + 0.004968276],
  [{ ...input, std: 2, noiseRuns: 5, newRuns: 2, baseRuns: 2, confidence: 0.9, observed: 1 }, -3.263694, 5.263694],
  [{ ...input, std: 1, noiseRuns: 10, newRuns: 4, baseRuns: 4, confidence: 0.99, observed: 0 }, -2.297981, 2.297981],
])('the interval of %j is [%d, %d]', (given, low, high) => {
  const interval = changeInterval(given);
  expect(interval?.low).toBeCloseTo(low, 6);
  expect(interval?.high).toBeCloseTo(high, 6);
  expect(interval?.confidence).toBe(given.confidence);
});

test('a two-sided 90 % interval reaches as far as luck does one-sided at 95 %', () => {
  const interval = changeInterval({ ...input, observed: 0, confidence: 0.9 });
  const bound = luckBound({ mean: 0, std: input.std, n: input.noiseRuns }, 1, input.baseRuns, 0.95);
  expect(interval?.high).toBeCloseTo(bound ?? Number.NaN, 10);
});

test('more runs on one side make the interval narrower', () => {
  const wide = changeInterval(input);
  const narrow = changeInterval({ ...input, newRuns: 3 });
  expect(narrow?.high).toBeLessThan(wide?.high ?? Number.NaN);
});

test.each([
  [{ observed: null }],
  [{ std: null }],
  [{ noiseRuns: 1 }],
  [{ noiseRuns: 0 }],
  [{ newRuns: 0 }],
  [{ baseRuns: 0 }],
])('%j leaves no interval, and none is made up', (missing) => {
  expect(changeInterval({ ...input, ...missing })).toBeNull();
});

test('a sd of zero that was measured gives an interval of no width', () => {
  expect(changeInterval({ ...input, std: 0 })).toEqual({ low: -0.2, high: -0.2, confidence: 0.95 });
});
