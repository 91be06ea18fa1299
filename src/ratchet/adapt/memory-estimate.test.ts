import { expect, test } from 'vitest';
import {
  countParameters,
  estimateMemoryGib,
  findFittingBatch,
  originalShape,
  tabulateMemory,
  usableGib,
  usualCards,
} from './memory-estimate.ts';

test('the formula gives back what the unmodified code measured on an H100: 50.3 M parameters, 45060 MiB', () => {
  expect(countParameters(originalShape) / 1e6).toBeCloseTo(50.33, 2);
  expect(estimateMemoryGib(originalShape) * 1024).toBeGreaterThan(45_060 * 0.995);
  expect(estimateMemoryGib(originalShape) * 1024).toBeLessThan(45_060 * 1.005);
});

test('more of anything takes more memory', () => {
  const plain = estimateMemoryGib(originalShape);
  for (const name of ['depth', 'vocabulary', 'batch', 'sequence'] as const)
    expect(estimateMemoryGib({ ...originalShape, [name]: originalShape[name] * 2 })).toBeGreaterThan(plain);
});

test('what the table says to fit takes no more than the card gives, and twice the batch would', () => {
  for (const { cardGib, fits } of tabulateMemory(originalShape)) {
    for (const { depth, sequence, batch, memoryGib } of fits) {
      if (batch === null || memoryGib === null) continue;
      expect(memoryGib).toBeLessThanOrEqual(usableGib(cardGib));
      const twice = estimateMemoryGib({ ...originalShape, depth, sequence, batch: batch * 2 });
      if (batch < 128) expect(twice).toBeGreaterThan(usableGib(cardGib));
    }
  }
  expect(tabulateMemory(originalShape).map(({ cardGib }) => cardGib)).toEqual([...usualCards]);
});

test('the original fits 80 GB and not 40, a card that is too small fits nothing, and a measured scale counts', () => {
  expect(findFittingBatch(originalShape, 80)).toBe(128);
  expect(findFittingBatch(originalShape, 40)).toBe(64);
  expect(findFittingBatch(originalShape, 1)).toBeNull();
  expect(findFittingBatch(originalShape, 80, 2)).toBe(64);
});
