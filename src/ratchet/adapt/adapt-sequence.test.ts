/** What is written, refused and told about prepare.py of a real repository; running and older sessions are in src/scenarios/ratchet-modes.test.ts. */
import { chmod, lstat, readFile, rename, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { labPaths } from '../../config/lab-paths.ts';
import { buildConfig } from '../../config/load.ts';
import { createTemporaryRepository, type TemporaryRepository } from '../../scenarios/temporary-repository.ts';
import { adaptSequence } from './adapt-sequence.ts';

const prepare = 'MAX_SEQ_LEN = 64\nEVAL_TOKENS = 4096\n';
const yaml = 'main: main\nmetric: { name: val_bpb, direction: lower }\ncommands: { train: python3 train.py }\n';
let repository: TemporaryRepository;
let file: string;

beforeEach(async () => {
  repository = await createTemporaryRepository({ 'prepare.py': prepare, 'train.py': '', 'lab.yaml': yaml });
  file = join(repository.root, 'prepare.py');
});
afterEach(() => repository.remove());

test('the mode of prepare.py stays', async () => {
  await chmod(file, 0o755);
  await adaptSequence(repository.root, null, 32, false);
  expect(await readFile(file, 'utf8')).toBe('MAX_SEQ_LEN = 32\nEVAL_TOKENS = 2048\n');
  expect((await stat(file)).mode & 0o777).toBe(0o755);
});

test('a prepare.py that is no UTF-8, or a link, is refused and stays as it is, byte for byte', async () => {
  const latin = Buffer.from(`# caf\xe9\n${prepare}`, 'latin1');
  await writeFile(file, latin);
  await expect(adaptSequence(repository.root, null, 32, false)).rejects.toThrow(/no UTF-8/);
  expect(await readFile(file)).toEqual(latin);
  const target = join(repository.root, 'shared.py');
  await writeFile(file, prepare);
  await rename(file, target);
  await symlink(target, file);
  await expect(adaptSequence(repository.root, null, 32, false)).rejects.toThrow(/symbolic link/);
  expect((await lstat(file)).isSymbolicLink()).toBe(true);
  expect(await readFile(target, 'utf8')).toBe(prepare);
});

test('a length that only the working tree has is told with what makes it count, until the commit has it', async () => {
  const { root, git } = repository;
  const lab = { paths: labPaths(root), config: buildConfig({ text: yaml, name: 'lab.yaml' }, null, {}) };
  for (const around of [null, lab]) {
    expect(await adaptSequence(root, around, 64, false)).toMatchObject({ changes: [], next: [] });
    expect((await adaptSequence(root, around, 32, false)).changes).toHaveLength(2);
    const again = await adaptSequence(root, around, 32, false);
    expect(again.changes).toEqual([]);
    expect(again.next.join('\n')).toMatch(/git commit -m "prepare: sequence length 32" -- prepare\.py/);
    await git('commit', '--quiet', '--all', '--message=32');
    expect(await adaptSequence(root, around, 32, false)).toMatchObject({ changes: [], next: [] });
    await git('reset', '--quiet', '--hard', 'HEAD~1');
  }
});
