/**
 * Drives experiments through their stages, one after the other. The state is on disk before and after every stage, so that whoever comes
 * after a kill -9 goes on with the stage that was cut off. An experiment that fails leaves its reason, and the next one goes on.
 */
import type { Experiment, ExperimentStage } from '../domain/experiment.ts';
import { formatLocalTime } from '../domain/time.ts';
import { LabError } from '../errors/lab-error.ts';
import { readExperiments, writeExperiment } from '../lab/experiments.ts';
import { findIdea, readIdeas } from '../lab/ideas.ts';
import { reachPoint } from '../lab/named-point.ts';
import type { PipelineContext, Stage, StageResult } from './context.ts';
import { decide } from './decide.ts';
import { evaluate } from './evaluate.ts';
import { endWith } from './experiment-steps.ts';
import { implement } from './implement.ts';
import { journal } from './journal.ts';
import { report } from './report.ts';
import { review } from './review.ts';
import { smoke } from './smoke.ts';

const stages: Record<ExperimentStage, Stage> = { implement, review, smoke, evaluate, decide, report, journal };

/** How an experiment stands when the pipeline leaves it. */
export interface ExperimentEnd {
  experiment: Experiment;
  /** Why it could not go on; null where it is done. */
  waits: string | null;
}

/**
 * Takes experiments that are not done to their end, in the order in which they were chosen: all of them, or those named. Throws LabError
 * (config, internal) where the lab itself cannot go on; then the state of each is what its last stage left.
 */
export async function runExperiments(
  context: PipelineContext,
  slugs: readonly string[] | null = null,
): Promise<ExperimentEnd[]> {
  const ends: ExperimentEnd[] = [];
  const open = readExperiments(context.paths).filter(
    (experiment) => experiment.next !== 'done' && (slugs === null || slugs.includes(experiment.slug)),
  );
  for (const [index, experiment] of open.entries()) {
    context.signal.throwIfAborted();
    context.tell(`[${index + 1} of ${open.length}] ${experiment.slug}: ${experiment.title}`);
    ends.push(await runExperiment(context, experiment));
  }
  return ends;
}

async function runExperiment(context: PipelineContext, first: Experiment): Promise<ExperimentEnd> {
  const { signal, tell, paths } = context;
  let experiment = first;
  while (experiment.next !== 'done') {
    signal.throwIfAborted();
    const stage = experiment.next;
    const result = await runStage(context, experiment, stage);
    if (result.kind === 'waits') {
      tell(`  ${stage} waits: ${result.reason}`);
      return { experiment, waits: result.reason };
    }
    const history = [...experiment.history, { at: formatLocalTime(new Date()), stage, note: result.note }];
    experiment = { ...result.experiment, history };
    reachPoint(`${stage}-ended`);
    await writeExperiment(paths, experiment);
    tell(`  ${stage}: ${result.note}`);
  }
  return { experiment, waits: null };
}

/** Runs a stage; what keeps this one experiment from going on becomes its reason, so that the next one can go on. */
async function runStage(
  context: PipelineContext,
  experiment: Experiment,
  stage: ExperimentStage,
): Promise<StageResult> {
  try {
    // Looked at where it costs something to go on: before an agent is asked, and before the device is.
    if (stage === 'implement' || stage === 'evaluate') {
      const { isRejected } = findIdea(await readIdeas(context.paths.root, context.main), experiment.slug);
      if (isRejected) return endWith(experiment, 'failed', stage, 'the idea was rejected meanwhile');
    }
    return await stages[stage](context, experiment);
  } catch (error) {
    if (context.signal.aborted || !(error instanceof LabError)) throw error;
    // The door of the queue found what the check before it let pass: the frozen files of main changed meanwhile.
    if (error.kind === 'refused' && experiment.outcome === null)
      return endWith(experiment, 'refused', stage, error.message);
    if (error.kind === 'user' || error.kind === 'agent') return { kind: 'waits', reason: error.message };
    throw error;
  }
}
