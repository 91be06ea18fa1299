import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { cutLog, nextLookMs, readLogBytes } from './log-limit.ts';

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'nl-log-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test.each([
  [5_000, 1_000],
  [1_001, 1_000],
  [9_000_000, 4_000_000],
  [4_000_100, 4_000_000],
])('of %d bytes with a limit of %d the head and the tail stay, as they were', (size, limit) => {
  const path = join(folder, `${size}`);
  const before = Buffer.from(Array.from({ length: size }, (_, index) => 97 + ((index * 7 + (index >> 8)) % 26)));
  writeFileSync(path, before);
  const leftOut = cutLog(path, limit);
  const after = readFileSync(path);
  const [head = '', note = '', tail = ''] = after.toString('latin1').split('\n');
  expect(after.length).toBeLessThanOrEqual(limit);
  expect(note).toBe(`[nightlab: ${leftOut} bytes left out here, the log limit is ${limit} bytes]`);
  expect(head.length + leftOut + tail.length).toBe(size);
  expect(head.length).toBe(tail.length);
  expect(head).toBe(before.subarray(0, head.length).toString('latin1'));
  expect(tail).toBe(before.subarray(size - tail.length).toString('latin1'));
  expect(cutLog(path, limit)).toBe(0);
  expect(readFileSync(path).equals(after)).toBe(true);
});

test('a log at its limit, and one that is not there, are left as they are', () => {
  const path = join(folder, 'small');
  writeFileSync(path, 'x'.repeat(1_000));
  expect(cutLog(path, 1_000)).toBe(0);
  expect(readLogBytes(path)).toBe(1_000);
  expect(cutLog(join(folder, 'none'), 1_000)).toBe(0);
});

test('a log that grows fast is looked at again before it is full', () => {
  expect(nextLookMs(100, 1_000, 0, 100)).toBe(100);
  expect(nextLookMs(100, 1_000, 10, 100)).toBe(100);
  expect(nextLookMs(100, 1_000, 2_000, 100)).toBe(25);
  expect(nextLookMs(100, -5, 2_000, 100)).toBe(5);
});
