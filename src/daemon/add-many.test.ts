/** Submissions on real git and real run folders: nothing stays queued of one that fails half-way, and what experiments are held against. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { openGroups } from '../../queue/group-store.ts';
import { openJobBook } from '../../queue/job-book.ts';
import { createPlainJob, createPlainRun } from '../../queue/job-for-tests.ts';
import { labPaths } from '../config/lab-paths.ts';
import { configSchema, type RawLabConfig } from '../config/schema.ts';
import type { ChampionState } from '../domain/change.ts';
import type { Job } from '../domain/job.ts';
import { bindTrack } from '../rules/track-store.ts';
import { createTemporaryRepository, type TemporaryRepository } from '../scenarios/temporary-repository.ts';
import type { AddContext } from './add-job.ts';
import { addJobs } from './add-many.ts';
import { type AddRequest, requestDefaults } from './routes.ts';

const cpu = {
  ...{ id: 'cpu0', class: 'cpu' as const, model: 'x', uuid: null, vendor: 'cpu' as const, driver: null },
  ...{ index: null, memoryTotalMib: null, memoryUsedMib: null },
};

const repositories: TemporaryRepository[] = [];
afterEach(async () => {
  for (const repository of repositories.splice(0)) await repository.remove();
});

async function createRepository(): Promise<TemporaryRepository> {
  const repository = await createTemporaryRepository({ 'eval.py': '0\n' });
  repositories.push(repository);
  await repository.write('.git/info/exclude', '.lab\n5_worktrees\n');
  return repository;
}

function createDoor(
  repository: TemporaryRepository,
  config: RawLabConfig = { queue: { labels: 'optional', place: 'here' } },
): AddContext {
  const paths = labPaths(repository.root);
  mkdirSync(paths.runs, { recursive: true });
  return {
    ...{ paths, main: 'main', book: openJobBook(paths.runs), groups: openGroups(paths.state), machine: [cpu] },
    config: configSchema.parse(config),
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
  const door = createDoor(await createRepository());
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
  const door = createDoor(await createRepository());
  const [made] = await addJobs(door, [ask('mine')]);
  const number = made?.booked.job.number ?? 0;
  await door.book.setEntry(number, (entry) => ({ ...entry, removedAt: '2026-11-22T00:00:00+00:00' }));
  expect((await addJobs(door, [ask('mine')])).map(({ response }) => response.number)).toEqual([number]);
});

test('an experiment in place is held against what it was built on, whatever became champion since', async () => {
  const repository = await createRepository();
  const { root, git } = repository;
  const door = createDoor(repository, {});
  const { paths, book } = door;
  const track = await bindTrack(paths, door.config, 'main');
  const first = await git('rev-parse', 'HEAD');
  const addWorktree = async (slug: string, from: string): Promise<string> => {
    const folder = join(paths.worktrees, slug);
    await git('worktree', 'add', '--quiet', '-b', `exp/${slug}`, folder, from);
    return folder;
  };
  const commitIn = async (folder: string, message: string): Promise<string> => {
    await git('-C', folder, 'commit', '--quiet', '--allow-empty', '--message', message);
    return await git('-C', folder, 'rev-parse', 'HEAD');
  };
  const kept = await commitIn(await addWorktree('kept', first), 'kept');
  const champion: ChampionState = {
    ...{ commit: kept, root: first, changes: [{ slug: 'kept', commit: kept, start: first }], near: [] },
    ...{ value: 0.9, sd: 0.01, chosenBy: 0.9 },
  };
  const record = async (job: Partial<Job>, metric: number, state: ChampionState | null) => {
    const { number } = (await book.create(async (taken) => createPlainJob(taken, { track, ...job }))).job;
    await book.setRun(createPlainRun(number, { metric, track }));
    await book.setRecorded({
      ...{ schema: 1, job: number, attempt: 1, decision: null, metric: door.config.metric.name, row: null },
      ...{ entry: null, champion: state, commit: null, isDone: true },
    });
  };
  for (const [seed, metric] of [1, 1.01].entries())
    await record({ kind: 'baseline', commit: first, seed }, metric, null);
  await record({ kind: 'experiment', experiment: 'kept', commit: kept, base: first, start: first }, 0.9, champion);

  const old = await addWorktree('old', first);
  await commitIn(old, 'begun early');
  const next = await addWorktree('next', kept);
  const label = 'Q: does it help? H: saves 0.1';
  const inPlace = { kind: 'plain', label, directory: '', here: true } as const;
  const made = await addJobs(door, [
    { ...ask('old'), ...inPlace, checkout: old },
    { ...ask('next'), ...inPlace, checkout: next },
    { ...ask('root'), ...inPlace, checkout: root },
  ]);
  expect(made.map(({ booked: { job } }) => [job.kind, job.base, job.here])).toEqual([
    ['experiment', first, old],
    ['experiment', kept, next],
    ['plain', kept, root],
  ]);
});
