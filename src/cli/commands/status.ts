/** `lab status`: the queue as a table, or one job whole. */
import { findOwnLab, findQueueLab } from '../../config/own-lab.ts';
import type { Routes, StatusFilter } from '../../daemon/routes.ts';
import { stateWords, takes } from '../../daemon/status-filter.ts';
import { LabError } from '../../errors/lab-error.ts';
import { call } from '../client.ts';
import { type CommandInput, type CommandSpec, parseJobNumbers } from '../define.ts';
import { terminalWidth } from '../render.ts';
import { renderJob } from '../status/job-page.ts';
import { renderQueue } from '../status/queue-table.ts';
import { parseSince } from '../status/since.ts';
import { watchQueue } from '../status/watch.ts';

type Answer = Routes['status']['response'];

/** How many ended jobs are shown without --all. */
const shownEnded = 10;

/** Shows the queue. */
export const status: CommandSpec = {
  name: 'status',
  summary: 'Show the queue, or one job whole',
  usage: '[number…]',
  options: [
    {
      name: 'state',
      value: 'state',
      isRepeatable: true,
      description: 'Only jobs in a state or with a fate, e.g. queued,failed',
    },
    { name: 'group', short: 'g', value: 'name', description: 'Only jobs of a group' },
    { name: 'label', value: 'text', description: 'Only jobs whose label holds the text' },
    { name: 'idea', value: 'slug', description: 'Only jobs of an idea' },
    { name: 'since', value: 'when', description: 'Only jobs queued or ended since a date, or 2h, 30min, 3d ago' },
    { name: 'all', short: 'a', description: `Show every ended job, not the last ${shownEnded}` },
    { name: 'archived', description: 'Show the jobs that `lab clean` put away instead' },
    { name: 'watch', short: 'w', description: 'Show it again when something changes, until Ctrl-C' },
    { name: 'json', description: 'Print as JSON' },
  ],
  examples: [
    'lab status',
    'lab status 3',
    'lab status --state failed --since 12h',
    'lab status --watch',
    'lab status --json',
  ],
  async run(input) {
    const numbers = parseJobNumbers(input.words);
    const filter = parseFilter(input);
    const paths = findQueueLab(process.cwd());
    const ask = async (): Promise<Answer> => {
      if (numbers.length === 0) return ensureGroup(await call(paths, 'status', { numbers, filter }), filter);
      const answer = await call(paths, 'status', { numbers });
      // A job that is named is shown wherever it lies, unless the archive is asked for.
      const jobs = answer.jobs.filter((view) =>
        takes({ ...filter, isArchived: filter.isArchived || view.isArchived }, view),
      );
      return ensureGroup({ ...answer, jobs }, filter);
    };
    const words = { isFiltered: isNarrow(filter), isOwnLab: paths.root === findOwnLab()?.root };
    const told = new Set<string>();
    // A drawn screen would wipe a note away, so there it is part of what is drawn.
    const isScreen = input.flag('watch') && process.stdout.isTTY === true;
    const draw = async (): Promise<string> => {
      const answer = await ask();
      if (isScreen) return `${answer.problems.map((problem) => `note: ${problem}\n`).join('')}${render(answer)}`;
      for (const problem of answer.problems) {
        if (!told.has(problem)) process.stderr.write(`note: ${problem}\n`);
        told.add(problem);
      }
      return render(answer);
    };
    const render = (answer: Answer): string => {
      if (input.flag('json')) return `${JSON.stringify(answer, null, 2)}\n`;
      if (numbers.length > 0 && answer.jobs.length === 0) return 'none of these jobs is what the options ask for\n';
      if (numbers.length > 0)
        return answer.jobs.map((view) => renderJob(view, paths.runs, Date.now(), words)).join('\n');
      return renderQueue(answer, terminalWidth(), Date.now(), words);
    };
    if (input.flag('watch')) return await watchQueue(paths, draw);
    process.stdout.write(await draw());
    return 0;
  },
};

/** The answer; throws LabError (user) where the filter names a group that is none. Ended jobs keep the name of one that was removed. */
function ensureGroup(answer: Answer, { group }: StatusFilter): Answer {
  if (group === null || answer.jobs.length > 0 || answer.groups.some(({ name }) => name === group)) return answer;
  const names = answer.groups.map(({ name }) => name).join(', ');
  throw new LabError('user', `there is no group "${group}", expected one of: ${names}`, {
    hints: ['`lab group` lists the groups'],
  });
}

/** Whether the filter takes only some of the jobs. */
function isNarrow({ states, group, label, idea, since, isArchived }: StatusFilter): boolean {
  return states.length > 0 || isArchived || [group, label, idea, since].some((value) => value !== null);
}

/** The filter that the options ask for. Throws LabError (usage) that names a wrong value. */
function parseFilter(input: CommandInput): StatusFilter {
  const states = input
    .texts('state')
    .flatMap((text) => text.split(','))
    .map((word) => word.trim().toLowerCase());
  const wrong = states.find((word) => !stateWords.includes(word));
  if (wrong !== undefined)
    throw new LabError('usage', `--state got "${wrong}", expected one of: ${stateWords.join(', ')}`);
  const since = input.text('since');
  return {
    states,
    group: input.text('group'),
    label: input.text('label'),
    idea: input.text('idea'),
    since: since === null ? null : parseSince(since, new Date()).toISOString(),
    ended: input.flag('all') ? null : shownEnded,
    isArchived: input.flag('archived'),
  };
}
