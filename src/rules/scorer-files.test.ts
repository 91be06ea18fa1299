/** Which files of a score command have to be frozen still. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { findUnfrozenScorerFiles } from './scorer-files.ts';

let root = '';
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'nightlab-scorer-'));
  mkdirSync(join(root, 'tools'));
  for (const name of ['eval.py', 'score_it.py', 'tools/judge.sh']) writeFileSync(join(root, name), '');
});
afterAll(() => rmSync(root, { recursive: true }));

test.each([
  ['python3 score_it.py', ['score_it.py']],
  ['cd . && ./tools/judge.sh "$LAB_OUT" && python3 score_it.py --in=x', ['tools/judge.sh', 'score_it.py']],
  ['python3 eval.py', []],
  ['python3 -m score_it', []],
  ['python3 missing.py tools /bin/sh ../score_it.py', []],
  [null, []],
])('of %j the files %j are not frozen', (command, expected) => {
  expect(findUnfrozenScorerFiles(root, command, {})).toEqual(expected);
});

test('a rule of lab.yaml that freezes a file settles it', () => {
  expect(findUnfrozenScorerFiles(root, 'python3 score_it.py', { '/score_it.py': ['FROZEN'] })).toEqual([]);
});
