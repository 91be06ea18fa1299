/**
 * Ends what a killed adoption left: its commit is on main, and index and files of the checkout lack it; excludes that somebody took out are
 * put back. Without it the next attempt would only
 * say that main is a lab already, and the user's git would stop at a lock of a dead process.
 */
import { existsSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { findRepositoryRoot } from '../../config/repository-root.ts';
import { LabError } from '../../errors/lab-error.ts';
import { mendCheckout } from '../../git/checkout-mend.ts';
import { findCheckoutsOf, removeDeadIndexLock } from '../../git/checkout-state.ts';
import { readCheckedOutBranch } from '../../git/main-text.ts';
import { hasPendingUpdate } from '../../git/pending-update.ts';
import { findExcludeFile } from '../../lab/exclude-file.ts';
import { addExcludes, listMissingExcludes } from './excludes.ts';

/** Mends the checkout at `folder`, if there is anything to mend. Throws LabError (user) where that makes the lab that was asked for. */
export async function mendAdoption(folder: string): Promise<void> {
  const root = existsSync(folder) ? findRepositoryRoot(folder) : null;
  if (root === null || root !== realpathSync(folder)) return;
  const branch = readCheckedOutBranch(root);
  if (branch === null) return;
  const checkouts = await findCheckoutsOf(root, branch);
  for (const checkout of checkouts) removeDeadIndexLock(checkout);
  if (!checkouts.some(hasPendingUpdate)) return;
  await mendCheckout(root, branch, [], checkouts);
  if (!existsSync(join(root, 'lab.yaml'))) return;
  await addExcludes(await findExcludeFile(root), await listMissingExcludes(root));
  throw new LabError('user', `${root} is a lab: what an adoption that was cut off had left to do is done now`, {
    hints: ['`lab doctor` checks it'],
  });
}
