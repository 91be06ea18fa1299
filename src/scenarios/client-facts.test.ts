/** `lab add` beside a running daemon that tells it the configuration: a change of lab.yaml or lab.local.yaml counts for the very next one. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readStoredJob } from '../../queue/job-store.ts';
import { callRunning } from '../cli/client.ts';
import { type LabPaths, labPaths } from '../config/lab-paths.ts';
import { createTemporaryLab, type TemporaryLab, waitUntil } from './temporary-lab.ts';

let lab: TemporaryLab;
let paths: LabPaths;

beforeEach(async () => {
  lab = await createTemporaryLab();
  paths = labPaths(lab.root);
  await lab.lab('up');
});
afterEach(() => lab.remove());

// From then on a client takes what it is told.
const untilTold = () =>
  waitUntil('the daemon tells the configuration', async () => {
    const environment = { LAB_DEVICES_LOCK_FOLDER: lab.env.LAB_DEVICES_LOCK_FOLDER ?? '' };
    return (await callRunning(paths, 'facts', { environment }))?.facts != null;
  });

const addTask = (more: Record<string, string> = {}) =>
  lab.labIn(lab.root, ['add', '--no-score', '--print-number', '--label', 'free words', '--', 'true'], more);

test('what is changed in lab.local.yaml, committed in lab.yaml or broken counts for the next job', async () => {
  await untilTold();
  expect(await addTask()).toMatchObject({ code: 2, stderr: expect.stringContaining('"free words" lacks') });
  await lab.write('lab.local.yaml', 'queue:\n  labels: optional\nenv:\n  pass: [MINE_*]\n');
  expect(await addTask({ MINE_A: '1' })).toMatchObject({ code: 0, stdout: '1\n' });
  expect(readStoredJob(paths.runs, 1).job.env.MINE_A).toBe('1');
  await untilTold();
  const config = await lab.read('lab.yaml');
  await lab.write('lab.yaml', `${config}\nqueue:\n  place: here\n`);
  await lab.git('commit', '--quiet', '--all', '--message=in place');
  expect(await addTask({ MINE_A: '2' })).toMatchObject({ code: 0, stdout: '2\n' });
  expect(readStoredJob(paths.runs, 2).job).toMatchObject({ here: lab.root, env: { MINE_A: '2' } });
  await untilTold();
  await lab.write('lab.local.yaml', 'queue:\n  labels: sometimes\n');
  expect(await addTask()).toMatchObject({ code: 1, stderr: expect.stringContaining('queue.labels') });
  await lab.write('lab.local.yaml', '');
  expect(await addTask()).toMatchObject({ code: 2, stderr: expect.stringContaining('"free words" lacks') });
});
