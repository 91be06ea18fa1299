/** What an outbox may hold: plain text of bounded size, and nothing that leads elsewhere. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { maxOutboxFileBytes, maxOutboxFiles, readOutbox, readOutboxFile } from './outbox-files.ts';

let outbox: string;

beforeEach(() => {
  outbox = mkdtempSync(join(tmpdir(), 'nl-outbox-'));
});

afterEach(() => {
  rmSync(outbox, { recursive: true, force: true });
});

const put = (name: string, text: string | Uint8Array): void => writeFileSync(join(outbox, name), text);

test('plain files come sorted by name, with LF line ends, without a byte order mark; dot files are passed over', () => {
  put('b.md', '\ufeffone\r\ntwo\r\n');
  put('a.md', 'ä\n');
  put('.scratch', 'x');
  const files = [
    { name: 'a.md', text: 'ä\n' },
    { name: 'b.md', text: 'one\ntwo\n' },
  ];
  expect(readOutbox(outbox)).toEqual({ files, problems: [] });
});

test('a link, a pipe, a folder, a large and a binary file are named and not read', () => {
  put('secret', 'the secret');
  symlinkSync(join(outbox, 'secret'), join(outbox, 'link.md'));
  symlinkSync(join(outbox, 'nowhere'), join(outbox, 'loose.md'));
  execFileSync('mkfifo', [join(outbox, 'pipe.md')]);
  mkdirSync(join(outbox, 'folder.md'));
  put('large.md', 'x'.repeat(maxOutboxFileBytes + 1));
  put('limit.md', 'x'.repeat(maxOutboxFileBytes));
  put('latin.md', new Uint8Array([0x61, 0xe4, 0x0a]));
  put('zero.md', new Uint8Array([0x61, 0, 0x0a]));
  const { files, problems } = readOutbox(outbox);
  expect(files.map(({ name }) => name)).toEqual(['limit.md', 'secret']);
  expect(problems).toEqual([
    expect.stringMatching(/^folder\.md is no plain file/),
    expect.stringMatching(/^large\.md has 200001 bytes/),
    expect.stringMatching(/^latin\.md is no UTF-8/),
    expect.stringMatching(/^link\.md is a symbolic link/),
    expect.stringMatching(/^loose\.md is a symbolic link/),
    expect.stringMatching(/^pipe\.md is no plain file/),
    expect.stringMatching(/^zero\.md is no UTF-8/),
  ]);
});

test('of too many files the first are read, and how many there are is said', () => {
  for (let index = 0; index <= maxOutboxFiles; index++) put(`${String(index).padStart(4, '0')}.md`, 'x');
  const { files, problems } = readOutbox(outbox);
  expect(files).toHaveLength(maxOutboxFiles);
  expect(problems).toEqual([`${maxOutboxFiles + 1} files were handed in, only the first 100 by name were read`]);
});

test('an outbox that is gone, or a link to another folder, is a problem and nothing is read through it', () => {
  put('a.md', 'x');
  const link = join(outbox, 'link');
  symlinkSync(outbox, link);
  expect(readOutbox(link)).toEqual({ files: [], problems: ['the outbox is no folder any more'] });
  expect(readOutboxFile(link, 'a.md').kind).toBe('wrong');
  expect(readOutbox(join(outbox, 'gone')).problems).toEqual([expect.stringMatching(/cannot be read.*ENOENT/)]);
});

test('a single file is found whatever its case', () => {
  put('Review.MD', 'x');
  expect(readOutboxFile(outbox, 'review.md')).toEqual({ kind: 'text', text: 'x' });
  expect(readOutboxFile(outbox, 'report.md')).toEqual({ kind: 'missing' });
});

test('a fence around a whole file is taken off, one around a part is not', () => {
  put('whole.md', '```markdown\n---\na: b\n---\ntext\n```\n');
  put('part.md', '```\na\n```\ntext\n```\nb\n```\n');
  const texts = readOutbox(outbox).files.map(({ text }) => text);
  expect(texts).toEqual(['```\na\n```\ntext\n```\nb\n```\n', '---\na: b\n---\ntext\n']);
});

test('a name with a line end in it cannot forge a line', () => {
  put('a\nall is well.bin', new Uint8Array([0]));
  expect(readOutbox(outbox).problems).toEqual([expect.stringMatching(/^"a\\nall is well\.bin" is no UTF-8/)]);
});
