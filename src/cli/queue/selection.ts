/** Which jobs a verb of the queue is about, from its words and options. Pure; what "all" means for a verb is the daemon's. */
import type { Selection } from '../../daemon/routes.ts';
import { LabError } from '../../errors/lab-error.ts';
import { type CommandInput, type OptionSpec, parseJobNumbers } from '../define.ts';

/** The words of usage lines of verbs that take a selection. */
export const selectionUsage = '[number…]';

/** The options of verbs that take a selection. */
export const selectionOptions: OptionSpec[] = [
  { name: 'group', short: 'g', value: 'name', description: 'Every job of this group' },
  { name: 'all', short: 'a', description: 'Every job' },
];

/**
 * The selection that a verb was given; `fallback` is the group where nothing is named, null where something must be. Throws LabError
 * (usage) where numbers, --group and --all are mixed, or nothing is named and there is no fallback.
 */
export function parseSelection(
  command: string,
  input: Pick<CommandInput, 'words' | 'text' | 'flag'>,
  fallback: string | null = null,
): Selection {
  const numbers = [...new Set(parseJobNumbers(input.words))];
  const group = parseGroup(input);
  const all = input.flag('all');
  const given = [numbers.length > 0 ? 'numbers' : '', group === null ? '' : '--group', all ? '--all' : ''];
  const named = given.filter((word) => word !== '');
  if (named.length > 1)
    throw new LabError('usage', `lab ${command} got ${named.join(' and ')}, expected one way to name the jobs`);
  if (named.length === 0 && fallback === null)
    throw new LabError('usage', 'no job is named, expected numbers, --group NAME or --all', {
      hints: ['`lab status` shows the numbers'],
    });
  return { numbers, group: named.length === 0 ? fallback : group, all };
}

/** The value of --group; null where it is absent. Throws LabError (usage) where it cannot be a group's name. */
export function parseGroup(input: Pick<CommandInput, 'text'>): string | null {
  const group = input.text('group');
  if (group !== null) ensureGroupName(group);
  return group;
}

/** Throws LabError (usage) where a word cannot be a group's name. */
export function ensureGroupName(word: string): void {
  if (/^[\w.-]{1,60}$/.test(word)) return;
  throw new LabError('usage', `"${word}" is no group's name, expected up to 60 letters, digits, "_", "." and "-"`, {
    hints: ['`lab group` lists the groups'],
  });
}

/** The numbers of a verb that takes nothing else. Throws LabError (usage) where there is none. */
export function parseNamedJobs(words: string[]): number[] {
  const numbers = [...new Set(parseJobNumbers(words))];
  if (numbers.length > 0) return numbers;
  throw new LabError('usage', 'no job is named, expected its number', { hints: ['`lab status` shows the numbers'] });
}

/** The one number of a verb about one job. Throws LabError (usage) on none or several. */
export function parseOneJob(command: string, words: string[]): number {
  const numbers = parseNamedJobs(words);
  const [number] = numbers;
  if (number !== undefined && numbers.length === 1) return number;
  throw new LabError('usage', `lab ${command} is about one job, got ${numbers.join(', ')}`);
}
