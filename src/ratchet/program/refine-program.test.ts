import fc from 'fast-check';
import { expect, test } from 'vitest';
import { checkProgram } from './check-program.ts';
import { plainFacts, rowOf, sessionOf } from './facts-for-tests.ts';
import { ownWords, refineProgram } from './refine-program.ts';
import { programSections } from './section-words.ts';

const session = sessionOf('mar5', '2026-03-05T10:00:00Z', [
  rowOf('0000001', 1, 'keep', 'baseline'),
  rowOf('0000002', 0.99, 'keep', 'Raise the matrix learning rate to 0.05'),
]);
const withRows = { ...plainFacts, sessions: [session] };

const own = `# My program

Some words first.

## Goal

Lower it, *gently*.

## Current baseline

The first run.

### Machine

A card.

## Directions
1. a
2. b


## Rules
Never stop.   
`;

const original = '# autoresearch\n\n## Setup\n\ndo\n\n## Experimentation\n\nmuch\n\n## The experiment loop\n\nfor ever';

test('where there is no program.md all five sections are written, with both numbers in them', () => {
  const { text, added } = refineProgram(null, plainFacts);
  expect(added).toEqual([...programSections]);
  expect(checkProgram(text).missing).toEqual([]);
  expect(text).toContain('- val_bpb: 0.997900 (lower is better; one run)\n- peak memory: 44.0 GB\n- commit: aaaaaaa');
  expect(text).toContain('- Memory: above 88.0 GB a run is a crash.');
  expect(text).toContain('300 s of training, MAX_SEQ_LEN 2048; a run is killed after 600 s');
  expect(text.endsWith('\n')).toBe(true);
});

test("the user's own words stay byte for byte and in their order; what is added stands apart from them", () => {
  for (const before of [own, own.replaceAll('\n', '\r\n'), original, '', 'no heading at all', '## Goal\n']) {
    const { text } = refineProgram(before, withRows);
    expect(checkProgram(text).missing).toEqual([]);
    // Every line of before is there, in its order, ends included.
    let at = 0;
    for (const line of before.match(/[^\n]*\n|[^\n]+$/g) ?? []) {
      const found = text.indexOf(line, at);
      expect([line, found >= at]).toEqual([line, true]);
      at = found + line.length;
    }
    if (before.includes('\r\n')) expect(text.replaceAll('\r\n', '')).not.toContain('\n');
  }
});

test('measured facts go below the own words of their section, and before its subheadings', () => {
  const { text, added, refreshed } = refineProgram(own, withRows);
  expect(text).toContain('The first run.\n\n<!-- nightlab:baseline -->\n- val_bpb: 0.997900');
  expect(text).toContain('<!-- /nightlab:baseline -->\n\n### Machine\n\nA card.\n');
  expect(added).toEqual(['what has been tried']);
  expect(refreshed).toEqual(['current baseline']);
  expect(text.indexOf('## What has been tried')).toBeGreaterThan(text.indexOf('## Directions'));
  expect(text.indexOf('## What has been tried')).toBeLessThan(text.indexOf('## Rules'));
  expect(text).not.toContain('nightlab:constraints');
});

test('a second writing with the same facts changes nothing', () => {
  for (const before of [null, own, own.replaceAll('\n', '\r\n'), original]) {
    const once = refineProgram(before, withRows).text;
    expect(refineProgram(once, withRows)).toEqual({ text: once, added: [], refreshed: [] });
  }
});

test('new facts change only what stands between the markers', () => {
  const once = refineProgram(own, withRows).text;
  const more = {
    ...session,
    rows: [...session.rows, rowOf('0000003', null, 'crash', 'Double the width of all layers')],
  };
  const twice = refineProgram(once, { ...withRows, sessions: [more] });
  expect(twice.refreshed).toEqual(['what has been tried']);
  expect(ownWords(twice.text)).toBe(ownWords(once));
  expect(twice.text).toContain('- crash: Double the width of all layers [mar5 0000003]');
});

test('a marker without its other half stops it before anything is changed', () => {
  for (const marker of ['<!-- nightlab:tried -->', '<!-- /nightlab:tried -->'])
    expect(() => refineProgram(`${own}\n${marker}\n`, withRows)).toThrow(/one of the markers of "tried"/);
});

test('of a section that is there without a word the heading stays, and the text comes below it', () => {
  const { text, added } = refineProgram('# P\n\n## Constraints\n\n## Goal\n\nLower it.\n', plainFacts);
  expect(added).toContain('constraints');
  expect(text.match(/^## Constraints$/gm)).toHaveLength(1);
  expect(text).toMatch(/## Constraints\n\n<!-- nightlab:constraints -->\n- Budget/);
});

test('a comment that is never closed is refused with its line', () => {
  expect(() => refineProgram('# P\n\n<!-- later\n', plainFacts)).toThrow(/line 3: a comment/);
});

test('whatever stands in it: all sections are there afterwards, every own line stays in its order, a second time changes nothing', () => {
  const fragment = fc.constantFrom(
    ...[
      '## Goal\n',
      '# Current best\n',
      '### Ideas to try\n',
      'Rules\n-----\n',
      '## Already tried\n',
      '## Goal and constraints\n',
    ],
    ...[
      '## Setup\n',
      'words\n',
      '\n',
      '\n\n',
      '- a\n',
      '```\n## Goal\n```\n',
      '```\n',
      '<!-- ## Goal -->\n',
      '<!--\n## Rules\n-->\n',
    ],
    ...['{FILL_IN: x}\n', '    ## Goal\n', '---\n', 'no end'],
  );
  fc.assert(
    fc.property(fc.array(fragment, { maxLength: 12 }), fc.boolean(), (parts, isCrlf) => {
      const plain = parts.join('');
      const before = isCrlf ? plain.replaceAll('\n', '\r\n') : plain;
      const { text } = refineProgram(before, withRows);
      expect(checkProgram(text).missing).toEqual([]);
      expect(refineProgram(text, withRows)).toEqual({ text, added: [], refreshed: [] });
      let at = 0;
      for (const line of before.match(/[^\n]*\n|[^\n]+$/g) ?? []) {
        const found = text.indexOf(line, at);
        expect(found).toBeGreaterThanOrEqual(at);
        at = found + line.length;
      }
    }),
    { numRuns: 500 },
  );
});
