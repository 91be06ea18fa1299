import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readJson, writeFileSynced, writeJsonSynced } from './atomic-write.ts';

let folder = '';

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nightlab-write-'));
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

test('a file is made with its folders and mode, replaced whole, and no temporary file stays', async () => {
  const path = join(folder, 'a', 'b.txt');
  await writeFileSynced(path, 'one', { mode: 0o600 });
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  await writeFileSynced(path, 'two');
  expect(await readFile(path, 'utf8')).toBe('two');
  expect(await readdir(join(folder, 'a'))).toEqual(['b.txt']);
});

test('many writers at once leave one whole file', async () => {
  const path = join(folder, 'state.json');
  const values = [0, 1, 2, 3, 4, 5, 6, 7].map((n) => ({ n, text: String(n).repeat(50_000) }));
  await Promise.all(values.map((value) => writeJsonSynced(path, value)));
  expect(values).toContainEqual(readJson(path));
  expect(await readdir(folder)).toEqual(['state.json']);
});

test('a missing file is null; broken JSON and a blocked path are errors that name the file', async () => {
  expect(readJson(join(folder, 'missing.json'))).toBe(null);
  await writeFile(join(folder, 'broken.json'), '{"a":');
  expect(() => readJson(join(folder, 'broken.json'))).toThrow(/broken\.json is no valid JSON/);
  await writeFile(join(folder, 'file'), '');
  await expect(writeFileSynced(join(folder, 'file', 'below'), 'x')).rejects.toThrow(/below cannot be written/);
});
