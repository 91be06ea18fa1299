/** Guards of the stages after implement. */
import type { Experiment } from '../domain/experiment.ts';
import { LabError } from '../errors/lab-error.ts';

/** Base, start and commit of an experiment that was built. Throws LabError (internal) where it was not: its state was changed by hand. */
export function ensureBuilt(experiment: Experiment): { base: string; start: string; commit: string } {
  const { base, start, commit, slug, next } = experiment;
  if (base !== null && commit !== null) return { base, start: start ?? base, commit };
  throw new LabError('internal', `experiment ${slug} is at "${next}" without a commit; its state was changed by hand`, {
    hints: [`\`lab idea retry ${slug}\` builds it anew`],
  });
}
