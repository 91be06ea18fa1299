/** A mistyped option: what was meant is named first, and an error about something else stays what it is. */
import { expect, test } from 'vitest';
import { LabError } from '../errors/lab-error.ts';
import { type CommandSpec, parseCommand } from './define.ts';
import { hintNearOption } from './near-option.ts';

const spec: CommandSpec = {
  name: 'add',
  summary: 'Queue',
  usage: '',
  options: ['label', 'print-number', 'stashed'].map((name) => ({ name, description: '' })),
  examples: [],
  run: async () => 0,
};

function hintsOf(...words: string[]): string[] {
  try {
    parseCommand(spec, words);
  } catch (error) {
    const named = hintNearOption(error, spec);
    if (named instanceof LabError) return named.hints;
  }
  throw new Error(`${words.join(' ')} was taken`);
}

test.each([
  ['--lable', '--label'],
  ['--stash', '--stashed'],
  ['--print-numbr', '--print-number'],
])('%s is answered with %s', (typed, meant) => {
  expect(hintsOf(typed)[0]).toBe(`did you mean ${meant}?`);
});

test('an option that is near to none gets no guess, nor does a stray word', () => {
  for (const words of [['--frobnicate'], ['word']])
    expect(hintsOf(...words).filter((hint) => hint.startsWith('did you mean'))).toEqual([]);
});

test('any other error passes untouched', () => {
  const error = new TypeError('x');
  expect(hintNearOption(error, spec)).toBe(error);
});
