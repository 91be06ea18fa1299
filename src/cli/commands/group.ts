/** `lab group`: lists, adds and removes the groups of the queue. */
import { findQueueLab } from '../../config/own-lab.ts';
import type { Routes } from '../../daemon/routes.ts';
import { LabError } from '../../errors/lab-error.ts';
import { call } from '../client.ts';
import type { CommandInput, CommandSpec } from '../define.ts';
import { slotsNote, writeGroups } from '../queue/group-table.ts';
import { ensureGroupName } from '../queue/selection.ts';

/** Changes the groups. */
export const group: CommandSpec = {
  name: 'group',
  summary: 'List, add or remove groups of the queue',
  usage: '[add <name> | remove <name>]',
  options: [
    {
      name: 'slots',
      short: 'n',
      value: 'number',
      description: 'Jobs at once on the processor, 0: no limit but its cores; a GPU always runs one',
    },
    { name: 'json', description: 'Print as JSON' },
  ],
  examples: ['lab group', 'lab group add sweep --slots 4', 'lab group remove sweep'],
  async run(input) {
    const request = parseGroupRequest(input);
    const answer = await call(findQueueLab(process.cwd()), 'group', request);
    if (request.slots !== null && request.slots !== 1) process.stderr.write(`${slotsNote}\n`);
    return writeGroups(input, answer);
  },
};

/** What is asked of the groups. Throws LabError (usage) where the words do not say that. */
export function parseGroupRequest(input: Pick<CommandInput, 'words' | 'wholeNumber'>): Routes['group']['request'] {
  const [verb, name, ...others] = input.words;
  const slots = input.wholeNumber('slots', 0);
  if (verb !== 'add' && slots !== null)
    throw new LabError('usage', '--slots belongs to `lab group add`', {
      hints: [`\`lab parallel ${slots} --group NAME\` changes an existing group`],
    });
  if (verb === undefined) return { action: 'list', name: '', slots: null };
  if (verb !== 'add' && verb !== 'remove')
    throw new LabError('usage', `lab group got "${verb}", expected add or remove, or nothing for the list`);
  if (name === undefined || others.length > 0)
    throw new LabError(
      'usage',
      `lab group ${verb} takes one name, got ${others.length + (name === undefined ? 0 : 1)}`,
    );
  ensureGroupName(name);
  return { action: verb, name, slots };
}
