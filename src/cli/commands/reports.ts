/** `lab reports`: the reports as a table, and `lab reports review`. Listing reads files and git, no daemon. */
import pc from 'picocolors';
import { recordingNotice } from '../../agents/recording-notice.ts';
import type { EvidenceBook } from '../../analysis/change-evidence.ts';
import { outcomeWords, verdicts } from '../../lab/report-parse.ts';
import { readReports, type StoredReport } from '../../lab/reports.ts';
import { askReport } from '../../pipeline/ask-report.ts';
import { retryIdea } from '../../pipeline/retry-idea.ts';
import type { CommandSpec } from '../define.ts';
import { createRecording, openLab, readPersonName } from '../open-lab.ts';
import { disarmLine } from '../page.ts';
import { cut, renderTable } from '../render.ts';
import { readEvidence, readSince } from '../reports/report-evidence.ts';
import { compareReports, listWaiting } from '../reports/report-order.ts';
import type { ReviewActions } from '../reports/review-actions.ts';
import { reviewReports } from '../reports/review-reports.ts';
import { mergeOptions, parseChoice, runVerb, type Verb } from '../verbs.ts';
import { usePipeline } from '../with-pipeline.ts';

/** What a verdict sets going besides being recorded; a verdict whose action is missing is not offered. */
const actions: ReviewActions = {
  async ask(slug, question) {
    const asker = await readPersonName((await openLab()).paths.root);
    const { signal } = new AbortController();
    const answer = await usePipeline({ agent: null, flags: {} }, ['reporter'], signal, (context) =>
      askReport(context, slug, asker, question),
    );
    return `${answer}\n(question and answer now stand under Review in the report)`;
  },
  async retry(slug, note) {
    await retryIdea(createRecording(await openLab()), slug, note);
    return `${slug} is open again: \`lab implement ${slug}\` builds it anew`;
  },
};

const list: Verb = {
  name: 'list',
  usage: '',
  summary: 'List the reports, the newest first (the default)',
  options: [
    { name: 'verdict', value: 'word', description: `only with this verdict: none, ${verdicts.join(', ')}` },
    { name: 'decision', value: 'word', description: `only with this decision: ${outcomeWords.join(', ')}` },
    { name: 'json', description: 'Print as JSON' },
  ],
  async run(input) {
    const verdict = parseChoice('verdict', input.text('verdict'), ['none', ...verdicts]);
    const decision = parseChoice('decision', input.text('decision'), outcomeWords);
    const { paths, main } = await openLab();
    const all = await readReports(paths.root, main);
    const book = await readEvidence({ paths, main });
    const shown = all
      .filter(({ report }) => verdict === null || (report.verdict || 'none') === verdict)
      .filter(({ report }) => decision === null || report.decision === decision)
      .sort(compareReports)
      .reverse();
    for (const { path, problems } of shown)
      for (const problem of problems) process.stderr.write(`${path}: ${disarmLine(problem)}\n`);
    if (shown.some(({ text }) => text.includes(recordingNotice))) process.stderr.write(`${recordingNotice}\n`);
    if (input.flag('json')) {
      const rows = shown.map(({ path, report: { sections, ...rest } }) => ({
        ...rest,
        path,
        since: readSince(book, rest),
      }));
      process.stdout.write(
        `${JSON.stringify({ reports: all.length, waiting: listWaiting(all).length, rows }, null, 2)}\n`,
      );
    } else process.stdout.write(renderReports(all, shown, book));
    return 0;
  },
};

const review: Verb = {
  name: 'review',
  usage: '[slug…]',
  summary: 'Go through the reports that wait for your word',
  options: [
    { name: 'verdict', value: 'word', description: 'give this verdict to the named reports without asking' },
    { name: 'note', value: 'text', description: 'what you want to say with it; goes under Review' },
  ],
  run: (input) => reviewReports(input, actions),
};

const verbs: readonly Verb[] = [list, review];

/** Lists and reviews reports. */
export const reports: CommandSpec = {
  name: 'reports',
  summary: 'List the reports, or review those that wait for it',
  usage: '[list | review [slug…]]',
  options: mergeOptions(verbs),
  examples: [
    'lab reports --verdict none',
    'lab reports review',
    'lab reports review longer-contexts --verdict accept --note "clear beyond the noise"',
  ],
  run: (input) => runVerb('reports', verbs, input, 'list'),
};

function renderReports(all: readonly StoredReport[], shown: readonly StoredReport[], book: EvidenceBook): string {
  if (all.length === 0) return 'no reports yet: `lab implement --best` carries out the best idea and reports it\n';
  const counts = outcomeWords
    .map((word) => [all.filter(({ report }) => report.decision === word).length, word] as const)
    .filter(([number]) => number > 0)
    .map(([number, word]) => `${number} ${word}`);
  const waiting = listWaiting(all).length;
  const wait = waiting === 0 ? 'all reviewed' : `${waiting} to review (\`lab reports review\`)`;
  const head = `${all.length} ${all.length === 1 ? 'report' : 'reports'}${counts.length > 0 ? `: ${counts.join(', ')}` : ''}; ${wait}\n`;
  if (shown.length === 0) return `${head}none to show\n`;
  const more = shown.length < all.length ? `${shown.length} of ${all.length} shown\n` : '';
  const cells = shown.map(({ report }) => [
    disarmLine(report.date),
    disarmLine(report.slug),
    colourDecision(report.decision),
    cut(disarmLine(report.observed), 22),
    cut(disarmLine(report.expected), 22),
    [disarmLine(report.evidence), readSince(book, report) ?? ''].filter((part) => part !== '').join('; '),
    report.verdict === '' ? pc.yellow('none') : disarmLine(report.verdict),
    disarmLine(report.reviewer),
  ]);
  const header = ['date', 'slug', 'decision', 'observed', 'expected', 'evidence', 'verdict', 'reviewer'];
  return `${head}${more}\n${renderTable(header, cells, new Set([3, 4]))}`;
}

function colourDecision(decision: string): string {
  if (decision === 'keep') return pc.green(decision);
  if (decision === 'crash' || decision === 'failed') return pc.red(decision);
  return decision === 'refused' ? pc.yellow(decision) : disarmLine(decision);
}
