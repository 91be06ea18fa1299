import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import type { Result } from '../../src/domain/result.ts';
import { formatJournalEntry, parseJournalJobs } from '../../src/lab/journal.ts';
import { formatResultRow, parseResults } from '../../src/lab/results-tsv.ts';
import { createTemporaryRepository, type TemporaryRepository } from '../../src/scenarios/temporary-repository.ts';
import { appendRecords, type JobRecord, restoreRecords } from './append-records.ts';

const made: TemporaryRepository[] = [];

async function create(files: Record<string, string> = { 'train.py': '1' }): Promise<TemporaryRepository> {
  const repository = await createTemporaryRepository(files);
  made.push(repository);
  return repository;
}

afterEach(async () => {
  for (const repository of made.splice(0)) await repository.remove();
});

function record(job: number, changes: Partial<Result> = {}, metric = 'val_bpb'): JobRecord {
  const row: Result = {
    ...{ commit: 'abc1234', metric: 0.9, memoryGb: 0.1, status: 'keep', description: `change ${job}`, idea: '' },
    ...{ question: 'q', hypothesis: 'h', expected: '', observed: '', evidence: 'provisional', std: null, n: 1 },
    ...{ seconds: 10, device: 'cpu', track: '1a2b3c4d', jobs: [job], date: '2026-11-21T03:00:00+00:00' },
    ...{ flags: [], metrics: {} },
    ...changes,
  };
  const entry = formatJournalEntry({
    ...{ date: '2026-11-21', title: row.description, status: row.status, job, attempt: 1, commit: 'abc1234def' },
    ...{
      question: 'q',
      hypothesis: 'h',
      expected: '',
      observed: '',
      observations: [],
      inference: 'reason',
      runFolder: null,
    },
  });
  return { job, row: formatResultRow(row, metric), entry };
}

async function readRecords({ git }: TemporaryRepository): Promise<{ jobs: number[][]; journal: string }> {
  const rows = parseResults(await git('show', 'main:results.tsv')).rows;
  return { jobs: rows.map((row) => row.jobs), journal: await git('show', 'main:RESEARCH_JOURNAL.md') };
}

test('a job is recorded once, in one commit that says so, rows below and entries above', async () => {
  const repository = await create();
  const { root, git } = repository;
  expect(await appendRecords(root, 'main', 'val_bpb', record(1))).toMatchObject({
    kind: 'committed',
    checkoutUpdated: ['results.tsv', 'RESEARCH_JOURNAL.md'],
  });
  expect(await appendRecords(root, 'main', 'val_bpb', record(2, { status: 'crash' }))).toMatchObject({
    kind: 'committed',
  });
  expect(await appendRecords(root, 'main', 'val_bpb', record(1))).toEqual({ kind: 'unchanged' });
  const { jobs, journal } = await readRecords(repository);
  expect(jobs).toEqual([[1], [2]]);
  expect(journal.indexOf('job 2, attempt')).toBeLessThan(journal.indexOf('job 1, attempt'));
  expect(await git('log', '--format=%s')).toBe(
    'recorder: job 2 crash: change 2\nrecorder: job 1 keep: change 1\nfirst',
  );
  expect(await git('status', '--porcelain')).toBe('');
});

test('an entry without a row and a row without an entry are recorded', async () => {
  const repository = await create();
  const { root, git } = repository;
  await appendRecords(root, 'main', 'val_bpb', { ...record(1), row: null });
  expect(await git('log', '-1', '--format=%s')).toBe('recorder: job 1 keep: change 1');
  await appendRecords(root, 'main', 'val_bpb', { ...record(2), entry: null });
  const { jobs, journal } = await readRecords(repository);
  expect(jobs).toEqual([[2]]);
  expect(parseJournalJobs(journal).has(1)).toBe(true);
  expect(parseJournalJobs(journal).has(2)).toBe(false);
});

test('two recorders at once both get their row and entry', async () => {
  const repository = await create();
  const { root, git } = repository;
  for (const [first, second] of [
    [1, 2],
    [3, 4],
  ] as const) {
    const both = [first, second].map((job) => appendRecords(root, 'main', 'val_bpb', record(job)));
    expect((await Promise.all(both)).map((outcome) => outcome.kind)).toEqual(['committed', 'committed']);
    await git('checkout', '-q', '-B', 'elsewhere');
  }
  const { jobs, journal } = await readRecords(repository);
  expect(jobs.flat().sort()).toEqual([1, 2, 3, 4]);
  for (const job of [1, 2, 3, 4]) expect(parseJournalJobs(journal).has(job)).toBe(true);
});

test('what an editor’s old buffer dropped is put back in one commit, and the user’s text stays', async () => {
  const repository = await create();
  const { root, write, git } = repository;
  const records = [record(1), record(2), record(3)];
  for (const one of records.slice(0, 1)) await appendRecords(root, 'main', 'val_bpb', one);
  const buffer = `${await git('show', 'main:RESEARCH_JOURNAL.md')}\nMy own note.\n`;
  const table = `${await git('show', 'main:results.tsv')}\n`;
  for (const one of records.slice(1)) await appendRecords(root, 'main', 'val_bpb', one);
  await write('RESEARCH_JOURNAL.md', buffer);
  await write('results.tsv', table);
  await git('commit', '-qam', 'notes');
  expect((await readRecords(repository)).jobs).toEqual([[1]]);
  expect(await restoreRecords(root, 'main', 'val_bpb', records)).toMatchObject({ kind: 'committed' });
  const { jobs, journal } = await readRecords(repository);
  expect(jobs).toEqual([[1], [2], [3]]);
  const places = [3, 2, 1].map((job) => journal.indexOf(`job ${job}, attempt`));
  expect([...places].sort((a, b) => a - b)).toEqual(places);
  expect(journal).toContain('My own note.');
  expect(await git('status', '--porcelain')).toBe('');
  expect(await restoreRecords(root, 'main', 'val_bpb', records)).toEqual({ kind: 'unchanged' });
});

test('an old buffer that is saved and not committed stays in the file, and main has the entry', async () => {
  const repository = await create();
  const { root, write, git } = repository;
  await appendRecords(root, 'main', 'val_bpb', record(1));
  const buffer = `${await git('show', 'main:RESEARCH_JOURNAL.md')}\nMy own note.\n`;
  await write('RESEARCH_JOURNAL.md', buffer);
  expect(await appendRecords(root, 'main', 'val_bpb', record(2))).toMatchObject({
    checkoutUpdated: ['results.tsv'],
    checkoutLeft: ['RESEARCH_JOURNAL.md'],
  });
  expect(await git('diff', '--name-only')).toBe('RESEARCH_JOURNAL.md');
  expect(parseJournalJobs((await readRecords(repository)).journal).has(2)).toBe(true);
});

test('a confirmation’s row does not stand for the row of its first run', async () => {
  const repository = await create();
  const { root, write, git } = repository;
  const first = record(1);
  const confirmation = record(4, { jobs: [1, 2, 3, 4], n: 4, std: 0.001, evidence: 'confirmed' });
  await appendRecords(root, 'main', 'val_bpb', first);
  await appendRecords(root, 'main', 'val_bpb', confirmation);
  expect(await appendRecords(root, 'main', 'val_bpb', confirmation)).toEqual({ kind: 'unchanged' });
  expect((await readRecords(repository)).jobs).toEqual([[1], [1, 2, 3, 4]]);
  const lines = (await git('show', 'main:results.tsv')).split('\n');
  await write('results.tsv', `${lines[0]}\n${lines[2]}\n`);
  await git('commit', '-qam', 'dropped a line');
  await restoreRecords(root, 'main', 'val_bpb', [first, confirmation]);
  expect((await readRecords(repository)).jobs).toEqual([[1, 2, 3, 4], [1]]);
});

test('a claim’s row that was recorded with the baseline’s last run is there once, however often it is put back', async () => {
  const repository = await create();
  const { root } = repository;
  const claim = record(9, { jobs: [6, 8], n: 2, std: 0.001, evidence: 'confirmed' });
  const other = record(11, { jobs: [8, 10], n: 2, std: 0.001, evidence: 'refuted' });
  await appendRecords(root, 'main', 'val_bpb', claim);
  expect(await restoreRecords(root, 'main', 'val_bpb', [claim])).toEqual({ kind: 'unchanged' });
  await appendRecords(root, 'main', 'val_bpb', other);
  expect(await restoreRecords(root, 'main', 'val_bpb', [claim, other])).toEqual({ kind: 'unchanged' });
  expect((await readRecords(repository)).jobs).toEqual([
    [6, 8],
    [8, 10],
  ]);
});

test('another primary metric starts a new table and keeps the old one under its track', async () => {
  const repository = await create();
  const { root, git } = repository;
  await appendRecords(root, 'main', 'val_bpb', record(1));
  const old = await git('show', 'main:results.tsv');
  const next = record(2, { track: '99887766' }, 'accuracy');
  expect(await appendRecords(root, 'main', 'accuracy', next)).toMatchObject({ kind: 'committed' });
  expect(await git('show', 'main:results.1a2b3c4d.tsv')).toBe(old);
  expect(parseResults(await git('show', 'main:results.tsv'))).toMatchObject({
    metric: 'accuracy',
    rows: [{ jobs: [2] }],
  });
  expect(await git('status', '--porcelain')).toBe('');
  // Rows of the old table are there, in the archive.
  expect(await restoreRecords(root, 'main', 'accuracy', [record(1), next])).toEqual({ kind: 'unchanged' });
});

test('a table of another make is refused by name, nothing is recorded, and it goes through later', async () => {
  const repository = await create({ 'results.tsv': 'commit\tval_bpb\tmemory_gb\tstatus\tdescription\n' });
  const { root, git } = repository;
  await expect(appendRecords(root, 'main', 'val_bpb', record(1))).rejects.toThrow(/results\.tsv begins with 'commit/);
  expect(await git('log', '--format=%s')).toBe('first');
  await git('rm', '-q', 'results.tsv');
  await git('commit', '-qm', 'aside');
  await rm(join(root, 'results.tsv'), { force: true });
  expect(await appendRecords(root, 'main', 'val_bpb', record(1))).toMatchObject({ kind: 'committed' });
});
