/** How a running job is ended: the time it is given, or a single signal. Pure. */
import { constants } from 'node:os';
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

const signals = ['HUP', 'INT', 'QUIT', 'USR1', 'USR2', 'TERM', 'KILL', 'STOP', 'CONT'] as const;

/** "TERM", "sigterm", "SIGTERM" or "15" as "SIGTERM". Throws LabError (usage) on a signal that jobs are not sent. */
export function parseSignal(text: string): string {
  const word = text.trim().toUpperCase().replace(/^SIG/, '');
  // Numbers differ between systems, and jobs run on the system that the client runs on.
  const name = signals.find((one) => one === word || String(constants.signals[`SIG${one}` as const]) === word);
  if (name !== undefined) return `SIG${name}`;
  throw new LabError('usage', `--signal got "${text}", expected one of: ${signals.join(', ')}, or its number`);
}
