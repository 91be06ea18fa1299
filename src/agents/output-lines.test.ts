import { expect, test } from 'vitest';
import { createLineSplitter, longestLine } from './output-lines.ts';
import { createSecretMask } from './secret-mask.ts';

function split(chunks: (string | Buffer)[], env: Record<string, string> = {}): string[] {
  const lines: string[] = [];
  const splitter = createLineSplitter(createSecretMask(env), (line) => lines.push(line));
  for (const chunk of chunks) splitter.feed(Buffer.from(chunk));
  splitter.end();
  return lines;
}

test('lines are whole wherever the chunks end, in the middle of a letter too', () => {
  const bytes = Buffer.from('schön\r\n\nende');
  expect(split([...bytes].map((byte) => Buffer.from([byte])))).toEqual(['schön', '', 'ende']);
});

test('a secret is masked across two chunks and in the form that JSON gives it', () => {
  const env = { A_TOKEN: 'abc"def/ghi', PLAIN: 'visible words', SHORT_KEY: 'abc' };
  expect(split(['x abc"d', 'ef/ghi abc\n', `${JSON.stringify({ key: 'abc"def/ghi' })} visible words`], env)).toEqual([
    'x *** abc',
    '{"key":"***"} visible words',
  ]);
});

test('the longer of two secrets goes first, and each line of one with several is a secret', () => {
  const env = { A_KEY: 'secret', B_KEY: 'secret-and-more', C_SECRET: 'first line\nsecond line' };
  expect(split(['secret-and-more secret\nsecond line'], env)).toEqual(['*** ***', '***']);
});

test('a long line is cut, and a secret that lies across the cut does not show its beginning', () => {
  const [line = '', next] = split(['x'.repeat(longestLine - 4), 'hidden-value', 'y'.repeat(5000), '\nnext'], {
    A_KEY: 'hidden-value',
  });
  expect(line).toMatch(/x\*\*\*y? … \[cut, the line had 1005008 characters\]$/);
  expect(line).not.toContain('hidd');
  expect(next).toBe('next');
});
