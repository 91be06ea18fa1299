/** The groups of the queue: `lab group`, `lab parallel`. */
import { defaultGroup } from '../../../queue/job-schema.ts';
import { LabError } from '../../errors/lab-error.ts';
import type { Routes } from '../routes.ts';
import { phaseOf, type QueueParts } from './select.ts';

/**
 * Lists, makes, sizes or takes away a group. Throws LabError: usage for a name that is none, user where the group is there already, is
 * unknown, is the default one, or still has jobs that are not over.
 */
export async function changeGroup(
  { book, groups, feed }: QueueParts,
  { action, name, slots }: Routes['group']['request'],
): Promise<Routes['group']['response']> {
  const notes: string[] = [];
  if (action === 'add') {
    if (!/^[\w.-]{1,60}$/.test(name))
      throw new LabError(
        'usage',
        `"${name}" is no name for a group, expected 1 to 60 letters, digits, ".", "-" or "_"`,
      );
    if (groups.groups.has(name)) {
      throw new LabError('user', `there is a group "${name}" already, with ${groups.get(name).slots} slots`, {
        hints: [`\`lab parallel N --group ${name}\` changes its slots`],
      });
    }
    await groups.set({ name, slots: slots ?? 1, isPaused: false });
  } else if (action === 'slots') {
    if (slots === null) throw new LabError('usage', 'the number of slots is missing, expected 0 (no limit) or more');
    groups.get(name);
    await groups.change([name], (group) => ({ ...group, slots }));
  } else if (action === 'remove') {
    groups.get(name);
    if (name === defaultGroup)
      throw new LabError('user', `the group "${defaultGroup}" cannot be removed: it takes the jobs that name none`);
    const open = book
      .all()
      .filter((booked) => booked.entry.group === name && ['waiting', 'running'].includes(phaseOf(booked)));
    if (open.length > 0) {
      throw new LabError(
        'user',
        `the group "${name}" still has ${open.length} jobs that are not over: ${open
          .slice(0, 10)
          .map(({ job }) => job.number)
          .join(', ')}${open.length > 10 ? ', …' : ''}`,
        {
          hints: [
            `\`lab edit N --group ${defaultGroup}\` moves a job that has not begun`,
            `\`lab reset --group ${name}\` ends and removes them`,
          ],
        },
      );
    }
    await groups.remove(name);
    notes.push(`the group ${name} is gone; its ended jobs keep its name`);
  }
  feed.feed();
  return { groups: [...groups.groups.values()], notes };
}
