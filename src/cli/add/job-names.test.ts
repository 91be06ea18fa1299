/** Names of lines of a jobs file: what they may be, and that wrong ones are told by their line. */
import { expect, test } from 'vitest';
import { parseJobsFile } from './jobs-file.ts';

const read = (...lines: object[]) => parseJobsFile(lines.map((line) => JSON.stringify(line)).join('\n'), 'f');

test('lines come after lines above and below them, and after jobs by their numbers', () => {
  expect(
    read(
      { command: 'a', after: ['prep', 3] },
      { command: 'b', name: 'prep', afterAny: ['wipe'] },
      { command: 'c', name: 'wipe' },
    ),
  ).toMatchObject([{ after: ['prep', 3] }, { name: 'prep', afterAny: ['wipe'] }, { name: 'wipe' }]);
});

test('a chain of thousands is followed to its end', () => {
  const chain = Array.from({ length: 9000 }, (_, at) => ({ command: 'a', name: `n${at}`, after: [`n${at + 1}`] }));
  expect(read(...chain, { command: 'a', name: 'n9000' })).toHaveLength(9001);
  expect(() => read(...chain, { command: 'a', name: 'n9000', after: ['n8999'] })).toThrow('would wait for itself');
});

test.each<[string, object[]]>([
  ['f, line 2: no line has the name "prep", expected "name"', [{ command: 'a' }, { command: 'b', after: ['prep'] }]],
  ['f, line 1: no line has the name "pre", expected one of: prep', [{ command: 'a', name: 'prep', after: ['pre'] }]],
  [
    'f, line 2: the name "x" is given to f, line 1 too',
    [
      { command: 'a', name: 'x' },
      { command: 'b', name: 'x' },
    ],
  ],
  ['f, line 1: the job would wait for itself: "x" → "x"', [{ command: 'a', name: 'x', after: ['x'] }]],
  [
    'f, line 2: the job would wait for itself: "x" → "y" → "x"',
    [
      { command: 'a', after: ['x'] },
      { command: 'b', name: 'x', after: ['y'] },
      { command: 'c', name: 'y', afterAny: ['x'] },
    ],
  ],
  [
    'f, line 2: "x" stands in after and afterAny',
    [
      { command: 'a', name: 'x' },
      { command: 'b', after: ['x'], afterAny: ['x'] },
    ],
  ],
  ['f, line 1: name is "3", expected a word', [{ command: 'a', name: '3' }]],
  ['f, line 1: name is "j3", expected a word', [{ command: 'a', name: 'j3' }]],
  ['f, line 1: after is ["3"], expected a list', [{ command: 'a', after: ['3'] }]],
])('%s', (message, lines) => {
  expect(() => read(...lines)).toThrow(message);
});
