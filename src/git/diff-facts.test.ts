/** Facts and text of a diff, against real git. What the lab makes of them is tested in rules/. */
import { chmod, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { createTemporaryRepository, type TemporaryRepository } from '../scenarios/temporary-repository.ts';
import { readBlobs } from './blob-content.ts';
import { isAncestor, readDiff, readDiffFacts } from './diff-facts.ts';

const made: TemporaryRepository[] = [];

async function create(files: Record<string, string>): Promise<TemporaryRepository> {
  const repository = await createTemporaryRepository(files);
  made.push(repository);
  return repository;
}

async function commitAll({ git }: TemporaryRepository): Promise<string> {
  await git('add', '--all');
  await git('commit', '--quiet', '--message=change');
  return await git('rev-parse', 'HEAD');
}

afterEach(async () => {
  for (const repository of made.splice(0)) await repository.remove();
});

test('paths with spaces, quotes, tabs, line ends, letters beyond ASCII and a leading colon come out as they are', async () => {
  const repository = await create({ 'sp ace.txt': 'a\nb\n' });
  const names = [':colon', 'a "quoted" name', 'grün 日本.py', 'new\nline', 'sp ace.txt', 'tab\tbed', '1\t1\ttrap'];
  for (const name of names) await repository.write(name, 'a\nc\n');
  await commitAll(repository);
  const { files } = await readDiffFacts(repository.root, 'main~1', 'main');
  expect(files.map(({ path }) => path).sort()).toEqual(names.sort());
  expect(files.find(({ path }) => path === 'sp ace.txt')).toMatchObject({ change: 'modified', added: 1, removed: 1 });
  expect(files.filter(({ path }) => path !== 'sp ace.txt').every(({ added }) => added === 2)).toBe(true);
});

test('a rename is a deleted and an added file, and each has its lines', async () => {
  const repository = await create({ 'old.py': '1\n2\n3\n' });
  await repository.git('mv', 'old.py', 'new.py');
  await commitAll(repository);
  const { files } = await readDiffFacts(repository.root, 'main~1', 'main');
  expect(files).toMatchObject([
    { path: 'new.py', change: 'added', added: 3, removed: 0, oldMode: null, newMode: '100644', bytes: 6 },
    { path: 'old.py', change: 'deleted', added: 0, removed: 3, oldMode: '100644', newMode: null, bytes: null },
  ]);
});

test('a binary has no line counts and a size, a mode change no lines, a link and a submodule are named', async () => {
  const repository = await create({ run: 'x\n', becomes: 'x\n' });
  const { root, git } = repository;
  await repository.write('model.bin', new Uint8Array([0, 1, 2]));
  await chmod(join(root, 'run'), 0o755);
  await rm(join(root, 'becomes'));
  await symlink('../outside', join(root, 'becomes'));
  await git('add', '--all');
  await git('update-index', '--add', '--cacheinfo', `160000,${await git('rev-parse', 'HEAD')},module`);
  await git('commit', '--quiet', '--message=change');
  const { files } = await readDiffFacts(root, 'main~1', 'main');
  expect(files).toMatchObject([
    { path: 'becomes', change: 'modified', isSymlink: true, newMode: '120000', bytes: '../outside'.length },
    { path: 'model.bin', change: 'added', added: null, removed: null, bytes: 3, isSymlink: false },
    { path: 'module', change: 'added', isSubmodule: true, newBlob: null, bytes: null },
    { path: 'run', change: 'modified', added: 0, removed: 0, oldMode: '100644', newMode: '100755' },
  ]);
  const { files: back } = await readDiffFacts(root, 'main', 'main~1');
  expect(back.find(({ path }) => path === 'module')).toMatchObject({ change: 'deleted', isSubmodule: true });
  expect(back.find(({ path }) => path === 'becomes')?.isSymlink).toBe(false);
});

test('two commits with the same tree have no files and an empty diff', async () => {
  const repository = await create({ a: '1' });
  await repository.git('commit', '--quiet', '--allow-empty', '--message=nothing');
  expect(await readDiffFacts(repository.root, 'main~1', 'main')).toEqual({ files: [] });
  expect(await readDiff(repository.root, 'main~1', 'main', 1000)).toBe('');
});

test("the diff is git's own: an external diff, a text conversion and a user's prefix setting change nothing", async () => {
  const repository = await create({ 'a.py': 'one\n', '.gitattributes': '*.py diff=odd\n' });
  for (const [key, value] of [
    ['diff.external', 'false'],
    ['diff.odd.textconv', 'echo converted'],
    ['diff.noprefix', 'true'],
    ['diff.context', '0'],
  ] as const)
    await repository.git('config', key, value);
  await repository.write('a.py', 'one\ntwo\n');
  await commitAll(repository);
  const diff = await readDiff(repository.root, 'main~1', 'main', 10_000);
  expect(diff).toContain('--- a/a.py\n+++ b/a.py\n');
  expect(diff).toContain('\n one\n+two\n');
});

test('a diff over the limit is cut after a whole line and says how much is missing', async () => {
  const repository = await create({ a: '' });
  await repository.write('a', 'ä line of the file\n'.repeat(500));
  await commitAll(repository);
  const whole = await readDiff(repository.root, 'main~1', 'main', 1_000_000);
  const cut = await readDiff(repository.root, 'main~1', 'main', 1000);
  const [note = '', ...kept] = cut.trimEnd().split('\n').reverse();
  const size = Buffer.byteLength(whole);
  const keptSize = Buffer.byteLength(`${kept.reverse().join('\n')}\n`);
  expect(keptSize).toBeLessThanOrEqual(1000);
  expect(note).toBe(`[the diff is cut here: ${size - keptSize} of ${size} bytes are missing]`);
  expect(whole.startsWith(`${kept.join('\n')}\n`)).toBe(true);
});

test('an unknown commit is an error, not an empty diff', async () => {
  const { root } = await create({ a: '1' });
  await expect(readDiffFacts(root, 'main', 'nowhere')).rejects.toThrow(/git diff-tree/);
  await expect(readDiff(root, 'nowhere', 'main', 10)).rejects.toThrow(/git diff-tree/);
});

test('an ancestor is told from a commit that merely shares one', async () => {
  const repository = await create({ a: '1' });
  await repository.git('branch', 'side');
  await repository.git('commit', '--quiet', '--allow-empty', '--message=on');
  await repository.git('checkout', '--quiet', 'side');
  await repository.git('commit', '--quiet', '--allow-empty', '--message=aside');
  const { root } = repository;
  expect(await isAncestor(root, 'main~1', 'main')).toBe(true);
  expect(await isAncestor(root, 'main', 'main')).toBe(true);
  expect(await isAncestor(root, 'main', 'side')).toBe(false);
});

test('several blobs come back whole, also empty and binary ones', async () => {
  const repository = await create({ empty: '', text: 'line\n\nno end' });
  await repository.write('binary', new Uint8Array([10, 0, 10, 255]));
  await commitAll(repository);
  const hash = (name: string) => repository.git('rev-parse', `main:${name}`);
  const hashes = [await hash('empty'), await hash('text'), await hash('binary')];
  const blobs = await readBlobs(repository.root, hashes);
  expect(hashes.map((name) => blobs.get(name)?.toString('latin1'))).toEqual(['', 'line\n\nno end', '\n\0\nÿ']);
  await expect(readBlobs(repository.root, ['0'.repeat(40)])).rejects.toThrow(/missing/);
});
