/** Estimates: what a shape is, which runs count, and when nothing is said. */
import { expect, test } from 'vitest';
import { commandShape, createTypicalSeconds, estimateEnd } from './eta.ts';

test('the figures of a command do not make another shape, its words do', () => {
  expect(commandShape('python3 train.py --lr=1e-3 --seed 7')).toBe(
    commandShape('python3 train.py --lr=3.5e-4 --seed 12'),
  );
  expect(commandShape('python3 train.py --lr=1e-3')).not.toBe(commandShape('python3 train.py --wd=1e-3'));
  expect(commandShape('python3 a.py')).not.toBe(commandShape('python3 b.py'));
});

test('the median of the last five runs of the shape on that model counts, no other', () => {
  const timed = (seconds: number, deviceModel = 'H100') => ({
    command: `train --seed ${seconds}`,
    deviceModel,
    seconds,
  });
  const typical = createTypicalSeconds([
    timed(9000),
    timed(10),
    timed(20),
    timed(30),
    timed(40),
    timed(50),
    timed(7, 'A10'),
  ]);
  expect(typical('train --seed 1', 'H100')).toBe(30);
  expect(typical('train --seed 1', 'A10')).toBe(7);
  expect(typical('train --seed 1', 'L4')).toBeNull();
  expect(typical('other', 'H100')).toBeNull();
});

test('a running job ends by earlier runs, else by its progress, else nobody knows', () => {
  const facts = { elapsedSeconds: 30, typicalSeconds: 100, progress: 'epoch 25/100' };
  expect(estimateEnd(facts)).toEqual({ seconds: 70, from: 'runs' });
  expect(estimateEnd({ ...facts, typicalSeconds: null })).toEqual({ seconds: 90, from: 'progress' });
  expect(estimateEnd({ ...facts, typicalSeconds: 20 })).toEqual({ seconds: 90, from: 'progress' });
  expect(estimateEnd({ ...facts, typicalSeconds: 20, progress: null })).toBeNull();
  expect(estimateEnd({ ...facts, typicalSeconds: null, progress: 'epoch 0/100' })).toBeNull();
});
