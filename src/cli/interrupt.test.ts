/** The line after Ctrl-C: that the jobs go on, how to look again, how to end them. */
import { expect, test } from 'vitest';
import { describeGoingOn } from './interrupt.ts';

test('after Ctrl-C the jobs are named with the commands that look again and end them', () => {
  expect(describeGoingOn([4])).toBe('job 4 goes on; `lab follow 4` looks again, `lab kill 4` ends it');
  expect(describeGoingOn([7, 3, 4, 5])).toBe(
    'jobs 3-5, 7 go on; `lab follow 3-5 7` looks again, `lab kill 3-5 7` ends them',
  );
  expect(describeGoingOn([])).toContain('`lab follow` looks again');
});
