/** `lab parallel`: sets, or shows, how many jobs of a group run at once on the processor. */
import { findQueueLab } from '../../config/own-lab.ts';
import { LabError } from '../../errors/lab-error.ts';
import { call } from '../client.ts';
import type { CommandSpec } from '../define.ts';
import { slotsNote, writeGroups } from '../queue/group-table.ts';
import { parseGroup } from '../queue/selection.ts';

/** Sets slots. */
export const parallel: CommandSpec = {
  name: 'parallel',
  summary: 'Set how many jobs of a group run at once',
  usage: '[slots]',
  options: [
    { name: 'group', short: 'g', value: 'name', description: 'Group that it is about (default: default)' },
    { name: 'json', description: 'Print as JSON' },
  ],
  examples: [
    'lab parallel       # shows the slots of every group',
    'lab parallel 4     # on the processor; a GPU always runs one',
    'lab parallel 0 --group sweep     # no limit',
  ],
  async run(input) {
    const words = [...input.words, ...(input.rest ?? [])];
    const [word, ...others] = words;
    const name = parseGroup(input);
    if (word === undefined) {
      const all = await call(findQueueLab(process.cwd()), 'group', { action: 'list', name: '', slots: null });
      const groups = all.groups.filter((one) => name === null || one.name === name);
      if (groups.length > 0) return writeGroups(input, { ...all, groups });
      const names = all.groups.map((one) => one.name).join(', ');
      throw new LabError('user', `there is no group "${name}", expected one of: ${names}`, {
        hints: [`\`lab group add ${name}\` makes it`],
      });
    }
    if (others.length > 0 || !/^\d{1,6}$/.test(word))
      throw new LabError(
        'usage',
        `lab parallel got "${words.join(' ')}", expected one whole number from 0 (no limit) to 999999`,
        {
          hints: ['lab parallel 4 --group sweep', '`lab group` shows the slots'],
        },
      );
    const slots = Number(word);
    const answer = await call(findQueueLab(process.cwd()), 'group', {
      action: 'slots',
      name: name ?? 'default',
      slots,
    });
    if (slots !== 1) process.stderr.write(`${slotsNote}\n`);
    return writeGroups(input, answer);
  },
};
