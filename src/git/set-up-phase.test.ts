/** Whether main has results: by its tables as committed, whatever lies in the folder or is set in git. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createTemporaryRepository, type TemporaryRepository } from '../scenarios/temporary-repository.ts';
import { hasResults } from './set-up-phase.ts';

let repository: TemporaryRepository;

beforeEach(async () => {
  repository = await createTemporaryRepository({ 'results.tsv': 'commit\tscore\n\n' });
});
afterEach(() => repository.remove());

test('a header alone and no table at all are no result; a committed row is one, in a table put aside too', async () => {
  const { root, git, write } = repository;
  await git('config', 'grep.patternType', 'fixed');
  expect(hasResults(root, 'main')).toBe(false);
  await write('results.tsv', 'commit\tscore\na\t1\n');
  expect(hasResults(root, 'main')).toBe(false);
  await git('mv', 'results.tsv', 'results.old.tsv');
  await git('commit', '--quiet', '--all', '--message=row');
  expect(hasResults(root, 'main')).toBe(true);
  await git('rm', '--quiet', 'results.old.tsv');
  await write('deep/results.tsv', 'commit\tscore\na\t1\n');
  await git('add', '--all');
  await git('commit', '--quiet', '--message=deeper');
  expect(hasResults(root, 'main')).toBe(false);
  expect(() => hasResults(root, 'nowhere')).toThrow('git grep failed');
});
