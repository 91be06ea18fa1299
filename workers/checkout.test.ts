import { existsSync, lstatSync, readFileSync, rmSync } from 'node:fs';
import { chmod, mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { createPlainJob } from '../queue/job-for-tests.ts';
import { labPaths } from '../src/config/lab-paths.ts';
import { configSchema, type RawLabConfig } from '../src/config/schema.ts';
import type { Job } from '../src/domain/job.ts';
import { createTemporaryRepository, type TemporaryRepository } from '../src/scenarios/temporary-repository.ts';
import { createCheckout, removeCheckout } from './checkout.ts';
import { exportFrozen } from './frozen-files.ts';

const repositories: TemporaryRepository[] = [];
afterEach(async () => {
  await Promise.all(repositories.splice(0).map((repository) => repository.remove()));
});

async function createRepository(files: Record<string, string> = {}): Promise<TemporaryRepository> {
  const repository = await createTemporaryRepository({
    'train.py': 'print(1)\n',
    'eval.py': 'old = 1\n',
    '.gitignore': '.lab/\ndata/\n',
    ...files,
  });
  repositories.push(repository);
  return repository;
}

async function createJob(repository: TemporaryRepository, commit = 'HEAD'): Promise<Job> {
  return createPlainJob(7, {
    command: 'python3 train.py',
    commit: (await repository.git('rev-parse', commit)).trim(),
    wallSeconds: 60,
  });
}

async function checkOut(repository: TemporaryRepository, raw: RawLabConfig = {}, commit = 'HEAD', onMain = '') {
  const main = onMain || (await repository.git('symbolic-ref', '--short', 'HEAD')).trim();
  return await createCheckout(
    labPaths(repository.root),
    configSchema.parse(raw),
    main,
    await createJob(repository, commit),
    1,
  );
}

test('a run sees the commit it was queued with, not the edits made since', async () => {
  const repository = await createRepository();
  await repository.write('train.py', 'print("edited")\n');
  const checkout = await checkOut(repository);
  expect(readFileSync(join(checkout.path, 'train.py'), 'utf8')).toBe('print(1)\n');
  expect(checkout.flags).toEqual([]);
});

test("an older frozen file is overlaid with main's and flagged", async () => {
  const repository = await createRepository();
  await repository.write('eval.py', 'new = 2\n');
  await repository.git('commit', '-qam', 'human: a new evaluator');
  const checkout = await checkOut(repository, {}, 'HEAD~1');
  expect(readFileSync(join(checkout.path, 'eval.py'), 'utf8')).toBe('new = 2\n');
  expect(checkout.flags).toEqual(['overlaid']);
});

test('a frozen file that main gets between two attempts is what the second one sees, and its scorer', async () => {
  const repository = await createRepository();
  const start = await repository.git('rev-parse', 'HEAD');
  const folder = join(repository.root, '.lab', 'scorer');
  const look = async () => {
    const checkout = await checkOut(repository, {}, start);
    await exportFrozen(repository.root, 'main', configSchema.parse({}), folder);
    const [run, scorer] = [checkout.path, folder].map((place) => readFileSync(join(place, 'eval.py'), 'utf8'));
    expect(scorer).toBe(run);
    rmSync(folder, { recursive: true });
    return [run, checkout.flags];
  };
  expect(await look()).toEqual(['old = 1\n', []]);
  expect(await look()).toEqual(['old = 1\n', []]);
  await repository.write('eval.py', 'new = 2\n');
  await repository.git('commit', '-qam', 'human: a new evaluator');
  expect(await look()).toEqual(['new = 2\n', ['overlaid']]);
  // Packed refs and objects are read in another way.
  await repository.write('eval.py', 'newer = 3\n');
  await repository.git('commit', '-qam', 'human: a newer evaluator');
  await repository.git('gc', '--quiet');
  expect(await look()).toEqual(['newer = 3\n', ['overlaid']]);
  await repository.git('reset', '-q', '--hard', start);
  expect(await look()).toEqual(['old = 1\n', []]);
});

test('what a commit may not change is asked again when main has moved', async () => {
  const repository = await createRepository();
  await repository.git('checkout', '-qb', 'exp/one');
  await repository.write('eval.py', 'new = 2\n');
  await repository.git('commit', '-qam', 'changed');
  await expect(checkOut(repository, {}, 'exp/one', 'main')).rejects.toThrow(/^eval\.py: FROZEN/);
  await repository.git('branch', '-f', 'main', 'exp/one');
  const { path } = await checkOut(repository, {}, 'exp/one', 'main');
  expect(readFileSync(join(path, 'eval.py'), 'utf8')).toBe('new = 2\n');
  await repository.git('branch', '-f', 'main', 'exp/one~1');
  await expect(checkOut(repository, {}, 'exp/one', 'main')).rejects.toThrow(/^eval\.py: FROZEN/);
});

test('other rules for the same commit give other frozen files', async () => {
  const repository = await createRepository();
  expect((await checkOut(repository)).frozen.map((path) => path.split('/').at(-1))).toEqual(['eval.py']);
  const { frozen } = await checkOut(repository, { rules: { 'train.py': ['FROZEN'] } });
  expect(frozen.map((path) => path.split('/').at(-1))).toEqual(['eval.py', 'train.py']);
});

test('a filter that is set between two attempts is switched off in the second', async () => {
  const repository = await createRepository({
    '.gitattributes': '*.txt filter=own\n',
    'data.txt': 'data\n',
    'own.sh': 'tr a-z A-Z\n',
  });
  expect((await checkOut(repository)).flags).toEqual([]);
  await repository.git('config', 'filter.own.smudge', 'sh ./own.sh');
  const { path, flags } = await checkOut(repository);
  expect([flags, readFileSync(join(path, 'data.txt'), 'utf8')]).toEqual([['filter-off:own'], 'data\n']);
});

test('a frozen file that the commit changed is refused by name', async () => {
  const repository = await createRepository();
  const main = (await repository.git('symbolic-ref', '--short', 'HEAD')).trim();
  await repository.git('checkout', '-qb', 'exp/cheat');
  await repository.write('eval.py', 'print("score: 0")\n');
  await repository.git('commit', '-qam', 'better');
  await repository.git('checkout', '-q', main);
  await expect(checkOut(repository, {}, 'exp/cheat')).rejects.toThrow(/eval\.py.*FROZEN/);
});

test('data is linked, not copied, and a missing link target is named', async () => {
  const repository = await createRepository();
  await mkdir(join(repository.root, 'data'));
  await writeFile(join(repository.root, 'data', 'tokens.bin'), 'x');
  const checkout = await checkOut(repository, { checkout: { links: ['data'] } });
  expect(lstatSync(join(checkout.path, 'data')).isSymbolicLink()).toBe(true);
  expect(readFileSync(join(checkout.path, 'data', 'tokens.bin'), 'utf8')).toBe('x');
  await expect(checkOut(repository, { checkout: { links: ['weights'] } })).rejects.toThrow(
    'checkout.links names weights',
  );
  await expect(checkOut(repository, { checkout: { links: ['train.py'] } })).rejects.toThrow('which is in git as well');
});

test("frozen files are main's own bytes and mode, whatever the attributes of the commit make of them", async () => {
  const text = 'id = "$Id$"\nprint(1)\n';
  const repository = await createRepository({ 'eval.py': text, 'problem/prepare.py': 'a = 1\nb = 2\n' });
  await repository.git('update-index', '--chmod=+x', 'problem/prepare.py');
  await repository.git('commit', '-qm', 'mode');
  await repository.git('config', 'filter.loud.smudge', 'tr a-z A-Z');
  const main = (await repository.git('symbolic-ref', '--short', 'HEAD')).trim();
  await repository.git('checkout', '-qb', 'exp/cheat');
  for (const attributes of ['ident', 'text eol=crlf', 'working-tree-encoding=UTF-16LE', 'filter=loud']) {
    await repository.write('.gitattributes', `eval.py ${attributes}\nproblem/prepare.py ${attributes}\n`);
    await repository.git('add', '.gitattributes');
    await repository.git('commit', '-qm', attributes);
    const checkout = await checkOut(repository, {}, 'exp/cheat', main);
    expect(readFileSync(join(checkout.path, 'eval.py'), 'utf8')).toBe(text);
    expect(readFileSync(join(checkout.path, 'problem', 'prepare.py'), 'utf8')).toBe('a = 1\nb = 2\n');
    expect(lstatSync(join(checkout.path, 'problem', 'prepare.py')).mode & 0o111).toBe(0o111);
    expect(checkout.flags).toEqual([]);
  }
});

test('hooks of the repository do not run, nor filters that name a file of the commit, which are named in a flag', async () => {
  const repository = await createRepository({
    '.gitattributes': 'data.txt filter=own\nother.txt filter=plain\n',
    'data.txt': 'data\n',
    'other.txt': 'other\n',
    'tools/smudge.sh': 'touch "$(git rev-parse --git-common-dir)/../SMUDGED"\ncat\n',
    'hooks/post-checkout': '#!/bin/sh\ntouch "$(git rev-parse --git-common-dir)/../HOOKED"\n',
  });
  await chmod(join(repository.root, 'hooks', 'post-checkout'), 0o755);
  await repository.git('config', 'core.hooksPath', join(repository.root, 'hooks'));
  await repository.git('config', 'filter.own.smudge', 'sh ./tools/smudge.sh');
  await repository.git('config', 'filter.own.required', 'true');
  await repository.git('config', 'filter.plain.smudge', 'tr a-z A-Z');
  const checkout = await checkOut(repository);
  expect(['HOOKED', 'SMUDGED'].filter((name) => existsSync(join(repository.root, name)))).toEqual([]);
  expect(readFileSync(join(checkout.path, 'data.txt'), 'utf8')).toBe('data\n');
  expect(readFileSync(join(checkout.path, 'other.txt'), 'utf8')).toBe('OTHER\n');
  expect(checkout.flags).toEqual(['filter-off:own']);
});

test('a link that an old commit has in place of a frozen file is replaced, not written through', async () => {
  const repository = await createRepository();
  await rm(join(repository.root, 'eval.py'));
  await symlink('train.py', join(repository.root, 'eval.py'));
  await repository.git('commit', '-qam', 'a link');
  await rm(join(repository.root, 'eval.py'));
  await repository.write('eval.py', 'new = 2\n');
  await repository.git('commit', '-qam', 'human: a file again');
  const checkout = await checkOut(repository, {}, 'HEAD~1');
  expect(readFileSync(join(checkout.path, 'eval.py'), 'utf8')).toBe('new = 2\n');
  expect(readFileSync(join(checkout.path, 'train.py'), 'utf8')).toBe('print(1)\n');
});

test('a file that an old commit has where a frozen one needs a folder is refused by name', async () => {
  const repository = await createRepository({ problem: 'a file\n' });
  await repository.git('rm', '-q', 'problem');
  await repository.write('problem/prepare.py', 'x = 1\n');
  await repository.git('add', '--all');
  await repository.git('commit', '-qm', 'a folder');
  await expect(checkOut(repository, {}, 'HEAD~1')).rejects.toThrow(/^problem is a file in this commit/);
});

test("what only the scorer reads is not in the run's checkout, and is refused where it is missing or in git", async () => {
  const repository = await createRepository();
  await mkdir(join(repository.root, 'data'));
  await writeFile(join(repository.root, 'data', 'val.bin'), 'x');
  const checkout = await checkOut(repository, { checkout: { scoreLinks: ['data/val.bin'] } });
  expect(existsSync(join(checkout.path, 'data'))).toBe(false);
  expect(checkout.scoreTargets).toEqual([join(repository.root, 'data', 'val.bin')]);
  await expect(checkOut(repository, { checkout: { scoreLinks: ['data/test.bin'] } })).rejects.toThrow(
    'checkout.scoreLinks names data/test.bin',
  );
  await expect(checkOut(repository, { checkout: { scoreLinks: ['train.py'] } })).rejects.toThrow('in git as well');
});

test('with the lock open a commit keeps its own evaluator', async () => {
  const repository = await createRepository();
  const main = (await repository.git('symbolic-ref', '--short', 'HEAD')).trim();
  await repository.git('checkout', '-qb', 'exp/cheat');
  await repository.write('eval.py', 'print("score: 0")\n');
  await repository.git('commit', '-qam', 'better');
  vi.stubEnv('LAB_TEST_OPEN_LOCKS', 'worker');
  try {
    const checkout = await checkOut(repository, {}, 'exp/cheat', main);
    expect(readFileSync(join(checkout.path, 'eval.py'), 'utf8')).toBe('print("score: 0")\n');
  } finally {
    vi.unstubAllEnvs();
  }
  await expect(checkOut(repository, {}, 'exp/cheat', main)).rejects.toThrow('FROZEN');
});

test('removing a checkout leaves the data behind its links alone', async () => {
  const repository = await createRepository();
  await mkdir(join(repository.root, 'data'));
  await writeFile(join(repository.root, 'data', 'tokens.bin'), 'x');
  const checkout = await checkOut(repository, { checkout: { links: ['data'] } });
  await removeCheckout(labPaths(repository.root), 7, 1);
  expect(existsSync(checkout.path)).toBe(false);
  expect(readFileSync(join(repository.root, 'data', 'tokens.bin'), 'utf8')).toBe('x');
  expect(await repository.git('worktree', 'list')).not.toContain('.lab/trees');
});

test('a checkout that a crash left half-made is made anew', async () => {
  const repository = await createRepository();
  const first = await checkOut(repository);
  rmSync(join(first.path, 'train.py'));
  const second = await checkOut(repository);
  expect(existsSync(join(second.path, 'train.py'))).toBe(true);
});

test('an LFS file that is still its pointer is refused by name', async () => {
  const repository = await createRepository({
    '.gitattributes': '*.bin filter=lfs diff=lfs\n',
    'model.bin': 'version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12\n',
  });
  await expect(checkOut(repository)).rejects.toThrow(/model\.bin.*LFS pointer/);
});

test("the scorer's folder holds main's frozen files and nothing else", async () => {
  const repository = await createRepository({ 'problem/prepare.py': 'x = 1\n' });
  const main = (await repository.git('symbolic-ref', '--short', 'HEAD')).trim();
  const folder = join(repository.root, '.lab', 'scorer');
  await exportFrozen(repository.root, main, configSchema.parse({}), folder);
  expect(existsSync(join(folder, 'eval.py'))).toBe(true);
  expect(existsSync(join(folder, 'problem', 'prepare.py'))).toBe(true);
  expect(existsSync(join(folder, 'train.py'))).toBe(false);
});
