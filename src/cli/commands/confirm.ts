/** `lab confirm`: measures the champion against the baseline again, with seeds that nothing was chosen by, and says whether its gain stands. */
import { findLab } from '../../config/lab-paths.ts';
import { exitCodes } from '../../errors/lab-error.ts';
import { call } from '../client.ts';
import { type CommandSpec, ensureNoWords } from '../define.ts';
import { openConfig } from '../open-config.ts';
import { beginTest, describeChanges, printQueued, waitForTest } from '../tests/follow-test.ts';
import { claimToJson, renderClaim } from '../tests/render-test.ts';

/** Tests the champion's gain. */
export const confirm: CommandSpec = {
  name: 'confirm',
  summary: 'Test with fresh seeds whether the champion beats the baseline',
  usage: '',
  options: [
    { name: 'runs', value: 'count', description: 'Most runs of both codes together (default: 12)' },
    { name: 'no-wait', description: 'Queue the first runs and return; the rest follows by itself' },
    { name: 'json', description: 'Print as JSON' },
  ],
  examples: ['lab confirm', 'lab confirm --runs 24 --no-wait'],
  async run(input) {
    ensureNoWords('confirm', input);
    const paths = findLab(process.cwd());
    const config = openConfig(paths);
    const isJson = input.flag('json');
    const begun = await beginTest(paths, config, { kind: 'claim', runs: input.wholeNumber('runs', 4) });
    const { test, jobs } = begun;
    const [baseline] = test.arms;
    const most = test.question.kind === 'claim' ? test.question.runs : 0;
    process.stderr.write(
      `test ${test.number}: champion ${test.champion.commit.slice(0, 7)} (${describeChanges(test)}) against the baseline ${baseline?.commit.slice(0, 7) ?? ''}, at most ${most} runs; first job ${jobs.join(', ')}\n`,
    );
    if (input.flag('no-wait')) {
      printQueued(begun, isJson);
      return 0;
    }
    const view = await waitForTest(paths, test);
    const { tests } = await call(paths, 'tests', { numbers: [], wait: false });
    const bisect =
      tests.find((other) => other.test.question.kind === 'bisect' && other.test.question.claim === test.number)?.test
        .number ?? null;
    process.stdout.write(
      isJson
        ? `${JSON.stringify(claimToJson(view, config.metric, bisect), null, 2)}\n`
        : renderClaim(view, config.metric, bisect),
    );
    return view.state === 'confirmed' ? 0 : exitCodes['job-failed'];
  },
};
