import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  type CalibrationCase,
  type CalibrationRule,
  groupCases,
  summariseCases,
  weightedMedian,
  wilsonShare,
} from './calibration.ts';
import { createRandom } from './seeded-random.ts';

const rule: CalibrationRule = { confidence: 0.95, interval: 0.9 };

function caseOf(expected: number | null, observed: number | null, changes: Partial<CalibrationCase> = {}) {
  const plain: CalibrationCase = {
    ...{ name: 'x', job: 1, agent: 'a', model: null, category: 'loss', author: 'b', status: 'discard' },
    ...{ expected, observed, sd: 1, degrees: Number.POSITIVE_INFINITY },
  };
  return { ...plain, ...changes };
}

test('what luck explains is half a hit; size, slope and bias are medians by hand', () => {
  // Luck reaches 1.645: hit, hit, half, miss, miss. Ratios: 0.5, 1, -0.25, -0.5, -2.
  const cases = [caseOf(4, 2), caseOf(3, 3), caseOf(4, -1), caseOf(6, -3), caseOf(-2, 4)];
  const group = summariseCases('all', cases, rule);
  expect(group).toMatchObject({ cases: 5, told: 4, directed: 5, unmeasured: 0, unstated: 0 });
  expect(group.hits?.share).toBe(0.5);
  expect(group.ratio).toBe(-0.25);
  // Errors 2, 0, 5, 9, 6; differences -2, 0, -5, -9, +6.
  expect(group.errorWidths).toBe(5);
  expect(group.biasWidths).toBe(-2);
  // Weights 4, 3, 4, 6, 2 of 19: -2 (2), -0.5 (8), -0.25 (12 > 9.5).
  expect(group.slope).toBe(-0.25);
});

test('the interval of a share is the one of the tables', () => {
  // 8 of 10 at 90 %: (0.8 + 0.13528 -+ 1.6449 * sqrt(0.016 + 0.0067638)) / 1.27055.
  const share = wilsonShare(8, 10, 0.9);
  expect(share?.low).toBeCloseTo(0.54079, 4);
  expect(share?.high).toBeCloseTo(0.93145, 4);
  expect(wilsonShare(0, 0, 0.9)).toBeNull();
  expect(wilsonShare(0, 3, 0.9)?.low).toBe(0);
  expect(wilsonShare(3, 3, 0.9)?.high).toBe(1);
});

test('a crash, a case without a figure and one without noise are counted and made up by nothing', () => {
  const cases = [
    caseOf(2, null, { status: 'crash' }),
    caseOf(null, 5),
    caseOf(2, 0.5, { sd: null, degrees: 0 }),
    caseOf(0, 3),
  ];
  expect(summariseCases('all', cases, rule)).toMatchObject({
    ...{ cases: 2, unmeasured: 1, unstated: 1, directed: 1, told: 1, ratio: 0.25, slope: null },
    // Only the case that expected nothing has known noise.
    ...{ errorWidths: 3, biasWidths: 3 },
  });
  const nothing = { hits: null, ratio: null, slope: null, errorWidths: null, biasWidths: null };
  expect(summariseCases('', [], rule)).toMatchObject({ cases: 0, ...nothing });
});

test('with few runs behind the noise luck reaches further', () => {
  // t(0.95, 2) is 2.92, t(0.95, infinite) 1.645.
  expect(summariseCases('', [caseOf(2, 2.5, { degrees: 2 })], rule).told).toBe(0);
  expect(summariseCases('', [caseOf(2, 2.5)], rule).told).toBe(1);
});

test('groups are named by their key and come with most cases first', () => {
  const cases = [
    caseOf(1, 1),
    caseOf(1, 1, { author: 'c' }),
    caseOf(1, 1, { author: 'c' }),
    caseOf(1, 1, { author: null }),
  ];
  expect(groupCases(cases, 'author', rule).map(({ name, cases: count }) => [name, count])).toEqual([
    ['c', 2],
    ['', 1],
    ['b', 1],
  ]);
});

test('a weighted median has half of the weight on each side, whatever the order', () => {
  expect(weightedMedian([])).toBeNull();
  expect(weightedMedian([2, 1].map((value) => ({ value, weight: 1 })))).toBe(1.5);
  const points = fc.array(
    fc.record({ value: fc.integer({ min: -50, max: 50 }), weight: fc.integer({ min: 1, max: 9 }) }),
    {
      minLength: 1,
    },
  );
  fc.assert(
    fc.property(points, (given) => {
      const median = weightedMedian(given) ?? Number.NaN;
      const total = given.reduce((sum, { weight }) => sum + weight, 0);
      const below = given.filter(({ value }) => value < median).reduce((sum, { weight }) => sum + weight, 0);
      const above = given.filter(({ value }) => value > median).reduce((sum, { weight }) => sum + weight, 0);
      expect(Math.max(below, above)).toBeLessThanOrEqual(total / 2);
      expect(weightedMedian([...given].reverse())).toBe(median);
    }),
  );
});

/** Cases whose stated change is `promise` times what is true, measured with noise 1. */
function foresee(seed: number, promise: number, count = 300): CalibrationCase[] {
  const random = createRandom(seed);
  return Array.from({ length: count }, () => {
    const worth = 3 * random.normal();
    return caseOf(promise * worth, worth + random.normal());
  });
}

test('who knows exactly has slope 1, hits above chance and the error of luck alone, for thirty seeds', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1e6 }), (seed) => {
      const { slope, hits, errorWidths, biasWidths } = summariseCases('', foresee(seed, 1), rule);
      expect(Math.abs((slope ?? 0) - 1)).toBeLessThan(0.12);
      expect(hits?.low).toBeGreaterThan(0.6);
      // The median of |Z| is 0.6745.
      expect(Math.abs((errorWidths ?? 0) - 0.6745)).toBeLessThan(0.2);
      expect(Math.abs(biasWidths ?? 9)).toBeLessThan(0.35);
    }),
    // Always the same thirty: of all seeds a few draw more luck than any bound allows.
    { numRuns: 30, seed: 1 },
  );
});

test('who promises double has slope one half, and a hundred diverged runs of a thousand do not change that', () => {
  const cases = foresee(5, 2, 1000);
  const diverged = cases.map((one, index) => (index % 10 === 0 ? { ...one, observed: -1e6 } : one));
  expect(Math.abs((summariseCases('', cases, rule).slope ?? 0) - 0.5)).toBeLessThan(0.05);
  expect(Math.abs((summariseCases('', diverged, rule).slope ?? 0) - 0.5)).toBeLessThan(0.1);
});

test('who guesses has hits around one half and slope zero', () => {
  const random = createRandom(9);
  const cases = Array.from({ length: 1000 }, () => caseOf(2 * random.normal(), 3 * random.normal()));
  const { hits, slope } = summariseCases('', cases, rule);
  expect(hits?.low).toBeLessThan(0.5);
  expect(hits?.high).toBeGreaterThan(0.5);
  expect(Math.abs(slope ?? 9)).toBeLessThan(0.2);
});
