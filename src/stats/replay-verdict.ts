/**
 * Whether a job that was run again gave what was recorded: the same number, one within luck, or another. Pure; values are in the
 * metric's own unit. It moves nothing: standings, noise and champion know no replays.
 */
import type { RunFate } from '../domain/run.ts';
import { luckBound, type Noise } from './noise.ts';

/** One run, as far as a replay is compared. */
export interface ComparedRun {
  job: number;
  fate: RunFate;
  /** Null where the run failed. */
  metric: number | null;
  track: string;
}

/** What a verdict rests on. */
export interface ReplayInput {
  recorded: ComparedRun;
  /** The runs again, at least one. */
  replays: ComparedRun[];
  metricName: string;
  /** Baseline noise of the recorded run's track and device model; null where no baseline was measured there. */
  noise: Noise | null;
  /** Two-sided, between 0 and 1. */
  confidence: number;
}

/** What came of it. */
export interface ReplayVerdict {
  /** `not-compared`: another track, or a replay that the machine lost. */
  kind: 'same' | 'within-luck' | 'different' | 'not-compared';
  /** One line for a person. */
  text: string;
  /** Mean of the replays minus the recorded number; null where one of them failed. */
  difference: number | null;
  /** Size of the difference in noise widths; null where it or the noise is unknown, or the noise is zero and the difference is not. */
  noiseWidths: number | null;
}

/** Judges the replays against the recorded run. */
export function judgeReplay(input: ReplayInput): ReplayVerdict {
  const { recorded, replays } = input;
  const nothing = { difference: null, noiseWidths: null };
  const foreign = replays.find(({ track }) => track !== recorded.track);
  if (foreign !== undefined || replays.length === 0) {
    const text = foreign
      ? `not compared: job ${foreign.job} ran under track ${foreign.track}, the recorded number is of track ${recorded.track}`
      : 'not compared: there is no replay';
    return { kind: 'not-compared', text, ...nothing };
  }
  const lost = replays.find(({ fate }) => fate.kind === 'failed' && fate.failure === 'interrupted');
  if (lost !== undefined)
    return { kind: 'not-compared', text: `not compared: the machine lost job ${lost.job}`, ...nothing };
  if (recorded.fate.kind === 'failed' || recorded.metric === null) return { ...judgeCrash(input), ...nothing };
  const values = replays.map(({ metric, fate }) => (fate.kind === 'done' ? metric : null));
  const failed = replays.filter((_, index) => values[index] === null);
  const [first] = failed;
  if (first !== undefined) {
    const count = replays.length === 1 ? 'the replay' : `${failed.length} of ${replays.length} replays`;
    return { kind: 'different', text: `not the same: ${count} failed: ${describeFailure(first)}`, ...nothing };
  }
  return judgeValues(
    recorded.metric,
    values.filter((value) => value !== null),
    input,
  );
}

function judgeValues(recorded: number, values: number[], { noise, confidence }: ReplayInput): ReplayVerdict {
  if (values.every((value) => value === recorded)) {
    const text =
      values.length === 1 ? 'the same number' : `the same number, ${values.length} times of ${values.length}`;
    return { kind: 'same', text, difference: 0, noiseWidths: noise?.std == null ? null : 0 };
  }
  // The mean of differences and not the difference of means: equal values must give exactly zero.
  const difference = values.reduce((sum, value) => sum + (value - recorded), 0) / values.length;
  const std = noise?.std ?? null;
  // The direction does not matter here, so both tails count: half of what the confidence leaves on each side.
  const bound = noise === null ? null : luckBound(noise, values.length, 1, (1 + confidence) / 2);
  const agree = values.length > 1 && values.every((value) => value === values[0]);
  const tail = agree ? '; the replays agree with each other, so something has changed since the recorded run' : '';
  const apart = `${formatDifference(difference)} apart`;
  if (bound === null || std === null) {
    const text = `not the same: ${apart}, and the noise is unknown there, so nothing says whether luck reaches that far (\`lab baseline\` measures it)${tail}`;
    return { kind: 'different', text, difference, noiseWidths: null };
  }
  if (std === 0) {
    const text = `not the same: ${apart}, and the baseline's ${noise?.n ?? 0} runs do not differ at all${tail}`;
    return { kind: 'different', text, difference, noiseWidths: null };
  }
  const noiseWidths = Math.abs(difference) / std;
  const limit = `${(bound / std).toFixed(1)} at ${Math.round(confidence * 100)} %`;
  if (Math.abs(difference) <= bound) {
    const text = `within luck (${noiseWidths.toFixed(1)} noise widths; limit ${limit})${tail}`;
    return { kind: 'within-luck', text, difference, noiseWidths };
  }
  const text = `not the same: ${apart}, ${noiseWidths.toFixed(1)} noise widths; luck alone reaches ${limit}${tail}`;
  return { kind: 'different', text, difference, noiseWidths };
}

function judgeCrash({ recorded, replays, metricName }: ReplayInput): Pick<ReplayVerdict, 'kind' | 'text'> {
  const well = replays.find(({ fate, metric }) => fate.kind === 'done' && metric !== null);
  if (well !== undefined) {
    const text = `not the same: job ${recorded.job} crashed (${describeFailure(recorded)}), and job ${well.job} gave ${metricName} ${well.metric?.toFixed(6) ?? ''}`;
    return { kind: 'different', text };
  }
  const other = replays.find((replay) => crashKey(replay) !== crashKey(recorded));
  if (other !== undefined) {
    const text = `not the same: it crashes in another way: ${describeFailure(recorded)} then, ${describeFailure(other)} now`;
    return { kind: 'different', text };
  }
  return { kind: 'same', text: `crashes the same way: ${describeFailure(recorded)}` };
}

/** Failure and message without its figures: seconds, addresses, steps and bytes differ between two crashes of the same kind. */
function crashKey(run: ComparedRun): string {
  return describeFailure(run).replaceAll(/0x[0-9a-f]+|\d+(?:\.\d+)?/gi, '#');
}

function describeFailure({ fate }: ComparedRun): string {
  return fate.kind === 'failed' ? `${fate.failure}: ${fate.detail}` : 'no metric';
}

/** A signed difference for people: 6 decimals, or the power of ten where those would show a zero that is none. */
export function formatDifference(difference: number): string {
  const size = Math.abs(difference);
  const figure = size > 0 && size < 0.000001 ? size.toExponential(1) : size.toFixed(6);
  return `${difference < 0 ? '-' : '+'}${figure}`;
}
