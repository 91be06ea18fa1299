/** A second agent reads the change: does it do what the hypothesis says, is it right, does it hide mistakes. Blocking findings go back once. */
import { readReview } from '../agents/outbox.ts';
import { renderPrompt } from '../agents/prompts.ts';
import { readDiff } from '../git/diff-facts.ts';
import { putTree } from '../git/experiment-tree.ts';
import { findIdeaBySlug, readIdeas } from '../lab/ideas.ts';
import { reachPoint } from '../lab/named-point.ts';
import type { Stage } from './context.ts';
import { ensureBuilt } from './ensure-built.ts';
import { endWith, sendBack, treeOf, worktreeOf } from './experiment-steps.ts';
import { markTaken, runAgent } from './run-agent.ts';

/** How often a reviewer is asked whose answer cannot be used. */
const maxTries = 2;
/** Most of a diff that a reviewer is given, bytes. */
const diffBytes = 200_000;

/** The stage. */
export const review: Stage = async (context, experiment) => {
  const { paths, main } = context;
  const { start, commit } = ensureBuilt(experiment);
  // The commit as it is, whatever became of the worktree since.
  await putTree(treeOf(paths, experiment.slug), commit);
  const { text } = findIdeaBySlug(await readIdeas(paths.root, main), experiment.slug);
  const diff = await readDiff(paths.root, start, commit, diffBytes);
  const agents = [...experiment.agents];
  let problem = '';
  let couldWork = false;
  for (let tries = 1; tries <= maxTries; tries += 1) {
    const run = await runAgent(context, {
      role: 'reviewer',
      slug: experiment.slug,
      round: experiment.rounds,
      wanted: null,
      directory: worktreeOf(paths, experiment.slug),
      mayEdit: false,
      inbox: { 'idea.md': text, 'diff.patch': diff },
      prompt: ({ inbox, outbox }) =>
        renderPrompt('reviewer', paths.root, {
          labRoot: paths.root,
          directory: worktreeOf(paths, experiment.slug),
          inbox,
          outbox,
          slug: experiment.slug,
          problem: problem === '' ? '' : `Your last answer could not be used: ${problem}`,
        }),
    });
    agents.push(run.use);
    couldWork ||= run.result.status !== 'failed';
    const answer = readReview(run.folders.outbox);
    markTaken(run.folders);
    if (answer.kind === 'wrong') {
      problem = run.result.status === 'done' ? answer.problems.join('; ') : run.result.reason;
      continue;
    }
    reachPoint('review-read');
    const list = (severity: 'blocking' | 'minor') =>
      answer.findings
        .filter((finding) => finding.severity === severity)
        .map((finding) => `${finding.file === '' ? '' : `${finding.file}: `}${finding.text}`);
    const minor = list('minor');
    const reviewed = {
      ...experiment,
      agents,
      reviewNotes: [answer.text, ...minor.map((line) => `- ${line}`)].join('\n').trim(),
    };
    if (answer.verdict === 'approve') {
      const remarks = minor.length === 0 ? '' : `, ${minor.length} minor ${minor.length === 1 ? 'remark' : 'remarks'}`;
      return {
        kind: 'next',
        experiment: { ...reviewed, next: 'smoke' },
        note: `approved by ${run.use.agent}${remarks}`,
      };
    }
    const blocking = list('blocking').join('\n') || answer.text;
    return (
      sendBack(reviewed, 'review', blocking) ??
      endWith(reviewed, 'failed', 'review', `the reviewer is still against it: ${blocking}`)
    );
  }
  if (!couldWork) return { kind: 'waits', reason: `the reviewer could not work: ${problem}`, isAgent: true };
  return endWith({ ...experiment, agents }, 'failed', 'review', `no usable review after ${maxTries} tries: ${problem}`);
};
