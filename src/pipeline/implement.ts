/**
 * Builds an idea: a worktree on exp/<slug> from the champion, an agent that edits it, the change checked and committed by the lab. An agent
 * that changed nothing, or says that it cannot, has failed; a change that the rules forbid is refused.
 */
import { fenceData } from '../agents/fence.ts';
import { readImplementation } from '../agents/outbox.ts';
import { renderPrompt } from '../agents/prompts.ts';
import type { Experiment } from '../domain/experiment.ts';
import { LabError } from '../errors/lab-error.ts';
import { checkTree, commitTree, ensureFree, putTree } from '../git/experiment-tree.ts';
import { runGit } from '../git/run-git.ts';
import { writeExperiment } from '../lab/experiments.ts';
import { findIdeaBySlug, readIdeas } from '../lab/ideas.ts';
import { reachPoint } from '../lab/named-point.ts';
import { checkExperimentCommit, maxExperimentFileBytes } from '../rules/experiment-check.ts';
import { listFrozenFiles } from '../rules/frozen.ts';
import { ensureChampion } from './baseline.ts';
import type { PipelineContext, Stage, StageResult } from './context.ts';
import { ensureMetric } from './ensure-metric.ts';
import { endWith, treeOf, worktreeOf } from './experiment-steps.ts';
import { listOutsideChanges, readOutside } from './outside-watch.ts';
import { changeIdeas } from './record-idea.ts';
import { type AgentRun, markTaken, runAgent } from './run-agent.ts';
import { createStart } from './start-commit.ts';

/** Most that an implementer is told of why its work came back, characters. */
const maxBackCharacters = 20_000;

/** The stage. */
export const implement: Stage = async (context, experiment) => {
  const { paths, main } = context;
  const base = experiment.base ?? (await ensureChampion(context)).commit;
  await ensureMetric(context);
  // One that was begun keeps its start: what it changed is told against that.
  const start = experiment.start ?? (experiment.base === null ? await createStart(context, base) : base);
  await changeIdeas(
    context,
    new Map([[experiment.slug, { state: 'implementing' }]]),
    `${experiment.slug}: implementing`,
  );
  const tree = worktreeOf(paths, experiment.slug);
  const own = await takeTree(context, { ...experiment, base, start });
  reachPoint('worktree-made');
  const { idea, text } = findIdeaBySlug(await readIdeas(paths.root, main), experiment.slug);
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
  const next = { ...own, agents: [...experiment.agents, run.use], rounds: round };
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
      : await commitWork(context, next, run, start);
  markTaken(run.folders);
  return end;
};

/** The worktree as the agent is to find it: on its branch, with nothing left of an agent that was cut off. */
async function takeTree({ paths }: PipelineContext, experiment: Experiment & { start: string }): Promise<Experiment> {
  const tree = treeOf(paths, experiment.slug);
  const own = { ...experiment, isOwn: true };
  if (!experiment.isOwn) {
    await ensureFree(tree);
    // Before they are made: a lab that is killed in between knows them for its own.
    await writeExperiment(paths, own);
  }
  // What was committed in round 1 is what round 2 goes on from; before that it is the start, whatever an interrupted agent committed.
  await putTree(tree, experiment.commit ?? experiment.start);
  return own;
}

async function commitWork(
  context: PipelineContext,
  given: Experiment,
  { result, folders }: AgentRun,
  start: string,
): Promise<StageResult> {
  const { paths, main, config } = context;
  const { slug, title, rounds } = given;
  const tree = treeOf(paths, slug);
  const handedIn = readImplementation(folders.outbox);
  const experiment = { ...given, notes: handedIn.kind === 'done' ? handedIn.notes : given.notes };
  const fail = (reason: string) => endWith(experiment, 'failed', 'implement', reason);
  if (handedIn.kind === 'cannot') return fail(`the implementer says that it cannot be built: ${handedIn.reason}`);
  if (result.status === 'failed' && result.filesChanged.length === 0 && !isRefusedWrite(result.reason)) {
    // No login, no network, no such program: nothing was tried, so the idea is not used up.
    return { kind: 'waits', reason: `the implementer could not work: ${result.reason}`, isAgent: true };
  }
  if (result.status !== 'done')
    return fail(`the implementer ${result.status === 'failed' ? 'failed' : 'was stopped'}: ${result.reason}`);
  const unfit = await checkTree(tree, maxExperimentFileBytes);
  if (unfit.length > 0) return endWith(experiment, 'refused', 'implement', unfit.join('; '));
  const before = experiment.commit ?? start;
  let commit: string;
  try {
    commit = await commitTree(
      tree,
      before,
      rounds === 1 ? `exp(${slug}): ${title}` : `exp(${slug}): ${title} (round ${rounds})`,
    );
  } catch (error) {
    // Another branch checked out, a file that cannot be read: the agent left it so.
    if (error instanceof LabError) return fail(error.message);
    throw error;
  }
  reachPoint('change-committed');
  // A ref of its own: the branch may be deleted by hand, what was tried stays.
  await runGit(paths.root, ['update-ref', `refs/nightlab/experiments/${slug}/${experiment.attempt}.${rounds}`, commit]);
  if ((await hashOfTree(paths.root, commit)) === (await hashOfTree(paths.root, before)))
    return fail('the implementer says that it is done, but changed nothing');
  const problems = await checkExperimentCommit({ root: paths.root, main, base: start, commit, config });
  const built = { ...experiment, commit };
  if (problems.length > 0) return endWith(built, 'refused', 'implement', problems.join('; '));
  const files = result.filesChanged.length;
  return {
    kind: 'next',
    experiment: { ...built, next: 'review' },
    note: `${files} ${files === 1 ? 'file' : 'files'} changed, commit ${commit.slice(0, 7)}`,
  };
}

/** Whether the agent failed because the sandbox kept it from writing where it may not: that is an answer, no trouble with the agent. */
function isRefusedWrite(reason: string): boolean {
  return /outside its worktree/.test(reason);
}

async function hashOfTree(root: string, commit: string): Promise<string> {
  return (await runGit(root, ['rev-parse', `${commit}^{tree}`])).trim();
}
