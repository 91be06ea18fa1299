/** What is remembered by hash, and what is read without git: it is what git says, and a branch that moves is seen at once. */
import { chmod, copyFile, rm, symlink, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createTemporaryRepository, type TemporaryRepository } from '../scenarios/temporary-repository.ts';
import { recallBlobs } from './blob-content.ts';
import { createContentMemory } from './content-memory.ts';
import { readLooseBranch } from './loose-branch.ts';
import { readLooseCommit, readLooseTree } from './loose-object.ts';
import { findCommit, mergeBase } from './repository.ts';
import { readTreeChanges } from './tree-diff.ts';
import { listTree } from './tree-listing.ts';

let repository: TemporaryRepository;

beforeEach(async () => {
  repository = await createTemporaryRepository({
    'train.py': 'x = 1\n',
    'a/b/c.py': 'deep\n',
    'a.py': 'beside a folder\n',
    'a/z.py': 'z\n',
    'täst/ü.txt': 'not ascii\n',
  });
});

afterEach(async () => {
  await repository.remove();
});

async function commit(message: string): Promise<string> {
  await repository.git('add', '--all');
  await repository.git('commit', '--quiet', '--allow-empty', `--message=${message}`);
  return await repository.git('rev-parse', 'HEAD');
}

test('a memory gives the oldest away first, keeps no giant and no failure, and reads once for two that ask together', async () => {
  const memory = createContentMemory<string>(40, (text) => text.length);
  for (const letter of ['a', 'b', 'c', 'd']) memory.keep(letter, letter.repeat(10));
  expect(memory.find('a')).toBe('aaaaaaaaaa');
  memory.keep('e', 'eeeee');
  expect(['a', 'b', 'c', 'd', 'e'].map((key) => memory.find(key) !== undefined)).toEqual([
    true,
    false,
    true,
    true,
    true,
  ]);
  expect(await memory.recall('giant', async () => 'g'.repeat(11))).toHaveLength(11);
  expect(memory.find('giant')).toBeUndefined();
  await expect(memory.recall('f', () => Promise.reject(new Error('once')))).rejects.toThrow('once');
  let reads = 0;
  const read = async () => `${++reads}`;
  expect(await Promise.all([memory.recall('f', read), memory.recall('f', read)])).toEqual(['1', '1']);
});

test('a branch is what git says it is: loose, packed, behind a tag of its name, symbolic or in a linked worktree', async () => {
  const { root, git } = repository;
  const first = await git('rev-parse', 'HEAD');
  expect(readLooseBranch(root, 'main')).toBe(first);
  const second = await commit('second');
  expect(readLooseBranch(root, 'main')).toBe(second);
  expect(readLooseBranch(root, 'refs/heads/main')).toBe(second);
  await git('tag', 'main', first);
  expect(readLooseBranch(root, 'main')).toBeNull();
  expect(await findCommit(root, 'main')).toBe(first);
  await git('pack-refs', '--all');
  await git('update-ref', 'refs/heads/main', first, second);
  await git('update-ref', 'refs/heads/main', second, first);
  expect(readLooseBranch(root, 'main')).toBeNull();
  expect(await findCommit(root, 'main')).toBe(first);
  expect(await findCommit(root, 'refs/heads/main')).toBe(second);
  await git('tag', '-d', 'main');
  await git('symbolic-ref', 'refs/heads/alias', 'refs/heads/main');
  expect(readLooseBranch(root, 'alias')).toBeNull();
  expect(await findCommit(root, 'alias')).toBe(second);
  expect(await findCommit(root, 'missing')).toBeNull();
  const linked = join(root, '.git', 'linked');
  await git('worktree', 'add', '--quiet', '--detach', linked, first);
  expect(readLooseBranch(linked, 'main')).toBeNull();
  expect(await findCommit(linked, 'main')).toBe(second);
});

test('listings and differences are those of git, with or without a git process, whatever was changed', async () => {
  const { root, git, write } = repository;
  const steps: (() => Promise<unknown>)[] = [
    () => write('a/b/c.py', 'changed\n'),
    () => chmod(join(root, 'train.py'), 0o755),
    async () => {
      await unlink(join(root, 'a.py'));
      await symlink('train.py', join(root, 'a.py'));
    },
    async () => {
      await rm(join(root, 'a'), { recursive: true });
      await write('a', 'a file now\n');
    },
    async () => {
      await rm(join(root, 'a'));
      await write('a/b', 'and back\n');
      await write('a-b', '1\n');
      await write('a0', '1\n');
    },
    () => git('update-index', '--add', '--cacheinfo', `160000,${'1'.repeat(40)},module`),
    () => git('gc', '--quiet'),
    () => write('täst/ü.txt', 'after the gc\n'),
  ];
  const seen = [await git('rev-parse', 'HEAD')];
  for (const [index, step] of steps.entries()) {
    await step();
    if (index !== 5) await git('add', '--all', '--', '.', ':!module');
    await git('commit', '--quiet', '--allow-empty', `--message=${index}`);
    seen.push(await git('rev-parse', 'HEAD'));
    const tip = seen.at(-1) ?? '';
    const listed = (await listTree(root, 'main')).map(
      ({ mode, type, hash, path }) => `${mode} ${type} ${hash}\t${path}`,
    );
    expect(listed).toEqual((await git('-c', 'core.quotePath=false', 'ls-tree', '-r', tip)).split('\n'));
    expect(await listTree(root, tip)).toBe(await listTree(root, 'main'));
    for (const before of seen) {
      const told = (await readTreeChanges(root, before, tip)).map(
        ({ oldMode, newMode, oldBlob, newBlob, path }) =>
          `:${oldMode ?? '000000'} ${newMode ?? '000000'} ${oldBlob ?? '0'.repeat(40)} ${newBlob ?? '0'.repeat(40)}\t${path}`,
      );
      const raw = await git(
        ...['-c', 'core.quotePath=false', 'diff-tree', '-r', '--raw', '--no-abbrev', '--no-renames', before, tip],
      );
      expect(told).toEqual(raw === '' ? [] : raw.replace(/ [A-Z]\t/g, '\t').split('\n'));
    }
  }
  // The cases above were not all told by git itself.
  expect(readLooseCommit(root, seen.at(-1) ?? '')?.parents).toEqual([seen.at(-2)]);
});

test('the base of a main that grows stays what git says, for commits beside it, on top of it and in it', async () => {
  const { root, git } = repository;
  const start = await git('rev-parse', 'HEAD');
  const on = async (parents: string[], message: string): Promise<string> =>
    git('commit-tree', ...parents.flatMap((parent) => ['-p', parent]), '-m', message, `${start}^{tree}`);
  const side = await on([start], 'side');
  const deep = await on([side], 'deep');
  let main = start;
  const others = [start, side, deep, await on([], 'of another history')];
  for (let count = 0; count < 6; count++) {
    const merged = count === 3 ? [main, deep] : [main];
    main = await on(merged, `main ${count}`);
    const onTop = await on([main], `on top ${count}`);
    others.push(main, onTop, await on([onTop], `two on top ${count}`));
    if (count === 4) await git('update-ref', 'refs/heads/kept', main).then(() => git('repack', '-q', '-a', '-d', '-k'));
    for (const other of others) {
      const expected = await git('merge-base', main, other).catch(() => null);
      expect(await mergeBase(root, main, other)).toBe(expected);
    }
  }
});

test('a commit made on a main of later is not held to the base that an earlier main had with it', async () => {
  const { root, git } = repository;
  const start = await git('rev-parse', 'HEAD');
  const on = (parent: string, message: string) => git('commit-tree', '-p', parent, '-m', message, `${start}^{tree}`);
  const later = await on(start, 'later');
  const change = await on(await on(later, 'on top'), 'twice on top');
  expect(await mergeBase(root, start, change)).toBe(start);
  expect(await mergeBase(root, await on(later, 'latest'), change)).toBe(later);
});

test('a base that a shallow clone cannot see is found once it is deepened', async () => {
  const { root, git, gitIn } = repository;
  const start = await git('rev-parse', 'HEAD');
  await git('checkout', '--quiet', '-b', 'side');
  const side = await commit('side');
  await git('checkout', '--quiet', 'main');
  const main = await commit('main');
  const clone = join(root, '.git', 'clone');
  await git('clone', '--quiet', '--depth=1', '--no-single-branch', `file://${root}`, clone);
  expect(await mergeBase(clone, main, side)).toBeNull();
  await gitIn(clone, 'fetch', '--quiet', '--unshallow');
  expect(await mergeBase(clone, main, side)).toBe(start);
});

test('an object that is damaged, packed or of another kind is left to git', async () => {
  const { root, git } = repository;
  const tip = await git('rev-parse', 'HEAD');
  const tree = await git('rev-parse', 'HEAD^{tree}');
  expect(readLooseCommit(root, tip)).toEqual({ tree, parents: [] });
  expect(readLooseTree(root, tip)).toBeNull();
  expect(readLooseCommit(root, tree)).toBeNull();
  const place = (hash: string) => join(root, '.git', 'objects', hash.slice(0, 2), hash.slice(2));
  const other = await git('commit-tree', '-m', 'other', tree);
  await rm(place(tip));
  // Whole, and yet not what its name says.
  await copyFile(place(other), place(tip));
  expect(readLooseCommit(root, tip)).toBeNull();
});

test('blobs that are kept are those that git has, asked for alone, together or twice', async () => {
  const { root, git } = repository;
  const [train = '', deep = ''] = await Promise.all([
    git('rev-parse', 'main:train.py'),
    git('rev-parse', 'main:a/z.py'),
  ]);
  const [one, both] = await Promise.all([recallBlobs(root, [train]), recallBlobs(root, [deep, train, deep])]);
  expect([one.get(train), both.get(train), both.get(deep)].map(String)).toEqual(['x = 1\n', 'x = 1\n', 'z\n']);
  expect([...both.keys()].sort()).toEqual([train, deep].sort());
  await expect(recallBlobs(root, [train, '0'.repeat(40)])).rejects.toThrow();
  expect(String((await recallBlobs(root, [train])).get(train))).toBe('x = 1\n');
});
