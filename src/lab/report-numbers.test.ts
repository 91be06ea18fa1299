import { expect, test } from 'vitest';
import type { ReportFacts, ReportProse } from '../domain/report.ts';
import { createRefusedFacts, createReportFacts, sampleProse } from './report-facts-fixture.ts';
import { checkNumbers } from './report-numbers.ts';

const silent: ReportProse = { changed: '', inferences: '', claims: '', next: '', summary: '' };
const idea =
  'Contexts of 4 and 5 symbols; saves 0.2 bpb. Chen and Goodman (1996). Trains on 700_000 samples, 2x slower.';
const diff = `diff --git a/problem/train.py b/problem/train.py
index 1234567..7654321 100644
@@ -41,7 +43,9 @@ def features(past):
-ORDERS = (1, 2, 3)
+ORDERS = (1, 2, 3, 4, 5)
+LEARNING_RATE = 0.35  # was 3e-1
+ROWS = 2**17
`;

function check(text: string, changes: Partial<ReportFacts> = {}): string[] {
  return checkNumbers({ ...silent, inferences: text }, createReportFacts(changes), [idea, diff]);
}

test.each([
  ['no number at all, but half of it, twice, and one third'],
  ['val_bpb 0.928600'],
  ['val_bpb 0.9286 and 0.929 and 0.93'],
  ['it fell by 0.2247 bpb, from 1.1533 to 0.9286'],
  ['it changed by -0.225 bpb'],
  ['it changed by −0.22 val_bpb'],
  ['-19.5 % of the base'],
  ['19.5% better, or 19 percent, or 19.48 per cent'],
  ['112 % of what was expected'],
  ['between -0.2292 and -0.2202 at 95 %'],
  ['noise of 0.0009 bpb, 9e-4 or 9.0e-4 or 9 × 10⁻⁴'],
  ['249.7 noise widths'],
  ['about 250 widths'],
  ['some 250 times the noise'],
  ['30.7 seconds'],
  ['31 s on two cores'],
  ['0.51 minutes'],
  ['38 MiB, which is 0.037 GB'],
  ['567,810 parameters'],
  ['567\u00a0810 parameters, 567\u202f810'],
  ['568k parameters, or 0.568 million'],
  ['570,000 parameters'],
  ['train_bpb was 0.9012'],
  ['orders 4 and 5'],
  ['the 2nd and the 12th'],
  ['contexts of 4-5 symbols'],
  ['past[-1]'],
  ['3 runs of the baseline'],
  ['job 7'],
  ['jobs 6 and 7'],
  ['3 added lines'],
  ['commit c0ffee1, from ba5eba1'],
  ['track 1a2b3c4d'],
  ['on 2026-11-21'],
  ['Chen and Goodman (1996)'],
  ['700,000 samples'],
  ['700_000 samples, 700k samples'],
  ['a rate of 0.35'],
  ['a rate of `0.35`, in code'],
  ['it was 0.30 before'],
  ['2x slower'],
  ['luck alone reaches 0.003035'],
  ['python3 and int8'],
  ['2**17 rows'],
])('"%s" is in the record', (text) => {
  expect(check(text)).toEqual([]);
});

test.each([
  ['it improves by 5 %', '5 %'],
  ['it improves by 5%', '5%'],
  ['it improves by 5 per cent', '5 per cent'],
  ['it improves by 3 to 5 %', '3'],
  ['it improves by 3-5 %', '5 %'],
  ['0.71 bpb', '0.71 bpb'],
  ['val_bpb=0.71', '0.71'],
  ['val_bpb0.71', 'val_bpb0.71'],
  ['0.94', '0.94'],
  ['0.9287', '0.9287'],
  ['0.92860001', '0.92860001'],
  ['2 bpb', '2 bpb'],
  ['0 bpb', '0 bpb'],
  ['0.2247 %', '0.2247 %'],
  ['12x faster', '12x'],
  ['x12 faster', 'x12'],
  ['7 times as good', '7 times'],
  ['a 3-fold gain', '3-fold'],
  ['5 orders of magnitude', '5 orders of magnitude'],
  ['1e-3', '1e-3'],
  ['10⁻³ bpb', '1e-3 bpb'],
  ['+567.8', '+567.8'],
  ['40k rows', '40k'],
  ['5 million rows', '5 million'],
  ['13 rows', '13'],
  ['30 seconds', '30 seconds'],
  ['2 s', '2 s'],
  ['12 minutes', '12 minutes'],
  ['4 GB', '4 GB'],
  ['3 noise widths', '3 noise widths'],
  ['job 5', '5'],
  ['jobs 6, 7 and 8', '8'],
  ['on 2026-11-20', '2026-11-20'],
  ['Polyak (1964)', '1964'],
  ['commit deadbee1', 'deadbee1'],
  ['arXiv 1706.03762', '1706.03762'],
  ['version 3.11.2', '3.11.2'],
  ['2/3 of it', '2/3'],
  ['`0.71` in code', '0.71'],
  ['```\n0.71\n```', '0.71'],
  ['½ of it', '1/2'],
  ['0,71 in other lands', '71'],
  ['line 43', '43'],
  ['index 1234567', '1234567'],
  ['٧ per cent', '٧'],
  ['$5 of tokens', '5'],
  ['bf16', 'bf16'],
  ['0x1f', '0x1f'],
])('"%s" is refused for %s', (text, named) => {
  expect(check(text).join('\n')).toContain(`inferences: "${named}`);
});

test('a metric of 0.769795 may be written 0.770 and not 0.78', () => {
  expect(check('0.770', { metric: 0.769795 })).toEqual([]);
  expect(check('0.8', { metric: 0.769795 })).toEqual([]);
  expect(check('0.78', { metric: 0.769795 })).toHaveLength(1);
  expect(check('1 bpb', { metric: 0.769795, baseMetric: 0.81 })).toHaveLength(1);
});

test('each part of the prose is read and named, and the same number is told once', () => {
  const text = 'gains 0.71, again 0.71';
  const prose = { changed: text, inferences: text, claims: text, next: text, summary: text };
  expect(checkNumbers(prose, createReportFacts(), []).map((problem) => problem.split(':')[0])).toEqual([
    'changed',
    'inferences',
    'claims',
    'next',
    'summary',
  ]);
});

test('prose that goes with the record passes without any source', () => {
  expect(checkNumbers(sampleProse, createReportFacts(), [])).toEqual([]);
});

test('what was never measured cannot be named, not even as zero', () => {
  const inferences = '0.9286 bpb, 0.0 bpb, 30.7 s';
  expect(checkNumbers({ ...silent, inferences }, createRefusedFacts(), [])).toHaveLength(3);
});

test('a number that only the reviewer wrote is in no record', () => {
  expect(check('0.71', { reviewNotes: 'gains 0.71' })).toHaveLength(1);
  expect(check('0.71', { logTail: 'loss 0.71' })).toEqual([]);
});

test('a per cent is a per cent of the metric where the metric is one', () => {
  const accuracy = {
    metricName: 'accuracy',
    unit: '%',
    metric: 68.62,
    baseMetric: 65,
    observed: 3.62,
    expected: '+3 %',
  };
  expect(check('68.6 %, up 3.62 %', accuracy)).toEqual([]);
  expect(check('69.6 %', accuracy)).toHaveLength(1);
});

test('a long line is read in time in proportion to its length', () => {
  expect(
    check(`${'9'.repeat(50_000)} ${'a1'.repeat(50_000)} ${'a'.repeat(99_999)} ${'1,'.repeat(50_000)}`).length,
  ).toBeGreaterThan(0);
});
