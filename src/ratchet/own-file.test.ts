import { chmod, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readOwnFile, replaceOwnFile } from './own-file.ts';

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nightlab-own-'));
  path = join(folder, 'prepare.py');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test('the mode stays, whatever it was', async () => {
  await writeFile(path, 'a\n');
  await chmod(path, 0o755);
  await replaceOwnFile(path, 'a\n', 'b\n');
  expect(await readFile(path, 'utf8')).toBe('b\n');
  expect((await stat(path)).mode & 0o7777).toBe(0o755);
});

test('a file that was changed, made or removed meanwhile is not replaced, and nothing is left beside it', async () => {
  await expect(replaceOwnFile(path, 'a\n', 'b\n')).rejects.toThrow(/changed meanwhile/);
  await writeFile(path, 'mine\n');
  for (const before of ['a\n', null])
    await expect(replaceOwnFile(path, before, 'b\n')).rejects.toThrow(/changed meanwhile/);
  expect(await readFile(path, 'utf8')).toBe('mine\n');
  expect(await readdir(folder)).toEqual(['prepare.py']);
});

test('a link and a text that is no UTF-8 are refused', async () => {
  const target = join(folder, 'target.py');
  await writeFile(target, 'a\n');
  await symlink(target, path);
  expect(() => readOwnFile(path)).toThrow(/is a symbolic link/);
  await rm(path);
  await writeFile(path, Buffer.from('# caf\xe9\n', 'latin1'));
  expect(() => readOwnFile(path)).toThrow(/is no UTF-8 text/);
  expect(readOwnFile(join(folder, 'none'))).toBeNull();
});
