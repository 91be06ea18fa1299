/** Merges of main's history, against real git: what a merge made on the wrong side loses, and what an ordinary one may bring. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createTemporaryRepository, type TemporaryRepository } from '../scenarios/temporary-repository.ts';
import { formatRuleProblem } from './commit-check.ts';
import { checkRange } from './commit-facts.ts';

let repository: TemporaryRepository;
let start: string;

const today = new Date();
const two = (value: number): string => String(value).padStart(2, '0');
const day = `${today.getFullYear()}-${two(today.getMonth() + 1)}-${two(today.getDate())}`;
const header = '# Mine\n\n';
// Good for days, so that a test that runs over midnight does not lose it.
const granted = `${header}## ${day}: mine\n\nMETA_MODE=1 until 2999-01-01\n`.replace('2999-01-01', endInDays(5));

function endInDays(days: number): string {
  const end = new Date(today.getTime() + days * 86_400_000);
  return `${end.getFullYear()}-${two(end.getMonth() + 1)}-${two(end.getDate())}`;
}

beforeEach(async () => {
  repository = await createTemporaryRepository({
    'lab.yaml': 'metric:\n  name: score\n',
    'eval.py': 'one\n',
    'train.py': 'x\n',
    'human_journal.md': header,
    'results.tsv': 'commit\tscore\n',
  });
  await repository.git('branch', 'early');
  await commit('results.tsv', 'commit\tscore\naaaaaaa\t1\n');
  start = await repository.git('rev-parse', 'HEAD');
});

afterEach(async () => {
  await repository.remove();
});

async function commit(path: string, text: string): Promise<void> {
  await repository.write(path, text);
  await repository.git('add', '--all');
  await repository.git('commit', '--quiet', '--message=change');
}

/** What each commit of main since `start` breaks, a line each. */
async function check(): Promise<string[]> {
  const source = { cwd: repository.root, main: 'main', rules: {} };
  const { found } = await checkRange(source, ['main', `^${start}`]);
  return found.flatMap(({ problems }) => problems.map(formatRuleProblem));
}

const merge = (...words: string[]): Promise<string> =>
  repository.git('merge', '--quiet', '--no-edit', '--no-ff', ...words);

/** Merges main into a branch made at `start` with main's changes dropped, and moves main there. */
async function mergeWrongWayRound(): Promise<void> {
  await repository.git('checkout', '--quiet', '-b', 'aside', start);
  await merge('--strategy=ours', 'main');
  await repository.git('checkout', '--quiet', 'main');
  await repository.git('merge', '--quiet', '--ff-only', 'aside');
}

test('a merge with main as its second parent that drops rows is named with the line', async () => {
  await commit('results.tsv', 'commit\tscore\naaaaaaa\t1\nbbbbbbb\t2\n');
  await mergeWrongWayRound();
  expect(await check()).toEqual([
    expect.stringMatching(/^results\.tsv:3 is APPEND-ONLY, and the merge loses this line of /),
  ]);
});

test('a merge that puts back what META_MODE changed is named', async () => {
  await commit('human_journal.md', granted);
  start = await repository.git('rev-parse', 'HEAD~1');
  await commit('eval.py', 'two\n');
  await mergeWrongWayRound();
  const found = await check();
  expect(found).toContainEqual(expect.stringMatching(/^eval\.py is FROZEN, and the merge takes back what /));
  expect(found).toContainEqual(expect.stringMatching(/^human_journal\.md:3 is APPEND-ONLY, and the merge loses/));
});

test('a merge on a commit from before the lab is judged by its other parent', async () => {
  await repository.git('checkout', '--quiet', '--orphan', 'bare');
  await repository.git('rm', '--quiet', '-r', '--force', '.');
  await commit('eval.py', 'evil\n');
  await merge('--strategy=ours', '--allow-unrelated-histories', 'main');
  await repository.git('checkout', '--quiet', start, '--', 'lab.yaml', 'results.tsv', 'human_journal.md', 'train.py');
  await repository.git('commit', '--quiet', '--amend', '--no-edit');
  await repository.git('checkout', '--quiet', 'main');
  await repository.git('merge', '--quiet', '--ff-only', 'bare');
  expect(await check()).toEqual([expect.stringMatching(/^eval\.py is FROZEN and was modified, expected META_MODE: /)]);
});

test('a frozen file of a branch from before the first result does not pass by a merge, and its ordinary files do', async () => {
  await repository.git('checkout', '--quiet', 'early');
  await commit('eval.py', 'evil\n');
  await commit('train.py', 'y\n');
  await repository.git('checkout', '--quiet', 'main');
  await merge('early');
  expect(await check()).toEqual([expect.stringMatching(/^eval\.py is FROZEN and was modified, expected META_MODE: /)]);
});

test('two mains that both grew and changed by a grant are merged without a finding, rows in either order', async () => {
  await commit('human_journal.md', granted);
  await repository.git('branch', 'theirs');
  await commit('results.tsv', 'commit\tscore\naaaaaaa\t1\nbbbbbbb\t2\n');
  await repository.git('checkout', '--quiet', 'theirs');
  await commit('results.tsv', 'commit\tscore\naaaaaaa\t1\nccccccc\t3\n');
  await commit('eval.py', 'two\n');
  await repository.git('checkout', '--quiet', 'main');
  await repository.git('merge', '--quiet', '--no-commit', '--no-ff', '--strategy-option=ours', 'theirs');
  await repository.write('results.tsv', 'commit\tscore\naaaaaaa\t1\nbbbbbbb\t2\nccccccc\t3\n');
  await repository.git('add', '--all');
  await repository.git('commit', '--quiet', '--no-edit');
  expect(await repository.git('show', 'main:eval.py')).toBe('two');
  expect(await check()).toEqual([]);
});
