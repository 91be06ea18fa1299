/** The lab that a command adds jobs to: the one around the folder, else the user's own, which is made at first use. */
import { findLabAround, type LabPaths } from '../../config/lab-paths.ts';
import { findOwnLab } from '../../config/own-lab.ts';

/**
 * Opens the lab that jobs queued in `folder` go to. Says in one line on standard error where it made the user's own lab. Throws LabError
 * (user) where a lab.yaml lies in no git repository or the own lab cannot be made.
 */
export async function openQueueLab(folder: string): Promise<LabPaths> {
  const found = findLabAround(folder) ?? findOwnLab();
  if (found !== null) return found;
  // Loaded here: git is needed once in a lifetime.
  const { createOwnLab } = await import('./create-own-lab.ts');
  const { paths, isNew } = await createOwnLab();
  if (isNew) process.stderr.write(`made your own lab in ${paths.root}: jobs queued outside any lab go there\n`);
  return paths;
}
