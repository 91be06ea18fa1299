import { expect, test } from 'vitest';
import { type BridgeSide, judgeBridge } from './bridge-verdict.ts';

const judging = { direction: 'lower', confidence: 0.95 } as const;
const side = (more: Partial<BridgeSide>): BridgeSide => ({
  track: 'aaaaaaaa',
  value: { mean: 0.8, std: null, n: 1 },
  baseline: { mean: 1, std: 0.01, n: 3 },
  isBaseline: false,
  judging,
  ...more,
});
const here = { track: 'bbbbbbbb', value: { mean: 19, std: 0.2, n: 3 }, baseline: { mean: 20, std: 0.1, n: 3 } };

test('each side is set against its own baseline, and no figure is a difference between the two', () => {
  const verdict = judgeBridge('c0ffee1', side({}), side(here), 'c0ffee1');
  expect(verdict.from?.difference).toBeCloseTo(-0.2);
  expect(verdict.to?.difference).toBeCloseTo(-1);
  expect(verdict.text).toBe(
    'under aaaaaaaa c0ffee1 was better than the baseline (+20.0 noise widths); under bbbbbbbb it is better than the baseline (+10.0 noise widths): it is the champion there now',
  );
});

test.each([
  ['worse than the baseline (-10.0', { ...here, value: { mean: 21, std: 0.2, n: 3 } }],
  ['not told apart by luck from the baseline', { ...here, value: { mean: 19.95, std: 0.2, n: 3 } }],
  ['there is no baseline', { ...here, baseline: null }],
  ['gave no number', { ...here, value: null }],
  ['the noise unknown', { ...here, baseline: { mean: 20, std: null, n: 1 } }],
] as [string, Partial<BridgeSide>][])('a bridge that %s says so', (words, more) => {
  expect(judgeBridge('c0ffee1', side({}), side(more), 'ba5e000').text).toContain(words);
});

test('a champion that was the baseline itself is called that', () => {
  expect(judgeBridge('c0ffee1', side({ isBaseline: true }), side(here), null).text).toContain(
    'was the baseline itself',
  );
});
