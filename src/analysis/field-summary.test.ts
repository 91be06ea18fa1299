import { expect, test } from 'vitest';
import type { FieldRow, FieldStatus } from '../domain/field-table.ts';
import { summariseTable } from './field-summary.ts';

const row = (line: number, metric: number | null, status: FieldStatus): FieldRow => ({
  line,
  commit: `c${line}`,
  metric,
  memoryGb: null,
  status,
  statusWord: status,
  description: '',
  category: null,
  at: null,
  extra: {},
});

test('counts, best and running best follow kept and baseline rows alone', () => {
  const rows = [
    row(2, null, 'crash'),
    row(3, 1.0, 'baseline'),
    row(4, 0.5, 'other'),
    row(5, 0.9, 'keep'),
    row(6, 0.8, 'discard'),
    row(7, 0.95, 'keep'),
    row(8, null, 'keep'),
    row(9, 0.9, 'keep'),
  ];
  expect(summariseTable({ rows, direction: 'lower' })).toEqual({
    counts: { keep: 4, discard: 1, crash: 1, baseline: 1, other: 1 },
    best: { commit: 'c5', metric: 0.9, line: 5 },
    runningBest: [null, 1.0, 1.0, 0.9, 0.9, 0.9, 0.9, 0.9],
    keepsWithoutGain: [
      { commit: 'c7', metric: 0.95, line: 7, best: 0.9 },
      { commit: 'c9', metric: 0.9, line: 9, best: 0.9 },
    ],
    betterDiscards: [{ commit: 'c6', metric: 0.8, line: 6, best: 0.9 }],
  });
});

test('higher is better turns every comparison round', () => {
  const rows = [row(2, 1, 'keep'), row(3, 3, 'keep'), row(4, 2, 'keep'), row(5, 4, 'discard')];
  expect(summariseTable({ rows, direction: 'higher' })).toMatchObject({
    best: { line: 3 },
    runningBest: [1, 3, 3, 3],
    keepsWithoutGain: [{ line: 4 }],
    betterDiscards: [{ line: 5 }],
  });
});

test('the number of a crash is never the best, even where one is given', () => {
  const rows = [row(2, 0, 'crash'), row(3, 1, 'keep')];
  expect(summariseTable({ rows, direction: 'lower' })).toMatchObject({ best: { line: 3 }, runningBest: [null, 1] });
});

test('a table of crashes has no best', () => {
  expect(summariseTable({ rows: [row(2, null, 'crash')], direction: 'lower' }).best).toBe(null);
});
