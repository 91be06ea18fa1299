/** The options of one job: their words, and which combinations are refused. */
import { expect, test } from 'vitest';
import { add } from '../commands/add.ts';
import { parseCommand } from '../define.ts';
import { parseJobOptions } from './job-options.ts';

const defaults = { idleSeconds: 60, logMb: 5, retrySeconds: 30 };
const read = (...argv: string[]) => parseJobOptions(parseCommand(add, argv), defaults, new Date());

test('without options everything is the lab’s own', () => {
  expect(read()).toMatchObject({ device: null, after: [], notBefore: null, priority: null, retry: null, limits: null });
});

test('dependencies are given as lists and ranges, and by their end alone', () => {
  expect(read('--after', '3,5-6', '--after', '9', '--after-any', '2').after).toEqual([
    { job: 3, any: false },
    { job: 5, any: false },
    { job: 6, any: false },
    { job: 9, any: false },
    { job: 2, any: true },
  ]);
});

test('one device names its class, and GPU memory asks for a GPU', () => {
  expect(read('--device', 'gpu1')).toMatchObject({ device: 'gpu', needs: { deviceId: 'gpu1' } });
  expect(read('--vram', '20G')).toMatchObject({ device: 'gpu', needs: { deviceId: null, vramMib: 20 * 1024 } });
  expect(read('--device', 'auto')).toMatchObject({ device: 'auto', needs: { deviceId: null } });
  expect(read('--device', 'auto', '--gpus', '2')).toMatchObject({ device: 'gpu', needs: { gpus: 2 } });
});

test('retries know the short words and the lab’s pause', () => {
  expect(read('--retries', '3', '--retry-on', 'oom,exit:75').retry).toEqual({
    times: 3,
    on: ['out-of-memory', 'exit:75'],
    delaySeconds: 30,
  });
  expect(read('--retries', '1', '--retry-delay', '0').retry).toEqual({ times: 1, on: ['any'], delaySeconds: 0 });
});

test('one limit keeps the lab’s other one', () => {
  expect(read('--idle-seconds', '7').limits).toEqual({ idleSeconds: 7, logMb: 5 });
});

test.each([
  [['--retry-on', 'oom'], 'expected --retries too'],
  [['--retries', '1', '--retry-on', 'killed'], '--retry-on got "killed"'],
  [['--retries', '1', '--retry-on', 'exit:0'], '--retry-on got "exit:0"'],
  [['--priority', '1.5'], '--priority got "1.5"'],
  [['--device', 'tpu'], '--device got "tpu"'],
  [['--group', 'a b'], '--group got "a b"'],
  [['--log-mb', '0'], '--log-mb got "0"'],
  [['--after', 'x'], '"x" is no job number'],
  [['--immediate', '--stashed'], '--immediate sends a job ahead and --stashed keeps it back'],
  [['-i', '--delay', '2h'], '--immediate sends a job ahead and --delay keeps it back'],
])('%j is refused', (argv, reason) => {
  expect(() => read(...argv)).toThrow(reason);
});
