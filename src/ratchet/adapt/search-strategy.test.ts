import { expect, test } from 'vitest';
import { rowOf } from '../program/facts-for-tests.ts';
import { readStrategy } from './search-strategy.ts';

const baseline = rowOf('0000000', 1, 'keep', 'baseline');
const discards = (count: number) =>
  Array.from({ length: count }, (_, index) => rowOf(`100000${index}`, 1.1, 'discard', `learning rate ${index}`));
const input = { tag: 'mar5', direction: 'lower', ceilingGb: 8, cardGb: 20 } as const;

test('few rows give no advice but to go on', () => {
  const strategy = readStrategy({ ...input, rows: [baseline, ...discards(4)] });
  expect(strategy).toMatchObject({ experiments: 4, keeps: 0, stalled: 4 });
  expect(strategy.advice).toHaveLength(1);
  expect(strategy.advice[0]).toMatch(/too few/);
});

test('a stall names the family that was worn out, and one that was never tried', () => {
  const { advice } = readStrategy({ ...input, rows: [baseline, ...discards(10)] });
  expect(advice[0]).toMatch(/nothing was gained in 10 experiments: leave learning rate \(10 tries\) for schedule/);
  expect(readStrategy({ ...input, rows: [baseline, ...discards(25)] }).advice[0]).toMatch(/combine near misses/);
});

test('the room is what the lower of ceiling and card leaves above the best, and is told in words', () => {
  const rows = [baseline, ...discards(5)];
  expect(readStrategy({ ...input, rows }).headroomGb).toBe(4);
  expect(readStrategy({ ...input, rows }).advice.at(-1)).toMatch(/4\.0 GB below the limit of 8\.0 GB; a deeper/);
  expect(readStrategy({ ...input, cardGb: 4.2, rows }).advice.at(-1)).toMatch(/0\.2 GB below .*take none/);
  expect(readStrategy({ ...input, ceilingGb: null, cardGb: null, rows }).headroomGb).toBeNull();
});

test('the best is the best keep in the direction of the metric, and only a better one ends a stall', () => {
  const rows = [
    baseline,
    { ...rowOf('1000000', 0.9, 'keep', 'batch'), memoryGb: 6 },
    ...discards(8),
    rowOf('2000000', 0.95, 'keep', 'remove value embeddings'),
  ];
  const lower = readStrategy({ ...input, rows });
  expect(lower).toMatchObject({ best: { commit: '1000000', metric: 0.9 }, headroomGb: 2, stalled: 9, keeps: 2 });
  expect(lower.advice[0]).toMatch(/nothing was gained in 9 experiments/);
  const higher = readStrategy({ ...input, direction: 'higher', rows });
  expect(higher).toMatchObject({ best: { commit: '0000000', metric: 1 }, stalled: 10, experiments: 10 });
});

test('many crashes and too many keeps are told', () => {
  const crashes = Array.from({ length: 3 }, (_, index) => rowOf(`200000${index}`, null, 'crash', 'depth 40'));
  expect(readStrategy({ ...input, rows: [baseline, ...discards(5), ...crashes] }).advice[0]).toMatch(/3 of 8 crashed/);
  const keeps = Array.from({ length: 6 }, (_, index) => rowOf(`300000${index}`, 0.9 - index / 10, 'keep', 'adam'));
  const strategy = readStrategy({ ...input, rows: [baseline, ...keeps] });
  expect(strategy).toMatchObject({ experiments: 6, keeps: 6, stalled: 0 });
  expect(strategy.advice.join()).toMatch(/6 of 6 kept: so many are rarely all real/);
  expect(strategy.advice.join()).toMatch(/best yield: optimiser, 6 of 6/);
});
