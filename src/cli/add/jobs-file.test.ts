/** Jobs files: what a line may say, and that a wrong one is named by its number. */
import { expect, test } from 'vitest';
import { parseJobsFile } from './jobs-file.ts';

test('lines keep their order, and empty ones are left out', () => {
  const lines = parseJobsFile(
    '{"command":"a","seed":3}\n\n{"command":"b","after":[1,2],"env":{"X":"1"}}\n',
    'jobs.jsonl',
  );
  expect(lines).toEqual([
    { command: 'a', seed: 3 },
    { command: 'b', after: [1, 2], env: { X: '1' } },
  ]);
});

test('a line takes what the options take', () => {
  const line = {
    ...{ command: 'a', gpus: 2, vram: '20G', folder: 'sub', idleSeconds: 60, logMb: 0.5, noScore: true, stdin: true },
    ...{ retries: 3, retryOn: ['oom', 'exit:75'], retrySeconds: 0, delay: '2h30m' },
  };
  expect(parseJobsFile(JSON.stringify(line), 'f')).toEqual([line]);
  expect(parseJobsFile('{"command":"a","delay":90}', 'f')).toEqual([{ command: 'a', delay: 90 }]);
});

test.each([
  ['{', 'no valid JSON'],
  ['[]', 'expected an object'],
  ['{"seed":1}', 'no "command"'],
  ['{"command":" "}', 'command is " ", expected text'],
  ['{"command":"a","sed":1}', 'no key "sed", expected some of: command, label, seed'],
  ['{"command":"a","__proto__":1}', 'no key "__proto__"'],
  ['{"command":"a","seed":-1}', 'seed is -1, expected a whole number'],
  ['{"command":"a","after":[0]}', 'after is [0], expected a list of job numbers'],
  ['{"command":"a","env":{"A B":"1"}}', 'expected an object of texts'],
  ['{"command":"a","device":"tpu"}', 'device got "tpu"'],
  ['{"command":"a","gpus":0}', 'gpus is 0, expected a whole number of at least 1'],
  ['{"command":"a","vram":"20"}', 'vram: "20" is no size'],
  ['{"command":"a","retryOn":[]}', 'retryOn is [], expected a list of causes'],
  ['{"command":"a","retryOn":["kaboom"]}', 'retryOn got "kaboom", expected some of'],
  ['{"command":"a","delay":"someday"}', 'delay: "someday" is no moment'],
  ['{"command":"a","delay":-1}', 'delay is -1, expected a moment'],
  ['{"command":"a","logMb":0}', 'logMb is 0, expected a number above 0'],
  ['{"command":"a","noScore":false}', 'noScore is false, expected true'],
])('%s in the second line is refused with the line number', (line, reason) => {
  const read = () => parseJobsFile(`{"command":"a"}\n${line}\n`, 'jobs.jsonl');
  expect(read).toThrow('jobs.jsonl, line 2');
  expect(read).toThrow(reason);
});

test('a file without a job is refused', () => {
  expect(() => parseJobsFile('\n \n', '-')).toThrow('standard input has no jobs');
});
