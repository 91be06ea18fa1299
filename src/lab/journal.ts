/**
 * Entries of RESEARCH_JOURNAL.md as text: how one reads, where a new one goes, whether a job or an experiment has one. Pure.
 * What was measured (Observation) and what the lab or an agent concludes (Inference) are kept apart.
 */
import type { ReportFacts } from '../domain/report.ts';
import type { Evidence, Status } from '../domain/result.ts';
import { nameDecision } from './decision-words.ts';
import { formatChange, formatObservations } from './report-figures.ts';
import { formatForeignLine } from './untrusted-markdown.ts';

/** What one entry says. Figures come as text with their units, ready to read. */
export interface JournalEntry {
  /** "2026-11-21", the day the run ended. */
  date: string;
  /** The change in one line. */
  title: string;
  /** What is not decided says what it is instead. */
  status: Status | 'baseline' | 'bridge' | 'task' | 'test';
  /** What a keep rests on; "" or absent for anything else. */
  evidence?: Evidence;
  job: number;
  attempt: number;
  /** Full or short hash; 7 characters are shown. */
  commit: string;
  question: string;
  hypothesis: string;
  /** "-0.05 val_bpb"; "" where the hypothesis states no figure. */
  expected: string;
  /** "-0.041 val_bpb"; "" where there is no base or no metric. */
  observed: string;
  /** Measured facts, one sentence or figure each, with units and noise widths. */
  observations: string[];
  /** What the lab concludes: the reason of the decision. */
  inference: string;
  /** The run's folder relative to the lab; null where the entry is of more than one run. */
  runFolder: string | null;
}

/** What the entry of an experiment is made of. */
export interface ExperimentEntryFacts {
  facts: ReportFacts;
  /** 1 for the first try of the idea. */
  attempt: number;
  /** Path of the report relative to the root; null where none was written. */
  report: string | null;
  /** The agent's summary; "" where it wrote none. */
  summary: string;
  /** What the agent would do next; "" where it proposes nothing. */
  next: string;
}

/** The text of a journal that has no entries yet. */
export const emptyJournal = `# Research journal

What was tried and what came of it, newest first. The lab adds an entry for each job; old text is never changed.
`;

function formatLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}

function formatPoints(points: string[]): string {
  const lines = points.map(formatLine).filter((line) => line !== '');
  return (lines.length === 0 ? ['nothing was measured'] : lines).map((line) => `- ${line}`).join('\n');
}

/** One entry in markdown, ending in one line end. Line breaks inside texts become spaces, so that no text can pass for a heading. */
export function formatJournalEntry(entry: JournalEntry): string {
  const origin = [`job ${entry.job}`, `attempt ${entry.attempt}`, `commit ${entry.commit.slice(0, 7)}`];
  if (entry.runFolder !== null) origin.push(`run folder \`${formatLine(entry.runFolder)}\``);
  const expected = formatLine(entry.expected) || 'no figure stated';
  const observed = formatLine(entry.observed) || 'nothing to compare';
  return `## ${entry.date}: ${formatLine(entry.title) || `job ${entry.job}`} (${nameDecision(entry.status, entry.evidence ?? '')})

${origin.join(', ')}

- Question: ${formatLine(entry.question) || 'none stated'}
- Hypothesis: ${formatLine(entry.hypothesis) || 'none stated'}
- Expected ${expected}; observed ${observed}

**Observation** (measured)

${formatPoints(entry.observations)}

**Inference** (what the lab concludes)

${formatLine(entry.inference) || 'none'}
`;
}

/** The entry of one experiment in markdown, ending in one line end. No text of an agent can pass for a heading or a line of origin. */
export function formatExperimentEntry({ facts, attempt, report, summary, next }: ExperimentEntryFacts): string {
  const origin = [`experiment ${facts.slug}`, `attempt ${attempt}`];
  origin.push(report === null ? 'no report' : `report ${formatLine(report)}`);
  const expected = formatLine(facts.expected) || 'no figure stated';
  const observed = formatChange(facts.observed, facts.unit) || 'nothing to compare';
  const author = facts.authors.map(formatLine).find((line) => line.startsWith('reporter: '));
  // Where no agent wrote a word, what is left is the lab's own conclusion.
  const words = formatForeignLine(summary);
  const by = words === '' ? 'what the lab concludes' : `by ${author ?? 'an agent'}, not measured`;
  // What was asked and measured stands in the entry of the job, once; without a job this is the only place for it.
  const job = facts.metric === null && facts.decision !== 'crash' ? null : (facts.jobs.at(-1) ?? null);
  const measured =
    job === null
      ? `- Question: ${formatLine(facts.question) || 'none stated'}
- Hypothesis: ${formatLine(facts.hypothesis) || 'none stated'}
- Expected ${expected}; observed ${observed}

**Observation** (measured)

${formatPoints(formatObservations(facts))}`
      : `- Expected ${expected}; observed ${observed}; what was asked and measured: the entry of job ${job}`;
  return `## ${facts.date}: report on ${facts.slug} (${nameDecision(facts.decision, formatLine(facts.evidence))})

${origin.join(', ')}

${measured}

**Inference** (${by})

${words || formatForeignLine(facts.reason) || 'none'}

**Next**

${formatForeignLine(next) || 'none proposed'}
`;
}

/** Position of the first entry; the end of the text where there is none. Headings inside code fences do not count. */
export function findFirstEntry(text: string): number {
  let fence: string | null = null;
  let position = 0;
  for (const line of text.split('\n')) {
    const mark = /^ {0,3}(```|~~~)/.exec(line)?.[1] ?? null;
    if (mark !== null && (fence === null || fence === mark)) fence = fence === null ? mark : null;
    else if (fence === null && /^## /.test(line)) return position;
    position += line.length + 1;
  }
  return text.length;
}

/**
 * The journal with a new entry above the others, below the heading and its introduction; null text starts a journal. Old
 * text stays byte for byte, only blank lines come between.
 */
export function insertJournalEntry(text: string | null, entry: string): string {
  const old = text === null || text.trim() === '' ? emptyJournal : text;
  const lineEnd = /\r\n/.test(old) ? '\r\n' : '\n';
  const at = findFirstEntry(old);
  const before = old.slice(0, at);
  const after = old.slice(at);
  const ends = /(\r?\n)*$/.exec(before)?.[0].split('\n').length ?? 1;
  const gap = before === '' || before === '\ufeff' ? '' : lineEnd.repeat(Math.max(0, 3 - ends));
  const body = entry.trimEnd().replaceAll('\r\n', '\n').replaceAll('\n', lineEnd);
  return `${before}${gap}${body}${lineEnd}${after === '' ? '' : lineEnd}${after}`;
}

/** Jobs that have an entry: a `## ` heading with the job's line of origin under it. */
export function parseJournalJobs(text: string): Set<number> {
  const origins = text.matchAll(/^## .*\r?\n(?:[ \t]*\r?\n)*job (\d+), attempt \d+, commit /gm);
  return new Set(Array.from(origins, (found) => Number(found[1])));
}

/** Experiments that have an entry, as "slug#attempt": a `## ` heading with the experiment's line of origin under it. */
export function parseJournalExperiments(text: string): Set<string> {
  const origins = text.matchAll(
    /^## .*\r?\n(?:[ \t]*\r?\n)*experiment ([^\s,]+), attempt (\d+), (?:report|no report)\b/gm,
  );
  return new Set(Array.from(origins, (found) => `${found[1]}#${found[2]}`));
}
