/** Parts of logs: the last lines of a file of several pieces, characters of several bytes, and lines without an end. */
import { closeSync, fstatSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { findLastLines, readRange } from './log-range.ts';

let folder = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'nl-log-range-'));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The last lines of a file with this text; null: all of it. */
function readLines(text: string, count: number | null): string {
  const path = join(folder, 'run.log');
  writeFileSync(path, text);
  const handle = openSync(path, 'r');
  try {
    const { size } = fstatSync(handle);
    const from = count === null ? 0 : findLastLines(handle, size, count);
    return Buffer.concat([...readRange(handle, from, size)]).toString('utf8');
  } finally {
    closeSync(handle);
  }
}

test.each<[string, number, string]>([
  ['', 3, ''],
  ['\n', 1, '\n'],
  ['one', 1, 'one'],
  ['one\n', 1, 'one\n'],
  ['one\ntwo\n', 1, 'two\n'],
  ['one\ntwo', 1, 'two'],
  ['one\ntwo\n', 2, 'one\ntwo\n'],
  ['one\ntwo\n', 9, 'one\ntwo\n'],
  ['one\n\n\n', 2, '\n\n'],
  ['größer\nβeta\n', 1, 'βeta\n'],
])('of %j the last %i lines are %j', (text, count, expected) => {
  expect(readLines(text, count)).toBe(expected);
});

test('a file of several pieces is read whole, and its last lines across their borders', () => {
  const lines = Array.from({ length: 60_000 }, (_, index) => `step ${index}: λ\n`);
  const text = lines.join('');
  expect(Buffer.byteLength(text)).toBeGreaterThan(3 * 256 * 1024);
  expect(readLines(text, null)).toBe(text);
  for (const count of [1, 20_000, 45_000, 60_000, 60_001])
    expect(readLines(text, count)).toBe(lines.slice(-count).join(''));
});

test('a last line of several pieces is one line', () => {
  const long = 'x'.repeat(700_000);
  expect(readLines(`before\n${long}`, 1)).toBe(long);
  expect(readLines(`before\n${long}\n`, 2)).toBe(`before\n${long}\n`);
});
