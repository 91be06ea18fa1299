/** What keeps a lab from being taken apart: jobs in its run folders, with no daemon to ask, and the locks of pipeline and sessions. */
import { existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createPlainJob, createPlainRun } from '../../../queue/job-for-tests.ts';
import { createQueueEntry } from '../../../queue/job-schema.ts';
import { attemptFolder, type RecordedJob, writeJob, writeRecorded, writeRun } from '../../../queue/job-store.ts';
import { type LabPaths, labPaths } from '../../config/lab-paths.ts';
import type { LabError } from '../../errors/lab-error.ts';
import { type KernelLock, tryLock } from '../../lab/kernel-lock.ts';
import { lockSession } from '../../ratchet/session.ts';
import { endDaemon, ensureNoOpenJobs, holdCommands, listOpenJobs } from './idle-lab.ts';

let paths: LabPaths;
let held: KernelLock[] = [];

beforeEach(() => {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'nightlab-idle-')));
  // A socket of a daemon is looked for in the folder of the user otherwise.
  paths = { ...labPaths(root), socket: join(root, 'none.sock') };
});

afterEach(() => {
  for (const lock of held) lock.release();
  held = [];
  rmSync(paths.root, { recursive: true, force: true });
});

const recorded = (job: number, isDone: boolean): RecordedJob => ({
  ...{ schema: 1, job, attempt: 1, decision: null, metric: 'm', row: null, entry: null, commit: null, isDone },
});

async function write(number: number, asked: Parameters<typeof createQueueEntry>[1] = {}): Promise<void> {
  await writeJob(paths.runs, createPlainJob(number), createQueueEntry(number, asked));
}

async function writeEnded(number: number, isDone: boolean | null): Promise<void> {
  await write(number);
  mkdirSync(attemptFolder(paths.runs, number, 1));
  await writeRun(paths.runs, createPlainRun(number));
  if (isDone !== null) await writeRecorded(paths.runs, recorded(number, isDone));
}

const refusal = (): LabError | null => {
  try {
    ensureNoOpenJobs(paths);
    return null;
  } catch (error) {
    return error as LabError;
  }
};

test('jobs that are over and recorded, and removed ones, leave the lab idle, and so does a lab without a job', async () => {
  expect(refusal()).toBe(null);
  await writeEnded(1, true);
  await write(2, { removedAt: '2026-01-01T00:00:00+00:00' });
  expect(refusal()).toBe(null);
});

test('without a daemon a begun, an unrecorded and every waiting job is found, and the command that helps is named', async () => {
  await write(1);
  mkdirSync(attemptFolder(paths.runs, 1, 1));
  await writeEnded(2, null);
  await writeEnded(3, false);
  await write(4);
  await write(5, { stashed: true });
  await write(6, { hold: 'its track moved on' });
  await write(7, { after: [{ job: 4, any: false }] });
  await write(9, { notBefore: '2999-01-01T00:00:00+00:00' });
  await writeEnded(10, true);
  expect(listOpenJobs(paths.runs)).toEqual({ running: [1], recording: [2, 3], waiting: [4, 5, 6, 7, 9] });
  expect(refusal()?.message).toBe('job 1 runs, jobs 2-3 are not recorded yet, jobs 4-7, 9 wait, expected an idle lab');
  const hints = refusal()?.hints ?? [];
  expect(hints).toHaveLength(3);
  for (const [index, command] of ['`lab kill 1`', '`lab wait 2-3`', '`lab remove 4-7 9`'].entries())
    expect(hints[index]).toContain(command);
});

test('a job that was removed while it ran counts as running until its outcome is there', async () => {
  await write(1, { removedAt: '2026-01-01T00:00:00+00:00' });
  mkdirSync(attemptFolder(paths.runs, 1, 1));
  expect(refusal()?.message).toContain('job 1 runs');
});

test('a job that cannot be read is no job that is over', async () => {
  await write(1);
  writeFileSync(join(paths.runs, '1', 'job.json'), '{"schema": 9}\n');
  expect(refusal()?.message).toContain('job 1 cannot be read');
});

test('a pipeline, a setup and a session keep `lab deinit` out, and it keeps them out', async () => {
  await expect(holdCommands(paths, true)).resolves.toEqual([]);
  expect(existsSync(paths.state)).toBe(false);
  held = await holdCommands(paths);
  expect(await tryLock(join(paths.state, 'pipeline.lock'))).toBe(null);
  for (const lock of held) lock.release();

  const session = await lockSession(paths, 'mar5');
  held = [session];
  for (const isLook of [true, false])
    await expect(holdCommands(paths, isLook)).rejects.toThrow(
      /session mar5 is running \(process \d+\), expected an idle/,
    );
  // What it had taken before it came to the session is free again.
  const pipeline = await tryLock(join(paths.state, 'pipeline.lock'));
  expect(pipeline).not.toBe(null);
  session.release();
  held = pipeline === null ? [] : [pipeline];
  for (const isLook of [true, false])
    await expect(holdCommands(paths, isLook)).rejects.toThrow('another command works on the ideas of this lab');
  for (const lock of held) lock.release();
  const setup = await tryLock(join(paths.state, 'setup.lock'));
  held = setup === null ? [] : [setup];
  await expect(holdCommands(paths)).rejects.toThrow('`lab autoresearch setup` is at work here, expected an idle lab');
  for (const lock of held) lock.release();
  held = await holdCommands(paths);
  await expect(lockSession(paths, 'mar5')).rejects.toThrow('lab deinit');
});

test('no daemon can start while the lab is taken apart', async () => {
  held = [await endDaemon(paths)];
  expect(await tryLock(paths.daemonLock)).toBe(null);
});
