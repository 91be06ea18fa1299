/** `lab clean`: puts ended jobs out of sight; with --purge it deletes the folders of those that left no record. */
import { findQueueLab } from '../../config/own-lab.ts';
import { call } from '../client.ts';
import { type CommandSpec, parseJobNumbers } from '../define.ts';
import { writeOutcomes } from '../queue/outcomes.ts';
import { parseGroup } from '../queue/selection.ts';

/** Cleans the list. */
export const clean: CommandSpec = {
  name: 'clean',
  summary: 'Put ended jobs out of sight',
  usage: '[number…]',
  options: [
    { name: 'successful', short: 's', description: 'Only jobs that succeeded' },
    { name: 'group', short: 'g', value: 'name', description: 'Only jobs of this group' },
    { name: 'purge', description: 'Delete the run folders of those that left no record' },
    { name: 'json', description: 'Print as JSON' },
  ],
  examples: ['lab clean', 'lab clean --successful --group sweep', 'lab clean 4-6 --purge'],
  async run(input) {
    const numbers = [...new Set(parseJobNumbers(input.words))];
    const answer = await call(findQueueLab(process.cwd()), 'clean', {
      numbers,
      group: parseGroup(input),
      successfulOnly: input.flag('successful'),
      purge: input.flag('purge'),
    });
    return writeOutcomes(input, answer, { none: 'nothing was there to clean', isNoneFine: true, isFolded: true });
  },
};
