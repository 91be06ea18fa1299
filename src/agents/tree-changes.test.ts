import { chmodSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type BatteryPlace, createBatteryPlace, runGit } from './agent-battery.ts';
import { listTreeChanges, readTreeState } from './tree-changes.ts';

let place: BatteryPlace;
beforeEach(() => {
  place = createBatteryPlace({ files: { '.gitignore': '*.log\n/.lab/\n/5_worktrees/\n', 'a ü.py': 'a\n' } });
});
afterEach(() => rmSync(place.around, { recursive: true, force: true }));

const write = (path: string, text: string) => writeFileSync(join(place.worktree, path), text);

test('edited, new, deleted, renamed, linked and newly executable files are changes, ignored ones are not', async () => {
  const before = await readTreeState(place.worktree);
  expect(before.changed.size).toBe(0);
  write('a ü.py', 'b\n');
  mkdirSync(join(place.worktree, 'deep', 'er'), { recursive: true });
  write('deep/er/new.py', 'new\n');
  write('run.log', 'log\n');
  runGit(place.worktree, 'mv', 'notes.md', 'words.md');
  symlinkSync('nowhere', join(place.worktree, 'link'));
  chmodSync(join(place.worktree, 'train.py'), 0o755);
  const expected = ['a ü.py', 'deep/er/new.py', 'link', 'notes.md', 'train.py', 'words.md'];
  expect(await listTreeChanges(place.worktree, before)).toEqual(expected);
  expect(await listTreeChanges(place.worktree)).toEqual(expected);
});

test('what was changed before counts only where it changed again or went back', async () => {
  for (const name of ['kept.py', 'again.py', 'gone.py']) write(name, '1\n');
  write('train.py', 'RATE = 9\n');
  const before = await readTreeState(place.worktree);
  write('again.py', '2\n');
  write('kept.py', '1\n');
  rmSync(join(place.worktree, 'gone.py'));
  runGit(place.worktree, 'checkout', '--quiet', 'train.py');
  expect(await listTreeChanges(place.worktree, before)).toEqual(['again.py', 'gone.py', 'train.py']);
});

test('commits of its own are changes, a commit of what was there before is none', async () => {
  write('old.py', 'old\n');
  const before = await readTreeState(place.worktree);
  write('train.py', 'RATE = 2\n');
  runGit(place.worktree, 'rm', '--quiet', 'notes.md');
  runGit(place.worktree, 'add', '--all');
  runGit(place.worktree, 'commit', '--quiet', '--message=own');
  expect(await listTreeChanges(place.worktree, before)).toEqual(['notes.md', 'train.py']);
});

test('a folder that is no worktree is an error', async () => {
  await expect(readTreeState(join(place.around))).rejects.toMatchObject({ name: 'LabError' });
});
