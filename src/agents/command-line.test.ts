import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { formatCommand, programOf } from './command-line.ts';

const values = { promptFile: `/tmp/a b/it's "$HOME" \`x\`.md`, outbox: '/out', directory: '/d', model: null };
const fill = (template: string) => formatCommand('own', template, values);
const run = (template: string) => execFileSync('/bin/sh', ['-c', fill(template)], { encoding: 'utf8' });

for (const [where, template] of [
  ['bare', 'printf %s {promptFile}'],
  ['in double quotes', 'printf %s "{promptFile}"'],
  ['in single quotes', "printf %s '{promptFile}'"],
  ['in a substitution inside double quotes', 'printf %s "$(printf %s {promptFile})"'],
  ['in backticks', 'printf %s "`printf %s /tmp`"{promptFile} | cut -c5-'],
  ['after an escaped quote', 'printf %s \\"{promptFile} | cut -c2-'],
  ['in a subshell after a quote', `x="a)b"; (printf %s {promptFile})`],
] as const) {
  test(`a value with quotes, blanks and a dollar arrives as it is ${where}`, () => {
    expect(run(template).trim()).toBe(values.promptFile);
  });
}

test('the shell’s and awk’s own braces stay', () => {
  expect(run(`x=1; echo "\${x}" \${x} | awk '{print $1}'`)).toBe('1\n');
  expect(run(`echo a b | awk '{print}'; echo {a,b}{c`)).toBe('a b\n{a,b}{c\n');
});

test('an unknown placeholder is an error that lists the valid ones', () => {
  for (const template of ['agent {foo}', 'agent "{foo}"', 'agent "$(cat {foo})"']) {
    expect(() => fill(template)).toThrow(/"own" uses \{foo\}.*\{promptFile\} \{outbox\} \{directory\} \{model\}/);
  }
});

test('a placeholder without a value names the setting', () => {
  expect(() => fill('agent -m {model}')).toThrow(/agents\.model is not set/);
});

test('the program is the first word after assignments', () => {
  expect(programOf('claude -p < x')).toBe('claude');
  expect(programOf('  A=1 B=x exec2 y')).toBe('exec2');
  expect(programOf('exec /opt/agent "x"')).toBe('/opt/agent');
  expect(programOf('(cd x; y)')).toBe(null);
});
