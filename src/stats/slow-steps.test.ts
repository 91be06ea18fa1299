import { expect, test } from 'vitest';
import { findSlowSteps, stepSecondsOf } from './slow-steps.ts';

const baselines = [
  { prepare: 2, train: 100 },
  { prepare: 4, train: 90 },
  { prepare: 300, train: 110 },
];

test('a step is slow beyond its bound over the median, and not at it', () => {
  expect(findSlowSteps({ prepare: 18, train: 155 }, baselines)).toEqual([]);
  expect(findSlowSteps({ prepare: 18.1, train: 155 }, baselines)).toEqual(['slow-prepare']);
  expect(findSlowSteps({ prepare: 18, train: 155.1 }, baselines)).toEqual(['slow-train']);
  expect(findSlowSteps({ prepare: 60, train: 900 }, baselines)).toEqual(['slow-prepare', 'slow-train']);
});

test('without a baseline that has the step nothing is slow', () => {
  expect(findSlowSteps({ prepare: 900, train: 900 }, [])).toEqual([]);
  expect(findSlowSteps({ prepare: 900, train: 900 }, [{ prepare: null, train: 1 }])).toEqual(['slow-train']);
  expect(findSlowSteps({ prepare: null, train: null }, baselines)).toEqual([]);
});

test('seconds are read by the name of the step, and a missing step is null', () => {
  expect(stepSecondsOf([{ name: 'train', seconds: 0 }])).toEqual({ prepare: null, train: 0 });
});
