/** What the newest entry of a human journal grants, case by case. */
import { describe, expect, test } from 'vitest';
import { findMisplacedEntry, parseGrant } from './grant.ts';

const introduction = '# Human journal\n\nYours alone.\n\n';
// Noon on 2026-11-21, one hour east of UTC.
const noon = new Date('2026-11-21T12:00:00+01:00');
const east = 60;
const read = (entries: string, now = noon) => parseGrant(`${introduction}${entries}`, now, east);

function untilOf(entries: string, now = noon): number {
  const grant = read(entries, now);
  if (grant.kind === 'refused') throw new Error(grant.reason);
  return Date.parse(grant.until);
}

describe('granted', () => {
  const endOfDay = '2026-11-22T00:00:00+01:00';
  test.each([
    ['a plain line', '## 2026-11-21: why\n\nMETA_MODE=1\n', endOfDay],
    ['an item in backticks', '## 2026-11-21\n\ntext\n\n- `META_MODE=1`\n', endOfDay],
    ['the last line without a line end', '## 2026-11-21 why\nMETA_MODE=1', endOfDay],
    ['an older entry below it', '## 2026-11-21\nMETA_MODE=1\n\n## 2026-11-20\nno\n', endOfDay],
    ['an end by day', '## 2026-11-20\nMETA_MODE=1 until 2026-11-23\n', '2026-11-24T00:00:00+01:00'],
    ['an end by time', '## anything\n* `META_MODE=1 until 2026-11-21 18:00`\n', '2026-11-21T18:00:00+01:00'],
    ['31 days', '## 2026-11-21\nMETA_MODE=1 until 2026-12-22\n', '2026-12-23T00:00:00+01:00'],
    ['CRLF', '## 2026-11-21\r\n\r\nMETA_MODE=1\r\n', endOfDay],
    ['a rule below it', '## 2026-11-21\nMETA_MODE=1\n---\nmore\n', endOfDay],
    ['after a quote and a comment', '## 2026-11-21\n> why\n\n<!-- x -->\nMETA_MODE=1\n', endOfDay],
    ['an item right below a quote', '## 2026-11-21\n> why\n- META_MODE=1\n', endOfDay],
    ['after a fence with a shorter one in it', '## 2026-11-21\n````\n```\n````\nMETA_MODE=1\n', endOfDay],
  ])('%s', (_name, entries, until) => {
    expect(untilOf(entries)).toBe(Date.parse(until));
  });

  test('a BOM in front changes nothing', () => {
    expect(parseGrant('\ufeff## 2026-11-21\nMETA_MODE=1\n', noon, east)).toMatchObject({ heading: '2026-11-21' });
  });

  test('the day begins and ends at midnight of its own zone', () => {
    const entry = '## 2026-11-21\nMETA_MODE=1\n';
    expect(read(entry, new Date('2026-11-20T23:00:00Z')).kind).toBe('granted');
    expect(read(entry, new Date('2026-11-20T22:59:59Z')).kind).toBe('refused');
    expect(read(entry, new Date('2026-11-21T22:59:59Z')).kind).toBe('granted');
    expect(read(entry, new Date('2026-11-21T23:00:00Z')).kind).toBe('refused');
  });
});

test.each([
  ['no entry', '', 'has no entry'],
  ['no such line', '## 2026-11-21\nfine\n', 'has no line META_MODE=1'],
  ['only in an older entry', '## 2026-11-21\nno\n\n## 2026-11-21\nMETA_MODE=1\n', 'has no line META_MODE=1'],
  ['yesterday', '## 2026-11-20\nMETA_MODE=1\n', 'was for 2026-11-20 only'],
  ['tomorrow', '## 2026-11-22\nMETA_MODE=1\n', 'lies in the future'],
  ['tomorrow with an end', '## 2026-11-22\nMETA_MODE=1 until 2026-11-23\n', 'lies in the future'],
  ['no date and no end', '## today\nMETA_MODE=1\n', 'has no date in front'],
  ['no such day', '## 2026-11-31\nMETA_MODE=1\n', 'there is no such day'],
  ['an end that is over', '## 2026-11-01\nMETA_MODE=1 until 2026-11-20\n', 'ended (until 2026-11-20)'],
  ['a time that is over', '## 2026-11-21\nMETA_MODE=1 until 2026-11-21 12:00\n', 'ended (until 2026-11-21 12:00)'],
  ['a malformed end', '## 2026-11-21\nMETA_MODE=1 until friday\n', '"friday" is no date'],
  ['an impossible end', '## 2026-11-21\nMETA_MODE=1 until 2026-11-23 24:30\n', 'is no date'],
  ['an end without a word', '## 2026-11-21\nMETA_MODE=1 until\n', 'says "META_MODE=1 until"'],
  ['32 days', '## 2026-11-21\nMETA_MODE=1 until 2026-12-23\n', 'more than 31 days'],
  ['32 days without a date', '## x\nMETA_MODE=1 until 2026-12-23\n', 'more than 31 days after today'],
  ['another value', '## 2026-11-21\nMETA_MODE=11\n', 'says "META_MODE=11"'],
  ['words behind it', '## 2026-11-21\nMETA_MODE=1 is not what I grant\n', 'says "META_MODE=1 is not'],
  ['two lines', '## 2026-11-21\nMETA_MODE=1\nMETA_MODE=1 until 2026-11-22\n', 'has 2 lines'],
  ['a quote', '## 2026-11-21\n> META_MODE=1\n', 'has no line'],
  ['indented code', '## 2026-11-21\n\n    META_MODE=1\n', 'has no line'],
  ['a tab', '## 2026-11-21\n\n\tMETA_MODE=1\n', 'has no line'],
  ['a fence', '## 2026-11-21\n\n```\nMETA_MODE=1\n```\n', 'has no line'],
  ['a fence of tildes', '## 2026-11-21\n\n~~~\nMETA_MODE=1\n~~~\n', 'has no line'],
  ['a fence in a longer fence', '## 2026-11-21\n\n````\n```\nMETA_MODE=1\n```\n````\n', 'has no line'],
  ['a fence that looks opened again', '## 2026-11-21\n\n```\n```text\nMETA_MODE=1\n```\n', 'has no line'],
  ['a comment', '## 2026-11-21\n<!--\nMETA_MODE=1\n-->\n', 'has no line'],
  ['a comment that begins in a line', '## 2026-11-21\nnot yet <!-- later:\nMETA_MODE=1\n-->\n', 'has no line'],
  ['preformatted text', '## 2026-11-21\n<pre>\nMETA_MODE=1\n</pre>\n', 'has no line'],
  ['a quote that goes on', '## 2026-11-21\n> as an example:\nMETA_MODE=1\n', 'has no line'],
  ['an entry in a comment', '<!--\n## 2026-11-21\nMETA_MODE=1\n-->\n', 'has no entry'],
  ['below an underlined newer entry', 'no more\n-------\n\n## 2026-11-21\nMETA_MODE=1\n', 'has no line'],
  ['below an indented newer entry', ' ## 2026-11-21\nno\n\n## 2026-11-21\nMETA_MODE=1\n', 'has no line'],
  [
    'in an older underlined entry',
    '## 2026-11-21\nno\n\n2026-11-20\n---\nMETA_MODE=1 until 2026-11-22\n',
    'has no line',
  ],
  ['an entry in a fence', '```\n## 2026-11-21\nMETA_MODE=1\n```\n', 'has no entry'],
])('refused: %s', (_name, entries, reason) => {
  const grant = read(entries);
  expect(grant).toMatchObject({ kind: 'refused', reason: expect.stringContaining(reason) });
  expect(grant).toMatchObject({ reason: expect.stringContaining('(today is 2026-11-21)') });
});

test('without a zone the day is the one of this process', () => {
  const now = new Date(2026, 10, 21, 0, 0);
  expect(parseGrant('## 2026-11-21\nMETA_MODE=1\n', now)).toMatchObject({ kind: 'granted' });
  expect(parseGrant('## 2026-11-21\nMETA_MODE=1\n', new Date(now.getTime() - 1)).kind).toBe('refused');
});

test('a refusal says how the entry can be mended, where it can', () => {
  expect(read('## 2026-11-21\nMETA_MODE=1 until tomorrow\n')).toMatchObject({
    mend: 'write that line as META_MODE=1, META_MODE=1 until 2026-11-21 or META_MODE=1 until 2026-11-21 18:00',
  });
  expect(read('## 2026-11-22\nMETA_MODE=1\n')).toMatchObject({ mend: 'date it 2026-11-21' });
  expect(read('## 2026-11-20\nMETA_MODE=1\n')).toMatchObject({ mend: null });
});

test('an entry below an older one is named, and one from the future or of the same day is not', () => {
  const find = (...days: string[]) =>
    findMisplacedEntry(days.map((day) => `## ${day}: why\n\ntext\n`).join('\n'), '2026-11-21');
  expect(find('2026-11-20', '2026-11-21')).toContain(
    '"2026-11-21: why" of human_journal.md stands below "2026-11-20: why"',
  );
  expect(find('2026-11-20', '2026-11-19', '2026-11-21')).toContain('"2026-11-21: why"');
  expect(find('2026-11-21', '2026-11-20')).toBeNull();
  expect(find('2026-11-21', '2026-11-21')).toBeNull();
  expect(find('2026-11-21', '2062-11-21')).toBeNull();
  expect(find('undated', '2026-11-21')).toBeNull();
  expect(findMisplacedEntry('', '2026-11-21')).toBeNull();
});
