/** Moves that come upon a job which begins in that moment, or upon a file that cannot be written: on real books, without workers. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { openGroups } from '../../../queue/group-store.ts';
import { openJobBook } from '../../../queue/job-book.ts';
import { createPlainJob } from '../../../queue/job-for-tests.ts';
import { attemptFolder, jobFolder } from '../../../queue/job-store.ts';
import { labPaths } from '../../config/lab-paths.ts';
import { configSchema } from '../../config/schema.ts';
import { createDeviceWatch } from '../device-watch.ts';
import { createHandoutBook } from '../handout-book.ts';
import { createQueueFeed } from '../queue-feed.ts';
import { moveJobs } from './move.ts';

const folders: string[] = [];
const feeds: { stop(): Promise<void> }[] = [];

afterEach(async () => {
  for (const feed of feeds.splice(0)) await feed.stop();
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** A queue of so many jobs that wait. */
async function createQueue(count: number) {
  const root = mkdtempSync(join(tmpdir(), 'nl-move-'));
  folders.push(root);
  const runs = join(root, '.lab', 'runs');
  mkdirSync(runs, { recursive: true });
  const book = openJobBook(runs);
  const groups = openGroups(join(root, '.lab'));
  const queueContext = () => ({ find: book.find, groups: groups.groups, nowMs: Date.now() });
  const config = configSchema.parse({});
  const handouts = createHandoutBook(runs, book, () => undefined);
  const watch = createDeviceWatch({ found: [], groups: groups.groups, labId: 'move', onAnswer: () => undefined });
  const feed = createQueueFeed({
    paths: labPaths(root),
    ...{ book, handouts, watch, config: () => config, ready: new Map(), context: queueContext },
    onError: (error) => {
      throw error;
    },
  });
  feeds.push(feed);
  for (let made = 0; made < count; made++) await book.create(async (number) => createPlainJob(number));

  /** Hands the job out and lets it begin as a supervisor does, which the daemon has not seen yet. */
  const begin = (number: number): void => {
    handouts.put({ number, devices: ['cpu0'], count: 1, isStart: true }, 1, config);
    const folder = attemptFolder(runs, number, 1);
    mkdirSync(folder, { recursive: true });
    const supervisor = { pid: process.pid, start: '', bootId: '' };
    const started = { schema: 1, supervisor, bootId: '', at: new Date().toISOString(), devices: ['cpu0'] };
    writeFileSync(join(folder, 'started'), JSON.stringify(started));
  };
  const places = () => book.all().map(({ entry }) => entry.rank);
  const fileOf = (number: number) => join(jobFolder(runs, number), 'state.json');
  return { book, groups, feed, queueContext, begin, places, fileOf };
}

test('two jobs keep their places where one of them begins in the moment of the switch', async () => {
  const queue = await createQueue(3);
  queue.begin(3);
  await expect(moveJobs(queue, { numbers: [2], to: { kind: 'switch', number: 3 } })).rejects.toThrow(
    'job 3 began in the same moment: nothing was moved',
  );
  expect(queue.places()).toEqual([1, 2, 3]);
});

test('of several jobs none goes to the top where one of them begins in that moment', async () => {
  const queue = await createQueue(4);
  queue.begin(3);
  await expect(moveJobs(queue, { numbers: [4, 3], to: { kind: 'top' } })).rejects.toThrow('nothing was moved');
  expect(queue.places()).toEqual([1, 2, 3, 4]);
});

test('a switch of which one file cannot be written leaves both jobs where they were, on disk too', async () => {
  const queue = await createQueue(2);
  // A folder in its place is what no rename replaces.
  rmSync(queue.fileOf(2));
  mkdirSync(queue.fileOf(2));
  await expect(moveJobs(queue, { numbers: [1], to: { kind: 'switch', number: 2 } })).rejects.toThrow(
    'state.json cannot be written',
  );
  expect(queue.places()).toEqual([1, 2]);
  expect(JSON.parse(readFileSync(queue.fileOf(1), 'utf8')).rank).toBe(1);
});
