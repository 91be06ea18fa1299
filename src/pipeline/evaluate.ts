/** Queues the evaluation with its label: the run that decides. Asked again after a crash it is the same job. */
import { reachPoint } from '../lab/named-point.ts';
import { ensureChampion } from './baseline.ts';
import type { Stage } from './context.ts';
import { drawVariant } from './draw-variant.ts';
import { ensureBuilt } from './ensure-built.ts';
import { ensureMetric } from './ensure-metric.ts';
import { changeIdeas } from './record-idea.ts';

/** The stage. */
export const evaluate: Stage = async (context, experiment) => {
  const { gate } = context;
  const { base, start, commit } = ensureBuilt(experiment);
  // The track may be another one than the base was measured under: without its baseline anything would be kept.
  await ensureChampion(context);
  const metricFlags = await ensureMetric(context);
  const { track } = await gate.look();
  const { slug, attempt, asBuilt = false } = experiment;
  const drawn = await drawVariant(context, { slug, attempt, base, start, commit }, track, asBuilt);
  const { number } = await gate.addJob({
    // What else was drawn may have moved since a crash: the experiment's own commit names the submission.
    key: `evaluate:${experiment.slug}:${experiment.attempt}:${commit}${asBuilt ? ':as-built' : ''}`,
    kind: 'plain',
    label: experiment.label,
    command: null,
    ...{ commit: drawn.commit, start, variant: drawn.variant, seed: drawn.seed },
    experiment: experiment.slug,
    wallSeconds: null,
    base,
    flags: [
      ...metricFlags,
      ...(experiment.agents.some(({ role, flags }) => role === 'implementer' && flags.includes('unsandboxed'))
        ? ['agent-unsandboxed']
        : []),
    ],
  });
  reachPoint('evaluation-queued');
  await changeIdeas(
    context,
    new Map([[experiment.slug, { state: 'queued' }]]),
    `${experiment.slug}: queued as job ${number}`,
  );
  return { kind: 'next', experiment: { ...experiment, job: number, next: 'decide' }, note: `job ${number}` };
};
