import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import type { Job } from '../src/domain/job.ts';
import type { Run } from '../src/domain/run.ts';
import { isOver, type JobBook, nextAttempt, openJobBook } from './job-book.ts';
import { createPlainJob, createPlainRun } from './job-for-tests.ts';
import { createQueueEntry } from './job-schema.ts';
import { claimJobNumber, keepJobNumber, listJobNumbers, raiseJobNumber, readStoredJob } from './job-store.ts';
import { listWaiting, type QueueContext } from './readiness.ts';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function createRuns(): string {
  const folder = mkdtempSync(join(tmpdir(), 'nl-runs-'));
  folders.push(folder);
  return join(folder, 'runs');
}

const entry = { rank: 1 };
const context = (book: JobBook): QueueContext => ({ find: book.find, groups: new Map(), nowMs: Date.now() });

async function createJob(number: number): Promise<Job> {
  const label = { text: 'Q: a H: b', question: 'a', hypothesis: 'b', expected: { kind: 'none' as const } };
  return createPlainJob(number, { label });
}

const createRun = (attempt: number, fate: Run['fate']): Run => createPlainRun(1, { attempt, fate });

test('a number is never given twice, not even after its folder is gone', async () => {
  const runs = createRuns();
  expect([claimJobNumber(runs), claimJobNumber(runs), claimJobNumber(runs)]).toEqual([1, 2, 3]);
  rmSync(join(runs, '3'), { recursive: true });
  expect(claimJobNumber(runs)).toBe(4);
});

test('a number stays taken in a later process, without its folder and with folders that are above the mark', async () => {
  const runs = createRuns();
  const book = openJobBook(runs);
  await Promise.all([book.create(createJob), book.create(createJob), book.create(createJob)]);
  for (const number of [1, 2, 3]) rmSync(join(runs, String(number)), { recursive: true });
  vi.resetModules();
  const later = await import('./job-store.ts');
  expect(later.claimJobNumber(runs)).toBe(4);
  mkdirSync(join(runs, '9'));
  vi.resetModules();
  expect((await import('./job-store.ts')).claimJobNumber(runs)).toBe(10);
  expect(later.claimJobNumber(runs)).toBe(5);
});

test('another process that raised the mark is heeded', () => {
  const runs = createRuns();
  expect(claimJobNumber(runs)).toBe(1);
  raiseJobNumber(runs, 40);
  expect(claimJobNumber(runs)).toBe(41);
  keepJobNumber(runs, 41);
  writeFileSync(join(runs, 'last-number'), '77\n');
  expect(claimJobNumber(runs)).toBe(78);
});

test('the open jobs are those to which anything can still happen', async () => {
  const runs = createRuns();
  const book = openJobBook(runs);
  const numbers = () =>
    [book, openJobBook(runs)].map((one) =>
      one
        .open()
        .map(({ job }) => job.number)
        .sort(),
    );
  const both = (...expected: number[]) => expect(numbers()).toEqual([expected, expected]);
  for (let i = 0; i < 3; i++) await book.create(createJob);
  both(1, 2, 3);
  await book.setEntry(2, (old) => ({ ...old, removedAt: '2026-01-01T00:00:00+00:00' }));
  both(1, 3);
  await book.setRun(createRun(1, { kind: 'done' }));
  both(1, 3);
  const recorded = { schema: 1, job: 1, decision: null, metric: '', row: null, entry: null, commit: null } as const;
  await book.setRecorded({ ...recorded, attempt: 1, isDone: true });
  both(3);
  // Asked for again in place.
  await book.setEntry(1, (old) => ({ ...old, asked: 2 }));
  both(1, 3);
  await book.setRun(createRun(2, { kind: 'done' }));
  both(1, 3);
  await book.setRecorded({ ...recorded, attempt: 2, isDone: true });
  both(3);
  await book.forget(3);
  both();
});

test('jobs of one environment share it, and an edit of one leaves the others alone', async () => {
  const runs = createRuns();
  const book = openJobBook(runs);
  for (let i = 0; i < 2; i++)
    await book.create(async (number) => ({ ...(await createJob(number)), env: { PATH: '/bin', LANG: 'C' } }));
  await book.setEntry(2, (old) => ({ ...old, edits: { env: { LANG: 'de', PATH: null } } }));
  for (const one of [book, openJobBook(runs)]) {
    expect(one.get(1).job.env).toEqual({ PATH: '/bin', LANG: 'C' });
    expect(one.get(2).job.env).toEqual({ LANG: 'de' });
    expect(one.get(2).queued.env).toBe(one.get(1).job.env);
  }
});

test('a job.json from before there were replays, bridges and flags loads, and has none', async () => {
  const runs = createRuns();
  const { replays: _none, fromTrack: _from, flags: _flags, ...old } = await createJob(claimJobNumber(runs));
  writeFileSync(join(runs, '1', 'job.json'), JSON.stringify(old));
  writeFileSync(
    join(runs, '1', 'state.json'),
    JSON.stringify({ schema: 1, rank: 0, priority: 500, hold: null, removedAt: null }),
  );
  const { job, entry: read } = readStoredJob(runs, 1);
  expect(job).toEqual({ ...old, replays: null, fromTrack: null, start: null, variant: null, test: null, flags: [] });
  // Version 1 of state.json counted priorities downwards from 1000.
  expect(read).toEqual(createQueueEntry(1, { priority: 500 }));
});

test('a folder without job.json is no job: it was never confirmed', async () => {
  const runs = createRuns();
  claimJobNumber(runs);
  expect(listJobNumbers(runs)).toEqual([]);
});

test('a book opened again has the jobs, entries and outcomes of the one before', async () => {
  const runs = createRuns();
  const book = openJobBook(runs);
  await book.create(createJob, entry);
  await book.create(createJob, { ...entry, hold: 'the track moved on' });
  await book.setRun(createRun(1, { kind: 'done' }));
  const again = openJobBook(runs);
  expect(again.all().map((job) => [job.job.number, job.entry.hold, job.run?.fate.kind ?? null])).toEqual([
    [1, null, 'done'],
    [2, 'the track moved on', null],
  ]);
});

test('a broken job.json is an error that names the file', async () => {
  const runs = createRuns();
  mkdirSync(join(runs, '1'), { recursive: true });
  writeFileSync(join(runs, '1', 'job.json'), '{"schema": 1}');
  writeFileSync(join(runs, '1', 'state.json'), JSON.stringify(createQueueEntry(1)));
  expect(() => readStoredJob(runs, 1)).toThrow(/1\/job\.json/);
  expect(() => readStoredJob(runs, 5)).toThrow('there is no job 5');
});

test('an interrupted run is tried once more, not for ever', async () => {
  const runs = createRuns();
  const book = openJobBook(runs);
  await book.create(createJob, entry);
  const interrupted = { kind: 'failed' as const, failure: 'interrupted' as const, detail: 'reboot' };
  await book.setRun(createRun(1, interrupted));
  expect([nextAttempt(book.get(1)), isOver(book.get(1))]).toEqual([2, false]);
  await book.setRun(createRun(2, interrupted));
  expect([nextAttempt(book.get(1)), isOver(book.get(1))]).toEqual([null, true]);
});

test('jobs wait in the order of priority, rank and number; held and removed ones do not wait', async () => {
  const book = openJobBook(createRuns());
  await book.create(createJob, { ...entry, rank: 5 });
  await book.create(createJob, { ...entry, rank: 2 });
  await book.create(createJob, { ...entry, priority: 10, rank: 9 });
  await book.create(createJob, { ...entry, hold: 'wait' });
  await book.create(createJob, { ...entry, removedAt: '2026-01-01T00:00:00+00:00' });
  expect(listWaiting(book.all(), context(book)).map((job) => job.job.number)).toEqual([3, 2, 1]);
});

test('a client that knows the last version is woken by the next change', async () => {
  const book = openJobBook(createRuns());
  await book.create(createJob, entry);
  const waiting = book.waitForChange([1], book.version, 60_000);
  book.setRecordProblem(1, 'disk full');
  expect(await waiting).toBe(book.version);
});

test('waiting for a job that never was is refused and disturbs nobody', async () => {
  const book = openJobBook(createRuns());
  await expect(book.waitForChange([99], 0, 1000)).rejects.toThrow('there is no job 99');
  await expect(book.create(createJob, entry)).resolves.toMatchObject({ job: { number: 1 } });
});

test('an interrupted job that is held is not over: its next attempt only waits', async () => {
  const book = openJobBook(createRuns());
  await book.create(createJob, { ...entry, hold: 'the track moved on' });
  await book.setRun(createRun(1, { kind: 'failed', failure: 'interrupted', detail: 'reboot' }));
  expect(listWaiting(book.all(), context(book))).toEqual([]);
  expect([nextAttempt(book.get(1)), isOver(book.get(1))]).toEqual([2, false]);
});

test('changes of an entry are applied one after the other, each to what the one before left', async () => {
  const book = openJobBook(createRuns());
  await book.create(createJob, entry);
  await Promise.all([
    book.setEntry(1, (old) => ({ ...old, hold: 'wait' })),
    book.setEntry(1, (old) => ({ ...old, removedAt: '2026-01-01T00:00:00+00:00' })),
  ]);
  expect(book.get(1).entry).toMatchObject({ hold: 'wait', removedAt: '2026-01-01T00:00:00+00:00' });
});
