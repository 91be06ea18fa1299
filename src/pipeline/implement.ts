/**
 * Builds an idea: a worktree on exp/<slug> from the champion, an agent that edits it, the change checked and committed by the lab. An agent
 * that changed nothing, or says that it cannot, has failed; a change that the rules forbid is refused.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fenceData } from '../agents/fence.ts';
import { readImplementation } from '../agents/outbox.ts';
import { renderPrompt } from '../agents/prompts.ts';
import type { Experiment } from '../domain/experiment.ts';
import { commitAll, resetTree } from '../git/porcelain.ts';
import { resolveCommit } from '../git/repository.ts';
import { runGit } from '../git/run-git.ts';
import { addExperimentWorktree } from '../git/worktree.ts';
import { findIdea, readIdeas } from '../lab/ideas.ts';
import { reachPoint } from '../lab/named-point.ts';
import { checkExperimentCommit } from '../rules/experiment-check.ts';
import { listFrozenFiles } from '../rules/frozen.ts';
import { ensureChampion } from './baseline.ts';
import type { PipelineContext, Stage, StageResult } from './context.ts';
import { branchOf, endWith, worktreeOf } from './experiment-steps.ts';
import { listOutsideChanges, readOutside } from './outside-watch.ts';
import { changeIdeas } from './record-idea.ts';
import { type AgentRun, markTaken, runAgent } from './run-agent.ts';

/** Most that an implementer is told of why its work came back, characters. */
const maxBackCharacters = 20_000;

/** The stage. */
export const implement: Stage = async (context, experiment) => {
  const { paths, main } = context;
  const base = experiment.base ?? (await ensureChampion(context)).commit;
  await changeIdeas(
    context,
    new Map([[experiment.slug, { state: 'implementing' }]]),
    `${experiment.slug}: implementing`,
  );
  const tree = worktreeOf(paths, experiment.slug);
  await prepareTree(context, experiment, base);
  reachPoint('worktree-made');
  const { idea, text } = findIdea(await readIdeas(paths.root, main), experiment.slug);
  const frozen = (await listFrozenFiles(paths.root, main, context.config.rules)).map((file) => file.path).join(', ');
  const round = experiment.rounds + 1;
  const back = experiment.returns.at(-1);
  const outside = await readOutside(paths, tree);
  const run = await runAgent(context, {
    role: 'implementer',
    slug: experiment.slug,
    round,
    wanted: null,
    directory: tree,
    mayEdit: true,
    inbox: {
      'idea.md': text,
      ...(back === undefined
        ? {}
        : { 'back.md': fenceData(`Why it came back from the ${back.stage} stage`, back.reason, maxBackCharacters) }),
    },
    prompt: ({ inbox, outbox }) =>
      renderPrompt('implementer', paths.root, {
        labRoot: paths.root,
        directory: tree,
        inbox,
        outbox,
        slug: idea.slug,
        title: idea.title,
        frozen,
        back:
          back === undefined
            ? ''
            : `This is round ${round}. Your work came back from the ${back.stage} stage: read ${inbox}/back.md.`,
      }),
  });
  const next = { ...experiment, base, agents: [...experiment.agents, run.use], rounds: round };
  const strays = run.result.flags.includes('unsandboxed')
    ? listOutsideChanges(outside, await readOutside(paths, tree))
    : [];
  const end =
    strays.length > 0
      ? endWith(
          next,
          'failed',
          'implement',
          `files outside its worktree changed while the agent worked without a sandbox: ${strays.join(', ')}; look at them (\`git status\`)`,
        )
      : await commitWork(context, next, run, tree, base);
  markTaken(run.folders);
  return end;
};

/** The worktree as the agent is to find it: on its branch, with nothing left of an agent that was cut off. */
async function prepareTree({ paths }: PipelineContext, experiment: Experiment, base: string): Promise<void> {
  const tree = worktreeOf(paths, experiment.slug);
  if (!existsSync(join(tree, '.git'))) await addExperimentWorktree(paths.root, tree, branchOf(experiment.slug), base);
  // What was committed in round 1 is what round 2 goes on from; before that it is the base, whatever an interrupted agent committed.
  await resetTree(tree, experiment.commit ?? base);
}

async function commitWork(
  context: PipelineContext,
  experiment: Experiment,
  { result, folders }: AgentRun,
  tree: string,
  base: string,
): Promise<StageResult> {
  const { paths, main, config } = context;
  const { slug, title, rounds } = experiment;
  const handedIn = readImplementation(folders.outbox);
  if (result.status !== 'done')
    return endWith(
      experiment,
      'failed',
      'implement',
      `the implementer ${result.status === 'failed' ? 'failed' : 'was stopped'}: ${result.reason}`,
    );
  if (handedIn.kind === 'cannot')
    return endWith(
      experiment,
      'failed',
      'implement',
      `the implementer says that it cannot be built: ${handedIn.reason}`,
    );
  await commitAll(
    tree,
    experiment.commit ?? base,
    rounds === 1 ? `exp(${slug}): ${title}` : `exp(${slug}): ${title} (round ${rounds})`,
  );
  const commit = await resolveCommit(tree, 'HEAD');
  reachPoint('change-committed');
  // A ref of its own: the branch may be deleted by hand, what was tried stays.
  await runGit(paths.root, ['update-ref', `refs/nightlab/experiments/${slug}/${experiment.attempt}.${rounds}`, commit]);
  const before = experiment.commit ?? base;
  if ((await treeOf(tree, commit)) === (await treeOf(tree, before)))
    return endWith(experiment, 'failed', 'implement', 'the implementer says that it is done, but changed nothing');
  const problems = await checkExperimentCommit({ root: paths.root, main, base, commit, config });
  const built = { ...experiment, commit };
  if (problems.length > 0) return endWith(built, 'refused', 'implement', problems.join('; '));
  const files = result.filesChanged.length;
  return {
    kind: 'next',
    experiment: { ...built, next: 'review' },
    note: `${files} ${files === 1 ? 'file' : 'files'} changed, commit ${commit.slice(0, 7)}`,
  };
}

async function treeOf(folder: string, commit: string): Promise<string> {
  return (await runGit(folder, ['rev-parse', `${commit}^{tree}`])).trim();
}
