/**
 * Carries an adoption out: the clone's excludes, and one commit on main of exactly the planned files. Nothing else of the repository changes:
 * what is staged stays staged, edited files stay edited. Where the commit cannot be made nothing is left behind; where it
 * was made nothing is taken back.
 */
import { LabError } from '../../errors/lab-error.ts';
import { type CommitOutcome, commitByPlumbing } from '../../git/plumbing-commit.ts';
import { readTreeEntry } from '../../git/repository.ts';
import { reachPoint } from '../../lab/named-point.ts';
import { putHooks } from '../put-hooks.ts';
import { addExcludes } from './excludes.ts';
import { mendAdoption } from './mend-adoption.ts';
import { type AdoptionPlan, planAdoption } from './plan-adoption.ts';
import type { AdoptOptions } from './settings.ts';

/** An adoption that was carried out. */
export interface Adoption {
  plan: AdoptionPlan;
  /** Full hash of the commit that made the lab. */
  commit: string;
  /** Files of the commit that the checkout has otherwise, because somebody wrote them in that moment. */
  left: string[];
  notes: string[];
}

/** Plans and adopts. Throws LabError (user) where the folder cannot be adopted; it is unchanged then. */
export async function adoptRepository(folder: string, options: AdoptOptions, hooks: boolean): Promise<Adoption> {
  await mendAdoption(folder);
  const plan = await planAdoption(folder, options);
  const { root } = plan.found.place;
  const outcome = await commitAdoption(root, plan);
  if (outcome.kind !== 'committed') {
    const reason = outcome.kind === 'delayed' ? outcome.reason : 'main has all of it already';
    throw new LabError('user', `nothing was written: ${reason}`, { hints: ['`lab init --adopt` again'] });
  }
  const notes = [...plan.notes, ...outcome.checkoutProblems.map((problem) => `warning: ${problem}`)];
  notes.push(
    ...(hooks
      ? await putHooks(root)
      : ['no git hooks were installed; the lab checks every commit that it runs, `lab rules install` adds them']),
  );
  return { plan, commit: outcome.commit, left: outcome.checkoutLeft, notes };
}

/** Excludes first: from the commit on nothing of the lab's may look like an untracked file of the user's. */
async function commitAdoption(root: string, plan: AdoptionPlan): Promise<CommitOutcome> {
  const putBack = await addExcludes(plan.excludeFile, plan.excludes);
  let outcome: CommitOutcome | null = null;
  try {
    outcome = await commitByPlumbing(root, {
      ...plan.commit,
      message: `${plan.commit.message}\n`,
      edits: plan.files.map(({ path, text }) => ({ path, edit: (old) => (old === null ? text : null) })),
      onMoved: () => reachPoint('adoption-committed'),
    });
    return outcome;
  } finally {
    // An error can come after the branch has moved. It is a lab then, and the next `lab init --adopt` ends what is left to do.
    const isLab = async () => (await readTreeEntry(root, `refs/heads/${plan.commit.branch}`, 'lab.yaml')) !== null;
    if (outcome?.kind !== 'committed' && !(await isLab())) await putBack();
  }
}
