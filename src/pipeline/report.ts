/**
 * Writes the report: the lab fills in every figure, an agent writes the prose. Prose with a number that is in no record goes back once; then
 * the lab publishes without it. A copy goes on exp/<slug>, the idea gets its outcome.
 */
import { readReportProse } from '../agents/outbox.ts';
import { renderPrompt } from '../agents/prompts.ts';
import type { AgentUse, Experiment } from '../domain/experiment.ts';
import type { ReportFacts, ReportProse } from '../domain/report.ts';
import { LabError } from '../errors/lab-error.ts';
import { readDiff } from '../git/diff-facts.ts';
import { readBlob } from '../git/repository.ts';
import { editIdea } from '../lab/idea-text.ts';
import { findIdeaBySlug, readIdeas } from '../lab/ideas.ts';
import { reachPoint } from '../lab/named-point.ts';
import { checkNumbers } from '../lab/report-numbers.ts';
import { formatReport, reportFileName } from '../lab/report-text.ts';
import { attemptOf, readReports } from '../lab/reports.ts';
import type { PipelineContext, Stage, StageResult } from './context.ts';
import { copyReport } from './copy-report.ts';
import { branchOf } from './experiment-steps.ts';
import { writeKeptSummary } from './kept-summary.ts';
import { recordPatiently } from './lab-gate.ts';
import { gatherFacts } from './report-facts.ts';
import { markTaken, runAgent } from './run-agent.ts';

/** How often the reporter is asked. */
const maxTries = 2;
/** Most of a diff that a reporter is given, bytes. */
const diffBytes = 100_000;

/** The stage. */
export const report: Stage = async (context, experiment) => {
  const { paths, main, gate, signal, tell } = context;
  const { outcome, slug, attempt } = experiment;
  if (outcome === null) throw new LabError('internal', `experiment ${slug} is to be reported without an outcome`);
  const known = await findRecorded(context, experiment);
  // Killed after it was recorded: it stands, with whatever a person wrote into it meanwhile.
  if (known !== null) return closeWith(experiment, known, [], null);
  const found = findIdeaBySlug(await readIdeas(paths.root, main), slug);
  const measured = await gatherFacts(context, experiment, outcome, found.idea);
  // What was never measured has nothing to interpret: the lab's own words are enough.
  const written =
    outcome.kind === 'decided'
      ? await askReporter(context, experiment, measured, found.text)
      : { prose: null, agents: [], problem: null };
  const reporter = written.prose === null ? undefined : written.agents.at(-1)?.agent;
  const facts: ReportFacts = {
    ...measured,
    proseProblem: written.problem ?? '',
    authors: reporter === undefined ? measured.authors : [...measured.authors, `reporter: ${reporter}`],
  };
  // Before the record: whoever finds the report finds these as well.
  await writeKeptSummary(paths, attempt, facts, written.prose);
  const text = formatReport(facts, written.prose);
  const path = `9_reports/${reportFileName(facts.date, slug, attempt)}`;
  const sentence = `${facts.decision}: ${outcome.reason}\n\nReport: ${path}`;
  await recordPatiently(gate, signal, tell, async () => {
    const { path: ideaPath, text: before, isRejected } = findIdeaBySlug(await readIdeas(paths.root, main), slug);
    const there = (await readBlob(paths.root, `refs/heads/${main}`, path))?.toString('utf8') ?? null;
    // A person's no stands, whatever was measured.
    const after = isRejected ? before : editIdea(before, { state: 'decided', outcome: sentence });
    const changes = [
      ...(there === text ? [] : [{ path, from: there, to: text }]),
      ...(after === before ? [] : [{ path: ideaPath, from: before, to: after }]),
    ];
    return changes.length === 0 ? null : { subject: `report of ${slug} (${facts.decision})`, changes, entries: [] };
  });
  reachPoint('report-recorded');
  await copyToBranch(context, experiment, path, text);
  return closeWith(experiment, path, written.agents, written.problem);
};

function closeWith(experiment: Experiment, path: string, agents: AgentUse[], problem: string | null): StageResult {
  return {
    kind: 'next',
    experiment: { ...experiment, report: path, agents: [...experiment.agents, ...agents], next: 'journal' },
    note: problem === null ? path : `${path}, without prose: ${problem}`,
  };
}

/** Path of this attempt's report where main has it already; null otherwise. */
async function findRecorded(
  { paths, main }: PipelineContext,
  { slug, attempt, commit }: Experiment,
): Promise<string | null> {
  const reports = await readReports(paths.root, main);
  const own = reports.find(
    (stored) =>
      stored.report.slug === slug &&
      attemptOf(stored) === attempt &&
      stored.report.commit === (commit?.slice(0, 7) ?? ''),
  );
  return own?.path ?? null;
}

/** The reporter's prose; null where it gave none that can be used, with the reason. */
async function askReporter(
  context: PipelineContext,
  experiment: Experiment,
  facts: ReportFacts,
  ideaText: string,
): Promise<{ prose: ReportProse | null; agents: AgentUse[]; problem: string | null }> {
  const { paths } = context;
  const diff =
    facts.commit === null ? '' : await readDiff(paths.root, facts.start ?? facts.base, facts.commit, diffBytes);
  const agents: AgentUse[] = [];
  let problem = '';
  for (let tries = 1; tries <= maxTries; tries += 1) {
    const run = await runAgent(context, {
      role: 'reporter',
      slug: experiment.slug,
      round: tries,
      wanted: null,
      directory: paths.root,
      mayEdit: false,
      inbox: { 'record.json': `${JSON.stringify(facts, null, 2)}\n`, 'diff.patch': diff, 'idea.md': ideaText },
      prompt: ({ inbox, outbox }) =>
        renderPrompt('reporter', paths.root, {
          labRoot: paths.root,
          inbox,
          outbox,
          slug: experiment.slug,
          problem: problem === '' ? '' : `Your last report could not be used: ${problem}`,
        }),
    });
    agents.push(run.use);
    const answer = readReportProse(run.folders.outbox);
    markTaken(run.folders);
    const problems = answer.kind === 'wrong' ? answer.problems : checkNumbers(answer.prose, facts, [ideaText, diff]);
    if (answer.kind === 'ok' && problems.length === 0) return { prose: answer.prose, agents, problem: null };
    problem = run.result.status === 'done' ? problems.join('; ') : run.result.reason;
  }
  return { prose: null, agents, problem };
}

/**
 * The branch carries a copy of its own report: by plumbing, because the worktree may hold whatever an agent left there, links included.
 * Where git will not have it, the report on main is enough.
 */
async function copyToBranch(
  { paths, tell }: PipelineContext,
  experiment: Experiment,
  path: string,
  text: string,
): Promise<void> {
  if (experiment.commit === null) return;
  try {
    const outcome = await copyReport(paths.root, branchOf(experiment.slug), path, text);
    if (outcome.kind === 'delayed') tell(`  no copy on ${branchOf(experiment.slug)}: ${outcome.reason}`);
  } catch (error) {
    if (!(error instanceof LabError)) throw error;
    tell(`  no copy on ${branchOf(experiment.slug)}: ${error.message}`);
  }
}
