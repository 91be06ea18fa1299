/** Check `reports`: the front matter of every report on main against the runs, and every number in its text against the record. */

import type { ReportFacts } from '../../domain/report.ts';
import { messageOf } from '../../errors/lab-error.ts';
import { readDiff } from '../../git/diff-facts.ts';
import { findValue, parseFrontMatter } from '../../lab/front-matter.ts';
import { isRecordName } from '../../lab/record-files.ts';
import { checkNumbers } from '../../lab/report-numbers.ts';
import { parseReport, type Report } from '../../lab/report-parse.ts';
import { formatReport, reportKeys } from '../../lab/report-text.ts';
import { attemptOf } from '../../lab/reports.ts';
import type { AuditSources } from './audit-sources.ts';
import { type CheckResult, type Finding, note, quoteValue, wrong } from './finding.ts';
import type { MainFile } from './main-files.ts';
import { rebuildFacts } from './report-facts.ts';

/** What a human fills in. */
const humanKeys = new Set<string>(['reviewed', 'verdict', 'reviewer']);
/** Most of a diff that is read as a source of numbers, bytes; as much as the reporter was given. */
const diffBytes = 100_000;

function lineOf(text: string, pattern: RegExp): number {
  const at = text.split('\n').findIndex((line) => pattern.test(line));
  return at === -1 ? 1 : at + 1;
}

function checkFrontMatter({ path, text }: MainFile, facts: ReportFacts): Finding[] {
  const read = (source: string) => {
    const { values } = parseFrontMatter(source);
    return (key: string): string => {
      const value = findValue(values, key);
      return (Array.isArray(value) ? value.join(', ') : (value ?? '')).trim();
    };
  };
  const [has, should] = [read(text), read(formatReport(facts, null))];
  return reportKeys
    .filter((key) => !humanKeys.has(key) && has(key) !== should(key))
    .map((key) =>
      wrong(
        `${path}:${lineOf(text, new RegExp(`^${key}\\s*:`, 'i'))}`,
        `${key} is ${quoteValue(has(key))}, expected ${quoteValue(should(key))} by the run folder`,
      ),
    );
}

const escapePattern = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

/** Numbers in the sections that no source has. What stands under Review are the words of humans, and answers that were checked then. */
function checkSections({ path, text }: MainFile, report: Report, facts: ReportFacts, sources: string[]): Finding[] {
  return Object.entries(report.sections)
    .filter(([heading]) => heading !== 'Review')
    .flatMap(([heading, section]) => {
      const prose = { changed: section, inferences: '', claims: '', next: '', summary: '' };
      return checkNumbers(prose, facts, sources).map((problem) => {
        const token = /^changed: "([\s\S]*)" is in no record/.exec(problem)?.[1] ?? '';
        const digits = /\d[\d.,_]*/.exec(token)?.[0] ?? token;
        const line = lineOf(text, new RegExp(`(?<![\\d.])${escapePattern(digits)}`));
        return wrong(
          `${path}:${line}`,
          `${quoteValue(token)} under "${heading}" is in no record, expected figures of the run or derived from it`,
        );
      });
    });
}

async function checkReport(sources: AuditSources, file: MainFile): Promise<Finding[]> {
  const report = parseReport(file.text, file.path);
  let rebuilt: ReturnType<typeof rebuildFacts>;
  try {
    rebuilt = rebuildFacts(sources, report.slug, attemptOf(file));
  } catch (error) {
    return [note(file.path, `cannot be checked: ${messageOf(error).split('\n')[0] ?? ''}`)];
  }
  const { facts, gone } = rebuilt;
  const findings = checkFrontMatter(file, facts);
  if (gone !== null)
    findings.push(note(file.path, `${gone} is gone: its figures are held only to what was kept with the report`));
  const idea = sources.files.find(({ path }) => path.startsWith('1_ideas/') && path.endsWith(`_${facts.slug}.md`));
  // What the lab itself writes from these facts, and what it quotes without vouching for it.
  const texts = [
    formatReport(facts, null),
    facts.implementerNotes,
    facts.reviewNotes,
    facts.proseProblem,
    idea?.text ?? '',
  ];
  const numbers = checkSections(file, report, facts, texts);
  if (numbers.length === 0 || facts.commit === null) return [...findings, ...numbers];
  // Only now, because it is a git call for each report.
  const diff = await readDiff(sources.paths.root, facts.start ?? facts.base, facts.commit, diffBytes).catch(() => null);
  if (diff === null)
    findings.push(
      note(file.path, `the change ${facts.commit.slice(0, 7)} cannot be read: its numbers are unknown here`),
    );
  return [...findings, ...checkSections(file, report, facts, [...texts, diff ?? ''])];
}

/** The check. */
export async function checkReports(sources: AuditSources): Promise<CheckResult> {
  const reports = sources.files.filter(({ path }) => {
    const name = /^9_reports\/([^/]+)$/.exec(path)?.[1];
    return name !== undefined && isRecordName(name);
  });
  const findings: Finding[] = [];
  for (const file of reports) {
    try {
      findings.push(...(await checkReport(sources, file)));
    } catch (error) {
      // Facts that were kept whole and hold something else than facts: one report cannot be checked, the others can.
      findings.push(wrong(file.path, `what was kept of it is broken: ${messageOf(error).split('\n')[0] ?? ''}`));
    }
  }
  return { name: 'reports', checked: reports.length, findings };
}
