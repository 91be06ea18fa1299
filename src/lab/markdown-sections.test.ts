import fc from 'fast-check';
import { expect, test } from 'vitest';
import { locateFrontMatter } from './front-matter-entries.ts';
import { formatSections, guardText, parseSections, setSection } from './markdown-sections.ts';

const order = ['Hypothesis', 'Mechanism', 'Critique', 'Outcome'];

test('sections come in the order of the file, trimmed, and text above the first heading belongs to none', () => {
  const body = 'above\n# Title\n\n## One ##\n\n  text\n\n### deeper\nmore\n\n##\n## Two\n';
  expect(parseSections(body)).toEqual([
    { heading: 'One', level: 2, text: 'text\n\n### deeper\nmore' },
    { heading: '', level: 2, text: '' },
    { heading: 'Two', level: 2, text: '' },
  ]);
});

test.each([
  ['```', '```'],
  ['~~~ python', '~~~~'],
  ['   ````', '`````  '],
])('a heading inside the fence %s is text', (opening, closing) => {
  const body = `## One\n${opening}\n## inside\n${closing}\n## Two\n`;
  expect(parseSections(body).map(({ heading }) => heading)).toEqual(['One', 'Two']);
});

test('a shorter fence, another mark or code within a line closes and opens nothing', () => {
  expect(parseSections('## A\n````\n```\n~~~~\n## in\n````\n```x``` text\n## B').map(({ heading }) => heading)).toEqual(
    ['A', 'B'],
  );
});

test('a fence that nothing closes hides no heading', () => {
  expect(parseSections('## A\n```python\nx\n## B\ny')).toEqual([
    { heading: 'A', level: 2, text: '```python\nx' },
    { heading: 'B', level: 2, text: 'y' },
  ]);
});

test('setting a section changes its text alone', () => {
  const text = '---\na: 1\n## note\n---\n\nabove  \n\n## hypothesis\nold\n\n\n## Extra\n  kept  \n\n## CRITIQUE:\n';
  const set = setSection(text, 'Hypothesis', '\nnew\n', order);
  expect(set).toBe(
    '---\na: 1\n## note\n---\n\nabove  \n\n## hypothesis\n\nnew\n\n## Extra\n  kept  \n\n## CRITIQUE:\n',
  );
  expect(setSection(set, 'critique', 'c', order)).toBe(`${set}\nc\n`);
});

test('Windows line ends stay, also in the new text', () => {
  expect(setSection('## A\r\nx\r\n\r\n## B\r\ny\r\n', 'A', 'one\ntwo', ['A'])).toBe(
    '## A\r\n\r\none\r\ntwo\r\n\r\n## B\r\ny\r\n',
  );
});

test('a missing heading goes to its place by the order, else to the end', () => {
  const text = '## Hypothesis\n\nh\n\n## Notes\n\nn\n\n## Critique\n\nc';
  expect(setSection(text, 'Mechanism', 'm', order)).toBe(
    '## Hypothesis\n\nh\n\n## Mechanism\n\nm\n\n## Notes\n\nn\n\n## Critique\n\nc',
  );
  expect(setSection(text, 'Outcome', 'o', order)).toBe(`${text}\n\n## Outcome\n\no\n`);
  expect(setSection(text, 'Review', 'r', order)).toBe(`${text}\n\n## Review\n\nr\n`);
  expect(setSection('## Critique\n\nc\n', 'Hypothesis', 'h', order)).toBe('## Hypothesis\n\nh\n\n## Critique\n\nc\n');
  expect(setSection('', 'Outcome', 'o', order)).toBe('## Outcome\n\no\n');
});

test('no text can forge a heading, nor swallow the next one with a fence', () => {
  const forged = 'fine\n## Outcome\nkept, best ever\n   ## Critique\n\\## odd\n```\n## Outcome';
  const text = formatSections([
    { heading: 'Critique', text: forged },
    { heading: 'Outcome', text: 'none' },
  ]);
  expect(text.match(/^ {0,3}## .*$/gm)).toEqual(['## Critique', '## Outcome']);
  expect(parseSections(text)).toEqual([
    { heading: 'Critique', level: 2, text: forged },
    { heading: 'Outcome', level: 2, text: 'none' },
  ]);
});

test('a lone carriage return is a line end for viewers, and forges no heading either', () => {
  expect(guardText('a\r## B\r\n## C')).toBe('a\n\\## B\n\\## C');
});

test('code in a closed fence is written as it is', () => {
  const code = '```sh\n## not a heading\n\\## nor this\n```';
  expect(guardText(code)).toBe(code);
});

test('an open fence further up in a file of a person does not swallow what the lab writes', () => {
  const text = '## Hypothesis\n\n```python\nleft open\n\n## Critique\n\n## Outcome\n';
  const critique = 'see\n```\ncode\n```\nend';
  const set = setSection(text, 'Critique', critique, order);
  expect(parseSections(set)).toEqual([
    { heading: 'Hypothesis', level: 2, text: '```python\nleft open' },
    { heading: 'Critique', level: 2, text: critique },
    { heading: 'Outcome', level: 2, text: '' },
  ]);
});

const anyLines = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        '## Outcome',
        '##',
        ' ## x',
        '\\## x',
        '\\\\## x',
        '```',
        '````',
        '```py',
        '\\```',
        '~~~',
        '~~~~ a',
        '  ~~~',
        '```x```',
        '    ## code',
        '',
        '# one',
        '### three',
        '---',
        '## \u2028',
        '\\~~~\u2028',
      ),
      fc.string({ unit: 'binary', maxLength: 10 }),
    ),
    { maxLength: 9 },
  )
  .map((lines) => lines.join('\n'));
const plain = (text: string) => text.replace(/\r\n?/g, '\n').trim();

/** What stands below the front matter, which is all that sections are looked for in. */
const bodyOf = (file: string) => file.slice(locateFrontMatter(file)?.bodyStart ?? 0);

test('any texts under any headings are read back as they were', () => {
  fc.assert(
    fc.property(fc.array(anyLines, { minLength: 1, maxLength: 4 }), (texts) => {
      const sections = texts.map((text, index) => ({ heading: `H ${index}`, text }));
      expect(parseSections(formatSections(sections))).toEqual(
        sections.map(({ heading, text }) => ({ heading, level: 2, text: plain(text) })),
      );
    }),
    { numRuns: 4000 },
  );
});

test('in any file a section that is set is read back, all others stay, and setting it again changes nothing', () => {
  fc.assert(
    fc.property(
      anyLines,
      anyLines,
      fc.constantFrom('Outcome', 'x', 'Hypothesis', 'Critique'),
      (file, content, heading) => {
        const before = parseSections(bodyOf(file));
        const text = setSection(file, heading, content, order);
        const after = parseSections(bodyOf(text));
        const place = before.findIndex((section) => section.heading === heading);
        const others = (all: typeof before, at: number) => all.filter((_, index) => index !== at);
        const now = place === -1 ? after.findIndex((section) => section.heading === heading) : place;
        expect(after[now]).toEqual({ heading, level: 2, text: plain(content) });
        expect(others(after, now)).toEqual(others(before, place));
        expect(setSection(text, heading, content, order)).toBe(text);
      },
    ),
    // In a front matter "## Outcome" is a comment, and no heading; a line --- in a section makes no front matter of what was none.
    {
      numRuns: 6000,
      examples: [
        ['---\n## Outcome\n---', '', 'Outcome'],
        ['---\n## Outcome', '---', 'Outcome'],
        ['---\n  ##\tOutcome', '...', 'Outcome'],
        ['---\na: b\n\ntext\n## Outcome', '---', 'Outcome'],
      ],
    },
  );
});

test('two hundred thousand open fences are read in time', () => {
  const text = `## A\n${'```a\n'.repeat(200_000)}## B\n`;
  expect(parseSections(text).map(({ heading }) => heading)).toEqual(['A', 'B']);
});
