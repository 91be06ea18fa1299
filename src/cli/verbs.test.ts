import { expect, test } from 'vitest';
import { type CommandSpec, parseCommand } from './define.ts';
import { mergeOptions, nearestWord, parseChoice, runVerb, type Verb } from './verbs.ts';

const called: string[] = [];
const createVerb = (name: string, option: string): Verb => ({
  name,
  usage: '<slug>',
  summary: `Summary of ${name}`,
  options: [
    { name: option, value: 'text', description: `What ${name} takes` },
    { name: 'json', description: 'Print as JSON' },
  ],
  async run(input) {
    called.push(`${name} ${input.words.join(',')} ${input.text(option)}`);
    return 3;
  },
});
const verbs = [createVerb('show', 'lines'), createVerb('reject', 'reason')];
const spec: CommandSpec = {
  name: 'thing',
  summary: '',
  usage: '<verb>',
  options: mergeOptions(verbs),
  examples: [],
  run: (input) => runVerb('thing', verbs, input),
};
const run = (...args: string[]) => spec.run(parseCommand(spec, args));

test('a verb gets the words after it and its own options, and its exit code is given back', async () => {
  called.length = 0;
  expect(await run('reject', 'a', 'b', '--reason', 'because')).toBe(3);
  expect(called).toEqual(['reject a,b because']);
});

test('without words the fallback verb runs, and without a fallback every verb is listed', async () => {
  called.length = 0;
  expect(await runVerb('thing', verbs, parseCommand(spec, []), 'show')).toBe(3);
  expect(called).toEqual(['show  null']);
  await expect(run()).rejects.toMatchObject({
    kind: 'usage',
    message: 'lab thing needs a verb, expected one of: show, reject',
    hints: [expect.stringMatching(/^lab thing show <slug> +Summary of show$/), expect.stringContaining('reject')],
  });
});

test('an unknown verb is refused with the nearest one, else with all of them', async () => {
  await expect(run('shwo')).rejects.toMatchObject({ hints: ['did you mean `lab thing show`?'] });
  await expect(run('unrelated')).rejects.toMatchObject({
    message: '"unrelated" is no verb of lab thing, expected one of: show, reject',
    hints: [expect.stringContaining('show'), expect.stringContaining('reject')],
  });
});

test('an option of another verb is refused and not passed over', async () => {
  called.length = 0;
  await expect(run('show', 'a', '--reason', 'x')).rejects.toThrow(
    'lab thing show has no option --reason, only lab thing reject has it',
  );
  expect(called).toEqual([]);
});

test('an option that two verbs share stands once in the help and names both', () => {
  expect(spec.options.map((option) => option.description)).toEqual([
    'show: what show takes',
    'show, reject: print as JSON',
    'reject: what reject takes',
  ]);
});

test.each([
  ['nwe', 'new'],
  ['rej', 'reject'],
  ['EDIT', 'edit'],
  ['x', null],
  ['review', null],
  // Two begin with it, neither is nearer.
  ['re', null],
])('the word nearest to %s is %s', (word, expected) => {
  expect(nearestWord(word, ['new', 'show', 'edit', 'reject', 'retry'])).toBe(expected);
});

test('a word that is none of the valid ones is refused with the nearest', () => {
  expect(parseChoice('state', 'Decided', ['decided', 'queued'])).toBe('decided');
  expect(parseChoice('state', null, ['decided'])).toBeNull();
  expect(() => parseChoice('state', 'decidde', ['decided', 'queued'])).toThrow(
    '--state got "decidde", expected one of: decided, queued',
  );
});
