/** What may be changed in a job, and that a change is still there after a restart of the daemon. Real run folders, no workers. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { openJobBook } from '../../../queue/job-book.ts';
import { createPlainJob, createPlainRun } from '../../../queue/job-for-tests.ts';
import { attemptFolder } from '../../../queue/job-store.ts';
import type { Device } from '../../../workers/device-probe.ts';
import type { JobEdits } from '../../domain/job.ts';
import { ensureComesAfter, ensureEdits, mergeEdits } from './edit.ts';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

const processor: Device = {
  ...{ id: 'cpu0', class: 'cpu', model: 'x', uuid: null, index: null, vendor: 'cpu', driver: null },
  ...{ memoryTotalMib: null, memoryUsedMib: null },
};
const card: Device = {
  ...{ id: 'gpu0', class: 'gpu', model: 'y', uuid: 'GPU-0', index: 0, vendor: 'nvidia', driver: '1' },
  ...{ memoryTotalMib: 24_000, memoryUsedMib: 0 },
};
const needs = { deviceId: null, gpus: 1, vramMib: null };

test.each<[JobEdits, string]>([
  [{ needs: { ...needs, gpus: 4 } }, 'the job asks for 4 GPUs, expected at most 1'],
  [{ needs: { ...needs, vramMib: 40_000 } }, 'the job asks for 40000 MiB of GPU memory, expected what a card has'],
  [{ needs: { ...needs, deviceId: 'gpu3' } }, 'this machine has no gpu device "gpu3"'],
  [{ device: 'cpu', needs: { ...needs, gpus: 2 } }, '--gpus and --vram are about GPUs'],
])('the edits %j are refused where no device could ever give that', (edits, reason) => {
  const job = createPlainJob(1, { device: 'gpu' });
  expect(() => ensureEdits({ devices: [processor, card] }, job, edits)).toThrow(reason);
});

test('a job that no device can take any more may be given less, and other changes of it are none of the devices’ business', () => {
  const job = createPlainJob(1, { device: 'gpu', needs: { ...needs, gpus: 4 } });
  const devices = [processor, card];
  expect(() => ensureEdits({ devices }, job, { needs })).not.toThrow();
  expect(() => ensureEdits({ devices }, job, { device: 'cpu', needs })).not.toThrow();
  expect(() => ensureEdits({ devices }, job, { stdin: true, wallSeconds: 5 })).not.toThrow();
});

test('a replay keeps the standard input that its number was measured with', () => {
  const job = createPlainJob(2, { kind: 'replay', replays: 1 });
  expect(() => ensureEdits({ devices: [processor] }, job, { stdin: true })).toThrow('its stdin cannot be changed');
});

test('edits of retries, limits, devices and standard input are read back from disk', async () => {
  const runs = mkdtempSync(join(tmpdir(), 'nl-edit-'));
  folders.push(runs);
  const book = openJobBook(runs);
  const { number } = (await book.create(async (taken) => createPlainJob(taken))).job;
  const edits: JobEdits = {
    ...{ device: 'gpu', needs: { deviceId: 'gpu0', gpus: 1, vramMib: 1024 }, stdin: true },
    ...{ retry: { times: 2, on: ['signal'], delaySeconds: 1 }, limits: { idleSeconds: 9, logMb: null } },
  };
  await book.setEntry(number, (entry) => ({ ...entry, edits: mergeEdits(entry.edits, edits) }));
  expect(openJobBook(runs).get(number).job).toMatchObject(edits);
});

test('what a job comes after is changed until it first runs, and not for a retry, which would not look at it', async () => {
  const runs = mkdtempSync(join(tmpdir(), 'nl-edit-'));
  folders.push(runs);
  const book = openJobBook(runs);
  const retry = { times: 2, on: ['any'], delaySeconds: 0 };
  const known = { job: 7, any: false };
  const { number } = (await book.create(async (taken) => createPlainJob(taken, { retry }), { after: [known] })).job;
  const wanted = [known, { job: 8, any: false }];
  expect(() => ensureComesAfter(book.get(number), wanted)).not.toThrow();
  mkdirSync(attemptFolder(runs, number, 1));
  await book.setRun(createPlainRun(number, { fate: { kind: 'failed', failure: 'exception', detail: '' } }));
  expect(() => ensureComesAfter(book.get(number), wanted)).toThrow('a retry comes after no other job');
  expect(() => ensureComesAfter(book.get(number), [])).not.toThrow();
  await book.setEntry(number, (entry) => ({ ...entry, asked: 2 }));
  expect(() => ensureComesAfter(book.get(number), wanted)).not.toThrow();
});
