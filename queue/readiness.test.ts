/** What keeps a job from starting, and the order of the queue; above all what being sent ahead passes over, and for how long. */
import { expect, test } from 'vitest';
import type { Group, RetryRule } from '../src/domain/job.ts';
import type { Run } from '../src/domain/run.ts';
import { type BookedJob, isForced, nextAttempt } from './job-book.ts';
import { createPlainJob, createPlainRun } from './job-for-tests.ts';
import { createQueueEntry, type QueueEntry } from './job-schema.ts';
import { findObstacle, listWaiting, type QueueContext } from './readiness.ts';

const nowMs = Date.parse('2026-01-01T00:00:00Z');
const minuteMs = 60_000;
const retry: RetryRule = { times: 5, on: ['any'], delaySeconds: 60 };
const paused: Group = { name: 'default', slots: 1, isPaused: true };

function booked(number: number, asked: Partial<QueueEntry> = {}, run: Run | null = null): BookedJob {
  const job = createPlainJob(number, { retry });
  return {
    ...{ job, queued: job, entry: createQueueEntry(number, asked), run, recorded: null },
    attempts: run === null ? [] : Array.from({ length: run.attempt }, (_, index) => index + 1),
    ...{ live: null, recordProblem: null, changed: 0 },
  };
}

/** An attempt that failed right now. */
const failed = (job: number, attempt: number): Run =>
  createPlainRun(job, {
    attempt,
    fate: { kind: 'failed', failure: 'exception', detail: '' },
    endedAt: new Date(nowMs).toISOString(),
  });

const contextOf = (jobs: BookedJob[], groups: Group[] = [], atMs = nowMs): QueueContext => ({
  find: (number) => jobs.find(({ job }) => job.number === number) ?? null,
  groups: new Map(groups.map((group) => [group.name, group])),
  nowMs: atMs,
});

const order = (jobs: BookedJob[], context: QueueContext) => listWaiting(jobs, context).map(({ job }) => job.number);

test('what is sent ahead passes over dependencies, a delay and the pause of its group, but not over being put aside', () => {
  const first = booked(1);
  const later = new Date(nowMs + minuteMs).toISOString();
  const bound = { after: [{ job: 1, any: false }], notBefore: later };
  const ahead = booked(2, { ...bound, forced: true });
  const jobs = [first, ahead];
  expect(findObstacle(ahead, contextOf(jobs, [paused]))).toBeNull();
  expect(findObstacle(booked(2, bound), contextOf(jobs))).toMatchObject({ kind: 'dependent', on: [1] });
  expect(findObstacle(booked(2, { forced: true, stashed: true }), contextOf(jobs))).toMatchObject({ kind: 'stashed' });
  expect(findObstacle(booked(2, { forced: true, hold: 'why' }), contextOf(jobs))).toMatchObject({ kind: 'held' });
});

test('the retry of a job that was sent ahead has its pause, its place and the pause of its group', () => {
  const again = booked(2, { forced: true }, failed(2, 1));
  expect(findObstacle(again, contextOf([again]))).toEqual({
    kind: 'delayed',
    untilMs: nowMs + minuteMs,
    why: 'retry',
  });
  expect(findObstacle(again, contextOf([again], [paused], nowMs + minuteMs))).toEqual({ kind: 'group-paused' });
  const jobs = [booked(1), again];
  expect(order(jobs, contextOf(jobs, [], nowMs + minuteMs))).toEqual([1, 2]);
});

test('the second attempt of a job that was sent ahead and that the machine lost is not ahead any more', () => {
  const lost = createPlainRun(2, { fate: { kind: 'failed', failure: 'interrupted', detail: '' } });
  const again: BookedJob = { ...booked(2, { forced: true }, lost), job: createPlainJob(2) };
  expect([nextAttempt(again), isForced(again)]).toEqual([2, false]);
});

test('a retry that is sent ahead passes over its pause, and the retry after it does not', () => {
  const sent = { forced: true, forcedAttempt: 2 };
  const again = booked(2, sent, failed(2, 1));
  const jobs = [booked(1), again];
  expect(findObstacle(again, contextOf(jobs, [paused]))).toBeNull();
  expect(order(jobs, contextOf(jobs))).toEqual([2, 1]);
  expect(findObstacle(booked(2, sent, failed(2, 2)), contextOf([]))).toMatchObject({ kind: 'delayed', why: 'retry' });
});

test('a restart in place that is sent ahead is, whatever attempt was sent ahead before', () => {
  const restarted = booked(2, { forced: true, forcedAttempt: 1, asked: 4 }, failed(2, 3));
  expect(isForced(restarted)).toBe(true);
  expect(findObstacle(restarted, contextOf([], [paused]))).toBeNull();
});

test('a retry looks no more at what the job came after, and one more attempt that a person asks for does', () => {
  const lost = { ...booked(1, {}, failed(1, 1)), job: createPlainJob(1) };
  const after = [{ job: 1, any: false }];
  const atMs = nowMs + minuteMs;
  const again = booked(2, { forced: true, after }, failed(2, 1));
  expect(findObstacle(again, contextOf([lost, again], [], atMs))).toBeNull();
  expect(findObstacle(again, contextOf([booked(1), again], [], atMs))).toBeNull();
  expect(findObstacle(again, contextOf([again], [], atMs))).toBeNull();
  const restarted = booked(2, { after, asked: 2 }, failed(2, 1));
  expect(findObstacle(restarted, contextOf([lost, restarted], [], atMs))).toMatchObject({ kind: 'held' });
  expect(findObstacle(restarted, contextOf([booked(1), restarted], [], atMs))).toMatchObject({ kind: 'dependent' });
});

test('an attempt that has begun stays ahead while it runs', () => {
  expect(isForced({ ...booked(2, { forced: true }), attempts: [1] })).toBe(true);
});

test('what comes after a failed job is held, and starts where its end was enough', () => {
  const lost = { ...booked(1, {}, failed(1, 1)), job: createPlainJob(1) };
  const context = contextOf([lost]);
  expect(findObstacle(booked(2, { after: [{ job: 1, any: false }] }), context)).toMatchObject({
    kind: 'held',
    reason: expect.stringContaining('failed (exception)'),
  });
  expect(findObstacle(booked(2, { after: [{ job: 1, any: true }] }), context)).toBeNull();
});

test('what comes after a job waits for its retries too, however it may end', () => {
  const retried = booked(1, {}, failed(1, 1));
  for (const any of [false, true])
    expect(findObstacle(booked(2, { after: [{ job: 1, any }] }), contextOf([retried]))).toMatchObject({
      kind: 'dependent',
    });
});

test('the order is what is sent ahead, then priority, then rank', () => {
  const jobs = [booked(1), booked(2, { priority: 5 }), booked(3, { rank: 0.5 }), booked(4, { forced: true })];
  expect(order(jobs, contextOf(jobs))).toEqual([4, 2, 3, 1]);
});
