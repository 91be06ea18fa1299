/** The text under each heading of a report, made of the lab's figures and the agents' prose. Pure. Headings and front matter are in report-text.ts. */
import type { ReportFacts, ReportProse } from '../domain/report.ts';
import { formatWidths } from '../stats/decision.ts';
import { judgeExpectation } from './expectation-verdict.ts';
import {
  formatChange,
  formatCount,
  formatInterval,
  formatMetric,
  formatObservations,
  formatUnit,
  whyNotMeasured,
} from './report-figures.ts';
import {
  formatBlock,
  formatCell,
  formatCode,
  formatFence,
  formatForeignLine,
  formatInline,
  formatQuote,
} from './untrusted-markdown.ts';

function joinParts(parts: (string | null)[]): string {
  return parts.filter((part) => part !== null && part !== '').join('\n\n');
}

function formatList(lines: string[]): string {
  return lines.map((line) => `- ${line}`).join('\n');
}

function formatTable(header: string[], rows: string[][]): string {
  const line = (cells: string[]) => `| ${cells.join(' | ')} |`;
  return [line(header), `|${'---|'.repeat(header.length)}`, ...rows.map(line)].join('\n');
}

/** The question, the hypothesis, what would refute it, and why the idea was chosen. */
export function formatQuestion(facts: ReportFacts): string {
  const choice = facts.choice.map(formatInline).filter((line) => line !== '');
  return joinParts([
    formatForeignLine(facts.question) || 'No question was stated.',
    `**Hypothesis:** ${formatInline(facts.hypothesis) || 'none stated'}`,
    `**Refuted by:** ${formatInline(facts.refutedBy) || 'none stated'}`,
    choice.length === 0 ? null : `**Why this idea, and why now:**\n\n${formatList(choice)}`,
  ]);
}

/** Without prose: the implementer's notes as a quotation, and why there is no prose. */
function formatOwnWords(facts: ReportFacts): string {
  const notes = formatQuote(facts.implementerNotes);
  return joinParts([
    notes === '' ? 'No agent described the change.' : `The implementer's own words, unchecked:\n\n${notes}`,
    facts.proseProblem === '' ? null : `The reporter's prose was not used: ${formatInline(facts.proseProblem)}`,
  ]);
}

/** The agent's words, the files with their lines, what went back and what the reviewer said. */
export function formatChanged(facts: ReportFacts, prose: ReportProse | null): string {
  const rows = facts.files.map(({ path, added, removed }) => [
    formatCell(formatCode(path)),
    added === null ? 'binary' : `+${added}`,
    removed === null ? '' : `-${removed}`,
  ]);
  const returns = facts.returns.map(formatInline).filter((line) => line !== '');
  const notes = formatQuote(facts.reviewNotes);
  return joinParts([
    formatBlock(prose?.changed ?? '') || formatOwnWords(facts),
    rows.length === 0
      ? facts.commit === null
        ? 'Nothing was committed.'
        : 'No file is listed as changed.'
      : formatTable(['file', 'added', 'removed'], rows),
    returns.length === 0 ? null : `It went back to the implementer:\n\n${formatList(returns)}`,
    notes === '' ? null : `The reviewer's notes:\n\n${notes}`,
  ]);
}

/** The decision in bold, then expected and observed change side by side with the noise. */
export function formatExpectedAndObserved(facts: ReportFacts): string {
  const name = formatInline(facts.metricName);
  const unit = formatUnit(facts.unit);
  const evidence = facts.evidence === '' ? '' : ` (${formatInline(facts.evidence)})`;
  const reason = formatInline(facts.reason).replaceAll('*', '\\*') || 'no reason was kept';
  const { verdict, detail } = judgeExpectation(facts);
  const percent =
    facts.observed === null || facts.baseMetric === null || facts.baseMetric === 0
      ? ''
      : ` (${((100 * facts.observed) / facts.baseMetric).toFixed(1)} % of the base)`;
  const observed =
    facts.observed !== null
      ? `${formatChange(facts.observed, facts.unit)}${percent}`
      : facts.metric === null
        ? 'was not measured'
        : 'nothing to compare with';
  const metric =
    facts.metric === null ? 'was not measured' : `${formatMetric(facts.metric)}${unit}, ${formatCount(facts.n, 'run')}`;
  const base =
    facts.baseMetric === null
      ? 'unknown: nothing was measured under this track'
      : `${formatMetric(facts.baseMetric)}${unit}, ${formatCount(facts.baseRuns, 'run')}`;
  const noise =
    facts.noise === null
      ? 'unknown'
      : `one width is ${formatMetric(facts.noise.std)}${unit}: the standard deviation of one run, from ${formatCount(facts.noise.n, 'baseline run')}`;
  const widths =
    facts.noiseWidths === null ? 'unknown' : `${formatWidths(facts.noiseWidths)} noise widths (positive is better)`;
  const rows = [
    ['expected change', formatInline(facts.expected) || 'none stated'],
    ['observed change', observed],
    [`${name} (${facts.direction} is better)`, metric],
    [`${name} of the base, ${facts.base.slice(0, 7)}`, base],
    ['noise', noise],
    ['observed change in noise widths', widths],
    ['where the true change lies', formatInterval(facts.interval) || 'unknown'],
    ['expected against observed', `${verdict}: ${detail}`],
  ];
  return joinParts([
    `**${facts.decision}${evidence}: ${reason}**`,
    formatTable(
      ['what', 'figure'],
      rows.map((cells) => cells.map(formatCell)),
    ),
  ]);
}

/** What the lab measured, with the end of the log where the run failed. */
export function formatMeasured(facts: ReportFacts): string {
  return joinParts([
    'Measured by the lab, never by an agent.',
    formatList(formatObservations(facts)),
    facts.logTail.trim() === '' ? null : `The end of the log:\n\n${formatFence(facts.logTail, 'text')}`,
  ]);
}

/** A section that an agent alone writes; "none" where it wrote nothing. */
export function formatProse(text: string | undefined): string {
  return formatBlock(text ?? '') || 'none';
}

/** What the result may mean, marked as an agent's words; "none" where none were written. */
export function formatInferences(prose: ReportProse | null): string {
  const words = formatProse(prose?.inferences);
  return words === 'none' ? words : joinParts(["*An agent's interpretation, not a measurement.*", words]);
}

/** A word of a shell command line, quoted where the shell would read it otherwise. */
function quoteShell(text: string): string {
  const line = formatInline(text);
  return /^[\w./:=@%+,-]+$/.test(line) ? line : `'${line.replaceAll("'", "'\\''")}'`;
}

/** Lines that run the experiment again, from the lab's root; null where nothing ran. */
function formatRunAgain(facts: ReportFacts): string | null {
  if (facts.commit === null || facts.command === null) return null;
  const folder = `5_worktrees/${facts.slug}-again`;
  const label = `Q: ${formatInline(facts.question) || 'is it the same again?'} H: ${formatInline(facts.hypothesis) || 'the same again'}`;
  const seed = facts.seed === null ? '' : ` --seed ${facts.seed}`;
  // What never got to its evaluation ran as a smoke run, which leaves nothing to score.
  const task = facts.decision === 'refused' || facts.decision === 'failed' ? ' --no-score' : '';
  // Against the same base as then, and not against whatever is the champion by now.
  const base = task === '' ? ` --base ${facts.base.slice(0, 12)}` : '';
  return [
    `git worktree add --detach ${folder} ${facts.commit} && cd ${folder} &&`,
    `  lab add --wait${task}${base} --label ${quoteShell(label)}${seed} -- ${quoteShell(facts.command)}`,
    '# afterwards',
    `cd ../.. && git worktree remove ${folder}`,
  ].join('\n');
}

/** Commits, jobs, folders and authors, and the lines that show the change and run it again. */
export function formatLinks(facts: ReportFacts): string {
  const base = facts.base.slice(0, 7);
  const start = (facts.start ?? facts.base).slice(0, 7);
  const laidOver = start === base ? '' : `, with main's newer frozen files: ${formatCode(start)}`;
  const lines = [
    facts.commit === null
      ? `no commit; it started from ${formatCode(facts.base)}`
      : `commit ${formatCode(facts.commit)} on branch ${formatCode(facts.branch)}, started from ${formatCode(base)}${laidOver}`,
    facts.jobs.length === 0
      ? 'no job was queued'
      : `${facts.jobs.map((job) => `job ${job}`).join(', ')}: \`lab log ${facts.jobs.at(-1)}\``,
    facts.runFolder === null ? 'no run folder' : `run folder ${formatCode(facts.runFolder)}`,
  ];
  if (facts.track !== '') lines.push(`track ${formatCode(facts.track)}`);
  lines.push(...facts.authors.map(formatInline).filter((author) => author !== ''));
  const again = formatRunAgain(facts);
  const diff = facts.commit === null ? null : `git diff ${start}..${facts.commit.slice(0, 7)}`;
  return joinParts([
    formatList(lines),
    diff === null ? null : `To see the change:\n\n${formatFence(diff, 'sh')}`,
    again === null
      ? (whyNotMeasured(facts) ?? '') === '' || facts.runFolder !== null
        ? null
        : 'There is no run to repeat.'
      : `To run it again, in the root of the lab:\n\n${formatFence(again, 'sh')}`,
  ]);
}
