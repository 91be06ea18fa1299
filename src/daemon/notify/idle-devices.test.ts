/** Idle devices: told once after the limit, and the processor only when none of its slots works. */
import { expect, test } from 'vitest';
import type { BookedJob } from '../../../queue/job-book.ts';
import { createPlainJob } from '../../../queue/job-for-tests.ts';
import { createQueueEntry } from '../../../queue/job-schema.ts';
import { createIdleLook } from './idle-devices.ts';

const limitMs = 1000;
const runsOn = (number: number, ...devices: string[]): BookedJob => {
  const job = createPlainJob(number);
  const live = { attempt: 1, devices, isPaused: false, step: 'train' as const, startedAt: job.queuedAt, problem: null };
  const past = { attempts: [1], run: null, recorded: null, recordProblem: null, changed: 1 };
  return { job, queued: job, entry: createQueueEntry(number), live, ...past };
};

test('the processor is idle when no slot of it works, whichever slot worked last', () => {
  const look = createIdleLook(['cpu0']);
  expect(look([runsOn(1, 'cpu0'), runsOn(2, 'cpu1')], 0, limitMs)).toEqual([]);
  expect(look([runsOn(2, 'cpu1')], 100, limitMs)).toEqual([]);
  expect(look([runsOn(2, 'cpu1')], 5000, limitMs)).toEqual([]);
  expect(look([], 6000, limitMs)).toEqual([]);
  expect(look([], 7000, limitMs)).toEqual(['cpu0']);
  expect(look([], 9000, limitMs)).toEqual([]);
  expect(look([runsOn(3, 'cpu1')], 10_000, limitMs)).toEqual([]);
  expect(look([], 10_100, limitMs)).toEqual([]);
  expect(look([], 11_100, limitMs)).toEqual(['cpu0']);
});

test('a GPU is idle while another one works, and one that never had work is not told', () => {
  const look = createIdleLook(['cpu0', 'gpu0', 'gpu1', 'gpu2']);
  expect(look([runsOn(1, 'gpu0', 'gpu1')], 0, limitMs)).toEqual([]);
  expect(look([runsOn(2, 'gpu1')], 100, limitMs)).toEqual([]);
  expect(look([runsOn(2, 'gpu1')], 2000, limitMs)).toEqual(['gpu0']);
});
