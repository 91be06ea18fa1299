/** What is taken apart and what stays: refs of sessions, work begun at the last moment, the hint that drops the lab's two commits. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { labPaths } from '../../config/lab-paths.ts';
import { createTemporaryRepository, type TemporaryRepository } from '../../scenarios/temporary-repository.ts';
import { findRemoval, renderKept, renderRemoval } from './plan-removal.ts';
import { takeApart } from './take-apart.ts';
import { canDropBoth, findLabFiles, takeLabFiles } from './take-files.ts';

let repository: TemporaryRepository;
const session = 'refs/nightlab/ratchet/mar5/3.1';
const job = 'refs/nightlab/jobs/1';

beforeEach(async () => {
  repository = await createTemporaryRepository({ 'train.py': '1\n', '.gitignore': '5_worktrees/\n.lab/\n' });
  for (const ref of [session, job]) await repository.git('update-ref', ref, 'HEAD');
});

afterEach(async () => await repository.remove());

const listRefs = (): Promise<string> => repository.git('for-each-ref', '--format=%(refname)', 'refs/nightlab/');

test('the refs of sessions stay and the plan says so; with --purge they go and the plan says that', async () => {
  const paths = labPaths(repository.root);
  const kept = await findRemoval(paths, { isPurge: false, takesFiles: false }, false);
  expect(renderRemoval(kept).join('\n')).toMatch(/^1 refs below refs\/nightlab\/ /m);
  expect(renderRemoval(kept).join('\n')).not.toContain('ratchet');
  expect(renderKept(kept).join('\n')).toContain('1 refs below refs/nightlab/ratchet/');
  await takeApart(paths, kept);
  expect(await listRefs()).toBe(session);

  const purged = await findRemoval(paths, { isPurge: true, takesFiles: false }, false);
  expect(renderRemoval(purged).join('\n')).toContain('1 refs below refs/nightlab/ratchet/');
  expect(renderKept(purged)).toEqual([]);
  await takeApart(paths, purged);
  expect(await listRefs()).toBe('');
});

test('a worktree in which somebody wrote after the plan was made is kept, and the others go', async () => {
  const paths = labPaths(repository.root);
  const [mine, other] = [join(paths.worktrees, 'mine'), join(paths.worktrees, 'other')];
  for (const path of [mine, other]) await repository.git('worktree', 'add', '--quiet', '--detach', path);
  const removal = await findRemoval(paths, { isPurge: false, takesFiles: false }, false);
  expect(removal.kept.size).toBe(0);
  await repository.write('5_worktrees/mine/train.py', '2\n');
  const done = await takeApart(paths, removal);
  expect([...done.kept]).toEqual([[mine, 'it has uncommitted changes (train.py)']]);
  expect([existsSync(mine), existsSync(other)]).toEqual([true, false]);
  expect(renderRemoval(done)).toContain('1 worktrees in 5_worktrees/ (their branches stay)');
});

test('both commits can be dropped only from main, and only where nothing came between', async () => {
  const { root, git, write } = repository;
  const before = await git('rev-parse', 'HEAD');
  await write('lab.yaml', 'schema: 1\n');
  await git('add', 'lab.yaml');
  await git('commit', '--quiet', '--message=nightlab: adopt this');
  expect((await findLabFiles(root, 'main')).before).toBe(before);
  await git('checkout', '--quiet', '-b', 'feature');
  await takeLabFiles(root, 'main', ['lab.yaml']);
  expect(await canDropBoth(root, 'main', before)).toBe(false);
  await git('checkout', '--quiet', 'main');
  expect(await canDropBoth(root, 'main', before)).toBe(true);
  await git('commit', '--quiet', '--allow-empty', '--message=after');
  expect(await canDropBoth(root, 'main', before)).toBe(false);
});
