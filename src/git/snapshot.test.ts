import { chmod, lstat, readFile, rm, symlink, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { createTemporaryRepository, type TemporaryRepository } from '../scenarios/temporary-repository.ts';
import { isSecretLikeName } from './secret-names.ts';
import { snapshotTree } from './snapshot.ts';

const made: TemporaryRepository[] = [];
const options = {
  ref: 'refs/nightlab/jobs/1',
  message: 'snapshot',
  maxFileBytes: 10_000_000,
  maxTotalBytes: 100_000_000,
};

async function create(files: Record<string, string>): Promise<TemporaryRepository> {
  const repository = await createTemporaryRepository(files);
  made.push(repository);
  return repository;
}

afterEach(async () => {
  for (const repository of made.splice(0)) await repository.remove();
});

/** Everything of the user's that a snapshot must leave alone. */
async function readState({ root, git }: TemporaryRepository): Promise<string[]> {
  return [
    (await readFile(join(root, '.git', 'index'))).toString('hex'),
    // Without locks, or this look itself would write an index whose entries are as young as it is.
    await git('--no-optional-locks', 'status', '--porcelain=v2', '--branch', '--untracked-files=all'),
    await git('for-each-ref', 'refs/heads', 'refs/stash'),
  ];
}

test('a clean tree is its own commit, and takes no ref', async () => {
  const { root, git } = await create({ 'train.py': '1' });
  const head = await git('rev-parse', 'HEAD');
  expect(await snapshotTree(root, options)).toEqual({
    commit: head,
    isSnapshot: false,
    untracked: [],
    notCaptured: [],
  });
  expect(await git('for-each-ref', 'refs/nightlab')).toBe('');
});

test('a dirty tree of every kind is taken as it lies, and index, branch and stash stay', async () => {
  const repository = await create({
    staged: '1',
    unstaged: '1',
    both: '1',
    deleted: '1',
    'staged-deleted': '1',
    renamed: 'a text\n',
    mode: '1',
    becomes: 'a file',
    '.gitignore': 'data/\n',
  });
  const { root, write, git } = repository;
  await write('staged', '2');
  await write('both', '2');
  await git('add', 'staged', 'both');
  await write('both', '3');
  await write('unstaged', '2');
  await rm(join(root, 'deleted'));
  await git('rm', '-q', 'staged-deleted');
  await git('mv', 'renamed', 'moved here');
  await chmod(join(root, 'mode'), 0o755);
  await rm(join(root, 'becomes'));
  await write('becomes/folder', 'now');
  await write('data/big', 'ignored');
  await write('new\nline.py', 'n');
  await write('grün 日本.py', 'u');
  await write('announced', 'later');
  await git('add', '-N', 'announced');
  await symlink('unstaged', join(root, 'link'));
  const before = await readState(repository);
  const snapshot = await snapshotTree(root, options);
  expect(await readState(repository)).toEqual(before);
  expect(snapshot.isSnapshot).toBe(true);
  expect([...snapshot.untracked].sort()).toEqual([
    'announced',
    'becomes/folder',
    'grün 日本.py',
    'link',
    'new\nline.py',
  ]);
  const listing = (await git('ls-tree', '-r', '-z', snapshot.commit)).split('\0').map((record) => record.split('\t'));
  const modes = new Map(listing.map(([entry = '', path = '']) => [path, entry.slice(0, 6)]));
  expect([...modes.keys()].filter((path) => path !== '').sort()).toEqual(
    [
      '.gitignore',
      'announced',
      'becomes/folder',
      'both',
      'grün 日本.py',
      'link',
      'mode',
      'moved here',
      'new\nline.py',
      'staged',
      'unstaged',
    ].sort(),
  );
  expect(modes.get('mode')).toBe('100755');
  expect(modes.get('link')).toBe('120000');
  expect(await git('show', `${snapshot.commit}:both`)).toBe('3');
  expect(await git('show', `${snapshot.commit}:announced`)).toBe('later');
  expect(await git('log', '-1', '--format=%an <%ae> %cn', snapshot.commit)).toBe(
    'nightlab <nightlab@localhost> nightlab',
  );
  expect(await git('rev-parse', `${snapshot.commit}^`)).toBe(await git('rev-parse', 'HEAD'));
  expect(await git('rev-parse', options.ref)).toBe(snapshot.commit);
});

test('a change of the same size in the same moment as git add is not missed', async () => {
  const { root, write, git } = await create({ 'train.py': 'lr=1' });
  // One moment for all three: the file that was added, the index, and the change that followed.
  await git('config', 'core.trustctime', 'false');
  const moment = new Date(Date.now() - 60_000);
  await write('train.py', 'lr=2');
  await utimes(join(root, 'train.py'), moment, moment);
  await git('add', 'train.py');
  await utimes(join(root, '.git', 'index'), moment, moment);
  await write('train.py', 'lr=3');
  await utimes(join(root, 'train.py'), moment, moment);
  const { commit } = await snapshotTree(root, options);
  expect(await git('show', `${commit}:train.py`)).toBe('lr=3');
});

test('a linked worktree is snapshotted from its own index', async () => {
  const { root, git, gitIn, write } = await create({ 'train.py': '1', '.gitignore': '5_worktrees/\n' });
  const folder = join(root, '5_worktrees', 'idea');
  await git('worktree', 'add', '--quiet', '-b', 'exp/idea', folder);
  await write('5_worktrees/idea/train.py', '2');
  const { commit } = await snapshotTree(folder, options);
  expect(await git('show', `${commit}:train.py`)).toBe('2');
  expect(await gitIn(folder, 'status', '--porcelain')).toBe(' M train.py');
  expect(await git('status', '--porcelain')).toBe('');
});

test('a submodule stays a link, with its dirty inside named as not captured; a nested repository is left out', async () => {
  const inner = await create({ 'model.py': '1' });
  const { root, git, gitIn, write } = await create({ 'train.py': '1' });
  await git('-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'add', inner.root, 'vendor');
  await git('commit', '-qm', 'vendor');
  await write('vendor/model.py', '2');
  await git('init', '-q', 'nested');
  await write('nested/file', 'x');
  await gitIn(join(root, 'nested'), 'add', '-A');
  await gitIn(join(root, 'nested'), 'commit', '-qm', 'x');
  await write('train.py', '2');
  const snapshot = await snapshotTree(root, options);
  expect([...snapshot.notCaptured].sort()).toEqual(['nested/', 'vendor']);
  expect(await git('ls-tree', '--name-only', snapshot.commit)).toBe('.gitmodules\ntrain.py\nvendor');
  expect(await git('ls-tree', snapshot.commit, 'vendor')).toMatch(/^160000 commit /);
});

test('a conflicted file is taken with its markers, and the merge goes on', async () => {
  const repository = await create({ file: 'base\n' });
  const { root, git, write } = repository;
  await git('checkout', '-q', '-b', 'side');
  await write('file', 'side\n');
  await git('commit', '-qam', 'side');
  await git('checkout', '-q', 'main');
  await write('file', 'main\n');
  await git('commit', '-qam', 'main');
  await expect(git('merge', 'side')).rejects.toThrow();
  const before = await readState(repository);
  const { commit } = await snapshotTree(root, options);
  expect(await git('show', `${commit}:file`)).toMatch(/^<<<<<<< /);
  expect(await readState(repository)).toEqual(before);
});

test('too large files, too much in all and secrets are refused by name, and no ref is set', async () => {
  const { root, git, write } = await create({ 'train.py': '1' });
  await write('weights.bin', new Uint8Array(3000));
  await expect(snapshotTree(root, { ...options, maxFileBytes: 2000 })).rejects.toMatchObject({
    message: expect.stringContaining('weights.bin'),
    hints: [expect.stringContaining('.gitignore'), expect.stringContaining('--here')],
  });
  await write('more.bin', new Uint8Array(1500));
  await expect(snapshotTree(root, { ...options, maxTotalBytes: 4000 })).rejects.toThrow(
    /in all.*weights\.bin.*more\.bin/,
  );
  await write('sub/.env', 'TOKEN=1');
  await expect(snapshotTree(root, options)).rejects.toThrow(/like a secret: sub\/\.env/);
  expect(await git('for-each-ref', 'refs/nightlab')).toBe('');
});

test('a repository without a commit is a clear error', async () => {
  const { root, git } = await create({});
  await git('checkout', '-q', '--orphan', 'empty');
  await expect(snapshotTree(root, options)).rejects.toThrow(/has no commit yet/);
});

test('hooks and signing of the user do not run', async () => {
  const { root, git, write } = await create({ 'train.py': '1' });
  for (const hook of ['reference-transaction', 'post-index-change', 'pre-commit']) {
    await write(`.git/hooks/${hook}`, '#!/bin/sh\ntouch hook-ran\nexit 1\n');
    await chmod(join(root, '.git', 'hooks', hook), 0o755);
  }
  await git('config', 'commit.gpgSign', 'true');
  await git('config', 'gpg.program', 'false');
  await write('train.py', '2');
  expect((await snapshotTree(root, options)).isSnapshot).toBe(true);
  await expect(lstat(join(root, 'hook-ran'))).rejects.toThrow();
});

test.each([
  ['.env', true],
  ['sub/.ENV.local', true],
  ['.env.example', false],
  ['id_rsa', true],
  ['id_rsa.pub', false],
  ['certs/server.pem', true],
  ['credentials-prod.json', true],
  ['.aws/credentials', true],
  ['train.py', false],
  ['keys.py', false],
  ['environment.yml', false],
])('%s is secret-like: %s', (path, isSecret) => {
  expect(isSecretLikeName(path)).toBe(isSecret);
});
