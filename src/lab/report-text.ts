/** A report as the lab writes it: front matter, the fixed headings, and under them figures and prose, kept apart. Pure; reading one is in report-parse.ts. */
import type { ReportFacts, ReportProse } from '../domain/report.ts';
import { formatEntries } from './front-matter.ts';
import { formatChange, formatInterval, formatMetric } from './report-figures.ts';
import { formatProvenance } from './report-provenance.ts';
import {
  formatChanged,
  formatExpectedAndObserved,
  formatInferences,
  formatLinks,
  formatMeasured,
  formatProse,
  formatQuestion,
} from './report-sections.ts';
import { formatInline } from './untrusted-markdown.ts';

/** The headings of a report in their order. */
export const reportHeadings = [
  'Question',
  'What was changed',
  'Expected and observed',
  'Observations',
  'Inferences',
  'Claims',
  'What next',
  'Links',
] as const;

/** The keys of a report's front matter in their order. */
export const reportKeys = [
  'slug',
  'date',
  'commit',
  'base',
  'decision',
  'evidence',
  'metric',
  'base_metric',
  'observed',
  'expected',
  'interval',
  'n',
  'memory_gb',
  'minutes',
  'jobs',
  'track',
  'device',
  'reviewed',
  'verdict',
  'reviewer',
] as const;
/** One of reportKeys. */
export type ReportKey = (typeof reportKeys)[number];

/** "2026-11-21_slug.md" for the first attempt, "2026-11-21_slug.2.md" for the second: no slug has a full stop in it. */
export function reportFileName(date: string, slug: string, attempt: number): string {
  return `${date}_${slug}${attempt > 1 ? `.${attempt}` : ''}.md`;
}

function createValues(facts: ReportFacts): Record<ReportKey, string> {
  return {
    slug: facts.slug,
    date: facts.date,
    commit: facts.commit?.slice(0, 7) ?? '',
    base: facts.base.slice(0, 7),
    decision: facts.decision,
    evidence: facts.evidence,
    metric: formatMetric(facts.metric),
    base_metric: formatMetric(facts.baseMetric),
    observed: formatChange(facts.observed, facts.unit),
    expected: formatInline(facts.expected),
    interval: formatInterval(facts.interval),
    n: String(facts.n),
    // Three decimals where results.tsv has one: a small model's 0.02 GB would read as none.
    memory_gb: facts.memoryGb?.toFixed(3) ?? '',
    minutes: facts.minutes?.toFixed(2) ?? '',
    jobs: facts.jobs.join(', '),
    track: facts.track,
    device: formatInline(facts.device),
    reviewed: '',
    verdict: '',
    reviewer: '',
  };
}

/**
 * The report of one experiment, ending in one line end. Every figure comes from `facts`; `prose` (null where no reporter wrote any) gives
 * words alone and is to be checked with checkNumbers first. No text in either can forge a heading or front matter.
 */
export function formatReport(facts: ReportFacts, prose: ReportProse | null): string {
  const texts: Record<(typeof reportHeadings)[number], string> = {
    Question: formatQuestion(facts),
    'What was changed': formatChanged(facts, prose),
    'Expected and observed': formatExpectedAndObserved(facts),
    Observations: formatMeasured(facts),
    Inferences: formatInferences(prose),
    Claims: formatProse(prose?.claims),
    'What next': formatProse(prose?.next),
    Links: formatLinks(facts),
  };
  const notice = facts.notice === null ? '' : formatInline(facts.notice).replaceAll('*', '\\*');
  const parts = [
    `---\n${formatEntries(createValues(facts))}---`,
    `# ${formatInline(facts.title) || facts.slug}`,
    ...(notice === '' ? [] : [`*${notice}*`]),
    ...reportHeadings.map((heading) => `## ${heading}\n\n${texts[heading]}`),
    // Without a heading of its own: reports from before have none, and reading them is not to miss anything.
    ...(facts.provenance == null ? [] : [formatProvenance(facts.provenance)]),
  ];
  return `${parts.join('\n\n')}\n`;
}
