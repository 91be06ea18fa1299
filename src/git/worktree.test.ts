import { existsSync } from 'node:fs';
import { chmod, mkdir, readdir, readFile, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { createTemporaryRepository, type TemporaryRepository } from '../scenarios/temporary-repository.ts';
import { readCheckoutSettings } from './filter-settings.ts';
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

test('a worktree made by hash is one for git like those that git makes, with the same files and a clean status', async () => {
  const { root, git, gitIn, write } = await create();
  await write('deep/er/run.sh', 'true\n');
  await git('add', '--all');
  await git('update-index', '--chmod=+x', 'deep/er/run.sh');
  await git('commit', '-qm', 'more');
  const commit = await git('rev-parse', 'HEAD');
  const [ours, theirs] = [join(root, '.lab', 'trees', '7.1'), join(root, '.lab', 'trees', 'of-git')];
  await addDetachedWorktree(root, ours, commit);
  await git('worktree', 'add', '--quiet', '--detach', theirs, commit);
  for (const words of [
    ['status', '--porcelain'],
    ['rev-parse', 'HEAD'],
    ['ls-files', '-s'],
    ['branch', '--show-current'],
  ])
    expect(await gitIn(ours, ...words)).toBe(await gitIn(theirs, ...words));
  const list = (folder: string) => readdir(folder, { recursive: true }).then((names) => names.sort());
  expect(await list(ours)).toEqual(await list(theirs));
  await git('worktree', 'prune');
  await git('fsck');
  expect((await listWorktrees(root)).map(({ path }) => path)).toEqual([root, ours, theirs]);
  // What `git worktree add` leaves and this does not, or the comparison above is of git with itself.
  expect(existsSync(join(root, '.git', 'worktrees', '7.1', 'logs'))).toBe(false);
  await gitIn(ours, 'commit', '-q', '--allow-empty', '-m', 'by the run');
  await git('worktree', 'remove', ours);
  await removeWorktree(root, theirs, join(root, '.lab', 'trees'));
  expect(await listWorktrees(root)).toHaveLength(1);
  expect(await readdir(join(root, '.git', 'worktrees')).catch(() => [])).toEqual([]);
});

test("a run that points its checkout's .git at another worktree takes that one's entry with it in vain", async () => {
  const { root, git, gitIn } = await create();
  const owned = join(root, '.lab', 'trees');
  const mine = join(root, '5_worktrees', 'mine');
  await git('worktree', 'add', '--quiet', '-b', 'mine', mine);
  const path = join(owned, '7.1');
  await addDetachedWorktree(root, path, await git('rev-parse', 'HEAD'));
  await writeFile(join(path, '.git'), await readFile(join(mine, '.git')));
  await removeWorktree(root, path, owned);
  expect((await listWorktrees(root)).map((worktree) => worktree.path)).toEqual([root, mine]);
  expect(await gitIn(mine, 'status', '--porcelain')).toBe('');
});

test('worktrees of the same name keep apart, and one that is gone is taken over', async () => {
  const { root, git } = await create();
  const commit = await git('rev-parse', 'HEAD');
  const paths = ['a', 'b', 'c'].map((folder) => join(root, '.lab', folder, '7.1'));
  await Promise.all(paths.map((path) => addDetachedWorktree(root, path, commit)));
  expect((await listWorktrees(root)).map(({ path }) => path).sort()).toEqual([root, ...paths].sort());
  const [first = '', second = ''] = paths;
  await rm(first, { recursive: true });
  await addDetachedWorktree(root, first, commit);
  await removeWorktree(root, second, dirname(second));
  expect(await listWorktrees(root)).toHaveLength(3);
  expect(await git('worktree', 'prune', '--dry-run', '--verbose')).toBe('');
});

test('a commit that is not there leaves neither folder nor entry', async () => {
  const { root } = await create();
  const path = join(root, '.lab', 'trees', '7.1');
  await expect(addDetachedWorktree(root, path, '1'.repeat(40))).rejects.toThrow(/worktree add/);
  expect(existsSync(path)).toBe(false);
  expect(await listWorktrees(root)).toHaveLength(1);
  expect((await readdir(join(root, '.git'))).filter((name) => name.startsWith('lab-worktree-'))).toEqual([]);
});

test.each([
  ['extensions.worktreeConfig', 'true'],
  ['core.sparseCheckout', 'true'],
  ['core.sharedRepository', 'group'],
])('with %s set git makes the worktree itself, and it is removed all the same', async (name, value) => {
  const { root, git, gitIn } = await create();
  await git('config', name, value);
  expect((await readCheckoutSettings(root)).isPlain).toBe(false);
  const owned = join(root, '.lab', 'trees');
  const path = join(owned, '7.1');
  await addDetachedWorktree(root, path, await git('rev-parse', 'HEAD'));
  expect(await gitIn(path, 'status', '--porcelain')).toBe('');
  // Only git keeps this.
  expect(await gitIn(path, 'reflog', 'show', '--format=%H', 'HEAD')).toBe(await git('rev-parse', 'HEAD'));
  await removeWorktree(root, path, owned);
  expect(await listWorktrees(root)).toHaveLength(1);
});

test('settings that say no more than git init does are plain', async () => {
  const { root, git } = await create();
  expect((await readCheckoutSettings(root)).isPlain).toBe(true);
  await git('config', 'core.sparseCheckout', 'false');
  await git('config', 'filter.Own Name.smudge', 'cat -n\n');
  const { isPlain, commands } = await readCheckoutSettings(root);
  expect([isPlain, [...commands]]).toEqual([true, [['Own Name', ['cat -n\n']]]]);
});

test('an entry in the making that a crash left is swept after an hour, and not before', async () => {
  const { root } = await create();
  const [old, young] = ['old', 'young'].map((name) => join(root, '.git', `lab-worktree-${name}`));
  for (const folder of [old, young]) await mkdir(folder ?? '');
  await utimes(old ?? '', 1, 1);
  await pruneWorktrees(root, join(root, '.lab', 'trees'));
  expect([old, young].map((folder) => existsSync(folder ?? ''))).toEqual([false, true]);
});

// To root no folder is closed, and nothing else breaks a removal off in its middle.
const isRoot = process.getuid?.() === 0;

test.skipIf(isRoot)(
  `an entry whose removal breaks off half-way is none for git any more, and what is left of it is swept${isRoot ? ' (skipped: root)' : ''}`,
  async () => {
    const { root, git } = await create();
    const owned = join(root, '.lab', 'trees');
    const path = join(owned, '7.1');
    await addDetachedWorktree(root, path, await git('rev-parse', 'HEAD'));
    const closed = join(root, '.git', 'worktrees', '7.1', 'closed');
    await mkdir(closed);
    await writeFile(join(closed, 'file'), '');
    await chmod(closed, 0o500);
    await expect(removeWorktree(root, path, owned)).rejects.toThrow(/entry of .* could not be removed/);
    expect(await readdir(join(root, '.git', 'worktrees'))).toEqual([]);
    const listLeft = async () => (await readdir(join(root, '.git'))).filter((name) => name.startsWith('lab-worktree-'));
    const [left = ''] = await listLeft();
    await chmod(join(root, '.git', left, 'closed'), 0o700);
    await utimes(join(root, '.git', left), 1, 1);
    await pruneWorktrees(root, owned);
    expect(await listLeft()).toEqual([]);
  },
);
