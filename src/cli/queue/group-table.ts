/** The groups of the queue as a person or a script reads them. */
import type { Group } from '../../domain/job.ts';
import type { CommandInput } from '../define.ts';
import { renderTable } from '../render.ts';

/** What slots above 1 mean for numbers; said wherever somebody sets them. */
export const slotsNote =
  'jobs that run at once share the processor: what they reach within a time limit does not compare with a job that ran alone';

/** The groups as a table. */
export function renderGroups(groups: readonly Group[]): string {
  const rows = groups.map(({ name, slots, isPaused, failedJob }) => [
    name,
    slots === 0 ? 'no limit' : String(slots),
    isPaused ? `paused${failedJob === undefined ? '' : `, because job ${failedJob} failed`}` : 'runs',
  ]);
  return renderTable(['group', 'slots', 'state'], rows, new Set());
}

/** Prints the groups and what there is to say besides. Returns the exit code 0. */
export function writeGroups(input: Pick<CommandInput, 'flag'>, answer: { groups: Group[]; notes: string[] }): number {
  if (input.flag('json')) process.stdout.write(`${JSON.stringify(answer)}\n`);
  else process.stdout.write(renderGroups(answer.groups));
  if (!input.flag('json')) for (const note of answer.notes) process.stderr.write(`${note}\n`);
  return 0;
}
