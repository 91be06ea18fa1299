/** The verbs of the queue on a real book and real groups in a temporary folder, without workers: places, dependencies, groups, cleaning. */

import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { openGroups } from '../../../queue/group-store.ts';
import { type JobBook, openJobBook } from '../../../queue/job-book.ts';
import { createPlainJob } from '../../../queue/job-for-tests.ts';
import type { QueueEntry } from '../../../queue/job-schema.ts';
import { attemptFolder, jobFolder, type RecordedJob } from '../../../queue/job-store.ts';
import { listWaiting, stateOf } from '../../../queue/readiness.ts';
import { labPaths } from '../../config/lab-paths.ts';
import { configSchema, type LabConfig } from '../../config/schema.ts';
import type { JobKind } from '../../domain/job.ts';
import { runGit } from '../../git/run-git.ts';
import { createDeviceWatch } from '../device-watch.ts';
import { createHandoutBook, type HandoutBook } from '../handout-book.ts';
import { createQueueFeed } from '../queue-feed.ts';
import { wordsOf } from '../status-filter.ts';
import { cleanJobs, resetQueue } from './clean.ts';
import { ensureDependencies } from './dependencies.ts';
import { mergeEdits } from './edit.ts';
import { changeGroup } from './groups.ts';
import { stashJobs } from './hold.ts';
import { killJobs, removeJobs } from './kill.ts';
import { moveJobs } from './move.ts';
import { startJobs } from './pause.ts';
import { type QueueParts, selectJobs } from './select.ts';

const folders: string[] = [];
const feeds: { stop(): void }[] = [];
afterEach(() => {
  for (const feed of feeds.splice(0)) feed.stop();
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

interface Queue extends QueueParts {
  root: string;
  config: LabConfig;
  handouts: HandoutBook;
  add(asked?: Partial<QueueEntry>, kind?: JobKind): Promise<number>;
  order(): number[];
}

function createQueue(): Queue {
  const root = mkdtempSync(join(tmpdir(), 'nl-control-'));
  folders.push(root);
  const state = join(root, '.lab');
  mkdirSync(join(state, 'runs'), { recursive: true });
  const book = openJobBook(join(state, 'runs'));
  const groups = openGroups(state);
  const queueContext = () => ({ find: book.find, groups: groups.groups, nowMs: Date.now() });
  const config = configSchema.parse({});
  // Without devices nothing is handed out: the verbs are tried on jobs that wait.
  const watch = createDeviceWatch({ found: [], groups: groups.groups, labId: 'control', onAnswer: () => undefined });
  const handouts = createHandoutBook(join(state, 'runs'), book, () => undefined);
  const feed = createQueueFeed({
    paths: labPaths(root),
    book,
    handouts,
    watch,
    config: () => config,
    ready: new Map(),
    context: queueContext,
    onError: (error) => {
      throw error;
    },
  });
  feeds.push(feed);
  return {
    root,
    config,
    handouts,
    book,
    groups,
    feed,
    queueContext,
    add: async (asked = {}, kind = 'task') =>
      (await book.create(async (number) => createPlainJob(number, { kind }), asked)).job.number,
    order: () => listWaiting(book.all(), queueContext()).map(({ job }) => job.number),
  };
}

/** Begins the first attempt of a job as a worker would. */
function begin({ root, book }: Queue, number: number): void {
  mkdirSync(attemptFolder(labPaths(root).runs, number, 1), { recursive: true });
  book.claim(number, { attempt: 1, devices: ['cpu'], isPaused: false, step: 'train', startedAt: '', problem: null });
}

/** The queue, with something done as soon as a verb was told that a job has begun. */
function actOnBegun(queue: Queue, act: (number: number) => unknown): Queue {
  const whileWaiting = async <T>(number: number, change: () => Promise<T>): Promise<T | 'begun'> => {
    const came = await queue.feed.whileWaiting(number, change);
    if (came === 'begun') await act(number);
    return came;
  };
  return { ...queue, feed: { ...queue.feed, whileWaiting } };
}

/** Ends a job as a worker and the recorder would. */
async function end(book: JobBook, number: number, row: string | null = null): Promise<void> {
  book.claim(number, {
    attempt: 1,
    devices: ['cpu'],
    isPaused: false,
    step: 'start',
    startedAt: '',
    problem: null,
  });
  await book.setRun({
    schema: 1,
    job: number,
    attempt: 1,
    fate: { kind: 'done' },
    metric: null,
    measuredBy: null,
    metrics: {},
    steps: [],
    trainSeconds: null,
    peakMemoryMib: null,
    memorySource: 'none',
    device: { id: 'cpu', class: 'cpu', model: 'x' },
    flags: [],
    track: '00000000',
    startedAt: '2026-11-21T00:00:00+00:00',
    endedAt: '2026-11-21T00:00:01+00:00',
  });
  const recorded: RecordedJob = {
    schema: 1,
    job: number,
    attempt: 1,
    decision: null,
    metric: 'score',
    row,
    entry: null,
    commit: null,
    isDone: true,
  };
  await book.setRecorded(recorded);
}

test('jobs moved to the top run first, in the order named, whatever their priority was', async () => {
  const queue = createQueue();
  for (const priority of [5, 0, 0, -3]) await queue.add({ priority });
  const { results } = await moveJobs(queue, { numbers: [4, 2], to: { kind: 'top' } });
  expect(queue.order()).toEqual([4, 2, 1, 3]);
  expect(results.map(({ outcome }) => outcome)).toEqual([
    'job 4: moved to place 1 of 4',
    'job 2: moved to place 2 of 4',
  ]);
});

test('a job moved before another runs right before it, also after a hundred times between the same two', async () => {
  const queue = createQueue();
  for (let number = 1; number <= 4; number++) await queue.add();
  await moveJobs(queue, { numbers: [4], to: { kind: 'before', number: 2 } });
  // Each move halves the room between two ranks: after some fifty there is none, and the ones before have to make some.
  for (let times = 0; times < 60; times++) {
    await moveJobs(queue, { numbers: [3], to: { kind: 'before', number: 2 } });
    expect(queue.order()).toEqual([1, 4, 3, 2]);
    await moveJobs(queue, { numbers: [4], to: { kind: 'before', number: 2 } });
    expect(queue.order()).toEqual([1, 3, 4, 2]);
  }
});

test('two switched jobs have each other’s places, and the numbers stay', async () => {
  const queue = createQueue();
  for (const priority of [7, 0, 0]) await queue.add({ priority });
  await moveJobs(queue, { numbers: [3], to: { kind: 'switch', number: 1 } });
  expect(queue.order()).toEqual([3, 2, 1]);
  expect(queue.book.get(3).entry.priority).toBe(7);
});

test('of several jobs none is moved where one is over', async () => {
  const queue = createQueue();
  for (let number = 1; number <= 3; number++) await queue.add();
  await end(queue.book, 2);
  await expect(moveJobs(queue, { numbers: [3, 2], to: { kind: 'top' } })).rejects.toThrow('job 2 is over already');
  expect(queue.order()).toEqual([1, 3]);
});

test('a dependency that leads back is refused with the whole way round', async () => {
  const queue = createQueue();
  await queue.add();
  await queue.add({ after: [{ job: 1, any: false }] });
  await queue.add({ after: [{ job: 2, any: true }] });
  expect(() => ensureDependencies(queue.book, 1, [{ job: 3, any: false }])).toThrow('1 → 3 → 2 → 1');
  expect(() => ensureDependencies(queue.book, 1, [{ job: 1, any: false }])).toThrow('1 → 1');
  expect(() => ensureDependencies(queue.book, null, [{ job: 9, any: false }])).toThrow('there is no job 9');
  const two = [8, 9].map((job) => ({ job, any: false }));
  expect(() => ensureDependencies(queue.book, null, two)).toThrow('there are no jobs 8, 9 to come after');
  expect(() => ensureDependencies(queue.book, 3, [{ job: 1, any: false }])).not.toThrow();
});

test('numbers win over all, an unknown one is refused, and nothing selected is a mistake', async () => {
  const queue = createQueue();
  await queue.add();
  await queue.add({ group: 'night' });
  await changeGroup(queue, { action: 'add', name: 'night', slots: 2 });
  const pick = (numbers: number[], group: string | null, all: boolean) =>
    selectJobs(queue, { numbers, group, all }, () => true).map(({ job }) => job.number);
  expect([pick([1, 1], null, true), pick([], 'night', false), pick([], null, true)]).toEqual([[1], [2], [1, 2]]);
  expect(() => pick([3], null, false)).toThrow('there is no job 3');
  expect(() => pick([], 'day', false)).toThrow('there is no group "day"');
  expect(() => pick([], null, false)).toThrow('no job is named');
});

test('a stashed job leaves the order, and one with a moment waits for it', async () => {
  const queue = createQueue();
  await queue.add();
  await queue.add();
  await stashJobs(queue, { select: { numbers: [1], group: null, all: false }, notBefore: null });
  expect(queue.order()).toEqual([2]);
  await stashJobs(queue, { select: { numbers: [], group: null, all: true }, notBefore: '2999-01-01T00:00:00Z' });
  expect(queue.book.all().map(({ entry }) => [entry.stashed, entry.notBefore])).toEqual([
    [false, '2999-01-01T00:00:00Z'],
    [false, '2999-01-01T00:00:00Z'],
  ]);
});

test('a group with open jobs stays, an empty one goes, the default one never', async () => {
  const queue = createQueue();
  await changeGroup(queue, { action: 'add', name: 'night', slots: null });
  await expect(changeGroup(queue, { action: 'add', name: 'night', slots: 3 })).rejects.toThrow('already');
  await expect(changeGroup(queue, { action: 'add', name: 'a b', slots: 3 })).rejects.toThrow('is no name');
  await queue.add({ group: 'night' });
  await expect(changeGroup(queue, { action: 'remove', name: 'night', slots: null })).rejects.toThrow('not over: 1');
  await end(queue.book, 1);
  expect((await changeGroup(queue, { action: 'remove', name: 'night', slots: null })).groups).toHaveLength(1);
  await expect(changeGroup(queue, { action: 'remove', name: 'default', slots: null })).rejects.toThrow(
    'cannot be removed',
  );
  expect((await changeGroup(queue, { action: 'slots', name: 'default', slots: 4 })).groups[0]?.slots).toBe(4);
});

test('purge deletes only what left no record, and no number is given twice', async () => {
  const queue = createQueue();
  const paths = labPaths(queue.root);
  await runGit(queue.root, ['init', '--quiet']);
  for (let number = 1; number <= 3; number++) await queue.add();
  await end(queue.book, 1, 'a row');
  await end(queue.book, 2);
  await end(queue.book, 3);
  await queue.add({ after: [{ job: 2, any: false }] });
  const { results, notes } = await cleanJobs(paths, queue, {
    numbers: [],
    group: null,
    successfulOnly: false,
    purge: true,
  });
  expect(results.map(({ outcome }) => outcome)).toEqual([
    'job 1: out of sight',
    'job 2: out of sight',
    'job 3: deleted',
  ]);
  expect(notes.join()).toContain('job 1-2;');
  expect([1, 2, 3].map((number) => existsSync(jobFolder(paths.runs, number)))).toEqual([true, true, false]);
  await cleanJobs(paths, queue, { numbers: [], group: null, successfulOnly: false, purge: true });
  expect(openJobBook(paths.runs).find(3)).toBeNull();
  await queue.book.setEntry(4, (entry) => ({ ...entry, removedAt: '2026-11-21T00:00:00Z' }));
  await cleanJobs(paths, queue, { numbers: [4], group: null, successfulOnly: false, purge: true });
  expect(queue.book.find(4)).toBeNull();
  expect(await queue.add()).toBe(5);
});

test('a client that waits for a job learns that it was deleted', async () => {
  const queue = createQueue();
  await queue.add();
  const { version } = queue.book;
  const change = queue.book.waitForChange([1], version, 60_000);
  await queue.book.forget(1);
  expect(await change).toBeGreaterThan(version);
});

test('later edits go over earlier ones, variable by variable', () => {
  expect(mergeEdits({ command: 'a', env: { A: '1', B: '2' } }, { seed: 3, env: { B: null } })).toEqual({
    command: 'a',
    seed: 3,
    env: { A: '1', B: null },
  });
  expect(mergeEdits({}, { seed: null })).toEqual({ seed: null });
});

test('a running job that is asked to end is ending from that moment on', async () => {
  const queue = createQueue();
  await queue.add();
  begin(queue, 1);
  const paths = labPaths(queue.root);
  const show = () => stateOf(queue.book.get(1), { position: 0, waits: null, progress: null }, queue.queueContext());
  expect(wordsOf({ state: show() })).toEqual(['running']);
  await killJobs(paths, queue, { numbers: [1], graceSeconds: 60 });
  expect(show()).toMatchObject({ kind: 'running', isEnding: true });
  expect(wordsOf({ state: show() })).toEqual(['running', 'ending']);
});

test('a job that changes hands in the moment of its kill is killed when it runs', async () => {
  const queue = createQueue();
  await queue.add();
  queue.handouts.put({ number: 1, devices: ['cpu0'], count: 1, isStart: true }, 1, queue.config).state = 'begun';
  // The worker's word comes after the kill was told that the job has begun.
  const parts = actOnBegun(queue, (number) => void setImmediate(() => begin(queue, number)));
  const { results } = await killJobs(labPaths(queue.root), parts, { numbers: [1], graceSeconds: 0 });
  expect(results).toMatchObject([{ ok: true, outcome: expect.stringContaining('asked to end at once') }]);
  expect(existsSync(join(attemptFolder(labPaths(queue.root).runs, 1, 1), 'kill'))).toBe(true);
});

test('of several jobs to kill one that is over and purged in that moment loses none of the others’ answers', async () => {
  const queue = createQueue();
  await queue.add();
  await queue.add();
  queue.handouts.put({ number: 1, devices: ['cpu0'], count: 1, isStart: true }, 1, queue.config).state = 'begun';
  const parts = actOnBegun(queue, (number) => queue.book.forget(number));
  const { results } = await killJobs(labPaths(queue.root), parts, { numbers: [1, 2], graceSeconds: 0 });
  expect(results).toEqual([
    { number: 1, outcome: 'job 1 is over already', ok: false },
    { number: 2, outcome: 'job 2: removed from the queue before it ran', ok: true },
  ]);
});

test('the removal of a job that begins in that moment ends nothing, and says what would', async () => {
  const queue = createQueue();
  await queue.add();
  queue.handouts.put({ number: 1, devices: ['cpu0'], count: 1, isStart: true }, 1, queue.config).state = 'begun';
  const parts = actOnBegun(queue, (number) => void setImmediate(() => begin(queue, number)));
  const { results } = await removeJobs(parts, { numbers: [1] });
  expect(results).toEqual([{ number: 1, outcome: 'job 1 has begun; `lab kill 1` ends it', ok: false }]);
  expect(existsSync(join(attemptFolder(labPaths(queue.root).runs, 1, 1), 'kill'))).toBe(false);
  expect(queue.book.get(1).entry.removedAt).toBeNull();
});

test('the kill of a group pauses it where a job would begin by itself, not for what a person or a moment keeps', async () => {
  const queue = createQueue();
  await queue.add();
  begin(queue, 1);
  await queue.add({ stashed: true });
  await queue.add({ hold: 'for a reason' });
  await queue.add({ notBefore: '2999-01-01T00:00:00Z' });
  const kill = async () => {
    const select = { numbers: [], group: 'default', all: false };
    const { results } = await killJobs(labPaths(queue.root), queue, { numbers: [], graceSeconds: 60, select });
    return [results.map(({ number }) => number), queue.groups.get('default').isPaused];
  };
  // What comes after the killed one is held from then on, and what comes after that waits for a person too.
  await queue.add({ after: [{ job: 1, any: false }] });
  await queue.add({ after: [{ job: 5, any: true }] });
  expect(await kill()).toEqual([[1], false]);
  await queue.add({ after: [{ job: 1, any: true }] });
  expect(await kill()).toEqual([[1], true]);
});

test('a reset names what still ends, and only that', async () => {
  const queue = createQueue();
  for (let number = 1; number <= 3; number++) await queue.add();
  await end(queue.book, 1);
  begin(queue, 2);
  const { results, notes } = await resetQueue(labPaths(queue.root), queue, { group: null, graceSeconds: 60 });
  expect(results.map(({ ok }) => ok)).toEqual([true, true, true]);
  expect(notes).toEqual([expect.stringMatching(/^still ending: job 2;/)]);
  expect(queue.book.all().map(({ entry }) => entry.archivedAt !== null)).toEqual([true, false, true]);
});

test('a job that is sent ahead leaves behind its delay and what it came after in vain', async () => {
  const queue = createQueue();
  await queue.add();
  await queue.add();
  await queue.book.setEntry(1, (entry) => ({ ...entry, removedAt: '2026-11-21T00:00:00Z' }));
  const after = [1, 2].map((job) => ({ job, any: false }));
  await queue.add({ after, notBefore: '2999-01-01T00:00:00Z' });
  const { results } = await startJobs(labPaths(queue.root), queue, {
    select: { numbers: [3], group: null, all: false },
  });
  expect(results).toMatchObject([{ ok: true, outcome: expect.stringContaining('no longer after job 1') }]);
  expect(queue.book.get(3).entry).toMatchObject({
    forced: true,
    forcedAttempt: 1,
    notBefore: null,
    after: [{ job: 2, any: false }],
  });
  expect(queue.order()).toEqual([3, 2]);
});

test('one more attempt that a person asked for looks at what the job came after, and leaves behind what is in vain', async () => {
  const queue = createQueue();
  await queue.add({ removedAt: '2026-11-21T00:00:00Z' });
  await queue.add({ after: [{ job: 1, any: false }] });
  await end(queue.book, 2);
  await queue.book.setEntry(2, (entry) => ({ ...entry, asked: 2 }));
  expect(queue.order()).toEqual([]);
  const select = { numbers: [2], group: null, all: false };
  const { results } = await startJobs(labPaths(queue.root), queue, { select });
  expect(results).toMatchObject([{ ok: true, outcome: expect.stringContaining('no longer after job 1') }]);
  expect(queue.order()).toEqual([2]);
});
