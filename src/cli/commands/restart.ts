/** `lab restart`: queues ended jobs again, as new jobs or in place, changed where --edit is given. */
import { randomUUID } from 'node:crypto';
import type { LabPaths } from '../../config/lab-paths.ts';
import { findQueueLab } from '../../config/own-lab.ts';
import type { Routes, Selection } from '../../daemon/routes.ts';
import { LabError } from '../../errors/lab-error.ts';
import { call } from '../client.ts';
import { type CommandInput, type CommandSpec, parseJobNumbers } from '../define.ts';
import { findSecrets } from '../queue/find-secrets.ts';
import { writeOutcomes } from '../queue/outcomes.ts';
import { parseGroup } from '../queue/selection.ts';

type Restarted = Routes['restart']['response'];

/** Queues ended jobs again. */
export const restart: CommandSpec = {
  name: 'restart',
  summary: 'Queue ended jobs again',
  usage: '[number…]',
  options: [
    { name: 'failed', description: 'Every job that failed' },
    { name: 'group', short: 'g', value: 'name', description: 'Every job of this group that failed' },
    { name: 'in-place', short: 'i', description: 'One more attempt of the same job, not a new one' },
    { name: 'stashed', short: 's', description: 'Put them aside until they are enqueued' },
    { name: 'start', short: 'k', description: 'Send them ahead of slots and pauses' },
    { name: 'edit', short: 'e', description: 'Change each in your editor first' },
    { name: 'print-number', short: 'p', description: 'Print the numbers alone' },
    { name: 'json', description: 'Print as JSON' },
  ],
  examples: ['lab restart 3', 'lab restart --failed', 'lab restart 3 --in-place --edit', 'lab restart -p 4-6'],
  async run(input) {
    const select = parseRestarted(input);
    const paths = findQueueLab(process.cwd());
    const request = {
      select,
      inPlace: input.flag('in-place'),
      stashed: input.flag('stashed'),
      forced: input.flag('start'),
      edits: {},
      secrets: await findSecrets(paths, select, ['failed']),
    };
    const answer = input.flag('edit')
      ? await restartEdited(paths, request)
      : await call(paths, 'restart', { ...request, key: randomUUID() });
    const isNothing = answer.results.length === 0;
    if (!input.flag('print-number') || input.flag('json') || isNothing)
      return writeOutcomes(input, answer, { none: describeNone(select), isNoneFine: true });
    for (const number of answer.started) process.stdout.write(`${number}\n`);
    for (const { outcome, ok } of answer.results) if (!ok) process.stderr.write(`${outcome}\n`);
    return answer.started.length > 0 && answer.results.every(({ ok }) => ok) ? 0 : 1;
  },
};

/** That there was nothing to start again. */
export function describeNone({ group }: Selection): string {
  return `no job${group === null ? '' : ` of the group ${group}`} has failed: nothing to start again`;
}

/** Which jobs start again. Throws LabError (usage) where the words and options do not say it. */
export function parseRestarted(input: Pick<CommandInput, 'words' | 'text' | 'flag'>): Selection {
  const numbers = [...new Set(parseJobNumbers(input.words))];
  const group = parseGroup(input);
  const failed = input.flag('failed');
  if (input.flag('stashed') && input.flag('start'))
    throw new LabError('usage', '--stashed and --start were given, expected one of them');
  if (numbers.length > 0 && (failed || group !== null))
    throw new LabError('usage', 'numbers were given with --failed or --group, expected one way to name the jobs');
  if (numbers.length === 0 && !failed && group === null)
    throw new LabError('usage', 'no job is named, expected numbers, --failed or --group NAME', {
      hints: ['`lab status` shows the numbers'],
    });
  if (input.flag('edit') && numbers.length === 0)
    throw new LabError('usage', '--edit goes through jobs one by one, expected their numbers');
  return { numbers, group, all: failed && group === null };
}

/** One editor and one request per job, so that each has changes of its own. */
async function restartEdited(paths: LabPaths, request: Omit<Routes['restart']['request'], 'key'>): Promise<Restarted> {
  const { readJobFacts } = await import('../queue/job-facts.ts');
  const { editInEditor } = await import('../queue/edit-in-editor.ts');
  const all: Restarted = { results: [], notes: [], started: [] };
  for (const number of request.select.numbers) {
    const facts = await readJobFacts(paths, number);
    const apply = async ({ edits }: { edits: Routes['restart']['request']['edits'] }) => {
      const select = { numbers: [number], group: null, all: false };
      const answer = await call(paths, 'restart', { ...request, select, edits, key: randomUUID() });
      all.results.push(...answer.results);
      all.notes.push(...answer.notes);
      all.started.push(...answer.started);
      return answer.results.every(({ ok }) => ok);
    };
    await editInEditor(paths, { facts, isRestart: true, apply });
  }
  return all;
}
