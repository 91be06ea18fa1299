import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { findRepositoryRoot } from '../config/repository-root.ts';
import { createTemporaryRepository, type TemporaryRepository } from '../scenarios/temporary-repository.ts';
import { findCommit, mergeBase, readBlob, resolveCommit, resolveMainBranch } from './repository.ts';
import { runGit, runGitResult } from './run-git.ts';
import { readTreeChanges } from './tree-diff.ts';

const made: TemporaryRepository[] = [];

async function create(files: Record<string, string>): Promise<TemporaryRepository> {
  const repository = await createTemporaryRepository(files);
  made.push(repository);
  return repository;
}

afterEach(async () => {
  for (const repository of made.splice(0)) await repository.remove();
});

test('the root is found from a subfolder and from a linked worktree, and is null outside', async () => {
  const { root, git } = await create({ 'a/b/file': 'x' });
  await git('worktree', 'add', '--quiet', '-b', 'side', join(root, '5_worktrees', 'side one'));
  expect(findRepositoryRoot(join(root, 'a', 'b'))).toBe(root);
  expect(findRepositoryRoot(join(root, '5_worktrees', 'side one', 'a'))).toBe(root);
  expect(findRepositoryRoot('/')).toBe(null);
  expect(findRepositoryRoot(join(root, 'missing'))).toBe(null);
});

test('a submodule is its own root', async () => {
  const inner = await create({ 'model.py': '1' });
  const outer = await create({ 'train.py': '1' });
  await outer.git('-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'add', inner.root, 'vendor/inner');
  expect(findRepositoryRoot(join(outer.root, 'vendor', 'inner'))).toBe(join(outer.root, 'vendor', 'inner'));
});

test('the main branch is the configured one, main, or the only one; a missing configured one is an error', async () => {
  const { root, git } = await create({ file: 'x' });
  expect(await resolveMainBranch(root, null)).toBe('main');
  await expect(resolveMainBranch(root, 'trnk')).rejects.toThrow(/'trnk'/);
  await git('branch', '-m', 'main', 'research');
  expect(await resolveMainBranch(root, null)).toBe('research');
  expect(await resolveMainBranch(root, 'research')).toBe('research');
});

test('a blob is given byte for byte, and null where it is missing', async () => {
  const { root, write, git } = await create({ 'with space.txt': 'one\r\ntwo' });
  await write('raw.bin', new Uint8Array([0, 255, 10, 13]));
  await git('add', '-A');
  await git('commit', '-qm', 'raw');
  expect((await readBlob(root, 'HEAD', 'with space.txt'))?.toString()).toBe('one\r\ntwo');
  expect([...((await readBlob(root, 'HEAD', 'raw.bin')) ?? [])]).toEqual([0, 255, 10, 13]);
  expect(await readBlob(root, 'HEAD', 'nope')).toBe(null);
  await expect(readBlob(root, 'no-such-branch', 'raw.bin')).rejects.toThrow(/ls-tree/);
});

test('a rename is a deletion and an addition', async () => {
  const { root, git } = await create({ 'old name': 'long enough to be found as a rename\n', same: '1', gone: '2' });
  await git('mv', 'old name', 'new\nname');
  await git('rm', '-q', 'gone');
  await git('commit', '-qm', 'move');
  const changes = await readTreeChanges(root, 'HEAD~1', 'HEAD');
  expect(changes.map(({ path, oldMode, newMode }) => [path, oldMode, newMode])).toEqual([
    ['gone', '100644', null],
    ['new\nname', null, '100644'],
    ['old name', '100644', null],
  ]);
});

test('revisions resolve, unknown ones say so, and unrelated histories have no base', async () => {
  const { root, git } = await create({ file: 'x' });
  const head = await git('rev-parse', 'HEAD');
  expect(await resolveCommit(root, 'main')).toBe(head);
  expect(await findCommit(root, 'mian')).toBe(null);
  await expect(resolveCommit(root, 'mian')).rejects.toThrow(/'mian' names no commit/);
  await git('checkout', '-q', '--orphan', 'other');
  await git('commit', '-qm', 'unrelated');
  expect(await mergeBase(root, 'main', 'other')).toBe(null);
  expect(await mergeBase(root, 'main', 'main')).toBe(head);
});

test('a surrounding git process cannot point the lab at another repository', async () => {
  const { root } = await create({ file: 'x' });
  const before = process.env.GIT_DIR;
  process.env.GIT_DIR = '/nonexistent';
  try {
    expect((await runGit(root, ['rev-parse', '--show-toplevel'])).trim()).toBe(root);
  } finally {
    if (before === undefined) delete process.env.GIT_DIR;
    else process.env.GIT_DIR = before;
  }
});

test('a failure carries the words of git as its cause, a missing folder is told apart', async () => {
  const { root } = await create({ file: 'x' });
  await expect(runGit(root, ['cat-file', 'blob', 'nothing'])).rejects.toMatchObject({
    name: 'LabError',
    cause: { message: expect.stringContaining('nothing') },
  });
  await mkdir(join(root, 'away'));
  await rm(join(root, 'away'), { recursive: true });
  await expect(runGitResult(join(root, 'away'), ['status'])).rejects.toThrow(/could not be started/);
});
