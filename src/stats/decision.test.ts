import { expect, test } from 'vitest';
import { type DecisionInput, decide } from './decision.ts';
import { luckBound, summarise } from './noise.ts';
import { studentTCdf, studentTQuantile } from './student-t.ts';

// Printed tables of Student's t (one-sided 95 % and 99 %).
test.each([
  [0.95, 1, 6.313752],
  [0.95, 2, 2.919986],
  [0.95, 10, 1.812461],
  [0.95, 1000, 1.646379],
  [0.99, 4, 3.746947],
  [0.975, 30, 2.042272],
])('the t quantile at %d with %d degrees of freedom is %d', (p, df, t) => {
  expect(studentTQuantile(p, df)).toBeCloseTo(t, 5);
  expect(studentTCdf(t, df)).toBeCloseTo(p, 6);
});

test('the sd of one value is unknown, not zero', () => {
  expect(summarise([1.5])).toEqual({ mean: 1.5, std: null, n: 1 });
  expect(summarise([])).toBeNull();
});

test('three baseline runs bound the luck of one more run by 3.37 sd', () => {
  expect(luckBound({ mean: 1, std: 1, n: 3 }, 1, 3, 0.95)).toBeCloseTo(2.919986 * Math.sqrt(4 / 3), 5);
});

const input: DecisionInput = {
  fate: { kind: 'done' },
  metric: 1.1,
  metricName: 'val_bpb',
  direction: 'lower',
  base: { value: 1.15, runs: 3 },
  noise: { mean: 1.15, std: 0.001, n: 3 },
  confidence: 0.95,
  leak: false,
};

test.each([
  ['a gain past the luck bound', {}, 'keep'],
  ['a gain within the luck bound', { metric: 1.148 }, 'discard'],
  ['the same value', { metric: 1.15 }, 'discard'],
  ['a loss', { metric: 1.2 }, 'discard'],
  ['a missing metric', { metric: null }, 'crash'],
  ['a failed run that printed a metric', { fate: { kind: 'failed', failure: 'timeout', detail: '60 s' } }, 'crash'],
  ['a score better than the data allows', { leak: true }, 'discard'],
  ['the first result of a track', { base: null, noise: null }, 'keep'],
  ['a gain without a measured noise', { noise: null }, 'keep'],
  ['a loss without a measured noise', { noise: null, metric: 1.2 }, 'discard'],
  ['a higher value where higher is better', { direction: 'higher', metric: 1.2 }, 'keep'],
  ['a lower value where higher is better', { direction: 'higher' }, 'discard'],
] as [string, Partial<DecisionInput>, string][])('%s is decided as it should be', (_, change, status) => {
  expect(decide({ ...input, ...change }).status).toBe(status);
});

test('the reason names the values and the noise widths', () => {
  const decision = decide(input);
  expect(decision.reason).toContain('1.100000 against 1.150000');
  expect(decision.reason).toContain('+50.0 noise widths');
  expect(decision.observed).toBeCloseTo(-0.05);
});
