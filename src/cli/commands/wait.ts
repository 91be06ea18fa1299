/** `lab wait`: the fate of jobs as an exit code. */
import { findLab } from '../../config/lab-paths.ts';
import { LabError } from '../../errors/lab-error.ts';
import { call } from '../client.ts';
import { type CommandSpec, parseJobNumbers } from '../define.ts';
import { isFinal } from '../render.ts';
import { waitForJobs } from '../wait-for-jobs.ts';

/** Waits for jobs; 0 where all did well, 3 where one failed. */
export const wait: CommandSpec = {
  name: 'wait',
  summary: 'Wait for jobs; the exit code is their fate',
  usage: '[number…]',
  options: [{ name: 'json', description: 'Print one JSON line per job' }],
  examples: ['lab wait 3', 'lab wait 3-5', 'lab wait    # everything that is queued or runs now'],
  async run(input) {
    const paths = findLab(process.cwd());
    let numbers = parseJobNumbers(input.words);
    if (numbers.length === 0) {
      const { jobs } = await call(paths, 'status', { numbers: [] });
      numbers = jobs.filter((view) => !isFinal(view.state)).map((view) => view.job.number);
      if (numbers.length === 0)
        throw new LabError('user', 'nothing is queued or running, expected a job to wait for', {
          hints: ['`lab status` shows the jobs that ended'],
        });
    }
    return await waitForJobs(paths, numbers, { isJson: input.flag('json') });
  },
};
