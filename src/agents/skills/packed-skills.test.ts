/** The skills of the package: valid, short, naming only commands that exist, their scripts free of what shells and people trip over. */
import { execFileSync, spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { commandGroups } from '../../cli/commands.ts';
import { checkSkill, formatLimits, formatSkillProblem } from './check-skill.ts';
import { chooseSkills, readPackedSkills } from './packed-skills.ts';

const skills = readPackedSkills();
const names = skills.map(({ name }) => name);
const commands = new Set(commandGroups.flatMap((group) => group.commands.map(({ name }) => name)));
const pages = skills.flatMap(({ name, files }) =>
  files
    .filter(({ path }) => path.endsWith('.md'))
    .map(({ path, bytes }) => ({ name: `${name}/${path}`, text: bytes.toString('utf8') })),
);
const shells = skills.flatMap(({ folder, files }) =>
  files.filter(({ path }) => path.endsWith('.sh')).map(({ path }) => join(folder, path)),
);
const pythons = skills.flatMap(({ folder, files }) =>
  files.filter(({ path }) => path.endsWith('.py')).map(({ path }) => join(folder, path)),
);

test('the front door and the pack of eleven are there', () => {
  expect(names[0]).toBe('autoresearch');
  expect(names).toHaveLength(12);
  expect(skills[0]?.files.map(({ path }) => path)).toEqual([
    'SKILL.md',
    ...['architecture', 'hardware-config', 'operating-modes-and-route-outs', 'program-md-guide'].map(
      (page) => `references/${page}.md`,
    ),
    ...['check-hardware', 'lab', 'run-experiment', 'run-loop', 'setup', 'show-results'].map(
      (script) => `scripts/${script}.sh`,
    ),
  ]);
});

test.each(skills.map(({ name, folder }) => [name, folder]))('%s is valid, and short', (name, folder) => {
  const limits = name === 'autoresearch' ? formatLimits : { lines: 200 };
  expect(checkSkill(folder, limits).map((problem) => formatSkillProblem(name, problem))).toEqual([]);
});

test.each(pages.map(({ name, text }) => [name, text]))('%s names commands of the lab that exist', (_, text) => {
  const code = [...text.matchAll(/`([^`\n]+)`/g), ...text.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(
    (match) => match[1] ?? '',
  );
  const called = code.flatMap((words) =>
    [...words.matchAll(/(?:^|[\s(;"])lab ([a-z][\w-]*)/gm)].map((match) => match[1] ?? ''),
  );
  expect(called.filter((word) => !commands.has(word))).toEqual([]);
});

test('descriptions say when to use a skill, and differ', () => {
  for (const { description } of skills) expect(description).toMatch(/Use /);
  expect(new Set(skills.map(({ description }) => description)).size).toBe(skills.length);
});

test.each(shells)('%s can be read by a shell, may be run, and uses nothing of bash', (path) => {
  const { mode } = statSync(path);
  expect(mode & 0o100).toBe(0o100);
  // Whoever may read it may run it; who that is, is the umask's affair.
  expect(mode & 0o111).toBe((mode & 0o444) >> 2);
  execFileSync('sh', ['-n', path]);
});

test('shellcheck finds nothing in the scripts', ({ skip }) => {
  const { error, stdout, status } = spawnSync('shellcheck', shells, { encoding: 'utf8' });
  if (error) skip('shellcheck is not on this machine: the scripts were only parsed');
  expect(stdout).toBe('');
  expect(status).toBe(0);
});

test.each(pythons)('%s compiles', (path) => {
  execFileSync('python3', ['-c', 'import ast, sys; ast.parse(open(sys.argv[1]).read())', path]);
});

test('a name that no skill has is told with the valid ones', () => {
  expect(chooseSkills(skills, []).map(({ name }) => name)).toEqual(names);
  expect(chooseSkills(skills, ['lab-just', 'autoresearch']).map(({ name }) => name)).toEqual([
    'autoresearch',
    'lab-just',
  ]);
  expect(() => chooseSkills(skills, ['lab-cook'])).toThrow(
    'no skill is called "lab-cook", expected of: autoresearch, lab-arg',
  );
});
