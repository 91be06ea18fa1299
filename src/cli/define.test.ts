import { expect, test } from 'vitest';
import { type CommandSpec, parseCommand, parseJobNumbers, quoteWords, renderCommandHelp } from './define.ts';

const spec: CommandSpec = {
  name: 'show',
  summary: 'Show a thing',
  usage: '<thing>',
  options: [
    { name: 'commit', short: 'c', value: 'hash', description: 'A commit' },
    { name: 'count', value: 'number', description: 'How many' },
    { name: 'all', short: 'a', description: 'Everything' },
  ],
  examples: ['lab show x'],
  takesConfig: true,
  run: async () => 0,
};

test.each(['0012345', '1e5', '0x10', '007', '1234567'])('the value %s stays the text it was', (value) => {
  expect(parseCommand(spec, ['--commit', value]).text('commit')).toBe(value);
});

test('words after -- are untouched, options of the queued command included', () => {
  const input = parseCommand(spec, ['-a', '--', 'python', 'train.py', '--lr', '1e-4', '--help', '--', 'x']);
  expect(input.rest).toEqual(['python', 'train.py', '--lr', '1e-4', '--help', '--', 'x']);
  expect(input.flag('all')).toBe(true);
});

test('an unknown option is refused with the valid ones', () => {
  expect(() => parseCommand(spec, ['--comit', 'x'])).toThrow(
    'lab show has no option --comit, expected one of: --commit --count --all',
  );
});

test.each(['-1', '-12', '-0.5'])('the word %s is refused as a number below 0, not as an option', (word) => {
  expect(() => parseCommand(spec, [word])).toThrow(`lab show got "${word}", expected no number below 0`);
});

test('a value that begins with a signed figure needs no equals sign, and an option is never taken for a value', () => {
  expect(parseCommand(spec, ['--commit', '-0.2 bpb']).text('commit')).toBe('-0.2 bpb');
  expect(parseCommand(spec, ['--count', '-.5']).number('count')).toBe(-0.5);
  expect(() => parseCommand(spec, ['--commit', '--all'])).toThrow('--commit is followed by a word with a dash');
});

test('a repeatable option gives every value in its order, any other its last', () => {
  const { options } = spec;
  const repeatable = {
    ...spec,
    options: [...options, { name: 'set', value: 'x', isRepeatable: true as const, description: '' }],
  };
  const input = parseCommand(repeatable, ['--set', 'b=1', '--commit', 'x', '--set=a=2', '--commit', 'y']);
  expect(input.texts('set')).toEqual(['b=1', 'a=2']);
  expect([input.text('commit'), input.texts('commit'), input.texts('count')]).toEqual(['y', ['y'], []]);
});

test('a number that is none is refused with its value', () => {
  expect(() => parseCommand(spec, ['--count', 'many']).number('count')).toThrow(
    '--count got "many", expected a number',
  );
});

test('configuration keys are taken as flags only where a command takes them', () => {
  expect(parseCommand(spec, ['--run.wall-seconds', '60', '--sandbox=off', 'word'])).toMatchObject({
    config: { 'run.wall-seconds': '60', sandbox: 'off' },
    words: ['word'],
  });
  expect(() => parseCommand({ ...spec, takesConfig: false }, ['--run.wall-seconds', '60'])).toThrow(
    'has no option --run.wall-seconds',
  );
});

test.each([
  [['3'], [3]],
  [
    ['j4', '6-8'],
    [4, 6, 7, 8],
  ],
])('%j names the jobs %j', (words, numbers) => {
  expect(parseJobNumbers(words)).toEqual(numbers);
});

test.each(['x', '0', '5-3', '1.5', '-1'])('%s is no job number', (word) => {
  expect(() => parseJobNumbers([word])).toThrow(`"${word}" is no job number`);
});

test('a range of too many jobs is refused with its limit', () => {
  expect(parseJobNumbers(['2-10001'])).toHaveLength(10_000);
  expect(() => parseJobNumbers(['1-10001'])).toThrow('"1-10001" names 10001 jobs, expected a range of at most 10000');
});

test('words of a command stay one word each in its shell line', () => {
  expect(quoteWords(['python', '-c', "print('a b')", '--lr=1e-4'])).toBe(`python -c 'print('\\''a b'\\'')' --lr=1e-4`);
});

test('the help of a command names usage, options, examples and that configuration keys are flags', () => {
  const help = renderCommandHelp(spec);
  for (const part of [
    'lab show <thing>',
    '-c, --commit <hash>',
    'A commit',
    'lab show x',
    'Show a thing',
    '--run.wall-seconds 60',
  ])
    expect(help).toContain(part);
});
