/** `lab deinit` as a whole on a lab without a daemon: refused under an open job with nothing changed, and done once it is over. */
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createPlainJob, createPlainRun } from '../../../queue/job-for-tests.ts';
import { createQueueEntry } from '../../../queue/job-schema.ts';
import { attemptFolder, writeJob, writeRecorded, writeRun } from '../../../queue/job-store.ts';
import { type LabPaths, labPaths } from '../../config/lab-paths.ts';
import { createTemporaryRepository, type TemporaryRepository } from '../../scenarios/temporary-repository.ts';
import { deinit } from '../commands/deinit.ts';
import { createLab } from '../create-lab.ts';
import type { CommandInput } from '../define.ts';

const before = process.cwd();
let repository: TemporaryRepository;
let paths: LabPaths;
let said = '';

beforeEach(async () => {
  repository = await createTemporaryRepository({ 'train.py': '1\n' });
  await createLab(repository.root, {
    ...{ starter: null, fillCharter: false, metric: null, direction: 'lower', train: null, score: null, hooks: true },
  });
  paths = labPaths(repository.root);
  process.chdir(repository.root);
  said = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    said += String(text);
    return true;
  });
});

afterEach(async () => {
  vi.restoreAllMocks();
  process.chdir(before);
  await repository.remove();
});

const run = async (...flags: string[]): Promise<number> =>
  await deinit.run({
    ...{ words: [], rest: null, config: {} },
    text: () => null,
    texts: () => [],
    flag: (name) => flags.includes(name),
    wholeNumber: () => null,
    number: () => null,
  } satisfies CommandInput);

test('a job that began and has no outcome keeps run folders, checkout, refs and hooks, with --purge too', async () => {
  await writeJob(paths.runs, createPlainJob(1), createQueueEntry(1));
  mkdirSync(attemptFolder(paths.runs, 1, 1));
  const tree = join(paths.trees, '1.1');
  await repository.git('worktree', 'add', '--quiet', '--detach', tree);
  await repository.git('update-ref', 'refs/nightlab/jobs/1', 'HEAD');
  for (const flags of [[], ['yes'], ['yes', 'purge', 'files']])
    await expect(run(...flags)).rejects.toThrow('job 1 runs, expected an idle lab');
  expect([tree, paths.runs, join(paths.root, '.git/hooks/pre-commit')].map(existsSync)).toEqual([true, true, true]);
  expect(await repository.git('for-each-ref', '--format=%(refname)', 'refs/nightlab/')).toBe('refs/nightlab/jobs/1');

  await writeRun(paths.runs, createPlainRun(1));
  const rest = { decision: null, metric: 'm', row: null, entry: null, commit: null };
  await writeRecorded(paths.runs, { ...rest, schema: 1, job: 1, attempt: 1, isDone: true });
  expect(await run()).toBe(0);
  expect(said).toContain('`lab deinit --yes` would remove:\n  git hooks pre-commit');
  expect(said).toContain('  1 run checkouts in .lab/trees/\n');
  expect(existsSync(tree)).toBe(true);
  expect(await run('yes', 'purge', 'files')).toBe(0);
  expect(
    [paths.state, join(paths.root, 'lab.yaml'), join(paths.root, '.git/hooks/pre-commit')].map(existsSync),
  ).toEqual([...[false, false, false]]);
  expect(await repository.git('for-each-ref', '--format=%(refname)', 'refs/nightlab/')).toBe('');
  expect(await repository.git('status', '--porcelain')).toBe('');
  // It was no adoption of one commit, and nothing says how to drop it.
  expect(said).not.toContain('git reset');
});

test('a clone that has no .lab/ is left without one', async () => {
  await repository.git('clean', '--quiet', '-fdx', '.lab');
  expect(await run('yes')).toBe(0);
  expect(existsSync(paths.state)).toBe(false);
});
