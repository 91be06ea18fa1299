/** A submission that fails half-way, on real git and real run folders: nothing of it stays queued, and it can be asked for again. */
import { mkdirSync } from 'node:fs';
import { afterEach, expect, test } from 'vitest';
import { openGroups } from '../../queue/group-store.ts';
import { openJobBook } from '../../queue/job-book.ts';
import { labPaths } from '../config/lab-paths.ts';
import { configSchema } from '../config/schema.ts';
import { createTemporaryRepository, type TemporaryRepository } from '../scenarios/temporary-repository.ts';
import type { AddContext } from './add-job.ts';
import { addJobs } from './add-many.ts';
import { type AddRequest, requestDefaults } from './routes.ts';

const cpu = {
  ...{ id: 'cpu0', class: 'cpu' as const, model: 'x', uuid: null, vendor: 'cpu' as const, driver: null },
  ...{ memoryTotalMib: null, memoryUsedMib: null },
};

const repositories: TemporaryRepository[] = [];
afterEach(async () => {
  for (const repository of repositories.splice(0)) await repository.remove();
});

async function createDoor(): Promise<AddContext> {
  const repository = await createTemporaryRepository({ 'eval.py': '0\n' });
  repositories.push(repository);
  await repository.write('.git/info/exclude', '.lab\n');
  const paths = labPaths(repository.root);
  mkdirSync(paths.runs, { recursive: true });
  return {
    ...{ paths, main: 'main', book: openJobBook(paths.runs), groups: openGroups(paths.state), machine: [cpu] },
    config: configSchema.parse({ queue: { labels: 'optional', place: 'here' } }),
    devices: new Map([['cpu', ['x']]]),
    passed: new Set<string>(),
  };
}

const ask = (key: string): AddRequest => ({
  ...requestDefaults,
  ...{ key, kind: 'task', label: null, command: 'true', checkout: '/', directory: 'tmp', here: true, device: 'cpu' },
  ...{ seed: null, env: {}, secrets: {}, wallSeconds: 60 },
});

test('after a batch that failed half-way the same keys make new jobs, in this daemon and in the next', async () => {
  const door = await createDoor();
  // What no JSON can hold fails where the job is written, when the others have their numbers.
  const unwritable = { ...ask('k/1'), seed: 1n as unknown as number };
  await expect(addJobs(door, [ask('k/0'), unwritable, ask('k/2')])).rejects.toThrow(/runs\/2 cannot be written$/);
  const left = door.book.all().map(({ job }) => job.number);
  expect(left).toHaveLength(2);
  expect(door.book.all().every(({ entry }) => entry.removedAt !== null)).toBe(true);
  expect(door.book.findKey('k/0')).toBeNull();
  expect(openJobBook(door.paths.runs).findKey('k/0')).toBeNull();

  const again = await addJobs(door, ['k/0', 'k/1', 'k/2'].map(ask));
  const numbers = again.map(({ booked }) => booked.job.number);
  expect(numbers.filter((number) => left.includes(number))).toEqual([]);
  expect(again.every(({ booked }) => booked.entry.removedAt === null)).toBe(true);
  for (const book of [door.book, openJobBook(door.paths.runs)])
    expect(book.findKey('k/0')?.job.number).toBe(numbers[0]);
});

test('a job that a person took out keeps its key: the same submission is still that job', async () => {
  const door = await createDoor();
  const [made] = await addJobs(door, [ask('mine')]);
  const number = made?.booked.job.number ?? 0;
  await door.book.setEntry(number, (entry) => ({ ...entry, removedAt: '2026-11-22T00:00:00+00:00' }));
  expect((await addJobs(door, [ask('mine')])).map(({ response }) => response.number)).toEqual([number]);
});
