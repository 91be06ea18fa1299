/** `lab kill`: ends running jobs politely, then not; takes queued ones out. */
import { findLab } from '../../config/lab-paths.ts';
import { LabError } from '../../errors/lab-error.ts';
import { call } from '../client.ts';
import { type CommandSpec, parseJobNumbers } from '../define.ts';

/** Ends jobs. */
export const kill: CommandSpec = {
  name: 'kill',
  summary: 'End running jobs, take queued ones out',
  usage: '<number…>',
  options: [
    { name: 'now', description: 'SIGKILL at once, without the grace of run.graceSeconds' },
    { name: 'json', description: 'Print as JSON' },
  ],
  examples: ['lab kill 3', 'lab kill 4-6 --now'],
  async run(input) {
    const paths = findLab(process.cwd());
    const numbers = parseJobNumbers(input.words);
    if (numbers.length === 0)
      throw new LabError('usage', 'no job is named, expected its number', {
        hints: ['`lab status` shows the numbers'],
      });
    const { results } = await call(paths, 'kill', { numbers, graceSeconds: input.flag('now') ? 0 : null });
    if (input.flag('json')) process.stdout.write(`${JSON.stringify(results)}\n`);
    else for (const result of results) process.stdout.write(`${result.outcome}\n`);
    return results.every((result) => result.ok) ? 0 : 1;
  },
};
