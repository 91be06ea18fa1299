/** The user's git filters and what an agent wrote: which are switched off, and that none runs it. */
import { existsSync } from 'node:fs';
import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createTemporaryRepository, type TemporaryRepository } from '../scenarios/temporary-repository.ts';
import { checkTree, commitTree, putTree } from './experiment-tree.ts';
import { switchOffFilters, switchOffFiltersIn } from './filter-settings.ts';
import { commitPathsOf } from './paths-commit.ts';
import { resolveCommit } from './repository.ts';
import { runGit } from './run-git.ts';

let repository: TemporaryRepository;

beforeEach(async () => {
  repository = await createTemporaryRepository({ 'train.py': 'x\n', 'tools/known.py': 'pass\n' });
});

afterEach(async () => {
  await repository.remove();
});

test('a filter that names a file of the commit or the folder, or runs a module, is switched off; others stay', async () => {
  const { root, git } = repository;
  await git('config', 'filter.named.clean', 'python3 tools/known.py');
  await git('config', 'filter.module.smudge', 'python3 -Im strip');
  await git('config', 'filter.planted.clean', './planted.sh %f');
  await git('config', 'filter.other.clean', 'tr a-z A-Z');
  await git('config', 'filter.lfs.clean', 'git-lfs clean -- %f');
  expect((await switchOffFilters(root, 'main')).names.sort()).toEqual(['module', 'named']);
  await repository.write('planted.sh', 'x\n');
  expect((await switchOffFiltersIn(root)).names.sort()).toEqual(['module', 'named', 'planted']);
});

test("no filter, file system monitor or hook of the user's runs a file that an agent left in its worktree", async () => {
  const { root, git } = repository;
  const evidence = join(root, '.git', 'ran');
  const path = join(root, '5_worktrees', 'try');
  await git('config', 'filter.evil.clean', './planted.sh');
  await git('config', 'filter.evil.smudge', './planted.sh');
  await git('config', 'core.fsmonitor', './planted.sh');
  const tree = { root, ownedFolder: join(root, '5_worktrees'), path, branch: 'exp/try' };
  const start = await resolveCommit(root, 'main');
  await putTree(tree, start);
  const script = `#!/bin/sh\ntouch '${evidence}'\ncat\n`;
  const plant = async (): Promise<void> => {
    await repository.write('5_worktrees/try/planted.sh', script);
    await chmod(join(path, 'planted.sh'), 0o755);
    await repository.write('5_worktrees/try/.gitattributes', '*.py filter=evil\n');
    await repository.write('5_worktrees/try/train.py', 'y\n');
  };
  await plant();
  expect(await checkTree(tree, 1_000_000)).toEqual([]);
  await commitPathsOf(path, start, ['train.py'], 'x\n', true);
  const commit = await commitTree(tree, start, 'change');
  expect(await runGit(root, ['show', `${commit}:train.py`])).toBe('y\n');
  await plant();
  await putTree(tree, start);
  await putTree(tree, commit);
  expect(existsSync(evidence)).toBe(false);
});

test("`git replace` shows the lab's git calls nothing else than what was committed", async () => {
  const { root, git } = repository;
  const old = await git('rev-parse', 'main:train.py');
  await git('replace', old, await git('rev-parse', 'main:tools/known.py'));
  expect(await git('show', 'main:train.py')).toBe('pass');
  expect(await runGit(root, ['show', 'main:train.py'])).toBe('x\n');
});
