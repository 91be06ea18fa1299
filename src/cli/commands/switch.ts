/** `lab switch`: changes places in the queue. Numbers stay with their jobs. */
import { findQueueLab } from '../../config/own-lab.ts';
import type { Routes } from '../../daemon/routes.ts';
import { LabError } from '../../errors/lab-error.ts';
import { call } from '../client.ts';
import { type CommandInput, type CommandSpec, parseJobNumbers } from '../define.ts';
import { writeOutcomes } from '../queue/outcomes.ts';
import { parseNamedJobs } from '../queue/selection.ts';

/** Changes places. */
export const switchJobs: CommandSpec = {
  name: 'switch',
  summary: 'Change places in the queue',
  usage: '<number> <number> | <number…> --before <number> | <number…> --top',
  options: [
    { name: 'before', value: 'number', description: 'Move the jobs in front of this one' },
    { name: 'top', description: 'Move the jobs to the front' },
    { name: 'json', description: 'Print as JSON' },
  ],
  examples: ['lab switch 3 5', 'lab switch 7 --before 4', 'lab switch 8-10 --top'],
  async run(input) {
    const answer = await call(findQueueLab(process.cwd()), 'move', parseMove(input));
    return writeOutcomes(input, answer, { none: 'no such job is queued' });
  },
};

/** Which jobs go where. Throws LabError (usage) where the words do not say that. */
export function parseMove(input: Pick<CommandInput, 'words' | 'text' | 'flag'>): Routes['move']['request'] {
  const numbers = parseNamedJobs(input.words);
  const before = input.text('before');
  const top = input.flag('top');
  if (before !== null && top) throw new LabError('usage', '--before and --top were given, expected one of them');
  if (top) return { numbers, to: { kind: 'top' } };
  if (before !== null) {
    const [number, ...others] = parseJobNumbers([before]);
    if (number === undefined || others.length > 0)
      throw new LabError('usage', `--before got "${before}", expected the number of one job`);
    if (numbers.includes(number))
      throw new LabError('usage', `job ${number} cannot move in front of itself, expected another one for --before`);
    return { numbers, to: { kind: 'before', number } };
  }
  const [first, second, ...others] = numbers;
  if (first === undefined || second === undefined || others.length > 0)
    throw new LabError(
      'usage',
      `lab switch got ${numbers.join(', ')}, expected two different jobs, --before or --top`,
      {
        hints: ['lab switch 3 5'],
      },
    );
  return { numbers: [first], to: { kind: 'switch', number: second } };
}
