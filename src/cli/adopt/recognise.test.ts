/** What is read from a real repository: files and how they stand in git, constants, data, torch. And the clone's exclude file. */
import { chmod, lstat, mkdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { findExcludeFile } from '../../lab/exclude-file.ts';
import { createTemporaryRepository, type TemporaryRepository } from '../../scenarios/temporary-repository.ts';
import { trainingRepositoryFiles } from '../../scenarios/training-repository-for-tests.ts';
import { findAdoptablePlace } from './check-place.ts';
import { addExcludes, listMissingExcludes, removeBlock, removeExcludes } from './excludes.ts';
import { recognise } from './recognise.ts';

const made: TemporaryRepository[] = [];
afterEach(async () => {
  for (const repository of made.splice(0)) await repository.remove();
});

async function create(files: Record<string, string>): Promise<TemporaryRepository> {
  const repository = await createTemporaryRepository(files);
  made.push(repository);
  return repository;
}

const look = async ({ root }: TemporaryRepository) => await recognise(await findAdoptablePlace(root));

test('files are told with their state, constants with their value, in the order of their weight', async () => {
  const repository = await create({ ...trainingRepositoryFiles(), 'requirements-dev.txt': 'pytest\n' });
  await repository.write('train.py', 'print(1)\n');
  await repository.write('.python-version', '3.12\n');
  const found = await look(repository);
  expect(found.files).toEqual([
    { path: 'program.md', state: 'committed' },
    { path: 'prepare.py', state: 'committed' },
    { path: 'train.py', state: 'changed' },
    { path: 'pyproject.toml', state: 'committed' },
    { path: 'uv.lock', state: 'committed' },
    { path: '.python-version', state: 'uncommitted' },
    { path: 'requirements-dev.txt', state: 'committed' },
  ]);
  expect(found).toMatchObject({ missing: [], torchFrom: null, readsSeed: false });
  expect(found.constants).toEqual({ TIME_BUDGET: 10, MAX_SEQ_LEN: 64, EVAL_TOKENS: 4096 });
  expect(found.dirty.sort()).toEqual(['.python-version', 'train.py']);
});

test.each([
  ['pyproject.toml', '[project]\ndependencies = [\n    "numpy>=2",\n    "torch==2.9.1",\n]\n', true],
  ['pyproject.toml', '[project]\ndependencies = ["torch"]\n', true],
  ['pyproject.toml', '[tool.uv.sources]\ntorch = [\n    { index = "cu" },\n]\n', true],
  ['requirements.txt', 'torch>=2.1\nnumpy\n', true],
  ['requirements-gpu.txt', 'numpy\ntorch\n', true],
  ['pyproject.toml', '[project]\ndescription = "no torch here"\ndependencies = ["torchless"]\n', false],
  ['requirements.txt', '# torch is not needed\ntorchdata\n', false],
])('torch in %s (%j): %s', async (path, text, expected) => {
  const repository = await create({ 'train.py': 'x = 1\n', [path]: text });
  expect((await look(repository)).torchFrom).toBe(expected ? path : null);
});

test('data folders come from prepare.py, the outermost only, and inside the repository only where git has none of it', async () => {
  const prepare = [
    'import os',
    'CACHE_DIR = os.path.join(os.path.expanduser("~"), ".cache", "autoresearch")',
    'DATA_DIR = os.path.join(CACHE_DIR, "data")',
    'LOCAL_DATA = os.path.join(os.path.dirname(__file__), "corpus")',
    'KEPT_DATA = os.path.join(os.path.dirname(__file__), "kept")',
    '',
  ].join('\n');
  const repository = await create({ 'train.py': 'x = 1\n', 'prepare.py': prepare, 'kept/a.txt': 'a\n' });
  const { root } = repository;
  await mkdir(join(root, 'corpus'));
  await writeFile(join(root, 'corpus', 'b.txt'), 'b\n');
  const found = await look(repository);
  expect(found.dataFolders).toEqual([
    join(process.env.HOME ?? '', '.cache', 'autoresearch'),
    join(root, 'corpus'),
    join(root, 'kept'),
  ]);
  expect(found.untrackedData).toEqual([join(root, 'corpus')]);
});

test('only what nothing ignores comes into the exclude file, and goes again without a trace', async () => {
  const repository = await create({ '.gitignore': 'results.tsv\n.lab\n__pycache__/\n', 'train.py': 'x = 1\n' });
  const { root, git } = repository;
  const file = await findExcludeFile(root);
  await writeFile(file, '# mine\n*.log\n');
  const patterns = await listMissingExcludes(root);
  expect(patterns).toEqual(['/5_worktrees/', '/lab.local.yaml']);
  const putBack = await addExcludes(file, patterns);
  await repository.write('lab.local.yaml', 'x\n');
  expect(await git('status', '--porcelain')).toBe('');
  expect(await listMissingExcludes(root)).toEqual([]);
  await writeFile(file, `${await readFile(file, 'utf8')}# later\n`);
  expect(await removeExcludes(root)).toBe(true);
  expect(await readFile(file, 'utf8')).toBe('# mine\n*.log\n# later\n');
  expect(await removeExcludes(root)).toBe(false);
  await putBack();
  expect(await readFile(file, 'utf8')).toBe('# mine\n*.log\n# later\n');
});

test('excludes that are put back leave the lines that came meanwhile, and take nothing else away', async () => {
  const { root } = await create({ 'train.py': 'x = 1\n' });
  const file = await findExcludeFile(root);
  // No newline at its end, and no UTF-8.
  const mine = Buffer.from('# m\xfcde', 'latin1');
  await writeFile(file, mine);
  await chmod(file, 0o640);
  await (await addExcludes(file, ['/.lab/']))();
  expect(await readFile(file)).toEqual(mine);
  const putBack = await addExcludes(file, ['/.lab/']);
  await writeFile(file, Buffer.concat([await readFile(file), Buffer.from('*.later\n')]));
  await putBack();
  expect(await readFile(file, 'latin1')).toBe('# m\xfcde\n*.later\n');
  expect((await stat(file)).mode & 0o777).toBe(0o640);
});

test('an exclude file that is a link elsewhere stays one, and its lines come and go where it leads', async () => {
  const { root } = await create({ 'train.py': 'x = 1\n' });
  const file = await findExcludeFile(root);
  const shared = join(root, '.git', 'shared');
  await writeFile(shared, '*.log\n');
  await rm(file);
  await symlink(shared, file);
  await addExcludes(file, ['/.lab/']);
  expect(await readFile(shared, 'utf8')).toMatch(/^\*\.log\n#[^\n]*\n\/\.lab\/\n#[^\n]*\n$/);
  await addExcludes(file, ['/5_worktrees/']);
  expect(await removeExcludes(root)).toBe(true);
  expect(await readFile(shared, 'utf8')).toBe('*.log\n');
  expect((await lstat(file)).isSymbolicLink()).toBe(true);
});

test('where there was no exclude file there is none afterwards', async () => {
  const { root } = await create({ 'train.py': 'x = 1\n' });
  const file = await findExcludeFile(root);
  await rm(join(root, '.git', 'info'), { recursive: true });
  await (await addExcludes(file, ['/.lab/']))();
  await expect(readFile(file)).rejects.toThrow(/ENOENT/);
  expect(removeBlock('*.log\n')).toBeNull();
});
