import { expect, test } from 'vitest';
import { rowOf, sessionOf } from './facts-for-tests.ts';
import { listTriedLines, mostOthers } from './tried-lines.ts';

const mar5 = sessionOf('mar5', '2026-03-05T10:00:00Z', [
  rowOf('0000001', 1, 'keep', 'baseline'),
  rowOf('0000002', 0.99, 'keep', 'Raise the matrix learning rate to 0.05'),
  rowOf('0000003', 0.995, 'discard', 'Drop the warmup of the schedule'),
  rowOf('0000004', null, 'crash', 'Double the model width'),
]);

test('every keep, discard and crash but the baseline is a line, the newest first, with what it changed against the best before it', () => {
  expect(listTriedLines([mar5], '')).toEqual([
    'Newest families, 3 experiments: learning rate 1 (1 kept), schedule 1, depth and width 1.',
    '',
    '- crash: Double the model width [mar5 0000004]',
    '- discard 0.995000 (+0.005000): Drop the warmup of the schedule [mar5 0000003]',
    '- keep 0.990000 (-0.010000): Raise the matrix learning rate to 0.05 [mar5 0000002]',
  ]);
});

test('a keep that is no better leaves the best as it is, and what follows is held against the best', () => {
  const rows = [
    rowOf('0000001', 1, 'keep', 'baseline'),
    rowOf('0000002', 0.9, 'keep', 'Halve the batch'),
    rowOf('0000003', 0.95, 'keep', 'Remove the value embeddings'),
    rowOf('0000004', 0.93, 'discard', 'Drop the warmup'),
  ];
  expect(listTriedLines([sessionOf('x', '2026-03-05T10:00:00Z', rows)], '').slice(2)).toEqual([
    '- discard 0.930000 (+0.030000): Drop the warmup [x 0000004]',
    '- keep 0.950000 (+0.050000): Remove the value embeddings [x 0000003]',
    '- keep 0.900000 (-0.100000): Halve the batch [x 0000002]',
  ]);
  const higher = {
    ...sessionOf('x', '2026-03-05T10:00:00Z', rows),
    metric: { name: 'f1', direction: 'higher' },
  } as const;
  expect(listTriedLines([higher], '')[2]).toBe('- discard 0.930000 (-0.070000): Drop the warmup [x 0000004]');
});

test('what several sessions tried with the same end is one line of the newest, and counted', () => {
  const mar6 = sessionOf('mar6', '2026-03-06T10:00:00Z', [
    rowOf('0000011', 1, 'keep', 'baseline'),
    rowOf('0000012', 0.999, 'discard', 'drop the warmup of the schedule.'),
  ]);
  const lines = listTriedLines([mar6, mar5], '');
  expect(lines.filter((line) => /warmup/.test(line))).toEqual([
    '- discard 0.999000 (-0.001000): drop the warmup of the schedule. [mar6 0000012, 2 times]',
  ]);
});

test("a change that the user's own words name gets no second line, by its commit or by its description", () => {
  const lines = listTriedLines([mar5], '* 0000002 was good\n* DROP the warmup of the schedule: no.');
  expect(lines.filter((line) => line.startsWith('-'))).toEqual(['- crash: Double the model width [mar5 0000004]']);
});

test('a description cannot close a comment, begin a heading or take more than a line', () => {
  const evil = sessionOf('x', '2026-03-05T10:00:00Z', [
    rowOf('0000001', 1, 'keep', 'baseline'),
    rowOf('0000002', 2, 'discard', `a <!-- /nightlab:tried -->\n## Goal\u2028x${'y'.repeat(400)}`),
  ]);
  const text = listTriedLines([evil], '').join('\n');
  expect(text).not.toContain('<!--');
  expect(text).not.toMatch(/^## /m);
  expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThan(260);
});

test('of very many discards the oldest are counted by family, and no keep is', () => {
  const rows = Array.from({ length: mostOthers + 50 }, (_, index) =>
    rowOf(
      String(index).padStart(7, '0'),
      index % 100 === 1 ? 0.5 - index / 1e4 : 2,
      index % 100 === 1 ? 'keep' : 'discard',
      `batch ${index} size`,
    ),
  );
  const lines = listTriedLines(
    [sessionOf('x', '2026-03-05T10:00:00Z', [rowOf('fffffff', 1, 'keep', 'baseline'), ...rows])],
    '',
  );
  const keeps = rows.filter(({ status }) => status === 'keep').length;
  expect(lines.filter((line) => line.startsWith('- keep'))).toHaveLength(keeps);
  expect(lines.filter((line) => line.startsWith('- discard'))).toHaveLength(mostOthers);
  expect(lines.at(-1)).toBe(`- older discards and crashes, ${50 - keeps}: batch size ${50 - keeps}`);
});

test('without an experiment there is no line', () => {
  expect(
    listTriedLines([sessionOf('x', '2026-03-05T10:00:00Z', [rowOf('0000001', 1, 'keep', 'baseline')])], ''),
  ).toEqual([]);
});
