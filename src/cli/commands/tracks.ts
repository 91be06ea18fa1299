/** `lab tracks`. */
import { LabError } from '../../errors/lab-error.ts';
import type { CommandSpec } from '../define.ts';

/** List the tracks, or measure the champion of one under the other. */
export const tracks: CommandSpec = {
  name: 'tracks',
  summary: 'List the tracks, or measure the champion of one under the other',
  usage: '[compare A B]',
  options: [],
  examples: [],
  run() {
    throw new LabError('internal', 'being built');
  },
};
