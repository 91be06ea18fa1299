/** What is left where an adoption does not go to its end. A whole adoption is in src/scenarios/adopt.test.ts. */
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { findCheckoutsOf } from '../../git/checkout-state.ts';
import { writePendingUpdate } from '../../git/pending-update.ts';
import { findExcludeFile } from '../../lab/exclude-file.ts';
import { createTemporaryRepository, type TemporaryRepository } from '../../scenarios/temporary-repository.ts';
import { adoptRepository } from './adopt.ts';

const asked = { preset: null, metric: null, direction: 'lower', train: null, score: null, device: null } as const;
let repository: TemporaryRepository;

beforeEach(async () => {
  repository = await createTemporaryRepository({ 'train.py': 'x = 1\n', 'prepare.py': '', 'program.md': 'p\n' });
});
afterEach(() => repository.remove());

test('hooks that cannot be written are a note: the lab is made, and its excludes stay', async () => {
  const { root, git } = repository;
  const hooks = join(root, '.git', 'hooks');
  await rename(hooks, `${hooks}.before`).catch(() => undefined);
  // A file in the folder's place, which stands in the way of every user, root too.
  await writeFile(hooks, '');
  const { notes } = await adoptRepository(root, asked, true);
  expect(notes).toEqual(expect.arrayContaining([expect.stringMatching(/^the git hooks are not installed: E/)]));
  expect(notes).toContain('`lab rules install` tries again');
  expect(await readFile(await findExcludeFile(root), 'utf8')).toContain('/.lab/\n');
  expect(await git('log', '-1', '--format=%s')).toMatch(/^nightlab: adopt/);
});

test('where no commit could be made the exclude file is as it was', async () => {
  const { root, git } = repository;
  const file = await findExcludeFile(root);
  const before = await readFile(file).catch(() => null);
  await writeFile(join(root, '.git', 'index.lock'), '');
  await expect(adoptRepository(root, asked, false)).rejects.toThrow(/nothing was written/);
  expect(await readFile(file).catch(() => null)).toEqual(before);
  expect(await git('log', '--format=%s')).toBe('first');
});

test('an adoption that main has and the checkout lacks is ended, with the excludes that were lost', async () => {
  const { root, git } = repository;
  const { commit } = await adoptRepository(root, asked, false);
  const file = await findExcludeFile(root);
  const whole = await readFile(file, 'utf8');
  // As a kill between branch and index leaves it, and an error that took the excludes back.
  const [checkout] = await findCheckoutsOf(root, 'main');
  if (checkout === undefined) throw new Error('main is not checked out');
  const paths = (await git('show', '--format=', '--name-only', commit)).split('\n');
  const moves = await Promise.all(
    paths.map(async (path) => ({
      ...{ path, from: [null] as [null], mode: '100644' },
      to: await git('rev-parse', `${commit}:${path}`),
    })),
  );
  await git('read-tree', 'HEAD~1');
  for (const path of paths) await rm(join(root, path));
  writePendingUpdate(checkout, { commit, moves });
  await rm(file);
  await expect(adoptRepository(root, asked, false)).rejects.toThrow(/cut off had left to do is done now/);
  expect(await git('status', '--porcelain', '--untracked-files=all')).toBe('');
  expect(await readFile(join(root, 'lab.yaml'), 'utf8')).toContain('val_bpb');
  const again = await readFile(file, 'utf8');
  expect(again).toMatch(/^# nightlab: [\s\S]*\/\.lab\/\n/);
  expect(whole.endsWith(again)).toBe(true);
});
