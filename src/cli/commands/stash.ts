/** `lab stash`: keeps queued jobs from starting until `lab enqueue`, or until a moment. */
import { findQueueLab } from '../../config/own-lab.ts';
import { call } from '../client.ts';
import type { CommandSpec } from '../define.ts';
import { writeOutcomes } from '../queue/outcomes.ts';
import { parseSelection, selectionOptions, selectionUsage } from '../queue/selection.ts';
import { parseWhen } from '../when.ts';

/** Puts queued jobs aside. */
export const stash: CommandSpec = {
  name: 'stash',
  summary: 'Put queued jobs aside until they are enqueued',
  usage: selectionUsage,
  options: [
    ...selectionOptions,
    {
      name: 'delay',
      short: 'd',
      value: 'when',
      description: 'They go by themselves then: 2h30m, 18:00, "tomorrow 7am"',
    },
    { name: 'json', description: 'Print as JSON' },
  ],
  examples: ['lab stash 3', 'lab stash --all', 'lab stash 4-6 --delay "friday 18:00"'],
  async run(input) {
    const select = parseSelection('stash', input);
    const delay = input.text('delay');
    const notBefore = delay === null ? null : parseWhen(delay, new Date()).toISOString();
    const answer = await call(findQueueLab(process.cwd()), 'stash', { select, notBefore });
    return writeOutcomes(input, answer, { none: 'no such job is queued' });
  },
};
