import { existsSync } from 'node:fs';
import { readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { createTemporaryRepository, type TemporaryRepository } from '../scenarios/temporary-repository.ts';
import {
  addDetachedWorktree,
  addExperimentWorktree,
  listWorktrees,
  pruneWorktrees,
  removeWorktree,
} from './worktree.ts';

const made: TemporaryRepository[] = [];

async function create(): Promise<TemporaryRepository> {
  const repository = await createTemporaryRepository({ 'train.py': '1', '.gitignore': '.lab/\n5_worktrees/\n' });
  made.push(repository);
  return repository;
}

afterEach(async () => {
  for (const repository of made.splice(0)) await repository.remove();
});

test('a detached worktree appears, goes away with its files, and its path can be used again', async () => {
  const { root, git, write } = await create();
  const owned = join(root, '.lab', 'trees');
  const path = join(owned, '7.1');
  await addDetachedWorktree(root, path, 'HEAD');
  expect(await readFile(join(path, 'train.py'), 'utf8')).toBe('1');
  expect((await listWorktrees(root))[1]).toMatchObject({ path, branch: null, commit: await git('rev-parse', 'HEAD') });
  await write('.lab/trees/7.1/out/file', 'left by the run');
  await removeWorktree(root, path, owned);
  expect(existsSync(path)).toBe(false);
  await addDetachedWorktree(root, path, 'HEAD');
  // A crash took the folder and left the entry.
  await rm(path, { recursive: true });
  await addDetachedWorktree(root, path, 'HEAD');
  await removeWorktree(root, path, owned);
  await removeWorktree(root, path, owned);
  expect(await listWorktrees(root)).toHaveLength(1);
});

test('nothing outside the owned folder is removed, not even through a link', async () => {
  const { root, git } = await create();
  const owned = join(root, '.lab', 'trees');
  const foreign = join(root, '5_worktrees', 'mine');
  await git('worktree', 'add', '--quiet', '-b', 'mine', foreign);
  await addDetachedWorktree(root, join(owned, 'a'), 'HEAD');
  await symlink(join(root, '5_worktrees'), join(owned, 'link'));
  for (const path of [foreign, root, owned, join(owned, '..', 'trees'), join(owned, 'link', 'mine')]) {
    await expect(removeWorktree(root, path, owned)).rejects.toThrow(/refusing/);
  }
  expect(existsSync(join(foreign, 'train.py'))).toBe(true);
});

test('pruning forgets the lab’s own vanished worktrees and keeps those of the user', async () => {
  const { root, git } = await create();
  const owned = join(root, '.lab', 'trees');
  const foreign = join(root, 'unplugged');
  await git('worktree', 'add', '--quiet', '-b', 'mine', foreign);
  await addDetachedWorktree(root, join(owned, 'a'), 'HEAD');
  await addDetachedWorktree(root, join(owned, 'b'), 'HEAD');
  await rm(foreign, { recursive: true });
  await rm(join(owned, 'a'), { recursive: true });
  expect(await pruneWorktrees(root, owned)).toEqual([join(owned, 'a')]);
  const paths = (await listWorktrees(root)).map((worktree) => worktree.path);
  expect(paths.sort()).toEqual([root, foreign, join(owned, 'b')].sort());
});

test('an experiment’s branch starts at its base once and is taken up again later', async () => {
  const { root, git, gitIn, write } = await create();
  const path = join(root, '5_worktrees', 'order-5');
  expect(await addExperimentWorktree(root, path, 'exp/order-5', 'main')).toEqual({ isNewBranch: true });
  await write('5_worktrees/order-5/train.py', '5');
  await gitIn(path, 'commit', '-qam', 'order 5');
  await rm(path, { recursive: true });
  expect(await addExperimentWorktree(root, path, 'exp/order-5', 'main')).toEqual({ isNewBranch: false });
  expect(await readFile(join(path, 'train.py'), 'utf8')).toBe('5');
  await expect(addExperimentWorktree(root, join(root, '5_worktrees', 'twice'), 'exp/order-5', 'main')).rejects.toThrow(
    /worktree add/,
  );
  expect(await git('rev-parse', 'main')).not.toBe(await git('rev-parse', 'exp/order-5'));
});

test('eight worktrees at once all appear', async () => {
  const { root } = await create();
  const paths = [0, 1, 2, 3, 4, 5, 6, 7].map((n) => join(root, '.lab', 'trees', String(n)));
  await Promise.all(paths.map((path) => addDetachedWorktree(root, path, 'HEAD')));
  expect(await listWorktrees(root)).toHaveLength(9);
});

test('a taken path is refused and stays', async () => {
  const { root, write } = await create();
  await write('.lab/trees/taken/file', 'mine');
  await expect(addDetachedWorktree(root, join(root, '.lab', 'trees', 'taken'), 'HEAD')).rejects.toThrow(/worktree add/);
  await writeFile(join(root, '.lab', 'trees', 'taken', 'file'), 'still mine');
});
