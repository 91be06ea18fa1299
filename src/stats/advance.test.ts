import { expect, test } from 'vitest';
import { advance, advanceStrict, valueChampion } from './advance.ts';
import { judgeEffect, startPrior } from './effect-prior.ts';

const effectSeen = (difference: number) => judgeEffect(startPrior(1), difference, 1.1);

test('what is expected to help is kept, the rest is not', () => {
  const decide = (difference: number) =>
    advance({ effect: effectSeen(difference), sd: 1, linesAdded: 10, tieWidths: 0 });
  expect(decide(3)).toEqual({ isKept: true, by: 'gain' });
  expect(decide(-3)).toEqual({ isKept: false, by: 'gain' });
});

test('a near tie goes to fewer lines, and to the gain where the number of lines does not change', () => {
  const decide = (linesAdded: number | null, difference: number) =>
    advance({ effect: effectSeen(difference), sd: 1, linesAdded, tieWidths: 0.5 });
  const [little, loss] = [1.2, 0.2];
  expect(effectSeen(little).mean).toBeGreaterThan(0);
  expect(effectSeen(loss).mean).toBeLessThan(0);
  expect(decide(20, little)).toEqual({ isKept: false, by: 'tie' });
  expect(decide(-20, loss)).toEqual({ isKept: true, by: 'tie' });
  expect(decide(0, little)).toEqual({ isKept: true, by: 'gain' });
  expect(decide(null, loss)).toEqual({ isKept: false, by: 'gain' });
  expect(decide(20, 5)).toEqual({ isKept: true, by: 'gain' });
});

test('the ratchet keeps what beats the best number, however little, and nothing that only equals it', () => {
  expect([advanceStrict(1.0001, 1), advanceStrict(1, 1), advanceStrict(-5, null)]).toEqual([true, false, true]);
});

test("a champion's luck is the number it was chosen by less its value", () => {
  const value = valueChampion({ mean: 2, variance: 0.25 }, 2.5);
  expect(value).toEqual({ value: 2, sd: 0.5, luck: 0.5 });
  expect(valueChampion({ mean: 2, variance: 0.25 }, null).luck).toBeNull();
});
