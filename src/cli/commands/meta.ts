/** `lab meta`. */
import { LabError } from '../../errors/lab-error.ts';
import type { CommandSpec } from '../define.ts';

/** Change frozen files, with a grant of yours. */
export const meta: CommandSpec = {
  name: 'meta',
  summary: 'Change frozen files, with a grant of yours',
  usage: 'on | run | off | status',
  options: [],
  examples: [],
  run() {
    throw new LabError('internal', 'being built');
  },
};
