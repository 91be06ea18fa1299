import { expect, test } from 'vitest';
import { type ExpectationFacts, judgeExpectation, parseExpectedChange } from './expectation-verdict.ts';
import { createReportFacts } from './report-facts-fixture.ts';

// Noise of 0.0009 over three baseline runs: luck alone reaches 0.003035 at 95 %.
const judge = (changes: Partial<ExpectationFacts>) => judgeExpectation(createReportFacts(changes)).verdict;
const better = { direction: 'higher', metricName: 'accuracy', unit: '%', baseMetric: 65 } as const;

test.each([
  ['more than expected', {}, 'as expected'],
  ['less, by no more than luck', { observed: -0.198 }, 'as expected'],
  ['less', { observed: -0.15 }, 'right direction but smaller'],
  ['within luck', { observed: -0.003 }, 'not told apart from luck'],
  ['within luck on the other side', { observed: 0.003 }, 'not told apart from luck'],
  ['worse', { observed: 0.004 }, 'the other way'],
  ['no metric', { observed: null }, 'unanswered'],
  ['no figure', { expected: '' }, 'unanswered'],
  ['a figure of something else', { expected: '-3 seconds' }, 'unanswered'],
  ['no change expected, none seen', { expected: '+0.000 val_bpb', observed: 0.002 }, 'as expected'],
  ['no change expected, worse', { expected: '+0.000 val_bpb', observed: 0.02 }, 'the other way'],
  ['no change expected, better', { expected: '+0.000 val_bpb', observed: -0.02 }, 'as expected'],
  ['no change expected, noise unknown', { expected: '+0 bpb', noise: null }, 'unanswered'],
  ['noise unknown', { noise: null, interval: null, observed: -0.001 }, 'right direction but smaller'],
  ['a higher metric', { ...better, expected: '+2', observed: 2.1, noise: null }, 'as expected'],
  ['a higher metric that fell', { ...better, expected: '+2', observed: -2.1, noise: null }, 'the other way'],
])('%s: %j is %s', (_, changes, verdict) => {
  expect(judge(changes)).toBe(verdict);
});

test.each([
  ['-2 %', {}, -0.023066],
  ['-0.2 bpb', {}, -0.2],
  ['-0.2 val_bpb', {}, -0.2],
  ['expect 0.93', {}, -0.2233],
  ['expect 0.93', { baseMetric: null }, null],
  ['2x batch size', {}, null],
  ['+2 %', better, 2],
  ['-30 s', {}, null],
  ['-2 GB', { unit: '' }, null],
])('"%s" with %j expects a change of %s', (expected, changes, change) => {
  const parsed = parseExpectedChange(createReportFacts({ expected, ...changes }));
  if (change === null) expect(parsed).toBeNull();
  else expect(parsed).toBeCloseTo(change, 6);
});
