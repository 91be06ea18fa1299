/** `lab kill`: ends running jobs politely, then not; takes queued ones out. With --signal it only sends that. */
import { findQueueLab } from '../../config/own-lab.ts';
import { LabError } from '../../errors/lab-error.ts';
import { call } from '../client.ts';
import type { CommandSpec } from '../define.ts';
import { graceOptions, parseGrace, parseSignal } from '../queue/grace.ts';
import { writeOutcomes } from '../queue/outcomes.ts';
import { parseSelection, selectionUsage } from '../queue/selection.ts';

/** Ends jobs. */
export const kill: CommandSpec = {
  name: 'kill',
  summary: 'End running jobs, take queued ones out',
  usage: selectionUsage,
  options: [
    { name: 'group', short: 'g', value: 'name', description: 'What runs of this group; one with more to do is paused' },
    { name: 'all', short: 'a', description: 'Whatever runs; groups with more to do are paused' },
    ...graceOptions,
    { name: 'signal', short: 's', value: 'name', description: 'Only send this signal to running jobs (TERM, 15, …)' },
    { name: 'json', description: 'Print as JSON' },
  ],
  examples: ['lab kill 3', 'lab kill 4-6 --now', 'lab kill --group sweep', 'lab kill 3 --signal USR1'],
  async run(input) {
    const select = parseSelection('kill', input);
    const graceSeconds = parseGrace(input);
    const word = input.text('signal');
    const signal = word === null ? null : parseSignal(word);
    if (signal !== null && graceSeconds !== null)
      throw new LabError(
        'usage',
        '--signal sends one signal and nothing else, expected no --now and no --grace with it',
      );
    const answer = await call(findQueueLab(process.cwd()), 'kill', {
      numbers: select.numbers,
      graceSeconds,
      ...(select.numbers.length > 0 ? {} : { select }),
      signal,
    });
    return writeOutcomes(input, answer, { none: 'nothing of that runs', isNoneFine: true });
  },
};
