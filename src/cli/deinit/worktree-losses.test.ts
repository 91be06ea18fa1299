/** Worktrees with something in them that no commit holds are told from those that can go, against real git. */
import { rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createTemporaryRepository, type TemporaryRepository } from '../../scenarios/temporary-repository.ts';
import { findLoss } from './worktree-losses.ts';

const below = '5_worktrees/a';
let repository: TemporaryRepository;
let path = '';

beforeEach(async () => {
  repository = await createTemporaryRepository({
    'train.py': '1\n',
    '.gitignore': '5_worktrees/\n__pycache__/\n.venv/\n*.pt\nnotes/\nresults.tsv\ndata\n',
  });
  path = join(repository.root, below);
  await repository.git('worktree', 'add', '--quiet', '-b', 'exp/a', path);
});

afterEach(async () => await repository.remove());

const loss = (): Promise<string | null> => findLoss(repository.root, path);

test('a worktree with nothing but caches, links that git passes over and a table without rows loses nothing', async () => {
  expect(await loss()).toBe(null);
  await repository.write(`${below}/__pycache__/train.pyc`, 'x');
  await repository.write(`${below}/deep/er/__pycache__/train.pyc`, 'x');
  await repository.write(`${below}/.venv/bin/python`, 'x');
  await repository.write(`${below}/results.tsv`, 'commit\tval_bpb\n');
  symlinkSync(repository.root, join(path, 'data'));
  expect(await loss()).toBe(null);
});

test('a new file is seen although the user has git show none', async () => {
  await repository.git('config', 'status.showUntrackedFiles', 'no');
  await repository.write(`${below}/new.py`, 'x');
  expect(await loss()).toBe('it has uncommitted changes (new.py)');
});

test('an edited file, a checkpoint and a folder of notes that git passes over are losses', async () => {
  await repository.write(`${below}/train.py`, '2\n');
  expect(await loss()).toBe('it has uncommitted changes (train.py)');
  await repository.gitIn(path, 'checkout', '--quiet', '--', 'train.py');
  await repository.write(`${below}/model.pt`, 'x');
  expect(await loss()).toContain('no commit holds (model.pt)');
  rmSync(join(path, 'model.pt'));
  await repository.write(`${below}/notes/mine.md`, 'x');
  expect(await loss()).toContain('no commit holds (notes/)');
});

test('a table with rows is a loss, as before', async () => {
  await repository.write(`${below}/results.tsv`, 'commit\tval_bpb\nabc1234\t0.9\n');
  expect(await loss()).toBe('the results.tsv of its session is in no commit');
});

test('where the worktree has lost its .git nobody asks the repository around it', async () => {
  await repository.write(`${below}/model.pt`, 'x');
  rmSync(join(path, '.git'));
  expect(await loss()).toContain('its .git is not the one that the lab made');
});

test('commits on a detached HEAD that no branch reaches are a loss', async () => {
  await repository.gitIn(path, 'checkout', '--quiet', '--detach');
  expect(await loss()).toBe(null);
  await repository.gitIn(path, 'commit', '--quiet', '--allow-empty', '--message=mine');
  expect(await loss()).toBe('its commits are on no branch');
});
