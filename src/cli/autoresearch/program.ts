/** `lab autoresearch program`: shows what program.md has of the five sections; with --write it writes what is missing and refreshes its own parts. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { findLabAround } from '../../config/lab-paths.ts';
import { LabError } from '../../errors/lab-error.ts';
import { resolveMainBranch } from '../../git/repository.ts';
import { explainFrozenWay, findFrozenWay } from '../../ratchet/frozen-permit.ts';
import { checkProgram, type ProgramCheck } from '../../ratchet/program/check-program.ts';
import {
  findWriteBar,
  planProgram,
  programFile,
  readProgram,
  renderProgramDiff,
  writeProgram,
} from '../../ratchet/program/program-mode.ts';
import { headingOf, programSections } from '../../ratchet/program/section-words.ts';
import { ensureNoWords } from '../define.ts';
import { openConfig } from '../open-config.ts';
import type { Verb } from '../verbs.ts';
import { printIntake } from './intake.ts';

/** Writes or refines program.md. */
export const program: Verb = {
  name: 'program',
  usage: '[--write]',
  summary: 'Show what program.md lacks; write or refine it outside a session',
  options: [
    { name: 'write', description: 'Write what is missing and refresh what the lab wrote; shows the diff' },
    { name: 'json', description: 'Print as JSON' },
  ],
  async run(input) {
    ensureNoWords('autoresearch program', input);
    const paths = findLabAround(process.cwd());
    const intake = await printIntake('program', paths ?? process.cwd());
    const isJson = input.flag('json');
    if (paths === null) {
      if (input.flag('write') || !existsSync(join(intake.repository.root, programFile)))
        throw new LabError('user', `${intake.repository.root} is no lab yet, so there is no baseline to write about`, {
          hints: ['`lab autoresearch setup` makes it one and measures the baseline'],
        });
      const check = checkProgram(readProgram(intake.repository.root) ?? '');
      process.stdout.write(isJson ? `${JSON.stringify({ ...describeCheck(check), intake })}\n` : renderCheck(check));
      return 0;
    }
    const config = openConfig(paths);
    const main = await resolveMainBranch(paths.root, config.main);
    const plan = await planProgram(paths, config, main);
    const bar = await findWriteBar(paths, main, plan !== null, process.env);
    const before = readProgram(paths.root);
    if (!input.flag('write') || plan === null || bar !== null) {
      if (input.flag('write')) throw bar ?? new LabError('internal', 'no plan for program.md, and no reason why');
      const check = checkProgram(before ?? '');
      const planned = plan === null ? { added: [], refreshed: [] } : plan.refined;
      if (isJson) {
        const { added, refreshed } = planned;
        const reason = bar?.message ?? null;
        process.stdout.write(
          `${JSON.stringify({ ...describeCheck(check), canWrite: bar === null, reason, added, refreshed, intake })}\n`,
        );
        return 0;
      }
      process.stdout.write(renderCheck(check));
      for (const line of renderNext(check, before, planned, bar)) process.stdout.write(`${line}\n`);
      return 0;
    }
    const { text, added, refreshed } = plan.refined;
    const diff = await renderProgramDiff(plan.before, text);
    if (diff !== '') await writeProgram(paths.root, plan.before, text);
    const way = await findFrozenWay(paths, main, new Date());
    const counting = diff === '' ? [] : explainFrozenWay(way, main, programFile, 'program: what a session goes by');
    if (isJson) {
      const missing = checkProgram(text).missing;
      process.stdout.write(
        `${JSON.stringify({ path: join(paths.root, programFile), missing, added, refreshed, diff, next: counting, intake })}\n`,
      );
      return 0;
    }
    process.stdout.write(diff);
    process.stderr.write(
      diff === ''
        ? `${programFile} says it all already: nothing to write\n`
        : `wrote ${programFile}${listChange('new', added)}${listChange('refreshed', refreshed)}\n`,
    );
    for (const line of counting) process.stderr.write(`${line}\n`);
    return 0;
  },
};

const listChange = (word: string, sections: readonly string[]) =>
  sections.length === 0 ? '' : `; ${word}: ${sections.join(', ')}`;

function describeCheck({ missing, found, isOriginal }: ProgramCheck) {
  const sections = programSections.map((section) => ({
    section,
    isThere: !missing.includes(section),
    heading: found[section]?.heading ?? null,
    line: found[section]?.line ?? null,
  }));
  return { sections, missing, isOriginal };
}

function renderCheck(check: ProgramCheck): string {
  const width = Math.max(...programSections.map((section) => section.length));
  return programSections
    .map((section) => {
      const part = check.found[section];
      const state = check.missing.includes(section) ? (part === undefined ? 'missing' : 'empty  ') : 'there  ';
      const where = part === undefined ? '' : `  "${part.heading}", line ${part.line}`;
      return `${section.padEnd(width)}  ${state}${where}`.trimEnd();
    })
    .map((line) => `${line}\n`)
    .join('');
}

function renderNext(
  check: ProgramCheck,
  before: string | null,
  planned: { added: readonly string[]; refreshed: readonly string[] },
  bar: LabError | null,
): string[] {
  const lines: string[] = [];
  if (before === null) lines.push('there is no program.md yet');
  else if (check.isOriginal)
    lines.push(
      "this is autoresearch's own program.md: it says how the loop goes, which the lab does now, and none of the five things that it starts from",
    );
  const missing = check.missing.map((section) => `"## ${headingOf(section)}"`);
  if (missing.length > 0) lines.push(`a session needs ${missing.join(', ')}: write them, or let --write add them`);
  if (bar !== null) return [...lines, `not writable now: ${bar.message}`, ...bar.hints.map((hint) => `hint: ${hint}`)];
  if (planned.added.length + planned.refreshed.length === 0) return [...lines, 'nothing to write'];
  const would = `${listChange('would add', planned.added)}${listChange('would refresh', planned.refreshed)}`;
  return [...lines, `lab autoresearch program --write${would}`];
}
