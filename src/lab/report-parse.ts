/**
 * Reads reports, which people edit: other orders and missing keys are problems, not exceptions. Sets a human's verdict without touching
 * anything else. Pure; which files there are is known to reports.ts.
 */
import type { OutcomeWord } from '../domain/experiment.ts';
import type { Provenance } from '../domain/provenance.ts';
import type { Verdict } from '../domain/report.ts';
import { findValue, parseFrontMatter, setFrontMatter } from './front-matter.ts';
import { foldHeading, parseSections, setSection } from './markdown-sections.ts';
import { foldProvenance, readProvenanceBlock } from './report-provenance.ts';
import { type ReportKey, reportHeadings, reportKeys } from './report-text.ts';
import { formatInline } from './untrusted-markdown.ts';

/** The words that `decision` may hold. */
export const outcomeWords: readonly OutcomeWord[] = ['keep', 'discard', 'crash', 'refused', 'failed'];
/** The words that `verdict` may hold. */
export const verdicts: readonly Verdict[] = ['accept', 'reject', 'ask', 'retry'];

/** A report as read. "" stands for what is missing or empty. */
export interface Report {
  slug: string;
  /** "2026-11-21", the day of the decision. */
  date: string;
  title: string;
  /** An OutcomeWord, or whatever stands there (with a problem). */
  decision: string;
  evidence: string;
  /** 7 characters. */
  commit: string;
  base: string;
  /** Null where nothing was measured. */
  metric: number | null;
  /** Null where the base was not measured. */
  baseMetric: number | null;
  /** Signed change with unit. */
  observed: string;
  expected: string;
  jobs: number[];
  track: string;
  device: string;
  /** When a human looked at it. */
  reviewed: string;
  /** A Verdict, or whatever stands there (with a problem). */
  verdict: string;
  reviewer: string;
  /** By heading as in reportHeadings; further headings as written. A fixed heading that is missing has no entry. */
  sections: Record<string, string>;
  /** Where the number comes from; null where the report does not say, or no longer in a way that can be read (with a problem). */
  provenance: Provenance | null;
  /** What is missing or wrong, one sentence each. */
  problems: string[];
}

function parseTitle(body: string): string {
  const head = body.split(/^ {0,3}##(?:\s|$)/m)[0] ?? '';
  return /^ {0,3}#[ \t]+(.+?)[ \t]*#*[ \t]*\r?$/m.exec(head)?.[1] ?? '';
}

function readSections(body: string, problems: string[]): Record<string, string> {
  const sections = new Map<string, string>();
  for (const { heading, text } of parseSections(body)) {
    const name = reportHeadings.find((known) => foldHeading(known) === foldHeading(heading)) ?? heading;
    if (sections.has(name)) problems.push(`the heading "${name}" stands twice; the first one counts`);
    else sections.set(name, foldProvenance(text, null).trim());
  }
  for (const heading of reportHeadings) {
    if (!sections.has(heading)) problems.push(`has no heading "## ${heading}"`);
  }
  return Object.fromEntries(sections);
}

/** Reads a report; `fileName` ("2026-11-21_slug.md", with or without folders) gives date and slug where the front matter lacks them. Never throws. */
export function parseReport(text: string, fileName: string): Report {
  const matter = parseFrontMatter(text);
  const problems = [...matter.problems];
  const read = (key: ReportKey): string => {
    const value = findValue(matter.values, key);
    return (Array.isArray(value) ? value.join(', ') : (value ?? '')).trim();
  };
  for (const key of reportKeys) {
    if (findValue(matter.values, key) === undefined) problems.push(`has no key ${key} in its front matter`);
  }
  const readNumber = (key: ReportKey): number | null => {
    const word = read(key);
    if (word === '') return null;
    const value = Number(word);
    if (Number.isFinite(value)) return value;
    problems.push(`${key}: got "${word}", expected a number or nothing`);
    return null;
  };
  const named = /(?:^|[\\/])(?:(\d{4}-\d{2}-\d{2})_)?([^\\/]*?)(?:\.\d+)?\.md$/i.exec(fileName);
  const date = read('date') || (named?.[1] ?? '');
  if (!/^\d{4}-\d{2}-\d{2}$/.test(date)) problems.push(`date: got "${date}", expected a day like 2026-11-21`);
  const decision = read('decision').toLowerCase();
  if (!outcomeWords.some((word) => word === decision)) {
    problems.push(`decision: got "${decision}", expected one of ${outcomeWords.join(', ')}`);
  }
  const verdict = read('verdict').toLowerCase();
  if (verdict !== '' && !verdicts.some((word) => word === verdict)) {
    problems.push(`verdict: got "${verdict}", expected one of ${verdicts.join(', ')}, or nothing`);
  }
  const jobWords = read('jobs')
    .split(/[\s,;[\]]+/)
    .filter((word) => word !== '');
  const wrongJob = jobWords.find((word) => !/^#?\d+$/.test(word));
  if (wrongJob !== undefined) problems.push(`jobs: got "${wrongJob}", expected numbers with commas`);
  const slug = read('slug') || (named?.[2] ?? '');
  const provenance = readProvenanceBlock(matter.body);
  if (provenance === 'broken')
    problems.push('the table of its provenance cannot be read; the run folder has provenance.json');
  return {
    slug,
    date,
    title: parseTitle(matter.body) || slug,
    decision,
    evidence: read('evidence'),
    commit: read('commit'),
    base: read('base'),
    metric: readNumber('metric'),
    baseMetric: readNumber('base_metric'),
    observed: read('observed'),
    expected: read('expected'),
    jobs: jobWords.filter((word) => /^#?\d+$/.test(word)).map((word) => Number(word.replace('#', ''))),
    track: read('track'),
    device: read('device'),
    reviewed: read('reviewed'),
    verdict,
    reviewer: read('reviewer'),
    sections: readSections(matter.body, problems),
    provenance: provenance === 'broken' ? null : provenance,
    problems,
  };
}

/** What a human said about a report. */
export interface ReportReview {
  verdict: Verdict;
  reviewer: string;
  /** When: a day or ISO 8601. */
  reviewed: string;
  /** What they want to say with it; "" or left out for nothing. */
  note?: string;
}

/**
 * The report with the verdict in its front matter; all other bytes stay. A note becomes one more line under "## Review" at the end, so
 * that earlier notes are kept.
 */
export function setVerdict(text: string, review: ReportReview): string {
  const { verdict, reviewer, reviewed } = review;
  const marked = setFrontMatter(text, { reviewed, verdict, reviewer });
  const note = formatInline(review.note ?? '');
  if (note === '') return marked;
  const by = formatInline(reviewer) === '' ? '' : `, ${formatInline(reviewer)}`;
  const line = `- ${formatInline(reviewed)}${by}: ${verdict}. ${note}`;
  const old = parseSections(parseFrontMatter(marked).body).find(({ heading }) => foldHeading(heading) === 'review');
  return setSection(marked, 'Review', old === undefined || old.text === '' ? line : `${old.text}\n${line}`, [
    ...reportHeadings,
    'Review',
  ]);
}
