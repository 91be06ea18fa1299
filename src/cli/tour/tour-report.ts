/** What the tour prints at its end: results with noise widths, the running best against the oracle, expected against observed, where to look. */
import { plot } from 'asciichart';
import { readStoredJobs } from '../../../queue/job-store.ts';
import { recordingNotice } from '../../agents/recording-notice.ts';
import type { LabPaths } from '../../config/lab-paths.ts';
import type { LabConfig } from '../../config/schema.ts';
import type { Experiment } from '../../domain/experiment.ts';
import { resolveMainBranch } from '../../git/repository.ts';
import { readExperiments } from '../../lab/experiments.ts';
import { countIdeas, readIdeas } from '../../lab/ideas.ts';
import { renderEnds } from '../commands/implement.ts';
import { formatBaseline, type Ledger, readLedger } from '../ledger.ts';
import { renderTable } from '../render.ts';
import { renderResults } from '../render-results.ts';

/** Renders the end of a tour. */
export async function renderTourReport(paths: LabPaths, config: LabConfig, labCommand: string): Promise<string> {
  const ledger = await readLedger(paths, config);
  const oracle = readOracle(paths);
  const experiments = readExperiments(paths);
  return [
    `\n${await renderIdeas(paths, config)}`,
    'experiments',
    renderEnds(experiments.map((experiment) => ({ experiment, waits: null }))),
    `\n${formatBaseline(ledger, config)}\n`,
    renderResults(ledger, config.metric.name, config.metric.direction),
    'widths: the change in noise widths (sd of one run), positive is better\n',
    renderBest(ledger, oracle),
    renderExpectations(ledger),
    `${recordingNotice}\n`,
    renderNext(paths, labCommand, experiments),
  ].join('\n');
}

/** The lowest score that any honest model can reach, as the scorer printed it; null where it did not. */
function readOracle(paths: LabPaths): number | null {
  for (const { run } of readStoredJobs(paths.runs))
    if (run?.metrics.oracle_bpb !== undefined) return run.metrics.oracle_bpb;
  return null;
}

/** The running best after each result, as a chart with the oracle under it. */
function renderBest(ledger: Ledger, oracle: number | null): string {
  const start = ledger.view.baseline?.value;
  if (start === undefined) return '';
  const best = [start];
  for (const row of ledger.rows) {
    const before = best.at(-1) ?? start;
    best.push(row.status === 'keep' && row.metric !== null ? Math.min(before, row.metric) : before);
  }
  // Each result is drawn several columns wide, so that a step is seen as one.
  const wide = (values: number[]) => values.flatMap((value) => Array.from({ length: 8 }, () => value));
  const series = oracle === null ? [wide(best)] : [wide(best), wide(best.map(() => oracle))];
  const chart = plot(series, { height: 10, format: (value: number) => value.toFixed(3).padStart(8) });
  const legend =
    oracle === null ? '' : `; the lowest line is the oracle, ${oracle.toFixed(6)}: no honest model gets below`;
  return `running best from the baseline through ${ledger.rows.length} results${legend}\n${chart}\n`;
}

function renderExpectations(ledger: Ledger): string {
  const rows = ledger.rows.map((row) => [
    row.idea || '(by hand)',
    row.expected || 'no figure',
    row.status === 'crash' ? 'crash' : row.observed || 'nothing to compare',
    verdict(row.expected, row.observed, row.status),
  ]);
  return `expected against observed\n${renderTable(['experiment', 'expected', 'observed', 'so'], rows)}`;
}

function verdict(expected: string, observed: string, status: string | null): string {
  if (status === 'crash') return 'unanswered';
  const wanted = Number.parseFloat(expected);
  const got = Number.parseFloat(observed);
  if (!Number.isFinite(wanted) || !Number.isFinite(got)) return '';
  if (status !== 'keep')
    return Math.sign(wanted) === Math.sign(got) ? 'right direction, but not beyond luck' : 'the other way';
  return Math.abs(got) >= Math.abs(wanted) ? 'as expected or more' : `${Math.round((100 * got) / wanted)} % of it`;
}

/** What became of the ideas, in two lines. */
async function renderIdeas(paths: LabPaths, config: LabConfig): Promise<string> {
  const main = await resolveMainBranch(paths.root, config.main);
  const ideas = await readIdeas(paths.root, main);
  const rejected = ideas.filter((stored) => stored.isRejected);
  return `${countIdeas(ideas)} ideas with a rating and a critique in 1_ideas/; ${rejected.length} turned away:\n${rejected
    .map(({ idea }) => `  ${idea.slug}: ${(idea.sections.outcome.split('\n').at(-1) ?? '').replace(/^Rejected: /, '')}`)
    .join('\n')}\n`;
}

function renderNext(paths: LabPaths, lab: string, experiments: Experiment[]): string {
  const kept = experiments.filter(({ outcome }) => outcome?.kind === 'decided' && outcome.status === 'keep');
  const [first, last] = [kept.at(0), kept.at(-1)];
  const hints: [string, string][] = [[`${lab} ideas`, 'all ideas with rating, state and what they expect']];
  if (first)
    hints.push([`${lab} report ${first.slug}`, 'one experiment: asked, changed, expected, observed, inferred']);
  hints.push(
    [`${lab} reports review`, 'what you do in the morning: report, diff and log, one by one'],
    [`${lab} results`, 'the table again; results.tsv is in git'],
    ['less RESEARCH_JOURNAL.md', 'what was expected and what was observed, newest first'],
    ['git log --oneline --all', 'every experiment is a commit on exp/<slug>, every record one on main'],
    [`${lab} implement --n 2`, 'two more experiments from the recording'],
  );
  if (last?.commit)
    hints.push([
      `git merge --squash ${last.commit.slice(0, 7)}`,
      'brings the champion with all that it stands on to main; commit it then',
    ]);
  const width = Math.max(...hints.filter(([, text]) => text !== '').map(([command]) => command.length));
  return [
    'where to look next',
    `  cd ${paths.root}`,
    ...hints.map(([command, text]) => `  ${command.padEnd(width)}  ${text}`.trimEnd()),
    'your own problem: `lab init` in its repository, and `agents: {use: claude}` (or codex, opencode, gemini, …) in lab.local.yaml',
    'nothing of the tour is left running',
    '',
  ].join('\n');
}
