/** `lab edit`: changes a job that has not begun, by options or as a small YAML in the person's editor. */
import { resolve } from 'node:path';
import type { LabPaths } from '../../config/lab-paths.ts';
import { findQueueLab } from '../../config/own-lab.ts';
import { LabError } from '../../errors/lab-error.ts';
import { call } from '../client.ts';
import type { CommandInput, CommandSpec } from '../define.ts';
import { readText } from '../draft.ts';
import { parseEditFile } from '../queue/edit-file.ts';
import { editInEditor, isEmptyChange } from '../queue/edit-in-editor.ts';
import { changeOptions, hasChange, type JobChange, parseChange } from '../queue/job-change.ts';
import { readJobFacts } from '../queue/job-facts.ts';
import { writeOutcomes } from '../queue/outcomes.ts';
import { parseOneJob } from '../queue/selection.ts';

/** Changes a queued job. */
export const edit: CommandSpec = {
  name: 'edit',
  summary: 'Change a queued job in your editor, or by options',
  usage: '<number>',
  options: [
    ...changeOptions,
    { name: 'from', value: 'file', description: 'Take this YAML in place of the editor' },
    { name: 'json', description: 'Print as JSON' },
  ],
  examples: ['lab edit 3', 'lab edit 3 --seed 7 --priority 5', 'lab edit 4 --after 2,3', 'lab edit 4 --after none'],
  async run(input) {
    const number = parseOneJob('edit', input.words);
    const from = input.text('from');
    const isByOptions = hasChange(input);
    if (from !== null && isByOptions)
      throw new LabError('usage', '--from was given with other changes, expected one of them');
    const paths = findQueueLab(process.cwd());
    const facts = await readJobFacts(paths, number);
    if (isByOptions) return await applyChange(paths, input, number, parseChange(input, facts));
    if (from !== null)
      return await applyChange(
        paths,
        input,
        number,
        parseEditFile(facts, readText(resolve(from)), { isRestart: false }),
      );
    const apply = async (change: JobChange) => (await applyChange(paths, input, number, change)) === 0;
    return (await editInEditor(paths, { facts, isRestart: false, apply })) ? 0 : 1;
  },
};

async function applyChange(
  paths: LabPaths,
  input: Pick<CommandInput, 'flag'>,
  number: number,
  change: JobChange,
): Promise<number> {
  if (isEmptyChange(change)) {
    const results = [{ number, outcome: `job ${number}: unchanged`, ok: true }];
    return writeOutcomes(input, { results, notes: [] }, { none: null });
  }
  return writeOutcomes(input, await call(paths, 'edit', { number, ...change }), { none: `there is no job ${number}` });
}
