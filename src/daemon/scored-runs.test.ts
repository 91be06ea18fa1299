/** Covers that the kept list is never an old one: whatever changes, it is what a fresh computation gives. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { type JobBook, openJobBook } from '../../queue/job-book.ts';
import { createPlainJob, createPlainRun } from '../../queue/job-for-tests.ts';
import { listScoredRuns } from '../../workers/recorder/decide-job.ts';
import type { Run } from '../domain/run.ts';
import { scoredRunsOf } from './scored-runs.ts';

let folder = '';
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const run = (job: number, metric: number | null): Run =>
  createPlainRun(job, { metric, endedAt: `2026-01-01T00:00:${String(60 - job)}+00:00` });
const live = { attempt: 1, devices: ['cpu0'], isPaused: false, step: 'start' as const, startedAt: '', problem: null };

test('the list is the same object while nothing that counts changes, and a fresh one whenever something does', async () => {
  folder = mkdtempSync(join(tmpdir(), 'nl-scored-'));
  const book: JobBook = openJobBook(join(folder, 'runs'));
  const add = () => book.create(async (number) => createPlainJob(number, {}));
  const check = (numbers: number[]) => {
    expect(scoredRunsOf(book)).toEqual(listScoredRuns(book.all()));
    expect(scoredRunsOf(book).map(({ job }) => job)).toEqual(numbers);
  };
  for (let i = 0; i < 4; i++) await add();
  check([]);
  await book.setRun(run(1, 1));
  await book.setRun(run(2, 2));
  check([2, 1]);
  const before = scoredRunsOf(book);
  await add();
  await book.setRun(run(3, null));
  await book.setEntry(4, (entry) => ({ ...entry, stashed: true }));
  expect(scoredRunsOf(book)).toBe(before);
  // Made again in place: the number of before is gone until the new one is there.
  book.claim(2, { ...live, attempt: 2 });
  check([1]);
  await book.setRun({ ...run(2, 5), attempt: 2 });
  check([2, 1]);
  await book.setRecorded({
    schema: 1,
    job: 1,
    attempt: 1,
    decision: { status: 'keep', reason: '', evidence: 'provisional', observed: null, noiseWidths: null },
    metric: 'm',
    row: null,
    entry: null,
    commit: null,
    isDone: true,
  });
  // What is not decided yet comes last.
  check([1, 2]);
  expect(scoredRunsOf(book).map(({ status }) => status)).toEqual(['keep', null]);
  // One goes and one comes: as many jobs as before.
  await book.forget(2);
  await add();
  check([1]);
});
