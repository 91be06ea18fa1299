import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { findValue, formatEntries, parseFrontMatter, setFrontMatter } from './front-matter.ts';
import { formatLine } from './front-matter-values.ts';

const read = (text: string) => parseFrontMatter(text);

test('every scalar stays a string as it was written', () => {
  const { values, body, problems } = read(
    '---\nrating: 7\ndate: 2026-11-21\nexpected: -0.010 val_bpb\nflag: true\nnothing: null\nsources:\n---\n\n## A\n',
  );
  expect(values).toEqual({
    rating: '7',
    date: '2026-11-21',
    expected: '-0.010 val_bpb',
    flag: 'true',
    nothing: 'null',
    sources: '',
  });
  expect(body).toBe('\n## A\n');
  expect(problems).toEqual([]);
});

test('lists are read in all their forms, with items that YAML takes for maps or aliases', () => {
  const { values, problems } = read(
    '---\na: [x, "y, z"]\nb:\n  - one\n  - Smith: a title\nc:\n- *starred*\n- two # remark\nd: []\n---\n',
  );
  expect(values).toEqual({ a: ['x', 'y, z'], b: ['one', 'Smith: a title'], c: ['*starred*', 'two'], d: [] });
  expect(problems).toEqual([]);
});

test.each([
  ['title: Foo: bar', 'Foo: bar'],
  ['title: > 0.01', '> 0.01'],
  ['title: - 0.01', '- 0.01'],
  ['title: *bold* words', '*bold* words'],
  ['title: [draft] words', '[draft] words'],
  ['title: "Order 5" helps', '"Order 5" helps'],
  ['title: @home', '@home'],
  ['title: 100% sure', '100% sure'],
  ['title: !important thing', '!important thing'],
  ['title: &x y', '&x y'],
  ['title: Foo: bar # remark', 'Foo: bar'],
  ['title:Foo', 'Foo'],
  ['title:Foo: bar', 'Foo: bar'],
  ['"title": quoted key', 'quoted key'],
])('a line that YAML refuses or twists is taken as a person meant it: %s', (line, expected) => {
  const { values, problems } = read(`---\nslug: a\n${line}\nrating: 7\n---\n`);
  expect(values).toEqual({ slug: 'a', title: expected, rating: '7' });
  expect(problems).toEqual([]);
});

test('what cannot be read is a problem with its line, and the rest is read', () => {
  const { values, problems } = read(
    '---\ntitle: "open\njust words\nnested:\n  a: 1\nslug: x\nSlug: y\nlist: [a, b\n---\nbody',
  );
  expect(values).toEqual({ title: '"open', slug: 'x', list: '[a, b' });
  expect(problems).toEqual([
    'line 2: title " is never closed; read as written',
    'line 3: "just words" is no "key: value"; it is not read',
    'line 4: nested holds nested keys, expected a text or a list',
    'line 7: Slug stands twice; the first one (line 6) counts',
    'line 8: list [ is never closed; read as written',
  ]);
});

test('a byte order mark and Windows line ends change nothing', () => {
  const { values, body, problems } = read('\ufeff---\r\ntitle: x\r\nsources:\r\n  - a\r\n---\r\ntext\r\n');
  expect({ values, body, problems }).toEqual({
    values: { title: 'x', sources: ['a'] },
    body: 'text\r\n',
    problems: [],
  });
});

test('without a front matter everything is body, and a line across the page is none', () => {
  for (const text of ['', '# Title\n', 'slug: x\n', '---\n\nprose\n\n---\nmore\n']) {
    const { values, body, problems } = read(text);
    expect([values, body, problems.length]).toEqual([{}, text, 1]);
  }
});

test('a front matter that nothing closes ends before the text, also where a line across the page follows', () => {
  for (const rest of ['\n## Hypothesis\n\ntext: yes\n', '\n## Hypothesis\n\n---\n\nfoo\n']) {
    const { values, body, problems } = read(`---\nslug: x\ntitle: y\n${rest}`);
    expect([values, body]).toEqual([{ slug: 'x', title: 'y' }, rest]);
    expect(problems).toEqual(['the front matter is not closed: put a line --- below its last key']);
  }
});

test('a comment with two hashes among the keys does not end the front matter', () => {
  expect(read('---\nslug: x\n## set by hand\nrating: 7\n---\nb').values).toEqual({ slug: 'x', rating: '7' });
});

test('keys are found whatever their case, dashes and underscores', () => {
  const { values } = read('---\nRefuted-By: noise\n---\n');
  expect(findValue(values, 'refuted_by')).toBe('noise');
  expect(findValue(values, 'refuted')).toBeUndefined();
});

test('the name of a key cannot reach the prototype', () => {
  const { values } = read('---\n__proto__: x\nconstructor: y\n---\n');
  expect(Object.entries(values)).toEqual([
    ['__proto__', 'x'],
    ['constructor', 'y'],
  ]);
  expect(findValue({}, 'constructor')).toBeUndefined();
});

test('setting a key changes its value alone: order, comments, spelling, spaces and line ends stay', () => {
  const text =
    '\ufeff---\r\n# by hand\r\nTitle:   old   # keep me\r\nstate: "proposed"\r\nrating:   # none yet\r\nsources:\r\n  - a\r\n---\r\nbody\r\n';
  expect(setFrontMatter(text, { title: 'new', state: 'critiqued', rating: '7' })).toBe(
    '\ufeff---\r\n# by hand\r\nTitle: new   # keep me\r\nstate: critiqued\r\nrating: 7   # none yet\r\nsources:\r\n  - a\r\n---\r\nbody\r\n',
  );
});

test('a value over several lines is replaced whole, and its neighbours stay', () => {
  const text = '---\na:\n  - x\n  - y\nb: |\n  one\n  two\nc: > 1: broken\nd: plain\n  goes on\ne: 1\n---\n';
  expect(setFrontMatter(text, { a: 'A', b: 'B', c: 'C', d: 'D' })).toBe('---\na: A\nb: B\nc: C\nd: D\ne: 1\n---\n');
});

test('a missing key comes last, null empties a key, and a missing front matter is made', () => {
  expect(setFrontMatter('---\na: 1 # c\n---\nx', { b: '2', a: null, c: null })).toBe('---\na: # c\nb: 2\nc:\n---\nx');
  expect(setFrontMatter('# Title\n', { a: '1' })).toBe('---\na: 1\n---\n\n# Title\n');
  expect(setFrontMatter('\ufeffx\r\n', { a: '1' })).toBe('\ufeff---\r\na: 1\r\n---\r\n\r\nx\r\n');
  expect(setFrontMatter('---\na: 1', { b: '2' })).toBe('---\na: 1\nb: 2\n');
});

test('a value that is already there leaves the bytes as they are', () => {
  const text = '---\ntitle:   "x"   \nrating:\nodd: Foo: bar\n---\n';
  expect(setFrontMatter(text, { title: 'x', rating: null, odd: 'Foo: bar' })).toBe(text);
});

const anyText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.string({ unit: fc.constantFrom(...'ab: #-\'"[]{}&*!|>%@`,?\\\n\t0.'), maxLength: 20 }),
);

test('any text is read back as one line, by the lab and by any YAML reader', () => {
  fc.assert(
    fc.property(anyText, fc.array(anyText, { maxLength: 4 }), (value, list) => {
      const items = list.length === 0 ? null : list;
      const text = `---\n${formatEntries({ a: value, list: items, z: 'end' })}---\n`;
      const { values, problems } = read(text);
      const expected = { a: formatLine(value), list: items === null ? '' : list.map(formatLine), z: 'end' };
      expect(values).toEqual(expected);
      expect(problems).toEqual([]);
      const other = parse(text.split('---\n').slice(1, -1).join('---\n'), { schema: 'failsafe' });
      expect(other).toEqual(expected);
    }),
    { numRuns: 1500 },
  );
});

const anyFile = fc
  .array(
    fc.constantFrom(
      '---',
      'a: 1',
      'b:',
      'a: Foo: bar # c',
      '  - x',
      '- y',
      'c: |',
      '  text',
      '# note',
      '',
      '## A',
      'd: "open',
      'e: [1,',
      'prose',
      'b: "q" # c',
    ),
    { maxLength: 10 },
  )
  .map((lines) => ['---', ...lines].join('\n'));

test('in any file a set value is read back, all other values stay, and setting it again changes nothing', () => {
  fc.assert(
    fc.property(anyFile, anyText, fc.constantFrom('a', 'b', 'c', 'f'), (file, value, key) => {
      const before = read(file);
      const text = setFrontMatter(file, { [key]: value });
      const after = read(text);
      expect(after.values).toEqual({ ...before.values, [key]: formatLine(value) });
      expect(after.body.endsWith(before.body)).toBe(true);
      expect(setFrontMatter(text, { [key]: value })).toBe(text);
    }),
    { numRuns: 3000 },
  );
});

test('brackets without end and ten thousand keys are read without an exception', () => {
  expect(read(`---\na: ${'['.repeat(20_000)}\nb: 1\n---\n`).values.b).toBe('1');
  expect(read(`---\n${'a: 1\n'.repeat(10_000)}---\nx`).problems.at(-1)).toBe(
    'line 202: more than 200 keys; the rest is not read',
  );
});
