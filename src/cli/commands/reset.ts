/** `lab reset`: kills what runs, takes out what is queued, cleans what ended. Asks first, because it ends work. */
import { findQueueLab } from '../../config/own-lab.ts';
import { LabError } from '../../errors/lab-error.ts';
import { call } from '../client.ts';
import { type CommandSpec, ensureNoWords } from '../define.ts';
import { graceOptions, parseGrace } from '../queue/grace.ts';
import { writeOutcomes } from '../queue/outcomes.ts';
import { parseGroup } from '../queue/selection.ts';

/** Empties the queue. */
export const reset: CommandSpec = {
  name: 'reset',
  summary: 'Kill, remove and clean every job',
  usage: '',
  options: [
    { name: 'group', short: 'g', value: 'name', description: 'Only the jobs of this group' },
    { name: 'force', short: 'f', description: 'Do not ask' },
    ...graceOptions,
    { name: 'json', description: 'Print as JSON' },
  ],
  examples: ['lab reset', 'lab reset --group sweep --force'],
  async run(input) {
    ensureNoWords('reset', input);
    const group = parseGroup(input);
    const graceSeconds = parseGrace(input);
    if (!input.flag('force') && !(await isConfirmed(group))) {
      process.stderr.write('nothing was changed\n');
      return 1;
    }
    const answer = await call(findQueueLab(process.cwd()), 'reset', { group, graceSeconds });
    return writeOutcomes(input, answer, { none: 'nothing was there to reset', isNoneFine: true, isFolded: true });
  },
};

async function isConfirmed(group: string | null): Promise<boolean> {
  if (!process.stdin.isTTY)
    throw new LabError('user', 'lab reset ends jobs and stdin is no terminal to ask on, expected --force', {
      hints: [`lab reset${group === null ? '' : ` --group ${group}`} --force`],
    });
  const { createAsker } = await import('../asker.ts');
  const asker = createAsker();
  try {
    const scope = group === null ? 'every job' : `every job of the group ${group}`;
    const answer = await asker.ask(`kill, remove and clean ${scope}? [y/N] `);
    return answer !== null && /^y(?:es)?$/i.test(answer);
  } finally {
    asker.close();
  }
}
