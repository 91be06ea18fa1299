import { expect, test } from 'vitest';
import { matchesGlob, rulesOf } from './taxonomy.ts';

test.each([
  ['prepare.py', ['FROZEN']],
  ['problem/prepare.py', ['FROZEN']],
  ['problem/PREPARE.py', ['FROZEN']],
  ['problem/prepare.py.bak', []],
  ['lab.yaml', ['FROZEN']],
  ['examples/lab.yaml', []],
  ['results.tsv', ['GLOBAL', 'APPEND-ONLY']],
  ['results.1a2b3c4d.tsv', ['GLOBAL', 'APPEND-ONLY']],
  ['1_ideas/rejected/x.md', ['RECORD']],
  ['human_journal.md', ['HUMAN', 'APPEND-ONLY']],
  ['problem/train.py', []],
])('%s has the rules %j', (path, rules) => {
  expect(rulesOf(path, {})).toEqual(rules);
});

test('the rules of lab.yaml add to the built-in ones', () => {
  expect(rulesOf('1_ideas/x.md', { '1_ideas/**': ['FROZEN'] })).toEqual(['RECORD', 'FROZEN']);
  expect(rulesOf('src/metric.py', { 'src/metric.py': ['FROZEN'] })).toEqual(['FROZEN']);
});

test.each([
  ['a/b/c.py', 'a/**', true],
  ['a/b/c.py', '**/c.py', true],
  ['c.py', '**/c.py', true],
  ['a/b.py', 'a/*.py', true],
  ['a/b/c.py', 'a/*.py', false],
  ['a/bx', 'a/b?', true],
  ['a/b.py', '/b.py', false],
  ['axb', 'a.b', false],
])('%s against the glob %s gives %s', (path, glob, matches) => {
  expect(matchesGlob(path, glob)).toBe(matches);
});
