import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createTemporaryRepository, type TemporaryRepository } from '../../scenarios/temporary-repository.ts';
import { findRepository, folderOfAddress, placeOfRequest } from './find-repository.ts';

const never = new AbortController().signal;
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
  const first = await findRepository(request, (line) => told.push(line), never);
  expect(first).toMatchObject({ outcome: { state: 'done' }, root: join(cwd, 'mine') });
  expect(told).toHaveLength(1);
  const second = await findRepository(request, (line) => told.push(line), never);
  expect(second).toMatchObject({ outcome: { state: 'already' }, root: join(cwd, 'mine') });
  expect(told).toHaveLength(1);
});

test('a folder with something else in it is not touched', async () => {
  const cwd = join(repository.root, 'work');
  await mkdir(join(cwd, 'mine'), { recursive: true });
  await writeFile(join(cwd, 'mine', 'notes.txt'), 'mine');
  const { outcome, root } = await findRepository(
    { cwd, clone: repository.root, folder: 'mine' },
    () => undefined,
    never,
  );
  expect(root).toBeNull();
  expect(outcome).toMatchObject({ state: 'failed', text: expect.stringMatching(/is there already/) });
});

test('an address that cannot be fetched fails with what git said, and leaves no folder', async () => {
  const request = { cwd: repository.root, clone: join(repository.root, 'nowhere'), folder: 'mine' };
  const { outcome } = await findRepository(request, () => undefined, never);
  expect(outcome).toMatchObject({ state: 'failed', log: [expect.stringMatching(/does not exist/)] });
});

test('what a killed clone left is neither taken for the clone nor in its way, and goes', async () => {
  const cwd = join(repository.root, 'work');
  // Above any pid_max, so nobody has it.
  const dead = 2147483646;
  for (const left of [`.mine.nightlab-${dead}`, `empty/.nightlab-${dead}`])
    await mkdir(join(cwd, left, '.git'), { recursive: true });
  for (const folder of ['mine', 'empty']) {
    const { outcome, root } = await findRepository({ cwd, clone: repository.root, folder }, () => undefined, never);
    expect([outcome.state, root]).toEqual(['done', join(cwd, folder)]);
    expect((await readdir(join(cwd, folder))).sort()).toEqual(['.git', 'prepare.py', 'train.py']);
    expect(await repository.gitIn(join(cwd, folder), 'status', '--porcelain')).toBe('');
  }
  expect((await readdir(cwd)).sort()).toEqual(['empty', 'mine']);
});

test('a clone that is told to stop ends as a stop, not as a failure, and leaves nothing', async () => {
  const cwd = join(repository.root, 'work');
  await mkdir(cwd);
  const stop = new AbortController();
  const request = { cwd, clone: repository.root, folder: 'mine' };
  await expect(findRepository(request, () => stop.abort(new Error('enough')), stop.signal)).rejects.toThrow('enough');
  // A server that never says a word: git waits for it until it is ended.
  const during = new AbortController();
  const server = createServer((socket) => {
    socket.resume();
    during.abort(new Error('stopped'));
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  try {
    const clone = `git://127.0.0.1:${(server.address() as AddressInfo).port}/x`;
    await expect(findRepository({ ...request, clone }, () => undefined, during.signal)).rejects.toThrow('stopped');
  } finally {
    await new Promise((done) => server.close(done));
  }
  expect(await readdir(cwd)).toEqual([]);
});

test('a clone is known by its address with and without .git and a slash, and is not that of another', async () => {
  await repository.git('remote', 'add', 'origin', 'https://x.org/a/b.git');
  const find = (clone: string) => findRepository({ cwd: '/', clone, folder: repository.root }, () => undefined, never);
  for (const same of ['https://x.org/a/b', 'https://x.org/a/b/', 'https://x.org/a/b.git', 'https://x.org/a/b.git/'])
    expect([same, (await find(same)).outcome.state]).toEqual([same, 'already']);
  for (const other of ['https://x.org/a/c', 'https://x.org/b', 'https://x.org/a/bgit'])
    expect([other, (await find(other)).outcome.state]).toEqual([other, 'failed']);
});

test('a linked worktree and a folder inside are refused where no lab is yet, as `lab init --adopt` does; in a lab they mean the lab', async () => {
  const { root } = repository;
  const tree = join(root, 'tree');
  await repository.git('worktree', 'add', '--quiet', tree, '-b', 'x');
  await mkdir(join(root, 'deep'));
  const find = (cwd: string) => findRepository({ cwd, clone: null, folder: null }, () => undefined, never);
  for (const [place, words] of [
    [tree, /is a linked worktree of/],
    [join(root, 'deep'), /lies inside the repository/],
  ] as const) {
    expect(await find(place)).toEqual({
      outcome: expect.objectContaining({
        ...{ state: 'failed', text: expect.stringMatching(words) },
        hints: [`\`lab autoresearch setup ${root}\` sets that up`],
      }),
      root: null,
    });
  }
  await writeFile(join(root, 'lab.yaml'), '');
  for (const place of [tree, join(root, 'deep')]) expect((await find(place)).root).toBe(root);
});

test('a folder without the training files names the missing ones', async () => {
  await repository.git('rm', '--quiet', 'prepare.py');
  const { outcome } = await findRepository({ cwd: repository.root, clone: null, folder: null }, () => undefined, never);
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
