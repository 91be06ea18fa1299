/** Which files of a worktree are locked for an agent, on real git. That the sandbox holds them: scenarios/agent-locks.test.ts. */
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { FileRule } from '../domain/file-rule.ts';
import { runGit } from '../git/run-git.ts';
import { listLockedPaths } from './locked-paths.ts';

let tree: string;

beforeEach(async () => {
  tree = realpathSync(mkdtempSync(join(tmpdir(), 'nl-locked-')));
  await runGit(tree, ['init', '--quiet']);
});
afterEach(() => rmSync(tree, { recursive: true, force: true }));

async function commit(...paths: string[]): Promise<void> {
  for (const path of paths) {
    mkdirSync(dirname(join(tree, path)), { recursive: true });
    writeFileSync(join(tree, path), `${path}\n`);
  }
  await runGit(tree, ['add', '--all']);
  await runGit(tree, ['commit', '--quiet', '--message=files']);
}

async function listLocked(rules: Record<string, FileRule[]> = {}, mayEditFrozen = false): Promise<string[]> {
  return (await listLockedPaths(tree, rules, mayEditFrozen)).map((path) => path.slice(tree.length + 1)).sort();
}

const usual = ['train.py', 'problem/prepare.py', 'problem/train.py', 'lab.yaml', 'human_journal.md', 'meta_journal.md'];

test('every file with a rule is locked, in META_MODE all but the frozen ones', async () => {
  await commit(...usual, 'data/own.csv');
  const rules: Record<string, FileRule[]> = { '/data/own.csv': ['FROZEN'] };
  expect(await listLocked(rules)).toEqual([
    ...['data/own.csv', 'human_journal.md', 'lab.yaml', 'meta_journal.md', 'problem/prepare.py'],
  ]);
  expect(await listLocked(rules, true)).toEqual(['human_journal.md', 'meta_journal.md']);
});

test('a folder in which every name has a rule is locked as a whole, one with free names is not', async () => {
  await commit('1_ideas/a.md', '1_ideas/rejected/b.md', 'flat/x.txt', 'flat/deep/y.txt');
  expect(await listLocked({ '/flat/*': ['FROZEN'] })).toEqual(['1_ideas', 'flat/x.txt']);
});

test('a folder of more than a hundred locked files is locked as a whole, but not where it holds a free one', async () => {
  const names = Array.from({ length: 101 }, (_, index) => `${index}.csv`);
  await commit(...names.map((name) => `pure/${name}`), ...names.map((name) => `mixed/${name}`), 'mixed/deep/train.py');
  const locked = await listLocked({ '*.csv': ['FROZEN'] });
  expect(locked.filter((path) => path.startsWith('pure'))).toEqual(['pure']);
  expect(locked.filter((path) => path.startsWith('mixed'))).toHaveLength(101);
});

test('links, files that are gone and names that git quotes are no stumbling block', async () => {
  await commit('a "b"\n/eval.py', 'prepare.py', 'real/eval.py');
  symlinkSync('/etc/passwd', join(tree, 'uv.lock'));
  await commit('train.py');
  rmSync(join(tree, 'prepare.py'));
  rmSync(join(tree, 'real'), { recursive: true });
  symlinkSync('/etc', join(tree, 'real'));
  expect(await listLocked()).toEqual(['a "b"\n/eval.py']);
});
