/** `lab enqueue`: lets held and stashed jobs go, now or later. */
import { findQueueLab } from '../../config/own-lab.ts';
import { call } from '../client.ts';
import type { CommandSpec } from '../define.ts';
import { findSecrets } from '../queue/find-secrets.ts';
import { writeOutcomes } from '../queue/outcomes.ts';
import { parseSelection, selectionOptions, selectionUsage } from '../queue/selection.ts';
import { parseWhen } from '../when.ts';

/** Lets held and stashed jobs go; held ones are bound to the present track. */
export const enqueue: CommandSpec = {
  name: 'enqueue',
  summary: 'Let held and stashed jobs go, bound to the present track',
  usage: selectionUsage,
  options: [
    ...selectionOptions,
    { name: 'delay', short: 'd', value: 'when', description: 'Not before: 90s, 2h30m, 18:00, "tomorrow 7am"' },
    { name: 'json', description: 'Print as JSON' },
  ],
  examples: ['lab enqueue 3', 'lab enqueue --group sweep --delay 18:00'],
  async run(input) {
    const select = parseSelection('enqueue', input);
    const delay = input.text('delay');
    const paths = findQueueLab(process.cwd());
    const answer = await call(paths, 'enqueue', {
      secrets: await findSecrets(paths, select, ['held']),
      numbers: select.numbers,
      ...(select.numbers.length > 0 ? {} : { select }),
      notBefore: delay === null ? null : parseWhen(delay, new Date()).toISOString(),
    });
    return writeOutcomes(input, answer, { none: 'no such job is held or stashed' });
  },
};
