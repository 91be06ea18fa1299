import { expect, test } from 'vitest';
import type { FailureClass } from '../domain/run.ts';
import { type ComparedRun, formatDifference, judgeReplay, type ReplayInput } from './replay-verdict.ts';

const gave = (job: number, metric: number, track = 'aaaaaaaa'): ComparedRun => ({
  job,
  fate: { kind: 'done' },
  metric,
  track,
});
const failed = (job: number, failure: FailureClass, detail: string): ComparedRun => ({
  job,
  fate: { kind: 'failed', failure, detail },
  metric: null,
  track: 'aaaaaaaa',
});
const noise = { mean: 1, std: 0.01, n: 3 };
const judge = (recorded: ComparedRun, replays: ComparedRun[], more: Partial<ReplayInput> = {}) =>
  judgeReplay({ recorded, replays, metricName: 'loss', noise, confidence: 0.95, ...more });

// t from printed tables, two-sided 95 % with 2 degrees of freedom: 4.302653; times sqrt(2) for one run against one: 6.0849 widths.
test.each([
  [1, 'same'],
  [1.06, 'within-luck'],
  [0.94, 'within-luck'],
  [1.0608, 'within-luck'],
  [1.061, 'different'],
  [0.939, 'different'],
])('a replay of 1 that gave %d is %s', (value, kind) => {
  expect(judge(gave(4, 1), [gave(5, value)]).kind).toBe(kind);
});

test('several replays are judged by their mean, against a narrower bound', () => {
  // 4.302653 * sqrt(1 + 1/4) = 4.8105 widths
  expect(
    judge(
      gave(4, 1),
      [1.03, 1.05, 1.05, 1.06].map((value, index) => gave(5 + index, value)),
    ).kind,
  ).toBe('within-luck');
  const off = judge(
    gave(4, 1),
    [1.04, 1.05, 1.05, 1.06].map((value, index) => gave(5 + index, value)),
  );
  expect(off.kind).toBe('different');
  expect(off.difference).toBeCloseTo(0.05, 10);
  expect(off.noiseWidths).toBeCloseTo(5, 8);
  expect(off.text).toContain('luck alone reaches 4.8 at 95 %');
});

test('the verdict names widths and limit', () => {
  expect(judge(gave(4, 1), [gave(5, 1.02)]).text).toBe('within luck (2.0 noise widths; limit 6.1 at 95 %)');
  expect(judge(gave(4, 1), [gave(5, 1)]).text).toBe('the same number');
  expect(judge(gave(4, 0.1), [gave(5, 0.1), gave(6, 0.1), gave(7, 0.1)])).toEqual({
    kind: 'same',
    text: 'the same number, 3 times of 3',
    difference: 0,
    noiseWidths: 0,
  });
});

test('replays that agree with each other and not with the record point at a change in between', () => {
  expect(judge(gave(4, 1), [gave(5, 1.02), gave(6, 1.02)]).text).toContain('agree with each other');
  expect(judge(gave(4, 1), [gave(5, 1.02), gave(6, 1.03)]).text).not.toContain('agree with each other');
});

test('no noise, or a noise of zero, makes any difference a difference, and no widths are made up', () => {
  for (const other of [null, { mean: 1, std: null, n: 1 }, { mean: 1, std: 0, n: 3 }]) {
    const verdict = judge(gave(4, 1), [gave(5, 1 + 1e-9)], { noise: other });
    expect(verdict).toMatchObject({ kind: 'different', noiseWidths: null });
    expect(judge(gave(4, 1), [gave(5, 1)], { noise: other }).kind).toBe('same');
  }
});

test('one failed replay of a scored job is a difference, whatever the others gave', () => {
  const verdict = judge(gave(4, 1), [gave(5, 1), failed(6, 'nan', 'loss is nan at step 3')]);
  expect(verdict).toMatchObject({ kind: 'different', difference: null });
  expect(verdict.text).toContain('1 of 2 replays failed: nan: loss is nan at step 3');
});

test.each([
  ['exception', 'ValueError: step 12 at 0x7f01', 'exception', 'ValueError: step 9 at 0x6eaa', 'same'],
  ['exception', 'ValueError: a', 'exception', 'KeyError: a', 'different'],
  ['exception', 'ValueError: a', 'out-of-memory', 'ValueError: a', 'different'],
] as [FailureClass, string, FailureClass, string, string][])(
  'a crash by %s "%s" that is %s "%s" now is %s',
  (failure, detail, failureNow, detailNow, kind) => {
    expect(judge(failed(4, failure, detail), [failed(5, failureNow, detailNow)]).kind).toBe(kind);
  },
);

test('a crash that gives a number now is a difference that names the number', () => {
  const verdict = judge(failed(4, 'exception', 'ValueError: a'), [failed(5, 'exception', 'ValueError: a'), gave(6, 2)]);
  expect(verdict.kind).toBe('different');
  expect(verdict.text).toContain('job 6 gave loss 2.000000');
});

test('a number of another track, and a replay that the machine lost, are not compared', () => {
  expect(judge(gave(4, 1), [gave(5, 1, 'bbbbbbbb')])).toMatchObject({ kind: 'not-compared', difference: null });
  expect(judge(gave(4, 1), [failed(5, 'interrupted', 'reboot')]).kind).toBe('not-compared');
  expect(judge(gave(4, 1), []).kind).toBe('not-compared');
});

test('a difference below the sixth decimal is not shown as zero', () => {
  expect([formatDifference(0), formatDifference(-2.5e-9), formatDifference(0.25)]).toEqual([
    '+0.000000',
    '-2.5e-9',
    '+0.250000',
  ]);
});
