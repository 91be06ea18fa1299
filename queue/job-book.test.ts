/** Which attempt of a job comes next, above all where what was decided in an earlier night meets a rule of today. */
import { expect, test } from 'vitest';
import type { RunFate } from '../src/domain/run.ts';
import { isOver, nextAttempt } from './job-book.ts';
import { createPlainJob, createPlainRun } from './job-for-tests.ts';
import { createQueueEntry, type QueueEntry } from './job-schema.ts';
import type { RecordedJob, StoredJob } from './job-store.ts';

const crashed: RunFate = { kind: 'failed', failure: 'exception', detail: '' };
const interrupted: RunFate = { kind: 'failed', failure: 'interrupted', detail: '' };

/** A job whose last attempt ended so; its rule tries everything again, three times. */
function ended(attempt: number, fate: RunFate, asked: Partial<QueueEntry> = {}): StoredJob {
  const job = createPlainJob(1, { retry: { times: 3, on: ['any'], delaySeconds: 0 } });
  const attempts = Array.from({ length: attempt }, (_, index) => index + 1);
  const run = createPlainRun(1, { attempt, fate });
  return { job, queued: job, entry: createQueueEntry(1, asked), attempts, run, recorded: null };
}

/** What the recorder left of an attempt. */
const recordOf = (attempt: number, isDone = true): RecordedJob => ({
  ...{ schema: 1, job: 1, attempt, decision: null, metric: 'score', row: null, entry: null, commit: null, isDone },
});

test('a failed attempt is tried again while nothing of it is decided, and never once it is', () => {
  for (const fate of [crashed, interrupted]) {
    expect(nextAttempt(ended(1, fate))).toBe(2);
    for (const isDone of [true, false]) {
      const decided = { ...ended(1, fate), recorded: recordOf(1, isDone) };
      expect([nextAttempt(decided), isOver(decided)]).toEqual([null, true]);
    }
  }
});

test('the record of an earlier attempt keeps no later one from being tried again', () => {
  const restarted = { ...ended(2, crashed, { asked: 2 }), recorded: recordOf(1) };
  expect(nextAttempt(restarted)).toBe(3);
  expect(nextAttempt({ ...ended(2, interrupted, { asked: 2 }), recorded: recordOf(1) })).toBe(3);
});

test('what is decided runs again where a person asks for one more attempt', () => {
  expect(nextAttempt({ ...ended(1, crashed, { asked: 2 }), recorded: recordOf(1) })).toBe(2);
});

test('an interrupted attempt is tried once more without any rule, and then it is over', () => {
  const job = createPlainJob(1);
  expect(nextAttempt({ ...ended(1, interrupted), job })).toBe(2);
  expect(nextAttempt({ ...ended(2, interrupted), job })).toBeNull();
});
