/** What the secret names of queued jobs are set to in this shell: their values are stored nowhere, and the daemon may not know them any more. */
import type { LabPaths } from '../../config/lab-paths.ts';
import type { Selection } from '../../daemon/routes.ts';
import { call } from '../client.ts';
import { pickSecrets } from './secret-names.ts';

/** The values that this shell has for the selected jobs; of a group or of all, those in one of `states`. */
export async function findSecrets(
  paths: LabPaths,
  { numbers, group }: Selection,
  states: string[],
): Promise<Record<string, string>> {
  const none = { label: null, idea: null, since: null, ended: null, isArchived: false };
  const filter = numbers.length > 0 ? {} : { filter: { ...none, states, group } };
  const { jobs } = await call(paths, 'status', { numbers, ...filter });
  return pickSecrets(
    jobs.flatMap(({ job }) => job.secretNames),
    process.env,
  );
}
