import { expect, test } from 'vitest';
import { poolNoise } from './noise-model.ts';
import { confirmRuns, type NightState, spendRun, usualSpending } from './spend-run.ts';

const calm = poolNoise([{ commit: 'baseline', scores: [1, 2, 1.4, 1.8] }]);
const night: NightState = {
  ...{ left: 100, budget: 130, hasExperiment: true, noise: calm, baselineRuns: 4, claim: 'none', need: 6 },
};
const spend = (change: Partial<NightState>) => spendRun({ ...night, ...change }, usualSpending);

test('the noise is measured before anything else, and a suspicious run asks for one more, three times at most', () => {
  expect(spend({ baselineRuns: 3 })).toBe('measure-noise');
  const odd = poolNoise([{ commit: 'baseline', scores: [1, 1.1, 0.9, 0] }]);
  expect(odd.doubt).toBeLessThan(0.1);
  expect(spend({ noise: odd })).toBe('measure-noise');
  expect(spend({ noise: odd, baselineRuns: 7 })).toBe('explore');
});

test('the night explores until the claim needs what is left', () => {
  expect(spend({})).toBe('explore');
  expect(spend({ left: 9 })).toBe('explore');
  expect(spend({ left: 8 })).toBe('confirm');
});

test('confirming takes no more than its share of the night', () => {
  expect(confirmRuns({ budget: 130 }, usualSpending)).toBe(13);
  expect(spend({ need: 40, left: 20 })).toBe('explore');
  expect(spend({ need: 40, left: 13 })).toBe('confirm');
});

test('an idle slot begins the claim early, and waits where there is nothing to show', () => {
  expect(spend({ hasExperiment: false })).toBe('confirm');
  expect(spend({ hasExperiment: false, need: null })).toBe('wait');
  expect(spend({ hasExperiment: false, claim: 'ended' })).toBe('wait');
});

test('a test that began is finished before exploring goes on, and an ended one gives the rest back', () => {
  expect(spend({ claim: 'open' })).toBe('confirm');
  expect(spend({ claim: 'ended', left: 3 })).toBe('explore');
});

test('a night that is over waits; one of unknown length explores and confirms in idle slots alone', () => {
  expect(spend({ left: 0 })).toBe('wait');
  expect(spend({ left: null, budget: null })).toBe('explore');
  expect(spend({ left: null, budget: null, hasExperiment: false })).toBe('confirm');
});
