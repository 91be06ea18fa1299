/** Covers which of the jobs that are over are shown; not the filters by state, group and label, which a scenario tries on a real lab. */
import { expect, test } from 'vitest';
import type { JobView } from '../domain/job.ts';
import { applyFilter } from './status-filter.ts';

const everything = { states: [], group: null, label: null, idea: null, since: null, isArchived: false };

function view(number: number, state: object): JobView {
  return { job: { number, label: null }, state, group: 'default', isArchived: false } as unknown as JobView;
}

const ended = (number: number, endedAt: string) =>
  view(number, { kind: 'ended', status: null, run: { fate: { kind: 'done' }, endedAt } });
const removed = (number: number, at: string) => view(number, { kind: 'removed', at });

test('of the jobs that are over those are left out that ended first, whatever their numbers; the order stays', () => {
  const views = [
    ended(1, '2026-11-21T12:00:00+00:00'),
    ended(2, '2026-11-21T09:00:00+00:00'),
    view(3, { kind: 'stashed' }),
    removed(4, '2026-11-21T11:00:00+00:00'),
    // An offset is no later hour: this is 08:30 by the clock of the others.
    ended(5, '2026-11-21T13:30:00+05:00'),
  ];
  const numbers = (count: number | null) => {
    const { jobs, hidden } = applyFilter({ ...everything, ended: count }, views);
    return [jobs.map(({ job }) => job.number), hidden];
  };
  expect(numbers(2)).toEqual([[1, 3, 4], 2]);
  expect(numbers(1)).toEqual([[1, 3], 3]);
  expect(numbers(0)).toEqual([[3], 4]);
  expect(numbers(4)).toEqual([[1, 2, 3, 4, 5], 0]);
  expect(numbers(null)).toEqual([[1, 2, 3, 4, 5], 0]);
});

test('of jobs that ended in the same second the higher numbers are shown', () => {
  const views = [4, 1, 3, 2].map((number) => ended(number, '2026-11-21T12:00:00+00:00'));
  const { jobs } = applyFilter({ ...everything, ended: 2 }, views);
  expect(jobs.map(({ job }) => job.number)).toEqual([4, 3]);
});
