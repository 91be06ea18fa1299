import { expect, test } from 'vitest';
import { checkProgram } from './check-program.ts';
import { programSections, sectionsOfHeading } from './section-words.ts';

const whole = `# Program

## Goal
Lower the number.

# Current baseline
0.99

### 3. Directions
Try things.

## What has been tried so far
Nothing.

Constraints
-----------
None.
`;

test('a text with the five sections lacks none, whatever the level and form of their headings', () => {
  expect(checkProgram(whole).missing).toEqual([]);
  expect(checkProgram(whole.replaceAll('\n', '\r\n')).missing).toEqual([]);
  expect(checkProgram(`\uFEFF${whole.slice(11)}`).missing).toEqual([]);
});

test('each section is known by the words that people use for it', () => {
  const known: Record<string, string[]> = {
    goal: ['Goal', 'Goals:', 'The goal', 'Objective', '1. Research goal', 'Goal (one line)'],
    'current baseline': [
      'Baseline',
      'Current best',
      '**Current baseline** (H100)',
      'Baseline results',
      'Where we are now',
    ],
    'prioritised directions': [
      'Directions',
      'Prioritized directions',
      'Priorities',
      'Ideas to try',
      'Next steps',
      'What to try next',
    ],
    'what has been tried': [
      'What has been tried',
      'Already tried',
      'Tried: results',
      'Past experiments',
      'History',
      'Dead ends',
      'What did not work',
    ],
    constraints: ['Constraints', 'Hard rules', 'Rules', 'Limits', 'Non-negotiables', 'What you cannot do'],
  };
  for (const [section, headings] of Object.entries(known))
    for (const heading of headings) expect([heading, sectionsOfHeading(heading)]).toEqual([heading, [section]]);
});

test('a heading of another subject is no section, and one of two subjects is both', () => {
  for (const heading of [
    'Setup',
    'Experimentation',
    'Output format',
    'Logging results',
    'The experiment loop',
    'autoresearch',
    'The metric',
    'Not yet tried',
    'What may be changed',
  ])
    expect([heading, sectionsOfHeading(heading)]).toEqual([heading, []]);
  expect(sectionsOfHeading('Goal and constraints')).toEqual(['goal', 'constraints']);
});

test("autoresearch's own headings lack all five, and are known as its own", () => {
  const original = ['Setup', 'Experimentation', 'Output format', 'Logging results', 'The experiment loop']
    .map((heading) => `## ${heading}\n\nThe goal is simple. **What you CANNOT do:** much.\n`)
    .join('\n');
  const check = checkProgram(`# autoresearch\n\n${original}`);
  expect(check.missing).toEqual([...programSections]);
  expect(check.isOriginal).toBe(true);
  expect(checkProgram(`${original}\n## Goal\nLower it.\n`)).toMatchObject({ isOriginal: false });
});

test('a heading in a code fence or a comment is none', () => {
  const check = checkProgram('```\n## Goal\nx\n```\n\n<!--\n## Constraints\nx\n-->\n\n## Directions\nx\n');
  expect(check.missing).not.toContain('prioritised directions');
  expect(check.missing).toContain('goal');
  expect(check.missing).toContain('constraints');
});

test('a section that says nothing is missing: empty, a hole, a comment, headings alone', () => {
  for (const text of ['', '{FILL_IN: what}', '<!-- later -->', '### Part\n', '-\n']) {
    const check = checkProgram(`## Goal\n${text}\n## Rules\nx\n`);
    expect([text, check.missing.includes('goal')]).toEqual([text, true]);
    expect(check.found.goal?.line).toBe(1);
  }
  expect(checkProgram('## Goal\n### Part\nLower it.\n').missing).not.toContain('goal');
});

test('of two parts with the same name the one that says something counts', () => {
  const check = checkProgram('## Goal\n\n## Objective\nLower it.\n');
  expect(check.missing).not.toContain('goal');
  expect(check.found.goal?.heading).toBe('Objective');
});
