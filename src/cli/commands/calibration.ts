/** `lab calibration`: expected against observed, by whoever stated or built it, and the results that nobody expected. Reads files and git, no daemon. */
import { gatherCases, type LabCase } from '../../analysis/calibration-cases.ts';
import { explainSurprise } from '../../analysis/surprise-words.ts';
import { messageOf } from '../../errors/lab-error.ts';
import { computeTrack } from '../../rules/tracks.ts';
import { type CalibrationKey, calibrationKeys, groupCases, summariseCases } from '../../stats/calibration.ts';
import { findSurprises } from '../../stats/surprises.ts';
import type { CommandSpec } from '../define.ts';
import { openLab } from '../open-lab.ts';
import { type CalibrationView, renderCalibration } from '../render-calibration.ts';
import { parseChoice } from '../verbs.ts';

/** Shows how well it is known beforehand what a change will do. */
export const calibration: CommandSpec = {
  name: 'calibration',
  summary: 'Hold what was expected against what was observed',
  usage: '',
  options: [
    {
      name: 'by',
      value: 'key',
      description: `Group by ${calibrationKeys.join(', ')} (default: author, who stated it)`,
    },
    { name: 'all-tracks', description: 'Changes measured under other tracks too' },
    { name: 'json', description: 'Print as JSON' },
  ],
  examples: [
    'lab calibration',
    'lab calibration --by category',
    'lab calibration --json | jq \'.surprises[] | .name + ": " + .why\'',
  ],
  async run(input) {
    const by: CalibrationKey = parseChoice('by', input.text('by'), calibrationKeys) ?? 'author';
    const { paths, config, main } = await openLab();
    const cases = await gatherCases(paths, config, main, (job, error) =>
      process.stderr.write(`job ${job} is left out: ${messageOf(error).split('\n')[0]}\n`),
    );
    const track = input.flag('all-tracks') ? null : await computeTrack(paths, config, main);
    const own = track === null ? cases : cases.filter((one) => one.track === track);
    const rule = { confidence: config.decision.confidence, interval: config.decision.interval };
    const view: CalibrationView = {
      ...{ by, track },
      all: summariseCases('all', own, rule),
      groups: groupCases(own, by, rule),
      surprises: findSurprises(own),
      elsewhere: cases.length - own.length,
    };
    process.stdout.write(
      input.flag('json') ? `${JSON.stringify(toJson(view, own), null, 2)}\n` : renderCalibration(view),
    );
    return 0;
  },
};

/** Figures in the metric's own sign and unit, as everywhere else in the lab. */
function toJson({ by, track, all, groups, surprises }: CalibrationView, cases: readonly LabCase[]) {
  const own = ({ sign, expected, observed, degrees, ...rest }: LabCase) => ({
    ...rest,
    expected: expected === null ? null : sign * expected,
    observed: observed === null ? null : sign * observed,
    degrees: Number.isFinite(degrees) ? degrees : null,
  });
  return {
    ...{ by, track, all, groups },
    surprises: surprises.map((surprise) => ({
      ...{ kind: surprise.kind, widths: surprise.widths, why: explainSurprise(surprise) },
      ...own(surprise.of),
    })),
    cases: cases.map(own),
  };
}
