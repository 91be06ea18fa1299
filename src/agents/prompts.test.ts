/** Prompts: every placeholder is filled, a lab's own file counts, and what a prompt shows as an example is what the lab can read. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { packageRoot } from '../config/package-root.ts';
import { type AgentRole, agentRoles } from '../domain/experiment.ts';
import { readCritiques, readImplementation, readProposedIdeas, readReportProse, readReview } from './outbox.ts';
import { promptPlaceholders, renderPrompt } from './prompts.ts';

let lab: string;

beforeEach(() => {
  lab = mkdtempSync(join(tmpdir(), 'nl-prompts-'));
});

afterEach(() => {
  rmSync(lab, { recursive: true, force: true });
});

function valuesOf(role: AgentRole): Record<string, string> {
  return Object.fromEntries(promptPlaceholders[role].map((name) => [name, `<${name}>`]));
}

function writeOwn(role: AgentRole, text: string): void {
  mkdirSync(join(lab, 'prompts'), { recursive: true });
  writeFileSync(join(lab, 'prompts', `${role}.md`), text);
}

test.each(agentRoles)('the prompt of the %s uses all that it is given, leaves no hole and is short', (role) => {
  const prompt = renderPrompt(role, lab, valuesOf(role));
  for (const name of promptPlaceholders[role]) expect(prompt).toContain(`<${name}>`);
  expect(prompt).not.toMatch(/\{\{|\}\}/);
  expect(readFileSync(join(packageRoot(), 'prompts', `${role}.md`), 'utf8').split('\n').length).toBeLessThan(60);
});

test('a value stands in the prompt as it is: no placeholder in it is filled, no $ is special', () => {
  const title = '{{outbox}} $& $1 \\';
  expect(renderPrompt('implementer', lab, { ...valuesOf('implementer'), title })).toContain(title);
});

test('a missing and an unknown value are errors that name them', () => {
  const { wanted: _, ...missing } = valuesOf('ideator');
  expect(() => renderPrompt('ideator', lab, missing)).toThrow(/ideator was given nothing for wanted/);
  const unknown = { ...valuesOf('ideator'), wnated: '3' };
  expect(() => renderPrompt('ideator', lab, unknown)).toThrow(/a value for wnated, which it does not know/);
});

test("the lab's own prompt counts, and may leave placeholders out", () => {
  writeOwn('critic', 'Be kind.\nWrite to {{ outbox }}.\n');
  expect(renderPrompt('critic', lab, valuesOf('critic'))).toBe('Be kind.\nWrite to <outbox>.\n');
});

test("an unknown placeholder in the lab's own prompt is an error of its configuration, with the line", () => {
  writeOwn('critic', 'To {{outbox}}.\nBe {{mood}}.\n');
  const expected = expect.objectContaining({
    kind: 'config',
    message: expect.stringMatching(/prompts\/critic\.md:2 has the placeholder \{\{mood\}\}, expected one of labRoot/),
  });
  expect(() => renderPrompt('critic', lab, valuesOf('critic'))).toThrow(expected);
  writeOwn('critic', 'To {{outbox}}, not {{toString}}.\n');
  expect(() => renderPrompt('critic', lab, valuesOf('critic'))).toThrow(/\{\{toString\}\}/);
});

test('a foreign file of the same name, which says nothing of the outbox, is not sent to an agent', () => {
  writeOwn('critic', 'You are a movie critic.\n');
  expect(() => renderPrompt('critic', lab, valuesOf('critic'))).toThrow(/has no \{\{outbox\}\}/);
});

/** The example of what is handed in, from the prompt of a role. */
function exampleOf(role: AgentRole): string {
  const prompt = renderPrompt(role, lab, valuesOf(role));
  return /^````text\n([\s\S]*?)^````$/m.exec(prompt)?.[1] ?? '';
}

test('each example in a prompt is read without a problem', () => {
  const put = (name: string, role: AgentRole): void => writeFileSync(join(lab, name), exampleOf(role));
  put('01-word-memory.md', 'ideator');
  const { ideas, problems } = readProposedIdeas(lab);
  expect(problems).toEqual([]);
  expect(ideas).toMatchObject([{ problems: [], idea: { slug: 'word-memory' } }]);
  rmSync(join(lab, '01-word-memory.md'));
  put('word-memory.md', 'critic');
  expect(readCritiques(lab, ['word-memory'])).toMatchObject({ critiques: [{ rating: 6.5 }], problems: [] });
  put('notes.md', 'implementer');
  expect(readImplementation(lab)).toMatchObject({ kind: 'done', notes: expect.stringMatching(/^`features/) });
  put('review.md', 'reviewer');
  expect(readReview(lab)).toMatchObject({ kind: 'ok', verdict: 'changes', findings: { length: 2 } });
  put('report.md', 'reporter');
  expect(readReportProse(lab)).toMatchObject({ kind: 'ok', prose: { claims: '' } });
});
