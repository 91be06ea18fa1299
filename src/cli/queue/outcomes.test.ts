/** How outcomes of many jobs are told in few lines. Pure. */
import { expect, test } from 'vitest';
import { foldOutcomes } from './outcomes.ts';

const good = (number: number, text: string) => ({ number, outcome: `job ${number}: ${text}`, ok: true });

test('jobs with the same outcome share a line with their count and ranges, and one alone keeps its own', () => {
  const results = [...[7, 3, 4, 5, 9].map((number) => good(number, 'out of sight')), good(6, 'deleted')];
  expect(foldOutcomes(results).map(({ outcome }) => outcome)).toEqual([
    '5 jobs (3-5, 7, 9): out of sight',
    'job 6: deleted',
  ]);
});

test('what went wrong is a line for each job', () => {
  const bad = [1, 2].map((number) => ({ number, outcome: `job ${number} has not begun`, ok: false }));
  expect(foldOutcomes(bad)).toEqual(bad.map(({ outcome }) => ({ outcome, ok: false })));
});

test('ten thousand jobs are one line', () => {
  const results = Array.from({ length: 10_000 }, (_, index) => good(index + 1, 'out of sight'));
  expect(foldOutcomes(results)).toEqual([{ outcome: '10000 jobs (1-10000): out of sight', ok: true }]);
});
