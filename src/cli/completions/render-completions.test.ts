import { expect, test } from 'vitest';
import { renderCompletions } from './render-completions.ts';

const commands = [
  {
    name: 'add',
    summary: "Queue the user's: command",
    options: [
      { name: 'label', short: 'l', value: 'text', description: 'The [free] text' },
      { name: 'here', description: "In this lab's folder" },
    ],
  },
];

test('fish gets a line per command and option, with quotes that fish reads', () => {
  const text = renderCompletions('fish', commands);
  expect(text).toContain("-a add -d 'Queue the user\\'s: command'");
  expect(text).toContain("'__lab_verb add' -l label -s l -r -d 'The [free] text'");
  expect(text).toContain("-l here -d 'In this lab\\'s folder'");
});

test('zsh gets descriptions in which brackets and colons are escaped', () => {
  const text = renderCompletions('zsh', commands);
  expect(text).toContain("'add:Queue the user'\\''s\\: command'");
  expect(text).toContain("'*--label[The \\[free\\] text]:text:'");
});
