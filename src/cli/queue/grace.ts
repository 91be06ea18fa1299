/** How a running job is ended: the time it is given, or a single signal. Pure. */
import { LabError } from '../../errors/lab-error.ts';
import type { CommandInput, OptionSpec } from '../define.ts';

/** The options of verbs that end jobs. */
export const graceOptions: OptionSpec[] = [
  { name: 'now', description: 'SIGKILL at once, without the grace of run.graceSeconds' },
  { name: 'grace', value: 'seconds', description: 'Time between SIGTERM and SIGKILL (default: run.graceSeconds)' },
];

/** Grace in seconds; 0: none; null: the lab's own. Throws LabError (usage) where both options are given or it is below 0. */
export function parseGrace(input: Pick<CommandInput, 'flag' | 'number' | 'text'>): number | null {
  const grace = input.number('grace');
  if (grace !== null && input.flag('now'))
    throw new LabError('usage', '--now and --grace were given, expected one of them');
  if (grace !== null && grace < 0)
    throw new LabError('usage', `--grace got "${input.text('grace')}", expected seconds, at least 0`);
  return input.flag('now') ? 0 : grace;
}

const signals = ['HUP', 'INT', 'QUIT', 'USR1', 'USR2', 'TERM', 'KILL', 'STOP', 'CONT'];

/** "TERM", "sigterm" or "SIGTERM" as "SIGTERM". Throws LabError (usage) on a signal that jobs are not sent. */
export function parseSignal(text: string): string {
  const name = text.trim().toUpperCase().replace(/^SIG/, '');
  if (signals.includes(name)) return `SIG${name}`;
  throw new LabError('usage', `--signal got "${text}", expected one of: ${signals.join(', ')}`);
}
