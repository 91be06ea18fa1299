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
  expect(renderRemoval(kept)).toContain(
    'refs below refs/nightlab/jobs/, all 1 (what each job ran, the only copy of what was not committed): 1',
  );
  expect(renderRemoval(kept).join('\n')).not.toContain('ratchet');
  expect(renderKept(kept)).toEqual([
    expect.stringMatching(/^refs below refs\/nightlab\/ratchet\/mar5\/, all 1: every commit .*; --purge takes them$/),
  ]);
  await takeApart(paths, kept);
  expect(await listRefs()).toBe(session);

  const purged = await findRemoval(paths, { isPurge: true, takesFiles: false }, false);
  expect(renderRemoval(purged).join('\n')).toMatch(/^no refs below refs\/nightlab\/: .* but those of sessions$/m);
  expect(renderRemoval(purged).join('\n')).toMatch(/^refs below refs\/nightlab\/ratchet\/mar5\/, all 1 /m);
  expect(renderKept(purged)).toEqual([]);
  await takeApart(paths, purged);
  expect(await listRefs()).toBe('');
});

test('the plan names the refs that go by folder, those of many jobs up to the twelfth, and each session whose refs stay', async () => {
  for (const ref of [
    'jobs/2',
    'jobs/10',
    'champions/10',
    'experiments/wider/1.2',
    'ratchet/mar6/1.1',
    'ratchet/mar6/2.1',
  ])
    await repository.git('update-ref', `refs/nightlab/${ref}`, 'HEAD');
  const paths = labPaths(repository.root);
  const look = () => findRemoval(paths, { isPurge: false, takesFiles: false }, false);
  const refLines = (lines: string[]) => lines.filter((line) => line.includes('refs/nightlab')).sort();
  expect(refLines(renderRemoval(await look()))).toEqual([
    'refs below refs/nightlab/champions/, all 1 (champions, by job): 10',
    'refs below refs/nightlab/experiments/, all 1 (former attempts of experiments, by idea): wider/1.2',
    'refs below refs/nightlab/jobs/, all 3 (what each job ran, the only copy of what was not committed): 1, 2, 10',
  ]);
  expect(renderKept(await look()).map((line) => line.split(':')[0])).toEqual([
    'refs below refs/nightlab/ratchet/mar5/, all 1',
    'refs below refs/nightlab/ratchet/mar6/, all 2',
  ]);
  for (let number = 3; number < 20; number += 1)
    await repository.git('update-ref', `refs/nightlab/jobs/${number}`, 'HEAD');
  expect(refLines(renderRemoval(await look())).at(-1)).toMatch(
    /jobs\/, all 19 .*: 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 and 7 more \(`git for-each-ref refs\/nightlab\/jobs\/`\)$/,
  );
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
