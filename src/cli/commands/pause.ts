/** `lab pause`: stops jobs where they are, or keeps a group from starting more. A stopped job keeps its memory, on the GPU too. */
import { findQueueLab } from '../../config/own-lab.ts';
import { LabError } from '../../errors/lab-error.ts';
import { call } from '../client.ts';
import type { CommandSpec } from '../define.ts';
import { writeOutcomes } from '../queue/outcomes.ts';
import { parseSelection, selectionOptions, selectionUsage } from '../queue/selection.ts';

/** Pauses. */
export const pause: CommandSpec = {
  name: 'pause',
  summary: 'Stop jobs where they are, or a whole group',
  usage: selectionUsage,
  options: [
    ...selectionOptions,
    { name: 'wait', short: 'w', description: 'What runs goes on to its end; only nothing new starts' },
    { name: 'json', description: 'Print as JSON' },
  ],
  examples: ['lab pause         # the group default', 'lab pause --all --wait', 'lab pause 3'],
  async run(input) {
    const select = parseSelection('pause', input, 'default');
    const keepRunning = input.flag('wait');
    if (keepRunning && select.numbers.length > 0)
      throw new LabError('usage', '--wait is about groups, expected no numbers with it', {
        hints: [`\`lab stash ${select.numbers.join(' ')}\` keeps queued jobs from starting`],
      });
    const answer = await call(findQueueLab(process.cwd()), 'pause', { select, keepRunning });
    return writeOutcomes(input, answer, { none: 'nothing is there to pause' });
  },
};
