import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { LabError } from '../../src/errors/lab-error.ts';
import { decodeLogText, stripTerminalCodes } from './log-text.ts';
import { parseLog } from './parse-log.ts';
import { parseProgress } from './progress.ts';
import { logHeadBytes, logTailBytes, readLog, wholeLogBytes } from './read-log.ts';

const metric = 'val_bpb';
let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'nightlab-log-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function writeLog(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

test('a log of 20 MiB gives the summary at its end and the progress at its start', async () => {
  const filler = 'a line that says nothing of note, over and over again\n'.repeat(400_000);
  const path = writeLog('huge.log', `step 1/9\n${filler}---\nval_bpb: 0.25\n`);
  const reading = await readLog(path, { metric });
  expect(reading).toMatchObject({ metric: 0.25, summaryFound: true, sawProgress: true });
});

test('a huge UTF-16 log of odd length is read like one in UTF-8', async () => {
  const filler = 'nothing of note\r\n'.repeat(300_000);
  const bytes = Buffer.from(`\ufeff${filler}---\r\nval_bpb: 0.25\r\n!`, 'utf16le');
  for (const cut of [0, 1]) {
    const path = writeLog('wide.log', bytes.subarray(0, bytes.length - cut));
    expect((await readLog(path, { metric })).metric).toBe(0.25);
  }
});

test('half a number on either side of the part that is not read is no metric', async () => {
  const size = wholeLogBytes + 2_000_000;
  const bytes = Buffer.alloc(size, 'x');
  bytes.write('\nval_bpb: 0.12', logHeadBytes - 14);
  bytes.write('34567\n', size - logTailBytes);
  expect((await readLog(writeLog('gap.log', bytes), { metric })).metric).toBeNull();
  const tail = Buffer.alloc(size, 'x');
  tail.write('val_bpb: 0.5\n', size - logTailBytes);
  expect((await readLog(writeLog('tail.log', tail), { metric })).metric).toBeNull();
});

test('a log of exactly the whole size is read without a gap', async () => {
  const bytes = Buffer.alloc(wholeLogBytes, 'x\n');
  bytes.write('\nval_bpb: 0.5\n', 1_000_000);
  expect((await readLog(writeLog('whole.log', bytes), { metric })).metric).toBe(0.5);
});

test('a missing log, a folder and a FIFO are errors that name the path', async () => {
  const fifo = join(folder, 'pipe.log');
  execFileSync('mkfifo', [fifo]);
  for (const path of [join(folder, 'none.log'), folder, fifo]) {
    const failure = await readLog(path, { metric }).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(LabError);
    expect(String(failure)).toContain(path);
  }
});

/** Shapes that make backtracking patterns slow; 5 MB each, mostly without one line end. */
const shapes = [
  'a',
  ' ',
  '0',
  '9,',
  '1_',
  '\r',
  '\n',
  '\b',
  '-',
  '=',
  '%',
  ':',
  '/',
  '1/',
  '1 ',
  '\t',
  '\0',
  '\u001b',
  '\u001b[',
  '\u001b[0;',
  '\u001b]',
  '\u001b]0;x',
  'loss',
  'loss: ',
  'val_loss',
  'loss: nan ',
  'step ',
  'step 1 ',
  'step 1    ',
  '---\n',
  '---\na: 1\n',
  'a: ',
  'a:\t1\r',
  'METRIC ',
  'METRIC a=1 ',
  'METRIC a=1\n',
  'Traceback (most recent call last)',
  'Traceback (most recent call last):\n',
  ' File\n',
  'Error',
  'a.b',
  'out of memory ',
  'if out of memory ',
  'can ',
  'FAIL ',
  'x: not found',
  'a: ',
  '[',
  '━',
  '5%|',
  '5/9 [',
  'Killed  ',
  'é',
  '🙂',
  '\ud800',
];

const starts = ['val_bpb: 1', '\u001b[', 'METRIC ', 'step 1 '];

test.each([...new Set(shapes)].map((shape, at) => [shape, starts[at % starts.length] ?? '']))(
  '5 MB of %j, alone and after %j, are read in linear time',
  (shape, start) => {
    const text = shape.repeat(Math.ceil(5_000_000 / shape.length));
    for (const first of ['', start]) {
      const bytes = Buffer.from(`${first}${text}\n---\nval_bpb: 0.5\n`);
      expect(parseLog(bytes, { metric }).metric).toBe(0.5);
      parseProgress(bytes.subarray(-65_536));
    }
  },
);

test('colours vanish, moves of the cursor part records, and a title without an end swallows nothing', () => {
  expect(stripTerminalCodes('\u001b[31;1mred\u001b[0m \u001b[Kend')).toBe('red end');
  expect(stripTerminalCodes('one\u001b[2Ktwo\u001b[1Athree')).toBe('one\rtwo\rthree');
  expect(stripTerminalCodes('\u001b]0;title\nval_bpb: 1')).toBe('0;title\nval_bpb: 1');
  expect(stripTerminalCodes('\u001b]8;;http://x\u001b\\link\u001b]8;;\u0007')).toBe('link');
  expect(stripTerminalCodes('a\u001b(Bb\u001b=c\u001b')).toBe('abc');
  expect(decodeLogText(Buffer.from('plain'))).toBe('plain');
});
