/** Growth that keeps old text and growth that does not. The lab's own journal writer is held against the check. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { insertJournalEntry } from '../lab/journal.ts';
import { checkGrowth, checkJournalGrowth, checkTableGrowth } from './append-only.ts';

const head = '# Journal\n\nNewest first.\n';
const old = `${head}\n## b\n\nsecond\n\n## a\n\nfirst\n`;

test.each([
  ['a row at the end', 'h\n1\n', 'h\n1\n2\n'],
  ['a first row', '', 'h\n'],
  ['a line end where there was none', 'h\n1', 'h\n1\n2\n'],
])('a table may gain %s', (_, before, after) => {
  expect(checkTableGrowth(before, after)).toBeNull();
});

test.each([
  ['a changed row', 'h\n1\n2\n', 'h\n9\n2\n', 2],
  ['a row put between', 'h\n1\n2\n', 'h\n1\n1.5\n2\n', 3],
  ['the last row taken away', 'h\n1\n2\n', 'h\n1\n', 3],
  ['the last row grown by a digit', 'h\n0.9', 'h\n0.91\n', 2],
  ['other line ends', 'h\n1\n', 'h\r\n1\r\n', 1],
  ['everything taken away', 'h\n1\n', '', 1],
])('a table may not have %s, and the line is named', (_, before, after, line) => {
  expect(checkTableGrowth(before, after)?.line).toBe(line);
});

test.each([
  ['an entry under the heading', old, `${head}\n## c\n\nthird\n${old.slice(head.length)}`],
  ['an entry that begins like the one below', old, old.replace('## b\n', '## b\n\nsecond\n\n## b\n')],
  ['a first entry', head, `${head}\n## a\n\nfirst\n`],
  ['a line above the older ones where no entry has a heading', `${head}one\n`, `${head}two\none\n`],
  ['anything where it was empty', '', '## a\n'],
])('a journal may gain %s', (_, before, after) => {
  expect(checkJournalGrowth(before, after)).toBeNull();
});

test.each([
  ['an entry at the end', old, `${old}\n## c\n`, 11],
  ['an entry between two', old, old.replace('## a', '## c\n\n## a'), 9],
  ['a word changed in an old entry', old, old.replace(/first\n$/, 'worst\n'), 11],
  ['an old entry taken away', old, old.replace('## b\n\nsecond\n\n', ''), 5],
  ['a new entry and an old one changed', old, old.replace('## b', '## c\n\n## b').replace('second', 'sacond'), 5],
  ['a changed heading', old, old.replace('# Journal', '# Notes'), 1],
  ['text above the heading', old, `## c\n\n${old}`, 1],
  ['a word put into the introduction', old, old.replace('Newest first', 'Newest not first'), 3],
])('a journal may not have %s, and the line is named', (_, before, after, line) => {
  expect(checkJournalGrowth(before, after)?.line).toBe(line);
});

test('markdown is a journal, and everything else a table', () => {
  expect(checkGrowth('notes/Log.MD', head, `${head}\n## a\n`)).toBeNull();
  expect(checkGrowth('notes/Log.MD', old, `${old}x\n`)).not.toBeNull();
  expect(checkGrowth('results.tsv', 'h\n', 'h\n1\n')).toBeNull();
});

test('whatever entries the recorder puts in, one after another, the journal keeps its old text', () => {
  const line = fc.constantFrom('', 'text', '# x', '## y', '```', '- a', '## 2026-11-21: t (keep)');
  const text = fc.array(line, { maxLength: 8 }).map((lines) => lines.join('\n'));
  const entry = text.map((body) => `## new\n\n${body}`);
  const start = fc.constantFrom(head, old, '', '# Journal', 'no heading\n', '## a\n');
  fc.assert(
    fc.property(start, fc.array(entry, { minLength: 1, maxLength: 3 }), (first, entries) => {
      let journal: string = first;
      for (const one of entries) {
        const next = insertJournalEntry(journal, one);
        if (next.includes('```')) return;
        expect(checkJournalGrowth(journal, next)).toBeNull();
        journal = next;
      }
      expect(checkJournalGrowth(first, journal)).toBeNull();
    }),
  );
});
