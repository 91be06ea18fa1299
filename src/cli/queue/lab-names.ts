/** Which variables of a run are the lab's own: it sets them when the run starts, whatever the job's environment says. Pure. */
import { cardVariables } from '../../domain/card-variables.ts';
import { LabError } from '../../errors/lab-error.ts';

// As workers/plan-run.ts and the supervisor set them. What to do instead; "" where there is nothing.
const own: ReadonlyMap<string, string> = new Map([
  ['LAB_JOB', ''],
  ['LAB_RUN', ''],
  ['LAB_OUT', ''],
  ['LAB_GROUP', '`lab edit N --group name` moves the job'],
  ['LAB_SLOT', ''],
  ['LAB_SEED', '`lab edit N --seed 7` sets it'],
  ...cardVariables.map((name): [string, string] => [name, '`lab edit N --device gpu1` chooses the card']),
  ['PYTHONUNBUFFERED', ''],
]);

/** Throws LabError (usage) where a value that a person gives under this name would never reach the run. */
export function ensureNotLabs(name: string): void {
  const instead = own.get(name);
  if (instead === undefined && !name.startsWith('LAB_TEST_')) return;
  const what = instead === undefined ? 'no run is given it' : 'the lab sets it itself when the run starts';
  throw new LabError('usage', `${name} cannot be set for a job: ${what}, so the value would be lost`, {
    hints: instead === undefined || instead === '' ? [] : [instead],
  });
}
