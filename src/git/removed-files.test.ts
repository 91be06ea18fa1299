/** Commits by plumbing that take files away, and those made on top of a version that a person has not committed. */
import { existsSync } from 'node:fs';
import { chmod, mkdir, readdir, readFile, rename, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { createTemporaryRepository, type TemporaryRepository } from '../scenarios/temporary-repository.ts';
import { createIndexLock, findCheckoutsOf } from './checkout-state.ts';
import { updateCheckout } from './checkout-update.ts';
import type { PathMove } from './path-move.ts';
import { type CommitOutcome, commitByPlumbing, type PathEdit, removed } from './plumbing-commit.ts';

const made: TemporaryRepository[] = [];

async function create(files: Record<string, string>): Promise<TemporaryRepository> {
  const repository = await createTemporaryRepository(files);
  made.push(repository);
  return repository;
}

afterEach(async () => {
  for (const repository of made.splice(0)) await repository.remove();
});

const commit = (root: string, ...edits: PathEdit[]): Promise<CommitOutcome> =>
  commitByPlumbing(root, { branch: 'main', message: 'change', edits });
const take = (path: string, replaces: string[] = []): PathEdit => ({ path, edit: () => removed, replaces });
const put = (path: string, text: string, replaces: string[] = []): PathEdit => ({ path, edit: () => text, replaces });
const file = ({ root }: TemporaryRepository, path: string): Promise<string> => readFile(join(root, path), 'utf8');

/** Ends between the move of main and the checkout, as a kill -9 does: the branch has moved, nothing else of the update happened. */
async function crashWith({ root, git }: TemporaryRepository, to: string, moves: PathMove[]): Promise<void> {
  const [checkout] = await findCheckoutsOf(root, 'main');
  if (checkout === undefined) throw new Error('main is not checked out');
  const lock = await createIndexLock(checkout);
  if ('reason' in lock) throw new Error(lock.reason);
  const crash = async (): Promise<boolean> => {
    await git('update-ref', 'refs/heads/main', to);
    throw new Error('killed here');
  };
  await expect(updateCheckout(checkout, moves, to, crash)).rejects.toThrow('killed here');
  lock.release();
}

/** A commit on top of main in which the work of `change` is done, without moving main or the checkout; gives its hash. */
async function prepareCommit(
  { root, git }: TemporaryRepository,
  change: () => Promise<CommitOutcome>,
): Promise<string> {
  await git('checkout', '-q', '-b', 'elsewhere');
  const before = await git('rev-parse', 'main');
  expect((await change()).kind).toBe('committed');
  const after = await git('rev-parse', 'main');
  await git('update-ref', 'refs/heads/main', before);
  await git('checkout', '-q', 'main');
  expect(existsSync(join(root, '.git', 'nightlab-pending-update'))).toBe(false);
  return after;
}

test('a file that is taken away is gone from main, from the index and from the folder, in one commit with what replaces it', async () => {
  const repository = await create({ 'ideas/a.md': 'a\n', other: 'x' });
  const { root, git } = repository;
  expect(await commit(root, take('ideas/a.md'), put('ideas/rejected/a.md', 'a, rejected\n'))).toMatchObject({
    kind: 'committed',
    checkoutUpdated: ['ideas/a.md', 'ideas/rejected/a.md'],
    checkoutLeft: [],
    checkoutProblems: [],
  });
  expect(await git('ls-tree', '-r', '--name-only', 'main')).toBe('ideas/rejected/a.md\nother');
  expect(existsSync(join(root, 'ideas', 'a.md'))).toBe(false);
  expect(await file(repository, 'ideas/rejected/a.md')).toBe('a, rejected\n');
  expect(await git('status', '--porcelain')).toBe('');
  expect(await git('rev-list', '--count', 'main')).toBe('2');
  expect(await commit(root, take('ideas/a.md'))).toEqual({ kind: 'unchanged' });
  expect((await readdir(join(root, '.git'))).filter((name) => /nightlab|lock/.test(name))).toEqual([]);
});

test('with 64-digit hashes a file is taken away too', async () => {
  const repository = await create({ a: '1' });
  const { root, git } = repository;
  await rm(join(root, '.git'), { recursive: true });
  await git('init', '--quiet', '--initial-branch=main', '--object-format=sha256');
  await git('add', '--all');
  await git('commit', '--quiet', '--message=first');
  expect(await commit(root, take('a'))).toMatchObject({ kind: 'committed', checkoutUpdated: ['a'] });
  expect(await git('status', '--porcelain')).toBe('');
});

test('a file that the user edited or staged stays where it is, and main loses it', async () => {
  const repository = await create({ edited: '1', staged: '1' });
  const { root, git, write } = repository;
  await write('edited', 'mine');
  await write('staged', 'mine');
  await git('add', 'staged');
  expect(await commit(root, take('edited'), take('staged'))).toMatchObject({
    kind: 'committed',
    checkoutUpdated: [],
    checkoutLeft: ['edited', 'staged'],
    checkoutProblems: [],
  });
  expect(await git('ls-tree', '-r', '--name-only', 'main')).toBe('');
  expect([await file(repository, 'edited'), await file(repository, 'staged')]).toEqual(['mine', 'mine']);
  expect(await git('show', ':staged')).toBe('mine');
});

test('a file that cannot be taken away is left with the reason, and main loses it', async () => {
  const repository = await create({ a: '1', other: 'x' });
  await chmod(join(repository.root, 'a'), 0o444);
  expect(await commit(repository.root, take('a'))).toMatchObject({
    checkoutLeft: ['a'],
    checkoutProblems: [expect.stringMatching(/^a in .* could not be removed: it is read-only/)],
  });
  expect(await file(repository, 'a')).toBe('1');
});

test.each(['nothing of the update', 'the file, not the index,'])(
  'a crash after the move of main, with %s done, is mended by the next commit of any file',
  async (state) => {
    const repository = await create({ a: '1', b: '1' });
    const { root, git } = repository;
    const to = await prepareCommit(repository, () => commit(root, take('a')));
    const blob = await git('rev-parse', 'main:a');
    await crashWith(repository, to, [{ path: 'a', from: [blob], to: null, mode: '100644' }]);
    if (state !== 'nothing of the update') await rm(join(root, 'a'));
    expect(await git('status', '--porcelain')).not.toBe('');
    expect(await commit(root, put('b', '2'))).toMatchObject({ kind: 'committed', checkoutUpdated: ['b'] });
    expect(existsSync(join(root, 'a'))).toBe(false);
    expect(await git('status', '--porcelain')).toBe('');
    expect((await readdir(join(root, '.git'))).filter((name) => /nightlab|lock/.test(name))).toEqual([]);
  },
);

test('a crash before the move of main takes nothing away, a version that only the user has least of all', async () => {
  const repository = await create({ a: '1' });
  const { root, git, write } = repository;
  await write('mine', 'only here');
  const blob = await git('rev-parse', 'main:a');
  const mine = await git('hash-object', 'mine');
  const [checkout] = await findCheckoutsOf(root, 'main');
  if (checkout === undefined) throw new Error('main is not checked out');
  const never = await git('commit-tree', '-m', 'never on main', 'main^{tree}');
  const moves: PathMove[] = [
    { path: 'a', from: [blob], to: null, mode: '100644' },
    { path: 'mine', from: [null, mine], to: null, mode: '100644' },
  ];
  const crash = async (): Promise<boolean> => {
    throw new Error('killed here');
  };
  await expect(updateCheckout(checkout, moves, never, crash)).rejects.toThrow('killed here');
  expect(await commit(root, put('b', '2'))).toMatchObject({ kind: 'committed' });
  expect([await file(repository, 'a'), await file(repository, 'mine')]).toEqual(['1', 'only here']);
  expect(existsSync(join(root, '.git', 'nightlab-pending-update'))).toBe(false);
});

test('a file that the user puts back after the lab took it away is theirs', async () => {
  const repository = await create({ 'ideas/a.md': 'a\n' });
  const { root, git } = repository;
  await commit(root, take('ideas/a.md'), put('ideas/rejected/a.md', 'a\n'));
  await git('mv', 'ideas/rejected/a.md', 'ideas/a.md');
  expect(await commit(root, put('ideas/b.md', 'b\n'), { path: 'ideas/a.md', edit: () => null })).toMatchObject({
    kind: 'committed',
  });
  expect(await file(repository, 'ideas/a.md')).toBe('a\n');
  expect(await git('status', '--porcelain')).toContain('ideas/rejected/a.md -> ideas/a.md');
});

test('a version of the user’s that the change was made from follows it, untracked, staged and edited', async () => {
  const repository = await create({ edited: 'old\n', other: 'old\n' });
  const { root, git, write } = repository;
  for (const path of ['untracked', 'staged', 'edited', 'other']) await write(path, 'mine\n');
  await git('add', 'staged');
  const outcome = await commit(
    root,
    ...['untracked', 'staged', 'edited'].map((path) => put(path, 'mine\nand more\n', ['mine\n'])),
    put('other', 'changed\n', ['another version\n']),
  );
  expect(outcome).toMatchObject({ checkoutUpdated: ['untracked', 'staged', 'edited'], checkoutLeft: ['other'] });
  expect(await file(repository, 'untracked')).toBe('mine\nand more\n');
  expect(await file(repository, 'other')).toBe('mine\n');
  expect(await git('status', '--porcelain')).toBe(' M other');
});

test('an untracked file moves with the commit that holds its text, and alone it is never deleted', async () => {
  const repository = await create({ other: 'x' });
  const { root, git, write } = repository;
  await write('idea.md', 'mine\n');
  expect(await commit(root, take('idea.md', ['mine\n']))).toEqual({ kind: 'unchanged' });
  expect(await file(repository, 'idea.md')).toBe('mine\n');
  expect(await commit(root, take('idea.md', ['mine\n']), put('rejected/idea.md', 'mine\n'))).toMatchObject({
    checkoutUpdated: ['idea.md', 'rejected/idea.md'],
  });
  expect(existsSync(join(root, 'idea.md'))).toBe(false);
  expect(await git('status', '--porcelain')).toBe('');
});

test('nothing is written or taken away behind a link in the checkout', async () => {
  const repository = await create({ 'ideas/a.md': 'a\n' });
  const { root, git } = repository;
  const outside = join(root, '..', `${root.slice(root.lastIndexOf('/') + 1)}-outside`);
  try {
    await rename(join(root, 'ideas'), outside);
    await symlink(outside, join(root, 'ideas'));
    expect(await commit(root, take('ideas/a.md'), put('ideas/b.md', 'b\n'))).toMatchObject({
      checkoutLeft: ['ideas/a.md', 'ideas/b.md'],
    });
    expect(await readdir(outside)).toEqual(['a.md']);
    expect(await git('ls-tree', '-r', '--name-only', 'main')).toBe('ideas/b.md');
  } finally {
    await rm(outside, { recursive: true, force: true });
  }
});

test('a folder of the user’s where the lab has a file stays, in the index too', async () => {
  const repository = await create({ note: 'old\n' });
  const { root, git, write } = repository;
  await rm(join(root, 'note'));
  await mkdir(join(root, 'note'));
  // The same text as main's file: its blob alone does not tell them apart.
  await write('note/mine', 'old\n');
  await git('add', '--all');
  expect(await commit(root, put('note', 'new\n'))).toMatchObject({ checkoutLeft: ['note'] });
  expect(await git('ls-files')).toBe('note/mine');
});

test('edits that find something against the whole commit leave everything as it was', async () => {
  const { root, git } = await create({ a: '1' });
  const tip = await git('rev-parse', 'main');
  const edits = [take('a'), put('b', '2')];
  const outcome = await commitByPlumbing(root, { branch: 'main', message: 'no', edits, isRefused: () => true });
  expect(outcome).toEqual({ kind: 'unchanged' });
  expect(await git('rev-parse', 'main')).toBe(tip);
  expect(await git('status', '--porcelain')).toBe('');
});
