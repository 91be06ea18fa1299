/**
 * How well those who say what a change will do know it: expected against observed over many cases. Pure; changes are oriented so that higher is
 * better. Where the cases come from is known to src/analysis/calibration-cases.ts; which single ones are surprises, to surprises.ts.
 *
 * Method. Direction: a change beyond what luck explains (one-sided, Student's t) is a hit or a miss, one that luck explains counts as half of
 * each, as ties do in the sign test's estimate of P(hit) + P(tie)/2; a score interval around it (Wilson, JASA 22, 1927), a little too wide because halves
 * vary less than hits. Size: medians. Slope: least absolute deviations through the origin, which is the median of observed/expected with the
 * weights |expected|; what was expected is known without error, so noise does not flatten it, and one diverged run does not move it.
 */
import type { Status } from '../domain/result.ts';
import { normalQuantile } from './normal.ts';
import { studentTQuantile } from './student-t.ts';

/** One change that somebody stated before it was measured. */
export interface CalibrationCase {
  /** Slug of the experiment; "job 12" for a job by hand. */
  name: string;
  job: number;
  /** Who built it; null where that is not known. */
  agent: string | null;
  /** Model that the agent was asked to use; null where that is not known. */
  model: string | null;
  /** What kind of change; null where none is stated. */
  category: string | null;
  /** Who thought it up and said what to expect; null where that is not known. */
  author: string | null;
  status: Status;
  /** Null where no figure was stated that compares with the metric. */
  expected: number | null;
  /** Against its base; null where nothing was measured, or nothing that can be believed. */
  observed: number | null;
  /** Standard deviation of `observed` for a change that does nothing, > 0; null where the noise is unknown. */
  sd: number | null;
  /** Degrees of freedom behind `sd`; Infinity where it is not estimated. */
  degrees: number;
}

/** By what cases can be grouped. */
export const calibrationKeys = ['agent', 'model', 'category', 'author'] as const;
/** One of calibrationKeys. */
export type CalibrationKey = (typeof calibrationKeys)[number];

/** A share with its two-sided score interval. */
export interface Share {
  share: number;
  low: number;
  high: number;
}

/** How well one group knows. Null stands for what cannot be told: no case that would say it. */
export interface CalibrationGroup {
  /** The agent, model, category or author; "" where the cases name none. */
  name: string;
  /** Measured ones with a stated figure: all else rests on them. */
  cases: number;
  /** Stated and not measured: crashes, leaks, nothing to compare with. */
  unmeasured: number;
  /** Without a figure of the metric. */
  unstated: number;
  /** Cases whose direction is told apart from luck, of those that expected one. */
  told: number;
  /** Cases that expected a direction. */
  directed: number;
  /** How often the direction was as expected, luck counted as half. */
  hits: Share | null;
  /** Median of observed / expected: 1 is exact, 0.5 half of what was promised, below 0 the other way. */
  ratio: number | null;
  /** What comes for each unit that was expected; 1 is exact. From cases with known noise. */
  slope: number | null;
  /** Median of |observed - expected| in widths of the noise; about 0.67 where nobody can know better. */
  errorWidths: number | null;
  /** Median of observed - expected in widths of the noise: below 0 promises too much. */
  biasWidths: number | null;
}

/** How it is judged. */
export interface CalibrationRule {
  /** One-sided, 0.5 to 1: what luck explains with a lower chance is told apart from it. */
  confidence: number;
  /** Two-sided, of the share's interval. */
  interval: number;
}

/** The group of each name by the key, those with most cases first. */
export function groupCases(
  cases: readonly CalibrationCase[],
  by: CalibrationKey,
  rule: CalibrationRule,
): CalibrationGroup[] {
  const groups = new Map<string, CalibrationCase[]>();
  for (const one of cases) groups.set(one[by] ?? '', [...(groups.get(one[by] ?? '') ?? []), one]);
  return [...groups]
    .map(([name, own]) => summariseCases(name, own, rule))
    .sort((a, b) => b.cases - a.cases || a.name.localeCompare(b.name));
}

/** How well these cases were foreseen. */
export function summariseCases(
  name: string,
  cases: readonly CalibrationCase[],
  rule: CalibrationRule,
): CalibrationGroup {
  const measured = cases.flatMap(readMeasured);
  const directed = measured.filter(({ expected }) => expected !== 0);
  const scores = directed.map((one) => scoreDirection(one, rule.confidence));
  const known = measured.flatMap(({ expected, observed, sd }) =>
    sd === null ? [] : [{ expected: expected / sd, observed: observed / sd }],
  );
  return {
    name,
    cases: measured.length,
    unmeasured: cases.filter(({ expected, observed }) => expected !== null && observed === null).length,
    unstated: cases.filter(({ expected }) => expected === null).length,
    told: scores.filter((score) => score !== 0.5).length,
    directed: directed.length,
    hits: wilsonShare(
      scores.reduce((sum, score) => sum + score, 0),
      scores.length,
      rule.interval,
    ),
    ratio: medianOf(directed.map(({ expected, observed }) => observed / expected)),
    slope: slopeOf(known),
    errorWidths: medianOf(known.map(({ expected, observed }) => Math.abs(observed - expected))),
    biasWidths: medianOf(known.map(({ expected, observed }) => observed - expected)),
  };
}

/** A case that says something. */
export type MeasuredCase = CalibrationCase & { expected: number; observed: number };

/** The case as a list of one where it has both figures, else none. */
export function readMeasured(one: CalibrationCase): MeasuredCase[] {
  const { expected, observed } = one;
  return expected === null || observed === null ? [] : [{ ...one, expected, observed }];
}

/** The change that luck alone exceeds with the chance 1 - confidence, one-sided; 0 where the noise is unknown, so that any change counts. */
export function boundOfLuck({ sd, degrees }: Pick<CalibrationCase, 'sd' | 'degrees'>, confidence: number): number {
  if (sd === null) return 0;
  // From here on Student's t is the normal distribution to four digits.
  const quantile = degrees > 1e4 ? normalQuantile(confidence) : studentTQuantile(confidence, Math.max(1, degrees));
  return quantile * sd;
}

/** 1 for a hit, 0 for a miss, 0.5 for a change that luck explains. */
function scoreDirection(one: MeasuredCase, confidence: number): number {
  const toward = one.observed * Math.sign(one.expected);
  const bound = boundOfLuck(one, confidence);
  return toward > bound ? 1 : toward < -bound ? 0 : 0.5;
}

/** The share `hits / of` with its score interval; halves may be among the hits. Null for none. */
export function wilsonShare(hits: number, of: number, confidence: number): Share | null {
  if (of === 0) return null;
  const z = normalQuantile(1 - (1 - confidence) / 2);
  const share = hits / of;
  const weight = 1 + (z * z) / of;
  const middle = (share + (z * z) / (2 * of)) / weight;
  const half = (z / weight) * Math.sqrt((share * (1 - share)) / of + (z * z) / (4 * of * of));
  return { share, low: Math.max(0, middle - half), high: Math.min(1, middle + half) };
}

function slopeOf(points: readonly { expected: number; observed: number }[]): number | null {
  return weightedMedian(
    points.flatMap(({ expected, observed }) =>
      expected === 0 ? [] : [{ value: observed / expected, weight: Math.abs(expected) }],
    ),
  );
}

function medianOf(values: readonly number[]): number | null {
  return weightedMedian(values.map((value) => ({ value, weight: 1 })));
}

/** Where half of the weight lies on each side; the middle of the two nearest values where it falls between them. Null for none. */
export function weightedMedian(points: readonly { value: number; weight: number }[]): number | null {
  const sorted = points.filter(({ weight }) => weight > 0).sort((a, b) => a.value - b.value);
  const half = sorted.reduce((sum, { weight }) => sum + weight, 0) / 2;
  let below = 0;
  for (const [index, { value, weight }] of sorted.entries()) {
    below += weight;
    const next = sorted[index + 1];
    // The sum of many weights is not exact: a hair's breadth from half is half.
    if (next !== undefined && Math.abs(below - half) <= 1e-9 * half) return (value + next.value) / 2;
    if (below > half) return value;
  }
  return null;
}
