import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type LabPaths, labPaths } from '../config/lab-paths.ts';
import { configSchema } from '../config/schema.ts';
import { computeTrack } from '../rules/tracks.ts';
import { createTrackReader } from './track-cache.ts';

let root = '';
let paths: LabPaths;
const config = configSchema.parse({});

function git(...args: string[]): void {
  const identity = ['-c', 'user.name=Researcher', '-c', 'user.email=researcher@example.org'];
  execFileSync('git', [...identity, ...args], { cwd: root, stdio: 'pipe' });
}

function commit(text: string): void {
  writeFileSync(join(root, 'eval.py'), text);
  git('add', '--all');
  git('commit', '--quiet', '--message=change');
}

beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'track-')));
  git('init', '--quiet', '--initial-branch=main');
  commit('print(1)\n');
  mkdirSync(join(root, '.lab'));
  paths = labPaths(root);
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

test.each([
  ['a frozen file of main', () => commit('print(2)\n')],
  [
    'a frozen file of main, its branch packed',
    () => {
      commit('print(2)\n');
      git('pack-refs', '--all');
    },
  ],
  ['the score seed', () => writeFileSync(paths.scoreSeed, '1')],
])('a reader that was asked before sees a change of %s at once', async (_, change) => {
  const readTrack = createTrackReader(paths);
  const before = await readTrack(config, 'main');
  expect(await readTrack(config, 'main')).toBe(before);
  change();
  const after = await readTrack(config, 'main');
  expect(after).not.toBe(before);
  expect(after).toBe(await computeTrack(paths, config, 'main'));
});

test('another configuration and changed data files are never answered from memory', async () => {
  const readTrack = createTrackReader(paths);
  const before = await readTrack(config, 'main');
  const withData = configSchema.parse({ data: ['data.txt'] });
  writeFileSync(join(root, 'data.txt'), 'one');
  const one = await readTrack(withData, 'main');
  writeFileSync(join(root, 'data.txt'), 'two!');
  expect(new Set([before, one, await readTrack(withData, 'main')]).size).toBe(3);
});
