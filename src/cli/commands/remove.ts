/** `lab remove`: takes queued jobs out for good, ended ones out of sight. Records and results stay. */
import { findQueueLab } from '../../config/own-lab.ts';
import { call } from '../client.ts';
import type { CommandSpec } from '../define.ts';
import { writeOutcomes } from '../queue/outcomes.ts';
import { parseNamedJobs } from '../queue/selection.ts';

/** Takes jobs out. */
export const remove: CommandSpec = {
  name: 'remove',
  summary: 'Take queued jobs out, ended ones out of sight',
  usage: '<number…>',
  options: [{ name: 'json', description: 'Print as JSON' }],
  examples: ['lab remove 3', 'lab remove 4-6'],
  async run(input) {
    const numbers = parseNamedJobs(input.words);
    const answer = await call(findQueueLab(process.cwd()), 'remove', { numbers });
    return writeOutcomes(input, answer, { none: 'no such job is there' });
  },
};
