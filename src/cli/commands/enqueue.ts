/** `lab enqueue`: lets held jobs go. */
import { findLab } from '../../config/lab-paths.ts';
import { LabError } from '../../errors/lab-error.ts';
import { call } from '../client.ts';
import { type CommandSpec, parseJobNumbers } from '../define.ts';

/** Lets held jobs go, bound to the present track. */
export const enqueue: CommandSpec = {
  name: 'enqueue',
  summary: 'Let held jobs go, bound to the present track',
  usage: '<number…>',
  options: [{ name: 'json', description: 'Print as JSON' }],
  examples: ['lab enqueue 3'],
  async run(input) {
    const paths = findLab(process.cwd());
    const numbers = parseJobNumbers(input.words);
    if (numbers.length === 0)
      throw new LabError('usage', 'no job is named, expected its number', {
        hints: ['`lab status` shows what is held and why'],
      });
    const { results } = await call(paths, 'enqueue', { numbers });
    if (input.flag('json')) process.stdout.write(`${JSON.stringify(results)}\n`);
    else for (const result of results) process.stdout.write(`${result.outcome}\n`);
    return results.every((result) => result.ok) ? 0 : 1;
  },
};
