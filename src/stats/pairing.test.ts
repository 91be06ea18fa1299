import { expect, test } from 'vitest';
import { judgePairing, type SeedPair } from './pairing.ts';
import { createRandom } from './seeded-random.ts';

function pairsOf(count: number, correlation: number, gain: number, seed: number): SeedPair[] {
  const { normal } = createRandom(seed);
  return Array.from({ length: count }, () => {
    const shared = Math.sqrt(correlation) * normal();
    const own = () => Math.sqrt(1 - correlation) * normal();
    return [shared + own(), gain + shared + own()] as const;
  });
}

test('seeds that move both codes alike are compared in pairs, others are not', () => {
  expect(judgePairing([pairsOf(30, 0.9, 5, 1)]).isPaired).toBe(true);
  expect(judgePairing([pairsOf(30, 0, 5, 1)]).isPaired).toBe(false);
});

test('a high correlation in four pairs is not enough', () => {
  const verdict = judgePairing([
    [
      [0, 0.5],
      [1, 0.2],
      [2, 2.5],
      [3, 2.6],
    ],
  ]);
  expect(verdict.correlation).toBeGreaterThan(0.8);
  expect(verdict.isPaired).toBe(false);
});

test('tests of different champions are pooled without taking their levels for a correlation', () => {
  const tests = [0, 50, 100, 150].map((level, index) =>
    pairsOf(4, 0, 0, 10 + index).map(([from, to]) => [from + level, to + level] as const),
  );
  expect(judgePairing(tests)).toMatchObject({ isPaired: false, pairs: 16 });
});

test('too few pairs, or runs without any spread, say nothing', () => {
  expect(judgePairing([])).toEqual({ isPaired: false, correlation: null, low: null, pairs: 0 });
  expect(
    judgePairing([
      [
        [1, 2],
        [1, 2],
        [1, 2],
        [1, 2],
        [1, 2],
      ],
    ]).correlation,
  ).toBeNull();
});
