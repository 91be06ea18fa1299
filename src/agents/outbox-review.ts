/**
 * What reviewers and reporters hand in: a verdict with findings, and the prose of a report. Everything wrong is a problem in words that
 * the agent can be given; whether a finding is right, and a number true, is judged elsewhere.
 */
import { parseDocument } from 'yaml';
import { z } from 'zod';
import type { ReportProse } from '../domain/report.ts';
import { foldHeading, parseSections } from '../lab/markdown-sections.ts';
import { readOutboxFile } from './outbox-files.ts';

/** One thing that a reviewer found. */
export interface ReviewFinding {
  /** `blocking`: the result would mean nothing. */
  severity: 'blocking' | 'minor';
  /** Path as the reviewer names it; "" where the finding is about no single file. */
  file: string;
  text: string;
}

/** A review that can be used, or what is wrong with it. */
export type ReviewRead =
  | { kind: 'ok'; verdict: 'approve' | 'changes'; findings: ReviewFinding[]; text: string }
  | { kind: 'wrong'; problems: string[] };

/** The prose of a report, or what is wrong with it. */
export type ReportRead = { kind: 'ok'; prose: ReportProse } | { kind: 'wrong'; problems: string[] };

const word = z.string({ error: 'expected a word' }).transform((text) => text.trim().toLowerCase());
const line = z.string().transform((text) => text.replace(/\s+/g, ' ').trim());
const nothing = /^(?:|~|-|null|none|\[\])$/i;

const verdicts: Readonly<Record<string, 'approve' | 'changes'>> = {
  approve: 'approve',
  approved: 'approve',
  changes: 'changes',
  'request changes': 'changes',
  'changes requested': 'changes',
};

const findingSchema = z.object({
  severity: word.pipe(z.enum(['blocking', 'minor'], { error: 'expected blocking or minor' })),
  file: line.nullish().transform((file) => (file && !nothing.test(file) ? file : '')),
  text: line.pipe(z.string().min(1, 'expected a sentence')),
});

const reviewSchema = z.object({
  verdict: word.transform((text, check) => {
    const verdict = verdicts[text.replace(/[-_]/g, ' ')];
    if (verdict !== undefined) return verdict;
    check.addIssue({ code: 'custom', message: `got "${text.slice(0, 40)}", expected approve or changes` });
    return z.NEVER;
  }),
  findings: z.preprocess(
    (found) => (found == null || (typeof found === 'string' && nothing.test(found.trim())) ? [] : found),
    z.array(findingSchema, { error: 'expected a list of {severity, file, text}, or []' }),
  ),
});

/** Parses YAML to plain values; a string tells what is wrong with it. */
function parseYaml(text: string): { value: unknown } | string {
  const document = parseDocument(text, { schema: 'failsafe', prettyErrors: false });
  const [error] = document.errors;
  if (error) {
    const at = text.slice(0, error.pos[0]).split('\n').length + 1;
    return `line ${at}: ${error.message}`;
  }
  try {
    return { value: document.toJS() as unknown };
  } catch (cause) {
    // An alias without an anchor, or too many of them.
    return String(cause);
  }
}

/** Puts one-line texts in quotes: agents write `text: the loop: it never ends # here`, which YAML refuses or cuts. */
function quoteTexts(text: string): string {
  return text.replace(
    /^([ \t]*(?:-[ \t]+)?(?:text|file):[ \t]+)(?!["'|>[{&*!])(\S.*)$/gm,
    (_, key: string, value: string) => key + JSON.stringify(value.trimEnd()),
  );
}

function parseFindings(yaml: string): { value: unknown } | string {
  const quoted = parseYaml(quoteTexts(yaml));
  // A text that goes on over several lines can be read only as it stands.
  return typeof quoted === 'string' ? parseYaml(yaml) : quoted;
}

function describeIssue(issue: { path: PropertyKey[]; message: string }): string {
  const [key, index, field] = issue.path.map(String);
  if (key === undefined) return issue.message;
  const place =
    index === undefined ? key : `${key}, number ${Number(index) + 1}${field === undefined ? '' : `, ${field}`}`;
  return `${place}: ${issue.message}`;
}

/** Reads review.md. "changes" without a blocking finding: the text counts as one. "approve" with a blocking finding counts as "changes". */
export function readReview(outbox: string): ReviewRead {
  const read = readOutboxFile(outbox, 'review.md');
  if (read.kind === 'missing') return { kind: 'wrong', problems: ['review.md is missing in the outbox'] };
  if (read.kind === 'wrong') return { kind: 'wrong', problems: [read.problem] };
  const parts = /^\s*---[ \t]*\n(?:([\s\S]*?)\n)?---[ \t]*(?:\n([\s\S]*))?$/.exec(read.text);
  if (!parts) {
    const problem = 'review.md has no front matter: begin with a line ---, then verdict and findings, then a line ---';
    return { kind: 'wrong', problems: [problem] };
  }
  const yaml = parseFindings(parts[1] ?? '');
  if (typeof yaml === 'string') return { kind: 'wrong', problems: [`review.md is broken YAML, ${yaml}`] };
  const parsed = reviewSchema.safeParse(yaml.value);
  if (!parsed.success) {
    return { kind: 'wrong', problems: parsed.error.issues.map((issue) => `review.md: ${describeIssue(issue)}`) };
  }
  const { findings } = parsed.data;
  const text = (parts[2] ?? '').trim();
  const isBlocked = findings.some(({ severity }) => severity === 'blocking');
  if (parsed.data.verdict === 'approve' && !isBlocked) return { kind: 'ok', verdict: 'approve', findings, text };
  if (isBlocked) return { kind: 'ok', verdict: 'changes', findings, text };
  if (text === '') {
    return { kind: 'wrong', problems: ['review.md asks for changes and says nowhere which: add a blocking finding'] };
  }
  return { kind: 'ok', verdict: 'changes', findings: [{ severity: 'blocking', file: '', text }, ...findings], text };
}

const proseHeadings = [
  ['changed', 'What was changed'],
  ['inferences', 'Inferences'],
  ['claims', 'Claims'],
  ['next', 'What next'],
  ['summary', 'Journal'],
] as const satisfies [keyof ReportProse, string][];

/** Longest entry for the journal, in characters: it is meant to be one or two sentences. */
const maxSummary = 1000;

/** Reads report.md. "None." under a heading counts as nothing; what stands above the first heading is passed over. */
export function readReportProse(outbox: string): ReportRead {
  const read = readOutboxFile(outbox, 'report.md');
  if (read.kind === 'missing') return { kind: 'wrong', problems: ['report.md is missing in the outbox'] };
  if (read.kind === 'wrong') return { kind: 'wrong', problems: [read.problem] };
  const prose: ReportProse = { changed: '', inferences: '', claims: '', next: '', summary: '' };
  const problems: string[] = [];
  const wanted = proseHeadings.map(([, heading]) => heading).join(', ');
  for (const { heading, text } of parseSections(read.text)) {
    const key = proseHeadings.find(([, known]) => foldHeading(known) === foldHeading(heading))?.[0];
    const shown = heading.slice(0, 60);
    if (key === undefined) problems.push(`report.md has the heading "${shown}", expected only ${wanted}`);
    else if (prose[key] !== '') problems.push(`report.md has the heading "${shown}" twice`);
    else prose[key] = /^(none|nothing|n\/a|-+|–|—)?\.?$/i.test(text) ? '' : text;
  }
  if (prose.changed === '') problems.push('report.md has no text under "## What was changed"');
  if (prose.summary === '') problems.push('report.md has no text under "## Journal"');
  if (prose.summary.length > maxSummary) {
    problems.push(
      `report.md has ${prose.summary.length} characters under "## Journal", expected at most ${maxSummary}`,
    );
  }
  return problems.length === 0 ? { kind: 'ok', prose } : { kind: 'wrong', problems };
}
