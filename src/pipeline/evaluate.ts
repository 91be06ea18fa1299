/** Queues the evaluation with its label: the run that decides. Asked again after a crash it is the same job. */
import { reachPoint } from '../lab/named-point.ts';
import { ensureChampion } from './baseline.ts';
import type { Stage } from './context.ts';
import { ensureBuilt } from './ensure-built.ts';
import { changeIdeas } from './record-idea.ts';

/** The stage. */
export const evaluate: Stage = async (context, experiment) => {
  const { gate, config } = context;
  const { base, commit } = ensureBuilt(experiment);
  // The track may be another one than the base was measured under: without its baseline anything would be kept.
  await ensureChampion(context);
  const { number } = await gate.addJob({
    key: `evaluate:${experiment.slug}:${experiment.attempt}:${commit}`,
    kind: 'plain',
    label: experiment.label,
    command: null,
    commit,
    experiment: experiment.slug,
    seed: config.run.seeds[0] ?? null,
    wallSeconds: null,
    base,
    flags: experiment.agents.some(({ role, flags }) => role === 'implementer' && flags.includes('unsandboxed'))
      ? ['agent-unsandboxed']
      : [],
  });
  reachPoint('evaluation-queued');
  await changeIdeas(
    context,
    new Map([[experiment.slug, { state: 'queued' }]]),
    `${experiment.slug}: queued as job ${number}`,
  );
  return { kind: 'next', experiment: { ...experiment, job: number, next: 'decide' }, note: `job ${number}` };
};
