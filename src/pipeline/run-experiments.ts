/**
 * Drives experiments through their stages, one after the other. The state is on disk before and after every stage, so that whoever comes
 * after a kill -9 goes on with the stage that was cut off. An experiment that fails leaves its reason, and the next one goes on.
 */
import type { Experiment, ExperimentStage } from '../domain/experiment.ts';
import { formatLocalTime } from '../domain/time.ts';
import { LabError, messageOf } from '../errors/lab-error.ts';
import { readExperiment, readExperiments, writeExperiment } from '../lab/experiments.ts';
import { findIdeaBySlug, readIdeas } from '../lab/ideas.ts';
import { reachPoint } from '../lab/named-point.ts';
import type { PipelineContext, Stage, StageResult } from './context.ts';
import { decide } from './decide.ts';
import { evaluate } from './evaluate.ts';
import { endWith, oneLine } from './experiment-steps.ts';
import { implement } from './implement.ts';
import { journal } from './journal.ts';
import { report } from './report.ts';
import { review } from './review.ts';
import { smoke } from './smoke.ts';
import type { Night } from './spend-night.ts';

const stages: Record<ExperimentStage, Stage> = { implement, review, smoke, evaluate, decide, report, journal };

/** How an experiment stands when the pipeline leaves it. */
export interface ExperimentEnd {
  experiment: Experiment;
  /** Why it could not go on; null where it is done. */
  waits: string | null;
}

/** Experiments in a row whose agents could not work before the others are left alone. */
const maxIdleAgents = 2;

/**
 * Takes experiments that are not done to their end, in the order in which they were chosen: all of them, or those named. What keeps one from
 * going on is its own reason; only where agents cannot work at all are the rest left for later. Throws LabError (config) where the
 * configuration is wrong; then the state of each is what its last stage left. A `night` says before each whether it may begin.
 */
export async function runExperiments(
  context: PipelineContext,
  slugs: readonly string[] | null = null,
  night: Night | null = null,
): Promise<ExperimentEnd[]> {
  const ends: ExperimentEnd[] = [];
  const open = readExperiments(context.paths).filter(
    (experiment) => experiment.next !== 'done' && (slugs === null || slugs.includes(experiment.slug)),
  );
  let idleAgents = 0;
  for (const [index, experiment] of open.entries()) {
    context.signal.throwIfAborted();
    if (night !== null && !(await night.mayExplore())) {
      context.tell(
        `the night ends here; left for later: ${open
          .slice(index)
          .map(({ slug }) => slug)
          .join(', ')}`,
      );
      break;
    }
    context.tell(`[${index + 1} of ${open.length}] ${experiment.slug}: ${experiment.title}`);
    const { end, isAgent } = await runExperiment(context, experiment);
    ends.push(end);
    idleAgents = isAgent ? idleAgents + 1 : 0;
    const left = open.length - index - 1;
    if (idleAgents < maxIdleAgents || left === 0) continue;
    context.tell(
      `agents could not work ${idleAgents} times in a row; ${left} more ${left === 1 ? 'experiment is' : 'experiments are'} left for later`,
    );
    break;
  }
  await night?.finish();
  return ends;
}

async function runExperiment(
  context: PipelineContext,
  first: Experiment,
): Promise<{ end: ExperimentEnd; isAgent: boolean }> {
  const { signal, tell, paths } = context;
  let experiment = first;
  while (experiment.next !== 'done') {
    signal.throwIfAborted();
    const stage = experiment.next;
    const result = await runStage(context, experiment, stage);
    if (result.kind === 'waits') {
      tell(`  ${stage} waits: ${result.reason}`);
      // From disk, because the stage may have written what it must not forget.
      experiment = { ...(readExperiment(paths, experiment.slug) ?? experiment), waits: oneLine(result.reason) };
      await writeExperiment(paths, experiment);
      return { end: { experiment, waits: result.reason }, isAgent: result.isAgent === true };
    }
    const history = [...experiment.history, { at: formatLocalTime(new Date()), stage, note: result.note }];
    experiment = { ...result.experiment, waits: null, history };
    reachPoint(`${stage}-ended`);
    await writeExperiment(paths, experiment);
    tell(`  ${stage}: ${result.note}`);
  }
  return { end: { experiment, waits: null }, isAgent: false };
}

/** Runs a stage; whatever keeps this one experiment from going on becomes its reason, so that the next one can go on. */
async function runStage(
  context: PipelineContext,
  experiment: Experiment,
  stage: ExperimentStage,
): Promise<StageResult> {
  try {
    // Looked at where it costs something to go on: before an agent is asked, and before the device is.
    if (stage === 'implement' || stage === 'evaluate') {
      const { isRejected } = findIdeaBySlug(await readIdeas(context.paths.root, context.main), experiment.slug);
      if (isRejected) return endWith(experiment, 'failed', stage, 'the idea was rejected meanwhile');
    }
    return await stages[stage](context, experiment);
  } catch (error) {
    // Ctrl-C and a wrong configuration are no matter of one experiment.
    if (context.signal.aborted || (error instanceof LabError && error.kind === 'config')) throw error;
    // The door of the queue found what the check before it let pass: the frozen files of main changed meanwhile.
    if (error instanceof LabError && error.kind === 'refused' && experiment.outcome === null)
      return endWith(experiment, 'refused', stage, error.message);
    return { kind: 'waits', reason: describeTrouble(error) };
  }
}

/** What went wrong, what is behind it, and what helps. */
function describeTrouble(error: unknown): string {
  const cause = error instanceof Error && error.cause !== undefined ? messageOf(error.cause).trim().split('\n')[0] : '';
  const hints = error instanceof LabError ? error.hints : [];
  return [`${messageOf(error)}${cause ? ` (${cause})` : ''}`, ...hints].join('; ');
}
