import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createTemporaryRepository, type TemporaryRepository } from '../../scenarios/temporary-repository.ts';
import { findRepository, folderOfAddress, placeOfRequest } from './find-repository.ts';

let repository: TemporaryRepository;

beforeEach(async () => {
  repository = await createTemporaryRepository({ 'train.py': '', 'prepare.py': '' });
});
afterEach(() => repository.remove());

test('a clone is put into the folder that git would name, and is not fetched twice', async () => {
  const cwd = join(repository.root, 'work');
  await mkdir(cwd);
  const request = { cwd, clone: repository.root, folder: 'mine' };
  const told: string[] = [];
  const first = await findRepository(request, (line) => told.push(line));
  expect(first).toMatchObject({ outcome: { state: 'done' }, root: join(cwd, 'mine') });
  expect(told).toHaveLength(1);
  const second = await findRepository(request, (line) => told.push(line));
  expect(second).toMatchObject({ outcome: { state: 'already' }, root: join(cwd, 'mine') });
  expect(told).toHaveLength(1);
});

test('a folder with something else in it is not touched', async () => {
  const cwd = join(repository.root, 'work');
  await mkdir(join(cwd, 'mine'), { recursive: true });
  await writeFile(join(cwd, 'mine', 'notes.txt'), 'mine');
  const { outcome, root } = await findRepository({ cwd, clone: repository.root, folder: 'mine' }, () => undefined);
  expect(root).toBeNull();
  expect(outcome).toMatchObject({ state: 'failed', text: expect.stringMatching(/is there already/) });
});

test('an address that cannot be fetched fails with what git said, and leaves no folder', async () => {
  const request = { cwd: repository.root, clone: join(repository.root, 'nowhere'), folder: 'mine' };
  const { outcome } = await findRepository(request, () => undefined);
  expect(outcome).toMatchObject({ state: 'failed', log: [expect.stringMatching(/does not exist/)] });
});

test('a folder without the training files names the missing ones', async () => {
  await repository.git('rm', '--quiet', 'prepare.py');
  const { outcome } = await findRepository({ cwd: repository.root, clone: null, folder: null }, () => undefined);
  expect(outcome).toMatchObject({ state: 'failed', text: expect.stringMatching(/prepare\.py is missing/) });
});

test('the name of a clone is the last part of its address', () => {
  for (const [address, name] of [
    ['https://example.org/a/autoresearch', 'autoresearch'],
    ['https://example.org/a/autoresearch.git/', 'autoresearch'],
    ['git@example.org:a/autoresearch.git', 'autoresearch'],
    ['host:autoresearch', 'autoresearch'],
    ['/srv/git/autoresearch/.git', 'autoresearch'],
  ] as const)
    expect([address, folderOfAddress(address)]).toEqual([address, name]);
});

test('an address that git would take for an option or a command is refused', () => {
  for (const clone of ['--upload-pack=evil', 'ext::sh -c evil', ''])
    expect(() => placeOfRequest({ cwd: '/', clone, folder: 'x' })).toThrow(/expected the address/);
});
