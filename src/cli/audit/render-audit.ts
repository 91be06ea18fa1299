/** How an audit reads on a terminal: a count line for each check, its findings below it, and one line for the whole. Pure. */
import type { CheckName, CheckResult, Finding } from '../../analysis/audit/finding.ts';
import type { RebuiltLedger } from '../../analysis/audit/rebuild-ledger.ts';
import { disarmLine } from '../page.ts';

/** What each check counts. */
const counted: Record<CheckName, string> = {
  rows: 'rows of results.tsv',
  runs: 'runs',
  records: 'recorded jobs',
  journal: 'entries',
  reports: 'reports',
  refs: 'commits of attempts',
  history: 'commits of main',
  tracks: 'tracks',
};

/** Findings of one check that are shown; the others are counted. */
const shown = 50;

function countKind(findings: readonly Finding[], kind: Finding['kind']): number {
  return findings.filter((finding) => finding.kind === kind).length;
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

function renderCheck({ name, checked, findings }: CheckResult): string {
  const notes = countKind(findings, 'note');
  const head = `${name}: ${checked} checked, ${countKind(findings, 'wrong')} wrong${notes === 0 ? '' : `, ${plural(notes, 'note')}`}`;
  // What is wrong first: notes alone must never push it out of sight.
  const sorted = [...findings].sort((a, b) => Number(a.kind === 'note') - Number(b.kind === 'note'));
  const lines = sorted
    .slice(0, shown)
    .map(
      ({ kind, place, message }) => `  ${kind === 'note' ? 'note: ' : ''}${disarmLine(place)}  ${disarmLine(message)}`,
    );
  if (findings.length > shown) lines.push(`  and ${findings.length - shown} more (--json prints all)`);
  return [head, ...lines].join('\n');
}

/** The whole audit as text. */
export function renderAudit(checks: readonly CheckResult[]): string {
  const findings = checks.flatMap((check) => check.findings);
  const [wrong, notes] = [countKind(findings, 'wrong'), countKind(findings, 'note')];
  const told = notes === 0 ? '' : `, ${plural(notes, 'note')} (what cannot be checked, or is owned up to)`;
  const verdict = wrong === 0 ? `nothing wrong${told}` : `${wrong} wrong${told}`;
  return `${checks.map(renderCheck).join('\n')}\n${verdict}\n`;
}

/** The same as a value for --json. */
export function auditToJson(checks: readonly CheckResult[]): unknown {
  const findings = checks.flatMap(({ name, findings: found }) => found.map((finding) => ({ check: name, ...finding })));
  return {
    wrong: countKind(findings, 'wrong'),
    notes: countKind(findings, 'note'),
    checks: checks.map(({ name, checked, findings: found }) => ({
      name,
      what: counted[name],
      checked,
      wrong: countKind(found, 'wrong'),
      notes: countKind(found, 'note'),
    })),
    findings,
  };
}

/** Whether nothing is wrong; notes are none. */
export function isClean(checks: readonly CheckResult[]): boolean {
  return checks.every(({ findings }) => countKind(findings, 'wrong') === 0);
}

/** The difference between the real and the rebuilt ledger, row by row; "identical" where there is none. */
export function renderDifference(ledger: RebuiltLedger, real: string, file: string): string {
  const skipped = ledger.skipped.map(({ job, reason }) => `not rebuilt: job ${job}: ${reason}\n`).join('');
  if (ledger.differences.length === 0 && ledger.isSameOrder && skipped === '')
    return `identical: ${plural(ledger.rows, 'row')}\n`;
  const order = ledger.isSameOrder ? '' : 'the rows stand in another order than they were recorded in\n';
  const line = (sign: string, text: string | null) => (text === null ? '' : `${sign}${disarmRow(text)}\n`);
  const hunks = ledger.differences.map(
    ({ what, real: old, rebuilt }) => `@@ ${what} @@\n${line('-', old)}${line('+', rebuilt)}`,
  );
  const head = hunks.length === 0 ? '' : `--- ${real}\n+++ ${disarmLine(file)}\n`;
  return `${head}${hunks.join('')}${order}${skipped}`;
}

/** A row without characters that could steer a terminal; its tabs stay. */
function disarmRow(text: string): string {
  return text
    .split('\t')
    .map((cell) => disarmLine(cell))
    .join('\t');
}
