import { execFileSync } from 'node:child_process';
import {
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { RatchetRow } from '../domain/ratchet.ts';
import { formatRow, readRatchetRows, updateRows } from './session-rows.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'rows-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const rows: RatchetRow[] = [
  { commit: 'a1b2c3d', metric: 0.9979, memoryGb: 43.96, status: 'keep', description: 'baseline' },
  { commit: 'b2c3d4e', metric: 1.0052, memoryGb: 44.0, status: 'discard', description: 'a wider\tlayer\nin two lines' },
  { commit: 'c3d4e5f', metric: null, memoryGb: null, status: 'crash', description: 'out of memory' },
];

test('rows are written to the letter and read back, a crash without its zeros', async () => {
  const path = join(folder, 'results.tsv');
  expect(await updateRows(path, 'val_bpb', rows, folder)).toEqual({ kind: 'appended' });
  expect(readFileSync(path, 'utf8')).toBe(
    'commit\tval_bpb\tmemory_gb\tstatus\tdescription\n' +
      'a1b2c3d\t0.997900\t44.0\tkeep\tbaseline\n' +
      'b2c3d4e\t1.005200\t44.0\tdiscard\ta wider layer in two lines\n' +
      'c3d4e5f\t0.000000\t0.0\tcrash\tout of memory\n',
  );
  expect(readRatchetRows(path).map(({ metric }) => metric)).toEqual([0.9979, 1.0052, null]);
});

test('the same rows twice are written once, and half a row is completed', async () => {
  const path = join(folder, 'results.tsv');
  await updateRows(path, 'val_bpb', rows.slice(0, 2), folder);
  const whole = readFileSync(path, 'utf8') + formatRow(rows[2] as RatchetRow);
  writeFileSync(path, whole.slice(0, -9));
  expect(await updateRows(path, 'val_bpb', rows, folder)).toEqual({ kind: 'appended' });
  expect(readFileSync(path, 'utf8')).toBe(whole);
  expect(await updateRows(path, 'val_bpb', rows, folder)).toEqual({ kind: 'unchanged' });
});

test('a changed table is put back, and what stood there is kept', async () => {
  const path = join(folder, 'results.tsv');
  writeFileSync(path, 'commit\tval_bpb\nforged\t0.1\n');
  const update = await updateRows(path, 'val_bpb', rows, folder);
  expect(readRatchetRows(path)).toHaveLength(3);
  if (update.kind !== 'put-back') throw new Error(`expected it to be put back, got ${update.kind}`);
  expect(readFileSync(update.keptAt, 'utf8')).toContain('forged');
});

test('a table of another make is refused by its line', () => {
  const path = join(folder, 'results.tsv');
  writeFileSync(path, 'commit\tval_bpb\tmemory_gb\tstatus\tdescription\na\t1\t1\tkept it\tx\n');
  expect(() => readRatchetRows(path)).toThrow(/line 2 is no row of a session/);
});

test.each([
  ['a link to a file of the user', (path: string) => symlinkSync(join(folder, 'user.txt'), path)],
  ['a link to nothing', (path: string) => symlinkSync(join(folder, 'new.txt'), path)],
  ['a second name of a file of the user', (path: string) => linkSync(join(folder, 'user.txt'), path)],
  ['a folder', (path: string) => mkdirSync(path)],
  ['a pipe', (path: string) => void execFileSync('mkfifo', [path])],
])('where an agent put %s in its place, the table is put back and nothing else is written', async (_, place) => {
  writeFileSync(join(folder, 'user.txt'), 'precious');
  const path = join(folder, 'results.tsv');
  place(path);
  const keep = join(folder, 'keep');
  mkdirSync(keep);
  expect(await updateRows(path, 'val_bpb', rows, keep)).toMatchObject({ kind: 'put-back' });
  expect(readRatchetRows(path)).toHaveLength(3);
  expect(readFileSync(join(folder, 'user.txt'), 'utf8')).toBe('precious');
  expect(existsSync(join(folder, 'new.txt'))).toBe(false);
});

test('a pipe is not read as a table', () => {
  const path = join(folder, 'results.tsv');
  execFileSync('mkfifo', [path]);
  expect(() => readRatchetRows(path)).toThrow(/is no plain file/);
});
