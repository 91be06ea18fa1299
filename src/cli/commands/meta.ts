/** `lab meta`: META_MODE, the one way in which frozen files of a lab change. */
import type { CommandSpec } from '../define.ts';
import { metaOff } from '../meta/meta-off.ts';
import { metaOn } from '../meta/meta-on.ts';
import { metaRun } from '../meta/meta-run.ts';
import { metaStatus } from '../meta/meta-status.ts';
import { mergeOptions, runVerb, type Verb } from '../verbs.ts';

const verbs: readonly Verb[] = [metaOn, metaRun, metaOff, metaStatus];

/** Changes frozen files, with a grant of the human's. */
export const meta: CommandSpec = {
  name: 'meta',
  summary: 'Change frozen files, with a grant of yours',
  usage: 'on | run | off | status',
  options: mergeOptions(verbs),
  examples: [
    'lab meta status',
    'META_MODE=1 lab meta on --reason "a second metric"',
    'META_MODE=1 lab meta run "print peak memory as well"',
    'META_MODE=1 lab meta off',
  ],
  run: (input) => runVerb('meta', verbs, input, 'status'),
};
