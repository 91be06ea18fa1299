import { afterEach, expect, test } from 'vitest';
import { createTemporaryRepository, type TemporaryRepository } from '../../scenarios/temporary-repository.ts';
import { isPlainGrowth } from './check-history.ts';
import { listEntries } from './journal-entries.ts';
import { jobsOfRecorder, readMainHistory } from './main-history.ts';

const made: TemporaryRepository[] = [];
afterEach(async () => {
  for (const repository of made.splice(0)) await repository.remove();
});

test('a merge counts once, with what it brought to the first parent, and odd names and messages break nothing', async () => {
  const repository = await createTemporaryRepository({ 'a.txt': '1\n' });
  made.push(repository);
  const { root, git, write } = repository;
  const main = await git('symbolic-ref', '--short', 'HEAD');
  await git('checkout', '-q', '-b', 'side');
  await write('odd\nname.txt', 'x\n');
  await git('add', '--all');
  await git('commit', '-qm', 'side');
  await git('checkout', '-q', main);
  await write('a.txt', '2\n');
  await git('commit', '-qam', ':100644 100644 not a change\n\nbody');
  await git('merge', '-q', '--no-ff', '-m', 'merged', 'side');
  const history = await readMainHistory(root, main);
  expect(history.map(({ subject }) => subject)).toEqual(['first', ':100644 100644 not a change', 'merged']);
  expect(history.map(({ changes }) => changes.map(({ path }) => path))).toEqual([
    ['a.txt'],
    ['a.txt'],
    ['odd\nname.txt'],
  ]);
  expect(history[0]?.changes[0]?.oldBlob).toBeNull();
  expect(history[2]?.parents).toHaveLength(2);
});

test('only the recorder speaks for jobs', () => {
  const commit = { hash: 'a', parents: [], by: 'nightlab', subject: 'recorder: job 4 keep: x', body: '', changes: [] };
  expect(jobsOfRecorder(commit, 'nightlab')).toEqual([4]);
  expect(jobsOfRecorder({ ...commit, by: 'Researcher' }, 'nightlab')).toEqual([]);
  const body = 'Checked: job 1, 12; experiment 7up\n';
  expect(jobsOfRecorder({ ...commit, subject: 'recorder: put back lost records', body }, 'nightlab')).toEqual([1, 12]);
});

test.each([
  ['a table that grew', 'results.tsv', 'h\n1\n', 'h\n1\n2\n', true],
  ['a last row that grew', 'results.tsv', 'h\n0.9', 'h\n0.91\n', false],
  ['a changed row', 'results.tsv', 'h\n1\n', 'h\n2\n3\n', false],
  ['a journal with a new entry on top', 'j.md', '# J\n\n## a\n', '# J\n\n## b\n\n## a\n', true],
  ['a journal with a changed entry', 'j.md', '# J\n\n## a\nx\n', '# J\n\n## a\nyy\n', false],
  ['a journal that starts with an entry', 'j.md', '## a\n\n## b\n', '## a\n\n## c\n\n## b\n', false],
])('%s', (_what, path, before, after, expected) => {
  expect(isPlainGrowth(path, Buffer.from(before), Buffer.from(after))).toBe(expected);
});

test('entries have their line and key, also with CRLF and with headings inside code', () => {
  const journal = [
    ...['# J', '', '## one', '', 'job 3, attempt 1, commit abc', '', '```', '## no heading', '```', ''],
    ...['## two', 'mine', '', '## three', '', 'experiment x-y, attempt 2, no report'],
  ];
  for (const end of ['\n', '\r\n'])
    expect(listEntries(`${journal.join(end)}${end}`).map(({ line, key }) => [line, key])).toEqual([
      [3, 'job 3'],
      [11, null],
      [14, 'x-y#2'],
    ]);
  expect(listEntries('# J\n')).toEqual([]);
});
