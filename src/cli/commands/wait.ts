/** `lab wait`: the fate of jobs as an exit code. */
import { findQueueLab } from '../../config/own-lab.ts';
import { LabError } from '../../errors/lab-error.ts';
import { call } from '../client.ts';
import { type CommandSpec, parseJobNumbers } from '../define.ts';
import { isFinal } from '../render.ts';
import { type WaitStage, waitForJobs, waitStages } from '../wait-for-jobs.ts';

/** Waits for jobs; 0 where all did well or nothing is open, 3 where one failed or needs a human to go on. */
export const wait: CommandSpec = {
  name: 'wait',
  summary: 'Wait for jobs; the exit code is their fate',
  usage: '[number…]',
  options: [
    { name: 'group', short: 'g', value: 'name', description: 'Wait for the jobs of a group that are not over' },
    {
      name: 'status',
      short: 's',
      value: 'stage',
      description: `Wait until each is ${waitStages.join(', ')} or further`,
    },
    { name: 'all', short: 'a', description: 'Wait for everything that is not over, as without a number' },
    { name: 'json', description: 'Print one JSON line per job; nothing where no job is open, with exit code 0' },
  ],
  examples: [
    'lab wait 3',
    'lab wait 3-5',
    'lab wait --group sweep',
    'lab wait 7 --status running',
    'lab wait    # everything that is queued or runs now',
  ],
  async run(input) {
    const stage = parseStage(input.text('status'));
    const numbers = parseJobNumbers(input.words);
    const group = input.text('group');
    if (numbers.length > 0 && (group !== null || input.flag('all')))
      throw new LabError('usage', 'numbers were given with --group or --all, expected one of them');
    const paths = findQueueLab(process.cwd());
    const isJson = input.flag('json');
    if (numbers.length > 0) return await waitForJobs(paths, numbers, { isJson, stage });
    const filter = { states: [], group, label: null, idea: null, since: null, ended: 0, isArchived: false };
    const { jobs, groups } = await call(paths, 'status', { numbers: [], filter });
    if (group !== null && groups.every(({ name }) => name !== group))
      throw new LabError(
        'user',
        `there is no group "${group}", expected one of: ${groups.map((one) => one.name).join(', ')}`,
        {
          hints: ['`lab group` lists the groups'],
        },
      );
    const open = jobs.filter((view) => !isFinal(view.state)).map((view) => view.job.number);
    if (open.length === 0) {
      // No mistake: whether the last job was quicker than the shell that waits for it must not decide what a script does next.
      process.stderr.write(`nothing is queued or running${group === null ? '' : ` in the group ${group}`}\n`);
      return 0;
    }
    return await waitForJobs(paths, open, { isJson, stage });
  },
};

function parseStage(text: string | null): WaitStage | null {
  if (text === null) return null;
  const stage = waitStages.find((one) => one === text);
  if (stage === undefined)
    throw new LabError('usage', `--status got "${text}", expected one of: ${waitStages.join(', ')}`);
  return stage;
}
