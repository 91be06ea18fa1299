/** Frozen files in a commit, on facts alone: when main may change them, and that a branch never may. */
import { expect, test } from 'vitest';
import { checkCommit, type FrozenFacts, type ProposedFile, permitFrozen } from './commit-check.ts';

const file = (given: Partial<ProposedFile> = {}): ProposedFile => ({
  path: 'eval.py',
  rules: ['FROZEN'],
  change: 'modified',
  isPlain: true,
  before: null,
  after: null,
  isMerged: false,
  isMains: false,
  ...given,
});
const facts = (given: Partial<FrozenFacts> = {}): FrozenFacts => ({
  results: ['commit\tscore\n1\t2\n'],
  journal: '## 2026-11-21\nMETA_MODE=1\n',
  at: new Date('2026-11-21T12:00:00Z'),
  offset: 0,
  ...given,
});
const granted = permitFrozen(facts());

test('a lab whose tables have no row is being set up; one row in any table ends that', () => {
  expect(permitFrozen(facts({ results: [], journal: null }))).toEqual({ kind: 'setup' });
  expect(permitFrozen(facts({ results: ['a\tb\n', 'a\tb\n\n'], journal: null }))).toEqual({ kind: 'setup' });
  expect(permitFrozen(facts({ results: ['a\tb\n', 'a\tb\n1\t2'], journal: null }))).toMatchObject({
    kind: 'refused',
  });
});

test("the commit's own journal grants it, by the commit's own clock", () => {
  expect(granted).toEqual({ kind: 'granted', heading: '2026-11-21' });
  expect(permitFrozen(facts({ at: new Date('2026-11-22T00:30:00Z') })).kind).toBe('refused');
  expect(permitFrozen(facts({ at: new Date('2026-11-22T00:30:00Z'), offset: -60 })).kind).toBe('granted');
  expect(permitFrozen(facts({ journal: '# Human journal\n' })).kind).toBe('refused');
});

test('with a permission a frozen file changes on main, without one it is refused with the reason, on a branch always', () => {
  const files = [file(), file({ path: 'lab.yaml', change: 'added' })];
  expect(checkCommit({ files, isOnMain: true, frozen: granted })).toEqual([]);
  expect(checkCommit({ files, isOnMain: true, frozen: { kind: 'setup' } })).toEqual([]);
  const refused = checkCommit({ files, isOnMain: true, frozen: { kind: 'refused', reason: 'META_MODE is closed' } });
  expect(refused.map(({ message }) => message)).toEqual([
    'is FROZEN and was modified, expected META_MODE: META_MODE is closed',
    'is FROZEN and was added, expected META_MODE: META_MODE is closed',
  ]);
  for (const frozen of [granted, { kind: 'setup' } as const]) {
    const branch = checkCommit({ files, isOnMain: false, frozen });
    expect(branch.map(({ message }) => message)).toEqual([
      'is FROZEN and was modified, expected it untouched',
      'is FROZEN and was added, expected it untouched',
    ]);
  }
});

test('no grant lets old text of meta_journal.md go', () => {
  const journal = file({
    path: 'meta_journal.md',
    rules: ['FROZEN', 'APPEND-ONLY'],
    before: '# Meta journal\n\n## one\n',
    after: '# Meta journal\n\n## two\n',
  });
  expect(checkCommit({ files: [journal], isOnMain: true, frozen: granted })).toMatchObject([
    { rule: 'APPEND-ONLY', line: 3 },
  ]);
  const grown = { ...journal, after: '# Meta journal\n\n## two\n\n## one\n' };
  expect(checkCommit({ files: [grown], isOnMain: true, frozen: granted })).toEqual([]);
});

test('a table that is put aside whole under a name of its own is no loss, cut or elsewhere it is', () => {
  const table = { rules: ['GLOBAL', 'APPEND-ONLY'] as const, before: 'a\tb\n1\t2\n' };
  const gone = file({ ...table, path: 'results.tsv', change: 'deleted' });
  const aside = (path: string, after: string) =>
    checkCommit({ files: [gone, file({ ...table, path, change: 'added', before: null, after })], isOnMain: true });
  expect(aside('results.old.tsv', table.before)).toEqual([]);
  expect(aside('results.old.tsv', 'a\tb\n')).toMatchObject([{ rule: 'APPEND-ONLY', path: 'results.tsv' }]);
  expect(aside('old/results.tsv', table.before)).toMatchObject([{ rule: 'APPEND-ONLY', path: 'results.tsv' }]);
});
