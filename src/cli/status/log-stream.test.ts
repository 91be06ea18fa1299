/** How logs reach one output: as they come while one job prints, with numbers from the moment at which a second one does. */
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createLogStream, createSharedOutput } from './log-stream.ts';

function createOutput() {
  let text = '';
  const open = createSharedOutput((more) => {
    text += more.toString();
  });
  return { open, text: () => text };
}

test('one job alone is shown as it prints, and its last line gets an end before the next job', () => {
  const { open, text } = createOutput();
  const first = open('1 | ');
  first.take(Buffer.from('10 %\r20 %'));
  first.end();
  const second = open('2 | ');
  second.take(Buffer.from('hello\n'));
  second.end();
  expect(text()).toBe('10 %\r20 %\nhello\n');
});

test('from the second job on each line has its number, and an open line is closed first', () => {
  const { open, text } = createOutput();
  const first = open('1 | ');
  first.take(Buffer.from('alone\nhalf'));
  const second = open('2 | ');
  second.take(Buffer.from('beside\n'));
  first.take(Buffer.from(' a line\n'));
  second.end();
  first.take(Buffer.from('still marked'));
  first.end();
  expect(text()).toBe('alone\nhalf\n2 | beside\n1 |  a line\n1 | still marked\n');
});

test('a stream gives what its logs gained, in the order of attempts and steps, and leaves out attempts that were shown', () => {
  const folder = mkdtempSync(join(tmpdir(), 'nl-log-stream-'));
  try {
    for (const attempt of ['1', '2', '10']) {
      mkdirSync(join(folder, attempt));
      writeFileSync(join(folder, attempt, 'run.log'), `attempt ${attempt}\n`);
    }
    let text = '';
    const read = createLogStream(
      folder,
      (bytes) => {
        text += bytes.toString();
      },
      1,
    );
    read();
    expect(text).toBe('attempt 2\nattempt 10\n');
    appendFileSync(join(folder, '10', 'run.log'), 'more\n');
    writeFileSync(join(folder, '10', 'score.log'), 'scored\n');
    read();
    expect(text).toBe('attempt 2\nattempt 10\nmore\nscored\n');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
