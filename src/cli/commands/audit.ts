/** `lab audit`. */
import { LabError } from '../../errors/lab-error.ts';
import type { CommandSpec } from '../define.ts';

/** Check every recorded number against what it came from. */
export const audit: CommandSpec = {
  name: 'audit',
  summary: 'Check every recorded number against what it came from',
  usage: '[--rebuild FILE]',
  options: [],
  examples: [],
  run() {
    throw new LabError('internal', 'being built');
  },
};
