import { expect, test } from 'vitest';
import { formatNumbers, listRanges } from './number-ranges.ts';

test('numbers are told once, in order, neighbours as a range', () => {
  expect(listRanges([1, 2, 3, 5, 7, 8])).toEqual(['1-3', '5', '7-8']);
  expect(formatNumbers([9, 4, 3, 3, 12])).toBe('3-4, 9, 12');
  expect(formatNumbers([])).toBe('');
});
