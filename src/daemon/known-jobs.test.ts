/** Keys that are given again: the same job, a refusal that names the difference, or just what is new. Real run folders, no daemon. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type JobBook, openJobBook } from '../../queue/job-book.ts';
import { createPlainJob } from '../../queue/job-for-tests.ts';
import type { Job } from '../domain/job.ts';
import { findKnownJobs, listDifferences } from './known-jobs.ts';
import { type AddRequest, requestDefaults } from './routes.ts';

let runs: string;
let book: JobBook;
beforeEach(() => {
  runs = mkdtempSync(join(tmpdir(), 'nl-known-'));
  book = openJobBook(runs);
});
afterEach(() => rmSync(runs, { recursive: true, force: true }));

const text = 'Q: does it help? H: no';
const queue = async (key: string, more: Partial<Job> = {}): Promise<number> =>
  (await book.create(async (number) => createPlainJob(number, { key, ...more }))).job.number;
const ask = (key: string, more: Partial<AddRequest> = {}): AddRequest => ({
  ...requestDefaults,
  ...{ key, chosenKey: { env: [] }, kind: 'plain', label: null, command: 'true', checkout: '/lab', directory: '' },
  ...{ here: false, device: null, seed: null, env: {}, secrets: {}, wallSeconds: null },
  ...more,
});
const point = (name: string, command: string): AddRequest =>
  ask(`s/${name}`, { command, chosenKey: { env: [], grid: 's' } });
const numbersOf = (requests: AddRequest[]) =>
  requests.map(({ key }) => findKnownJobs(book, requests).get(key)?.job.number ?? null);

test('a key that a person chose is refused for another job, by its number and by what is different', async () => {
  await queue('k', { command: 'python3 a.py' });
  expect(numbersOf([ask('k', { command: 'python3 a.py' }), ask('new')])).toEqual([1, null]);
  expect(() => findKnownJobs(book, [ask('k', { command: 'python3 b.py' })])).toThrow(
    'the key "k" stands for job 1 already: its command is "python3 a.py", and not "python3 b.py"',
  );
});

test('of a submission with several other jobs under its keys the first is told, and how many more there are', async () => {
  for (const key of ['k/0', 'k/1', 'k/2']) await queue(key);
  const requests = [ask('k/0'), ask('k/1', { seed: 1 }), ask('k/2', { seed: 2 })];
  expect(() => findKnownJobs(book, requests)).toThrow(
    'the key "k/1" stands for job 2 already: its seed is none, and not 1, and so it is with 1 more of the submission',
  );
});

test('a key of the lab’s own stands for its job, whatever is asked for', async () => {
  await queue('evaluate:idea:1');
  const { chosenKey: _chosen, ...request } = ask('evaluate:idea:1', { command: 'python3 b.py' });
  expect(numbersOf([request])).toEqual([1]);
});

test('a job that was edited since is still the one that was asked for', async () => {
  const number = await queue('k');
  await book.setEntry(number, (entry) => ({ ...entry, edits: { command: 'false', seed: 4 } }));
  expect(numbersOf([ask('k')])).toEqual([number]);
});

test('a grid of a lab that named its jobs by places finds them by what they are, also in a wider one', async () => {
  for (const [place, command] of ['run a 0', 'run a 1', 'run b 0', 'run b 1'].entries())
    await queue(`s/${place}`, { command });
  await book.forget(1);
  const wide = ['a', 'b'].flatMap((lr) => [0, 1, 2].map((seed) => point(`lr=${lr},seed=${seed}`, `run ${lr} ${seed}`)));
  expect(numbersOf(wide)).toEqual([null, 2, null, 3, 4, null]);
  const other = wide.map((request) => ({ ...request, label: text }));
  expect(numbersOf(other)).toEqual(Array(6).fill(null));
});

const asQueued = createPlainJob(1, {
  label: { text, question: 'does it help?', hypothesis: 'no', expected: { kind: 'none' } },
  ...{ directory: 'sub', device: 'gpu', needs: { deviceId: 'gpu1', gpus: 1, vramMib: 1024 } },
  ...{ wallSeconds: 600, base: 'a'.repeat(40), env: { LR: '1', SHELL: '/bin/sh' } },
});
const same: Partial<AddRequest> = {
  ...{ label: 'Q: does it  help?\nH: no', directory: 'sub', needs: { deviceId: 'gpu1', gpus: 1, vramMib: 1024 } },
  ...{ chosenKey: { env: ['LR'] }, env: { LR: '1', SHELL: '/bin/bash' } },
};

test('when a job runs, how often it is tried and what the shell has in its environment make it no other job', () => {
  const places: Partial<AddRequest> = {
    ...{ priority: 7, group: 'night', after: [{ job: 3, any: true }], stashed: true },
    notBefore: '2026-11-22T08:00:00Z',
    ...{ retry: { times: 3, on: ['any'], delaySeconds: 1 }, limits: { idleSeconds: 1, logMb: 1 } },
  };
  expect(listDifferences(ask('k', { ...same, ...places }), asQueued)).toEqual([]);
  expect(listDifferences(ask('k', { ...same, device: 'gpu', wallSeconds: 600 }), asQueued)).toEqual([]);
});

test.each<[Partial<AddRequest>, string]>([
  [{ label: null }, `its label is "${text}", and not none`],
  [{ directory: '' }, 'its folder is "sub", and not "."'],
  [{ here: true }, 'its folder is "sub", and not "/lab/sub"'],
  [{ device: 'cpu', needs: requestDefaults.needs }, 'its device is "gpu1", and not "cpu"'],
  [{ needs: { deviceId: 'gpu1', gpus: 1, vramMib: null } }, 'its GPU memory in MiB is 1024, and not none'],
  [{ wallSeconds: 60 }, 'its wall limit in seconds is 600, and not 60'],
  [{ base: 'b'.repeat(40) }, `its base is "${'a'.repeat(40)}", and not "${'b'.repeat(40)}"`],
  [{ stdin: true }, 'its standard input is "closed", and not "open"'],
  [{ kind: 'task' }, 'its scoring is "on", and not "off"'],
  [{ env: { LR: '2' } }, 'its variable LR has another value'],
])('the request %j asks for another job', (more, difference) => {
  expect(listDifferences(ask('k', { ...same, ...more }), asQueued)).toContain(difference);
});

test('a file that had one line is known by the key alone, as such jobs were named, also with a line more', async () => {
  const number = await queue('s', { command: 'run a' });
  expect(numbersOf([ask('s/0', { command: 'run a' }), ask('s/1', { command: 'run b' })])).toEqual([number, null]);
  expect(numbersOf([ask('s/0', { command: 'run c' })])).toEqual([null]);
});
