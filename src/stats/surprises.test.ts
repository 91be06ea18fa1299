import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { CalibrationCase } from './calibration.ts';
import { createRandom } from './seeded-random.ts';
import { findSurprises } from './surprises.ts';

function caseOf(
  name: string,
  expected: number | null,
  observed: number | null,
  sd: number | null = 1,
): CalibrationCase {
  return {
    ...{ name, job: 1, agent: null, model: null, category: null, author: null, status: 'discard' },
    ...{ expected, observed, sd, degrees: Number.POSITIVE_INFINITY },
  };
}

test('what is there and was not expected comes before what was expected and is not there', () => {
  // Luck reaches 2.326 with the chance 0.01.
  const cases = [
    caseOf('as-expected', 3, 2.5),
    caseOf('nothing', 20, 0.5),
    caseOf('within-luck', 2, -2),
    caseOf('other-way', 3, -4),
    caseOf('other-way-down', -3, 5),
    caseOf('double', 3, 7),
    caseOf('double-within-luck', 1, 2.5),
    caseOf('half', 10, 5),
    caseOf('none', 0, -3),
    caseOf('none-within-luck', 0, 2),
    caseOf('small-and-missing', 4, 0),
  ];
  expect(findSurprises(cases).map(({ of, kind, widths }) => [of.name, kind, widths])).toEqual([
    ['other-way-down', 'the other way', 5],
    ['other-way', 'the other way', 4],
    ['double', 'much more', 4],
    ['none', 'none expected', 3],
    ['nothing', 'nothing of it', 19.5],
  ]);
});

test('without noise, a figure or a number nothing is a surprise', () => {
  expect(findSurprises([caseOf('a', 1, -99, null), caseOf('b', null, 9), caseOf('c', 9, null)])).toEqual([]);
});

test('of a thousand cases of pure luck about ten are surprises, for any seed', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1e6 }), (seed) => {
      const random = createRandom(seed);
      const cases = Array.from({ length: 1000 }, () => caseOf('x', 0.5, random.normal()));
      expect(findSurprises(cases).length).toBeLessThan(35);
    }),
    { numRuns: 30 },
  );
});
