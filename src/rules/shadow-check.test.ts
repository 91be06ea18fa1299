/** Files of real commits that Python would load in place of frozen code, and such that only look like it. */
import { rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createTemporaryRepository, type TemporaryRepository } from '../scenarios/temporary-repository.ts';
import { checkFrozen, ensureFrozen } from './frozen.ts';
import { checkShadows } from './shadow-check.ts';

let repository: TemporaryRepository;

beforeEach(async () => {
  repository = await createTemporaryRepository({
    'problem/prepare.py': 'import json\nfrom model import Model\nimport layers\n',
    'problem/train.py': 'import prepare\n',
    'problem/model.py': 'class Model: ...\n',
    'problem/layers/dense.py': 'x = 1\n',
    'eval/eval.py': 'print(1)\n',
    'sitecustomize.py': 'own = 1\n',
    'weights/first.pth': 'text\n',
  });
  await repository.git('checkout', '--quiet', '-b', 'exp/try');
});

afterEach(async () => {
  await repository.remove();
});

async function commitAll(): Promise<void> {
  await repository.git('add', '--all', '--force');
  await repository.git('commit', '--quiet', '--allow-empty', '--message=change');
}

async function check(commands: Record<string, string> = { train: 'python3 problem/train.py' }): Promise<string[]> {
  await commitAll();
  const { root } = repository;
  const found = await checkShadows({ root, main: 'main', commit: 'exp/try', rules: {}, commands });
  return found.map(({ path }) => path);
}

test('a new module beside a frozen one that imports this name is found, elsewhere it is not', async () => {
  await repository.write('problem/json.py', 'cheat = 1\n');
  await repository.write('tools/json.py', 'fine = 1\n');
  await repository.write('problem/random.py', 'nobody imports it\n');
  expect(await check()).toEqual(['problem/json.py']);
  expect(await check({ train: 'python3 tools/train.py' })).toEqual(['problem/json.py', 'tools/json.py']);
});

test("a program of main's own that frozen code imports may be changed, and become a package", async () => {
  await repository.write('problem/model.py', 'class Model: better = 1\n');
  await repository.write('problem/layers/__init__.py', 'y = 2\n');
  expect(await check()).toEqual([]);
  await repository.git('rm', '--quiet', 'problem/model.py');
  await repository.write('problem/model/__init__.py', 'class Model: ...\n');
  expect(await check()).toEqual([]);
});

test("what main itself has is nobody's attack, but a change of it is one where Python loads it unasked", async () => {
  await repository.git('checkout', '--quiet', 'main');
  await repository.write('usercustomize.py', 'later = 1\n');
  await commitAll();
  await repository.git('checkout', '--quiet', 'exp/try');
  await repository.write('usercustomize.py', 'later = 1\n');
  expect(await check()).toEqual([]);
  await repository.write('sitecustomize.py', 'cheat = 1\n');
  expect(await check()).toEqual(['sitecustomize.py']);
});

test("a new file in a folder that main has is main's layout; what makes it a package is not", async () => {
  await repository.write('eval/more.py', 'x = 1\n');
  expect(await check()).toEqual([]);
  await repository.write('lib/eval/more.py', 'x = 1\n');
  expect(await check()).toEqual(['lib/eval/more.py']);
});

test('a link and a submodule in the name of a package are found', async () => {
  await repository.write('vendor/__init__.py', 'cheat = 1\n');
  await symlink('../vendor', join(repository.root, 'problem', 'prepare'));
  await symlink('vendor', join(repository.root, 'plain'));
  expect(await check()).toEqual(['problem/prepare']);
  await rm(join(repository.root, 'problem', 'prepare'));
  await commitAll();
  const head = await repository.git('rev-parse', 'HEAD');
  await repository.git('update-index', '--add', '--cacheinfo', `160000,${head},problem/json`);
  await repository.git('commit', '--quiet', '--message=submodule');
  const { root } = repository;
  const found = await checkShadows({ root, main: 'main', commit: 'exp/try', rules: {}, commands: {} });
  expect(found.map(({ path }) => path)).toEqual(['problem/json']);
});

test('weights that are called .pth pass, lines of text and anything among packages do not', async () => {
  await repository.write('weights/model.pth', new Uint8Array([0x50, 0x4b, 0, 1]));
  await repository.write('weights/cheat.pth', 'import cheat\n');
  await repository.write('env/lib/site-packages/cheat.pth', new Uint8Array([0x50, 0x4b, 0, 1]));
  expect(await check()).toEqual(['env/lib/site-packages/cheat.pth', 'weights/cheat.pth']);
});

test('the door names the file and the reason, and an executable bit of a frozen file is a change', async () => {
  await repository.write('problem/json.py', 'cheat = 1\n');
  await commitAll();
  const { root } = repository;
  await expect(ensureFrozen(root, 'main', 'exp/try', {})).rejects.toThrow(
    'problem/json.py is loaded by Python in place of the module json, which the frozen problem/prepare.py imports',
  );
  await repository.git('update-index', '--chmod=+x', 'eval/eval.py');
  await repository.git('commit', '--quiet', '--message=mode');
  expect(await checkFrozen(root, 'main', 'exp/try', {})).toEqual(['eval/eval.py']);
  await expect(ensureFrozen(root, 'main', 'exp/try', {})).rejects.toThrow(/^eval\/eval\.py: FROZEN/);
});

test('without a common history everything that differs from main counts, a mode too', async () => {
  await repository.git('checkout', '--quiet', '--orphan', 'other');
  await repository.git('update-index', '--chmod=+x', 'eval/eval.py');
  await repository.git('commit', '--quiet', '--message=orphan');
  expect(await checkFrozen(repository.root, 'main', 'other', {})).toEqual(['eval/eval.py']);
});
