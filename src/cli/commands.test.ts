import { expect, test } from 'vitest';
import { commandGroups } from './commands.ts';
import { parseCommand, renderCommandHelp } from './define.ts';

const entries = commandGroups.flatMap((group) => group.commands);

test.each(entries.map((entry) => entry.name))(
  '`lab %s --help` shows its usage, every option and an example',
  async (name) => {
    const entry = entries.find((candidate) => candidate.name === name);
    const spec = await entry?.load();
    if (!spec || !entry) throw new Error(`${name} does not load`);
    expect({ name: spec.name, summary: spec.summary }).toEqual({ name: entry.name, summary: entry.summary });
    const help = renderCommandHelp(spec);
    expect(help).toContain(`$ lab ${spec.name}`);
    for (const option of spec.options)
      expect(help).toContain(option.value ? `--${option.name} <${option.value}>` : `--${option.name}`);
    expect(spec.examples.length).toBeGreaterThan(0);
  },
);

test('two commands never share a name, and an option never repeats within a command', async () => {
  expect(new Set(entries.map((entry) => entry.name)).size).toBe(entries.length);
  for (const entry of entries) {
    const { options } = await entry.load();
    for (const key of ['name', 'short'] as const) {
      const words = options.flatMap((option) => option[key] ?? []);
      expect(new Set(words).size, `${entry.name} ${key}`).toBe(words.length);
    }
  }
});

test('a command that takes no words refuses them', async () => {
  const down = await entries.find((entry) => entry.name === 'down')?.load();
  if (!down) throw new Error('down does not load');
  expect(() => parseCommand(down, ['extra'])).toThrow('lab down takes no words, got "extra"');
});
