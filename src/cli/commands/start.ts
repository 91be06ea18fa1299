/** `lab start`: resumes groups and stopped jobs; named queued jobs go ahead of everything. */
import { findQueueLab } from '../../config/own-lab.ts';
import { call } from '../client.ts';
import type { CommandSpec } from '../define.ts';
import { writeOutcomes } from '../queue/outcomes.ts';
import { parseSelection, selectionOptions, selectionUsage } from '../queue/selection.ts';

/** Resumes. */
export const start: CommandSpec = {
  name: 'start',
  summary: 'Resume paused jobs and groups, send queued jobs ahead',
  usage: selectionUsage,
  options: [...selectionOptions, { name: 'json', description: 'Print as JSON' }],
  examples: [
    'lab start         # the group default',
    'lab start --all',
    'lab start 3       # ahead of slots and pauses',
  ],
  async run(input) {
    const select = parseSelection('start', input, 'default');
    const answer = await call(findQueueLab(process.cwd()), 'start', { select });
    return writeOutcomes(input, answer, { none: 'nothing is paused' });
  },
};
