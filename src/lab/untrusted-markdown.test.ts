import { expect, test } from 'vitest';
import {
  formatBlock,
  formatCell,
  formatCode,
  formatFence,
  formatForeignLine,
  formatInline,
  formatQuote,
} from './untrusted-markdown.ts';

test('a line keeps its words and loses breaks, terminal codes and marks that turn the direction', () => {
  expect(formatInline('a\n## b\r\n\tc \u001b[31mred\u001b[0m\u0007 \u202eback\u2028d')).toBe('a ## b c red back d');
});

test.each([
  ['## x', '\\## x'],
  ['``` x', '\\``` x'],
  ['- x', '\\- x'],
  ['-x', '-x'],
  ['`code` first', '`code` first'],
  ['**bold** first', '**bold** first'],
  ['plain', 'plain'],
])('the line %j stands as %j', (text, line) => {
  expect(formatForeignLine(text)).toBe(line);
});

test('a cell keeps its bars inside', () => {
  expect(formatCell('a|b\nc\\|d')).toBe('a\\|b c\\\\\\|d');
});

test('code with backticks is wrapped in more of them', () => {
  expect(formatCode('a')).toBe('`a`');
  expect(formatCode('a``b')).toBe('```a``b```');
  expect(formatCode('`a')).toBe('`` `a ``');
});

test('a fence is longer than any inside', () => {
  expect(formatFence('x\n````\ny\n', 'text')).toBe('`````text\nx\n````\ny\n`````');
});

test.each([
  ['# a\n\n### b', '\\# a\n\n\\### b'],
  ['title\n===\ntext\n---', 'title\n\\===\ntext\n\\---'],
  ['<!-- x\n<https://example.org>', '\\<!-- x\n<https://example.org>'],
  ['a\n\n\n\nb', 'a\n\nb'],
  ['```\n# in code\n```', '```\n# in code\n```'],
  ['```\n# open', '```\n# open\n```'],
  ['~~~js\n```\n~~~\n# after', '````js\n```\n````\n\\# after'],
  ['#1 of 3', '#1 of 3'],
  ['', ''],
])('the block %j stands as %j', (text, block) => {
  expect(formatBlock(text)).toBe(block);
});

test('a quotation marks every line', () => {
  expect(formatQuote('a\n\n# b')).toBe('> a\n>\n> \\# b');
  expect(formatQuote(' ')).toBe('');
});
