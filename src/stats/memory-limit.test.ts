/** When a run takes so much more memory than the baseline that it counts as a crash. */
import { expect, test } from 'vitest';
import { judgeMemory, type MeasuredMemory } from './memory-limit.ts';

const gpu = (peakMemoryMib: number | null): MeasuredMemory => ({ peakMemoryMib, memorySource: 'nvidia-smi' });
const tree = (peakMemoryMib: number | null): MeasuredMemory => ({ peakMemoryMib, memorySource: 'process-tree' });
const baseline = [gpu(10_000), gpu(10_200), gpu(30_000)];

test('the limit is the factor times the median of the baseline, and its sentence has the figures', () => {
  expect(judgeMemory(gpu(20_400), baseline, 2)).toMatchObject({ isOver: false, limitMib: 20_400 });
  expect(judgeMemory(gpu(20_401), baseline, 2)).toEqual({
    isOver: true,
    limitMib: 20_400,
    text: "peak memory 20401 MiB, 2.0 times the baseline's 10200 MiB, is over the soft limit of 20400 MiB (decision.memoryFactor 2)",
  });
  expect(judgeMemory(gpu(20_401), baseline, 3).isOver).toBe(false);
});

test('nothing is over a limit that is not set, not known, or measured in another way', () => {
  for (const [run, runs, factor] of [
    [gpu(90_000), baseline, null],
    [gpu(null), baseline, 2],
    [gpu(90_000), [], 2],
    [gpu(90_000), [gpu(null)], 2],
    [tree(90_000), baseline, 2],
  ] as const)
    expect(judgeMemory(run, runs, factor)).toMatchObject({ isOver: false, limitMib: null });
});

test('a few MiB more are no crash, however small the baseline is', () => {
  expect(judgeMemory(tree(60), [tree(8), tree(9)], 2).isOver).toBe(false);
  expect(judgeMemory(tree(120), [tree(8), tree(9)], 2).isOver).toBe(true);
});
