/** `lab ablate`: measures with fresh seeds what the champion loses without each of its changes; with `--revert` what is not worth its place leaves. */
import { findLab } from '../../config/lab-paths.ts';
import { exitCodes } from '../../errors/lab-error.ts';
import type { CommandSpec } from '../define.ts';
import { openConfig } from '../open-config.ts';
import { beginTest, printQueued, waitForTest } from '../tests/follow-test.ts';
import { ablationToJson, renderAblation } from '../tests/render-test.ts';

/** Runs of each code where nobody says otherwise. */
const usualEach = 3;

/** Takes the champion's changes out one by one. */
export const ablate: CommandSpec = {
  name: 'ablate',
  summary: 'Measure what the champion loses without each of its changes',
  usage: '[slug…]',
  options: [
    { name: 'each', value: 'count', description: `Runs of each code (default: ${usualEach})` },
    { name: 'revert', description: 'Take what is not worth its place out of the champion' },
    { name: 'no-wait', description: 'Queue the runs and return' },
    { name: 'json', description: 'Print as JSON' },
  ],
  examples: ['lab ablate', 'lab ablate lower-lr --each 6', 'lab ablate --revert'],
  async run(input) {
    const paths = findLab(process.cwd());
    const config = openConfig(paths);
    const isJson = input.flag('json');
    const isReverting = input.flag('revert');
    const each = input.wholeNumber('each', 1) ?? usualEach;
    const begun = await beginTest(paths, config, { kind: 'ablation', each, slugs: input.words, revert: isReverting });
    const { test, jobs } = begun;
    process.stderr.write(
      `test ${test.number}: the champion and ${test.arms.length - 1} codes without one change, ${each} ${each === 1 ? 'run' : 'runs'} each: job ${jobs.join(', ')}\n`,
    );
    if (input.flag('no-wait')) {
      printQueued(begun, isJson);
      return 0;
    }
    const view = await waitForTest(paths, test);
    process.stdout.write(
      isJson
        ? `${JSON.stringify(ablationToJson(view, config.metric), null, 2)}\n`
        : renderAblation(view, config.metric, isReverting),
    );
    return view.why === null ? 0 : exitCodes['job-failed'];
  },
};
