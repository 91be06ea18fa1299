import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { checkSkill, formatSkillProblem, parseSkillText } from './check-skill.ts';

let around: string;
beforeEach(() => {
  around = mkdtempSync(join(tmpdir(), 'skill-'));
});
afterEach(() => rmSync(around, { recursive: true, force: true }));

/** Writes a skill called "good" and gives what is wrong with it. */
function check(files: Record<string, string>, lines?: number): string[] {
  const folder = join(around, 'good');
  mkdirSync(folder, { recursive: true });
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  const problems = lines === undefined ? checkSkill(folder) : checkSkill(folder, { lines });
  return problems.map((problem) => formatSkillProblem('good', problem));
}

const page = (frontMatter: string, body = '# Good\n'): string => `---\n${frontMatter}\n---\n\n${body}`;
const fine = 'name: good\ndescription: Does good things. Use when asked to.';

test('a skill with a name, a description and files that are there is valid', () => {
  const body = 'See [more](references/more.md#part) and scripts/run.sh, or https://example.org/scripts/none.sh.\n';
  expect(
    check({
      'SKILL.md': page(
        `${fine}\ncompatibility: Needs git\nmetadata:\n  author: somebody\nallowed-tools: Bash(lab:*)`,
        body,
      ),
      'references/more.md': 'Back to [the skill](../SKILL.md).\n',
      'scripts/run.sh': '#!/bin/sh\n',
    }),
  ).toEqual([]);
});

test.each([
  ['description: x', 'has no name'],
  [
    'name: Good\ndescription: x',
    'has the name "Good", expected lower-case letters and digits with single hyphens between them',
  ],
  ['name: go--od\ndescription: x', 'expected lower-case letters'],
  ['name: -good\ndescription: x', 'expected lower-case letters'],
  ['name: other\ndescription: x', 'has the name "other", expected that of its folder, "good"'],
  ['name: 12\ndescription: x', 'has the name 12, expected a text'],
  [`name: ${'a'.repeat(65)}\ndescription: x`, 'has a name of 65 characters, expected at most 64'],
  ['name: good', 'has no description'],
  ['name: good\ndescription: ""', 'has an empty description'],
  ['name: good\ndescription: [x]', 'has the description ["x"], expected a text'],
  [`name: good\ndescription: ${'x'.repeat(1025)}`, 'has a description of 1025 characters, expected at most 1024'],
  [`${fine}\ncompatibility: ${'x'.repeat(501)}`, 'has a compatibility of 501 characters, expected at most 500'],
  [`${fine}\nmetadata: [1]`, 'has metadata that is no mapping of texts to texts'],
  [`${fine}\nversion: 1`, 'has the key "version" in its front matter'],
  ['name: [', 'has a front matter that is no YAML'],
  ['- good', 'has a front matter that is no mapping'],
])('front matter %j is told: %s', (frontMatter, message) => {
  expect(check({ 'SKILL.md': page(frontMatter) }).join('\n')).toContain(message);
});

test('a description of 1024 characters and a name of 64 are within the limits', () => {
  const name = 'a'.repeat(64);
  mkdirSync(join(around, name));
  writeFileSync(join(around, name, 'SKILL.md'), page(`name: ${name}\ndescription: ${'x'.repeat(1024)}`));
  expect(checkSkill(join(around, name))).toEqual([]);
});

test.each([
  [{ 'skill.md': page(fine) }, 'good: has no SKILL.md'],
  [{ 'SKILL.md': '# Good\n' }, 'good/SKILL.md:1: begins with no front matter'],
  [{ 'SKILL.md': `---\n${fine}\n` }, 'has a front matter without an end'],
  [{ 'SKILL.md': page(fine, '\n') }, 'has nothing below its front matter'],
  [{ 'SKILL.md': page(fine, '[x](gone.md)\n') }, 'good/SKILL.md:6: names gone.md, which is not there'],
  [{ 'SKILL.md': page(fine, 'Run `scripts/gone.sh`.\n') }, 'names scripts/gone.sh, which is not there'],
  [{ 'SKILL.md': page(fine, '[x](../other/SKILL.md)\n') }, 'leads out of the skill: ../other/SKILL.md'],
  [{ 'SKILL.md': page(fine), 'references/a.md': '[x](b.md)\n' }, 'good/references/a.md:1: names b.md'],
])('%j is told: %s', (files, message) => {
  expect(check(files as Record<string, string>).join('\n')).toContain(message);
});

test('a page of 500 lines is too long, one of 499 is not, and a limit of its own counts', () => {
  const lines = (count: number) => page(fine, 'x\n'.repeat(count - 5));
  expect(check({ 'SKILL.md': lines(499) })).toEqual([]);
  expect(check({ 'SKILL.md': lines(500) })).toEqual(['good/SKILL.md: has 500 lines, expected fewer than 500']);
  expect(check({ 'SKILL.md': lines(200) }, 200)).toEqual(['good/SKILL.md: has 200 lines, expected fewer than 200']);
});

test('a folder that is not there is an error, not a problem of a skill', () => {
  expect(() => checkSkill(join(around, 'nowhere'))).toThrow('is no folder, expected the folder of a skill');
});

test('any text is split without an exception, and nothing of its body is lost', () => {
  const line = fc.constantFrom('---', 'name: x', '\tx: [', 'a: &a [*a]', '', '# x', '--- ');
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.array(line).map((lines) => lines.join('\n')),
      ),
      (text) => {
        const { body, frontMatter, problem } = parseSkillText(text);
        expect(text.replaceAll('\r\n', '\n').endsWith(body.replaceAll('\r\n', '\n'))).toBe(true);
        expect(frontMatter === null).toBe(problem !== null);
      },
    ),
  );
});
