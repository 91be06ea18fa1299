import { existsSync } from 'node:fs';
import { chmod, lstat, readdir, readFile, rm, symlink, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { createTemporaryRepository, type TemporaryRepository } from '../scenarios/temporary-repository.ts';
import { type CommitOutcome, commitByPlumbing } from './plumbing-commit.ts';

const made: TemporaryRepository[] = [];

async function create(files: Record<string, string>): Promise<TemporaryRepository> {
  const repository = await createTemporaryRepository(files);
  made.push(repository);
  return repository;
}

afterEach(async () => {
  for (const repository of made.splice(0)) await repository.remove();
});

/** Adds one line at the end of `log`, once. */
function addLine(root: string, line: string, branch = 'main'): Promise<CommitOutcome> {
  const edit = (old: string | null): string | null =>
    (old ?? '').includes(`${line}\n`) ? null : `${old ?? ''}${line}\n`;
  return commitByPlumbing(root, { branch, message: `add ${line}`, edits: [{ path: 'log', edit }] });
}

const file = ({ root }: TemporaryRepository, path = 'log'): Promise<string> => readFile(join(root, path), 'utf8');

/** Takes main back in the index, the file or both, as a crash after the move of the branch leaves them. */
async function unwind(
  { git, write }: TemporaryRepository,
  parts: { index: boolean; file: boolean },
  old: string,
): Promise<void> {
  if (parts.index) await git('update-index', '--cacheinfo', `100644,${await git('rev-parse', 'main~1:log')},log`);
  if (parts.file) await write('log', old);
}

test('on a clean main the commit, the index and the file all follow', async () => {
  const repository = await create({ log: 'one\n', other: 'x' });
  const { root, git } = repository;
  await chmod(join(root, 'log'), 0o664);
  const outcome = await addLine(root, 'two');
  const commit = await git('rev-parse', 'main');
  expect(outcome).toEqual({
    kind: 'committed',
    commit,
    checkoutUpdated: ['log'],
    checkoutLeft: [],
    checkoutProblems: [],
  });
  expect(await file(repository)).toBe('one\ntwo\n');
  expect((await lstat(join(root, 'log'))).mode & 0o777).toBe(0o664);
  // Plumbing sees a clean tree too, without a refresh.
  expect(await git('diff-files', '--name-only')).toBe('');
  expect(await git('status', '--porcelain')).toBe('');
  expect(await git('log', '-1', '--format=%an %ce')).toBe('nightlab nightlab@localhost');
  expect(await addLine(root, 'two')).toEqual({ kind: 'unchanged' });
  expect((await readdir(join(root, '.git'))).filter((name) => /nightlab|lock/.test(name))).toEqual([]);
});

test('a file that main does not have yet is created in a folder, in the checkout too', async () => {
  const repository = await create({ other: 'x' });
  const { root, git } = repository;
  const edits = [{ path: '9_reports/ü b.md', edit: () => 'text\n' }];
  expect(await commitByPlumbing(root, { branch: 'main', message: 'report', edits })).toMatchObject({
    kind: 'committed',
  });
  expect(await file(repository, '9_reports/ü b.md')).toBe('text\n');
  expect(await git('status', '--porcelain')).toBe('');
});

test('staged, unstaged and both kinds of changes in other files stay exactly as they are', async () => {
  const repository = await create({ log: 'one\n', staged: '1', unstaged: '1', both: '1' });
  const { root, write, git } = repository;
  await write('staged', '2');
  await write('both', '2');
  await write('new', 'n');
  await git('add', 'staged', 'both', 'new');
  await write('both', '3');
  await write('unstaged', '2');
  const before = await git('status', '--porcelain');
  expect(await addLine(root, 'two')).toMatchObject({ kind: 'committed', checkoutUpdated: ['log'] });
  expect(await git('status', '--porcelain')).toBe(before);
  expect(await git('show', ':both')).toBe('2');
  expect(await git('show', '--name-only', '--format=', 'main')).toBe('log');
});

test('unsaved lines of the user in the same file stay, and the index follows', async () => {
  const repository = await create({ log: 'one\n' });
  const { root, write, git } = repository;
  await write('log', 'one\nmine\n');
  expect(await addLine(root, 'two')).toMatchObject({ kind: 'committed', checkoutUpdated: [], checkoutLeft: ['log'] });
  expect(await file(repository)).toBe('one\nmine\n');
  expect(await git('show', ':log')).toBe('one\ntwo');
  expect(await git('show', 'main:log')).toBe('one\ntwo');
});

test('staged lines of the user in the same file stay staged', async () => {
  const repository = await create({ log: 'one\n' });
  const { root, write, git } = repository;
  await write('log', 'one\nmine\n');
  await git('add', 'log');
  expect(await addLine(root, 'two')).toMatchObject({ checkoutLeft: ['log'] });
  expect(await git('show', ':log')).toBe('one\nmine');
  expect(await file(repository)).toBe('one\nmine\n');
});

test('a file that the user deleted or replaced by a link stays so', async () => {
  const repository = await create({ log: 'one\n' });
  const { root, git } = repository;
  await rm(join(root, 'log'));
  expect(await addLine(root, 'two')).toMatchObject({ checkoutLeft: ['log'] });
  expect(await git('status', '--porcelain')).toBe('D log'.padStart(6));
  await symlink('elsewhere', join(root, 'log'));
  expect(await addLine(root, 'three')).toMatchObject({ checkoutLeft: ['log'] });
  expect((await lstat(join(root, 'log'))).isSymbolicLink()).toBe(true);
});

test('with another branch checked out main moves and the checkout does not', async () => {
  const repository = await create({ log: 'one\n' });
  const { root, git } = repository;
  await git('checkout', '-q', '-b', 'feature');
  expect(await addLine(root, 'two')).toMatchObject({ kind: 'committed', checkoutUpdated: [], checkoutLeft: [] });
  expect(await file(repository)).toBe('one\n');
  expect(await git('status', '--porcelain')).toBe('');
  await git('checkout', '-q', 'main');
  expect(await file(repository)).toBe('one\ntwo\n');
});

test('main in a linked worktree is kept in step there', async () => {
  const repository = await create({ log: 'one\n' });
  const { root, git, gitIn } = repository;
  await git('checkout', '-q', '-b', 'feature');
  const linked = join(root, 'linked tree');
  await git('worktree', 'add', '--quiet', linked, 'main');
  expect(await addLine(root, 'two')).toMatchObject({ checkoutUpdated: ['log'] });
  expect(await readFile(join(linked, 'log'), 'utf8')).toBe('one\ntwo\n');
  expect(await gitIn(linked, 'status', '--porcelain')).toBe('');
});

test('a merge in progress delays, and the commit succeeds after it', async () => {
  const repository = await create({ log: 'one\n', other: 'base\n' });
  const { root, git, write } = repository;
  await git('checkout', '-q', '-b', 'side');
  await write('other', 'side\n');
  await git('commit', '-qam', 'side');
  await git('checkout', '-q', 'main');
  await write('other', 'main\n');
  await git('commit', '-qam', 'main');
  const tip = await git('rev-parse', 'main');
  await expect(git('merge', 'side')).rejects.toThrow();
  expect(await addLine(root, 'two')).toEqual({
    kind: 'delayed',
    reason: expect.stringContaining('a merge is in progress'),
  });
  expect(await git('rev-parse', 'main')).toBe(tip);
  await write('other', 'both\n');
  await git('commit', '-qam', 'merged');
  expect(await addLine(root, 'two')).toMatchObject({ kind: 'committed', checkoutUpdated: ['log'] });
  expect(await git('show', 'main:other')).toBe('both');
});

test('a rebase, a cherry-pick and a bisect of main delay', async () => {
  const { root, git, write } = await create({ log: 'one\n', other: 'base\n' });
  await git('checkout', '-q', '-b', 'side');
  await write('other', 'side\n');
  await git('commit', '-qam', 'side');
  await git('checkout', '-q', 'main');
  await write('other', 'main\n');
  await git('commit', '-qam', 'main');
  await expect(git('rebase', 'side')).rejects.toThrow();
  // HEAD is detached now, and git will move main itself at the end.
  expect(await addLine(root, 'two')).toMatchObject({ kind: 'delayed', reason: expect.stringContaining('rebase') });
  await git('rebase', '--abort');
  await expect(git('cherry-pick', 'side')).rejects.toThrow();
  expect(await addLine(root, 'two')).toMatchObject({ kind: 'delayed', reason: expect.stringContaining('cherry-pick') });
  await git('cherry-pick', '--abort');
  await git('bisect', 'start', 'main', 'main~1');
  expect(await addLine(root, 'two')).toMatchObject({ kind: 'delayed', reason: expect.stringContaining('bisect') });
  await git('bisect', 'reset');
  expect(await addLine(root, 'two')).toMatchObject({ kind: 'committed' });
});

test('git’s own index lock delays and is left alone; one of a dead lab process is taken away', async () => {
  const { root, write } = await create({ log: 'one\n' });
  const lock = join(root, '.git', 'index.lock');
  await write('.git/index.lock', '');
  expect(await addLine(root, 'two')).toEqual({ kind: 'delayed', reason: expect.stringContaining('index.lock') });
  expect(existsSync(lock)).toBe(true);
  // Above any pid_max, so nobody has it.
  await write('.git/index.lock', 'nightlab index lock, pid 2147483646\n');
  await write('.git/nightlab-index-2147483646.lock', '');
  // Also by a call that has nothing to commit.
  expect(await addLine(root, 'one')).toEqual({ kind: 'unchanged' });
  expect(existsSync(lock)).toBe(false);
  await write('.git/index.lock', 'nightlab index lock, pid 2147483646\n');
  expect(await addLine(root, 'two')).toMatchObject({ kind: 'committed' });
  expect((await readdir(join(root, '.git'))).filter((name) => /nightlab|lock/.test(name))).toEqual([]);
});

test('a branch lock of a killed git of the lab is taken away; one of the user’s git delays and stays', async () => {
  const { root, git, write } = await create({ log: 'one\n' });
  const tip = await git('rev-parse', 'main');
  const longAgo = new Date(Date.now() - 60_000);
  const locks = [join(root, '.git', 'refs', 'heads', 'main.lock'), join(root, '.git', 'HEAD.lock')];
  await write('.git/refs/heads/main.lock', `${tip}\n`);
  await write('.git/HEAD.lock', '');
  for (const lock of locks) await utimes(lock, longAgo, longAgo);
  expect(await addLine(root, 'two')).toEqual({ kind: 'delayed', reason: expect.stringContaining('main.lock') });
  expect(locks.map((lock) => existsSync(lock))).toEqual([true, true]);
  // The same locks, now with the note that a killed process of the lab leaves.
  await write('.git/nightlab-move-2147483646', `${tip} main\n`);
  expect(await addLine(root, 'two')).toMatchObject({ kind: 'committed', checkoutUpdated: ['log'] });
  expect((await readdir(join(root, '.git'))).filter((name) => /nightlab|lock/.test(name))).toEqual([]);
});

test.each([
  { index: true, file: true },
  { index: true, file: false },
  { index: false, file: true },
])('a crash between the move of main and the checkout is mended by the next call (old: %o)', async (parts) => {
  const repository = await create({ log: 'one\n' });
  const { root, git } = repository;
  await addLine(root, 'two');
  await unwind(repository, parts, 'one\n');
  expect(await git('status', '--porcelain')).not.toBe('');
  expect(await addLine(root, 'two')).toEqual({ kind: 'unchanged' });
  expect(await file(repository)).toBe('one\ntwo\n');
  expect(await git('status', '--porcelain')).toBe('');
  await unwind(repository, parts, 'one\n');
  expect(await addLine(root, 'three')).toMatchObject({ kind: 'committed', checkoutUpdated: ['log'] });
  expect(await file(repository)).toBe('one\ntwo\nthree\n');
  expect(await git('status', '--porcelain')).toBe('');
});

test('going back to an old content that the lab did not replace is the user’s own doing', async () => {
  const repository = await create({ log: 'one\n' });
  const { root, git, write } = repository;
  await write('log', 'one\nuser\n');
  await git('commit', '-qam', 'user');
  await git('checkout', '-q', 'HEAD~1', '--', 'log');
  expect(await addLine(root, 'two')).toMatchObject({ checkoutLeft: ['log'] });
  expect(await file(repository)).toBe('one\n');
});

test('two writers at once both get their lines, on main checked out and not', async () => {
  const repository = await create({ log: '' });
  const { root, git } = repository;
  const lines = ['a', 'b', 'c', 'd', 'e'];
  for (const suffix of ['1', '2']) {
    const outcomes = await Promise.all(lines.map((line) => addLine(root, line + suffix)));
    expect(outcomes.map((outcome) => outcome.kind)).toEqual(lines.map(() => 'committed'));
    const text = await git('show', 'main:log');
    for (const line of lines) expect(text.split('\n')).toContain(line + suffix);
    await git('checkout', '-q', '-B', 'elsewhere');
  }
});

test('with autocrlf a converted file counts as equal and gets its line ends back', async () => {
  const repository = await create({ log: 'one\n' });
  const { root, git, write } = repository;
  await git('config', 'core.autocrlf', 'true');
  await write('log', 'one\r\n');
  expect(await addLine(root, 'two')).toMatchObject({ checkoutUpdated: ['log'] });
  expect(await file(repository)).toBe('one\r\ntwo\r\n');
  expect(await git('show', 'main:log')).toBe('one\ntwo');
  expect(await git('status', '--porcelain')).toBe('');
});

test('a read-only file is left with the reason, and main has the line', async () => {
  const repository = await create({ log: 'one\n' });
  const { root, git } = repository;
  await chmod(join(root, 'log'), 0o444);
  const outcome = await addLine(root, 'two');
  expect(outcome).toMatchObject({
    checkoutLeft: ['log'],
    checkoutProblems: [expect.stringMatching(/^log in .*read-only/)],
  });
  expect(await file(repository)).toBe('one\n');
  expect(await git('show', 'main:log')).toBe('one\ntwo');
  await chmod(join(root, 'log'), 0o644);
  await addLine(root, 'two');
  expect(await file(repository)).toBe('one\ntwo\n');
});

test('an object store that cannot be written is named, and nothing moved', async () => {
  const repository = await create({ log: 'one\n' });
  const { root, git, write } = repository;
  const tip = await git('rev-parse', 'main');
  // Works for root too: a file stands where git wants a folder.
  const taken = new Set(await readdir(join(root, '.git', 'objects')));
  const blocked: string[] = [];
  for (let value = 0; value < 256; value += 1) {
    const name = value.toString(16).padStart(2, '0');
    if (taken.has(name)) continue;
    blocked.push(name);
    await write(`.git/objects/${name}`, '');
  }
  await expect(addLine(root, 'two')).rejects.toMatchObject({
    name: 'LabError',
    cause: { message: expect.stringMatching(/unable to create/) },
  });
  expect(await git('rev-parse', 'main')).toBe(tip);
  expect(await file(repository)).toBe('one\n');
  expect(existsSync(join(root, '.git', 'index.lock'))).toBe(false);
  for (const name of blocked) await rm(join(root, '.git', 'objects', name));
  expect(await addLine(root, 'two')).toMatchObject({ kind: 'committed' });
});

test('a missing branch, a link and a text that is no UTF-8 are refused', async () => {
  const { root, git, write } = await create({ log: 'one\n' });
  await expect(addLine(root, 'two', 'mian')).rejects.toThrow(/'mian'/);
  await write('log', new Uint8Array([0x66, 0xfc, 0x72, 0x0a]));
  await git('commit', '-qam', 'latin1');
  await expect(addLine(root, 'two')).rejects.toThrow(/log on main is not UTF-8/);
  await rm(join(root, 'log'));
  await symlink('elsewhere', join(root, 'log'));
  await git('commit', '-qam', 'link');
  await expect(addLine(root, 'two')).rejects.toThrow(/symbolic link/);
});
