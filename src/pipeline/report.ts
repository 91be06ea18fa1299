/**
 * Writes the report: the lab fills in every figure, an agent writes the prose. Prose with a number that is in no record goes back once; then
 * the lab publishes without it. A copy goes on exp/<slug>, the idea gets its outcome.
 */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { readReportProse } from '../agents/outbox.ts';
import { renderPrompt } from '../agents/prompts.ts';
import type { AgentUse, Experiment } from '../domain/experiment.ts';
import type { ReportFacts, ReportProse } from '../domain/report.ts';
import { LabError } from '../errors/lab-error.ts';
import { readDiff } from '../git/diff-facts.ts';
import { commitPaths } from '../git/porcelain.ts';
import { readBlob } from '../git/repository.ts';
import { editIdea } from '../lab/idea-text.ts';
import { findIdea, readIdeas } from '../lab/ideas.ts';
import { reachPoint } from '../lab/named-point.ts';
import { checkNumbers } from '../lab/report-numbers.ts';
import { formatReport, reportFileName } from '../lab/report-text.ts';
import type { PipelineContext, Stage } from './context.ts';
import { branchOf, worktreeOf } from './experiment-steps.ts';
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
  const { outcome, slug } = experiment;
  if (outcome === null) throw new LabError('internal', `experiment ${slug} is to be reported without an outcome`);
  const found = findIdea(await readIdeas(paths.root, main), slug);
  const measured = await gatherFacts(context, experiment, outcome, found.idea);
  // What was never measured has nothing to interpret: the lab's own words are enough.
  const written =
    outcome.kind === 'decided'
      ? await askReporter(context, experiment, measured, found.text)
      : { prose: null, agents: [], problem: null };
  const reporter = written.prose === null ? undefined : written.agents.at(-1)?.agent;
  const facts =
    reporter === undefined ? measured : { ...measured, authors: [...measured.authors, `reporter: ${reporter}`] };
  const text = formatReport(facts, written.prose);
  const path = `9_reports/${reportFileName(facts.date, slug, experiment.attempt)}`;
  const sentence = `${facts.decision}: ${outcome.reason}\n\nReport: ${path}`;
  await recordPatiently(gate, signal, tell, async () => {
    const { path: ideaPath, text: before, isRejected } = findIdea(await readIdeas(paths.root, main), slug);
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
  await writeKeptSummary(paths, experiment.attempt, facts, written.prose);
  await copyToBranch(context, experiment, path, text);
  return {
    kind: 'next',
    experiment: { ...experiment, report: path, agents: [...experiment.agents, ...written.agents], next: 'journal' },
    note: written.problem === null ? path : `${path}, without prose: ${written.problem}`,
  };
};

/** The reporter's prose; null where it gave none that can be used, with the reason. */
async function askReporter(
  context: PipelineContext,
  experiment: Experiment,
  facts: ReportFacts,
  ideaText: string,
): Promise<{ prose: ReportProse | null; agents: AgentUse[]; problem: string | null }> {
  const { paths } = context;
  const diff = facts.commit === null ? '' : await readDiff(paths.root, facts.base, facts.commit, diffBytes);
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

/** The branch carries a copy of its own report. Nothing to do where there is no worktree, or the copy is there. */
async function copyToBranch(
  { paths }: PipelineContext,
  experiment: Experiment,
  path: string,
  text: string,
): Promise<void> {
  const tree = worktreeOf(paths, experiment.slug);
  if (experiment.commit === null || !existsSync(join(tree, '.git'))) return;
  const there = await readBlob(paths.root, `refs/heads/${branchOf(experiment.slug)}`, path);
  if (there?.toString('utf8') === text) return;
  mkdirSync(dirname(join(tree, path)), { recursive: true });
  writeFileSync(join(tree, path), text);
  await commitPaths(tree, `exp(${experiment.slug}): report`, [path]);
}
