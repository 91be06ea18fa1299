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
  tracks: 'tracks that rows name',
};

/** Lines of one check that are shown; the others are counted. */
const shown = 50;

function countKind(findings: readonly Finding[], kind: Finding['kind']): number {
  return findings.filter((finding) => finding.kind === kind).length;
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** Notes that differ only in numbers, hashes, quoted values and names say the same. */
function kindOf(message: string): string {
  return message
    .replaceAll(/"[^"]*"|\b[0-9a-f]{7,64}\b|\d+(?:\.\d+)?/g, '…')
    .replaceAll(/\b(experiment|track) \S+(?=[ ,])/g, '$1 …')
    .replaceAll(/\S*\/\S+/g, '…');
}

/** Places of collapsed notes that are shown. */
const shownPlaces = 3;

function renderNotes(notes: readonly Finding[]): string[] {
  const kinds = new Map<string, Finding[]>();
  for (const one of notes) kinds.set(kindOf(one.message), [...(kinds.get(kindOf(one.message)) ?? []), one]);
  return [...kinds].map(([kind, alike]) => {
    const [only] = alike;
    if (alike.length === 1 && only !== undefined)
      return `  note: ${disarmLine(only.place)}  ${disarmLine(only.message)}`;
    const places = alike.slice(0, shownPlaces).map(({ place }) => disarmLine(place));
    const more = alike.length - places.length;
    const isSame = alike.every(({ message }) => message === only?.message);
    const told = isSame ? (only?.message ?? kind) : kind;
    return `  ${alike.length} notes: ${places.join(', ')}${more === 0 ? '' : ` and ${more} more`}  ${disarmLine(told)}`;
  });
}

function renderCheck({ name, checked, findings }: CheckResult): string {
  const notes = findings.filter(({ kind }) => kind === 'note');
  const counts = `${countKind(findings, 'wrong')} wrong${notes.length === 0 ? '' : `, ${plural(notes.length, 'note')}`}`;
  // `lab tracks` counts more: the present one, and those of jobs without a row.
  const head = `${name}: ${checked} checked${name === 'tracks' ? ' (those that rows name)' : ''}, ${counts}`;
  // What is wrong first: notes alone must never push it out of sight.
  const wrong = findings.filter(({ kind }) => kind === 'wrong');
  const lines = [
    ...wrong.map(({ place, message }) => `  ${disarmLine(place)}  ${disarmLine(message)}`),
    ...renderNotes(notes),
  ];
  const more = lines.length > shown ? [`  and ${lines.length - shown} more (--json prints all)`] : [];
  return [head, ...lines.slice(0, shown), ...more].join('\n');
}

/** What the notes mean for the verdict; "" where there are none. */
function describeNotes(findings: readonly Finding[]): string {
  const notes = findings.filter(({ kind }) => kind === 'note');
  const done = notes.filter(({ settled }) => settled === true).length;
  const open = notes.length - done;
  if (notes.length === 0) return '';
  const head = `; ${plural(notes.length, 'note')}: `;
  const what = notes.length === 1 ? 'what it names' : 'what they name';
  if (done === 0) return `${head}${what} cannot be checked here`;
  if (open === 0) return `${head}${what} was put right or owned up to`;
  return `${head}${open} ${open === 1 ? 'names' : 'name'} what cannot be checked here, ${done} what was put right or owned up to`;
}

/** The whole audit as text. */
export function renderAudit(checks: readonly CheckResult[]): string {
  const findings = checks.flatMap((check) => check.findings);
  const wrong = countKind(findings, 'wrong');
  return `${checks.map(renderCheck).join('\n')}\n${wrong === 0 ? 'nothing wrong' : `${wrong} wrong`}${describeNotes(findings)}\n`;
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
