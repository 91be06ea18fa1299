/**
 * What each keep won, and whether one run can say so: held against the noise, and looked at for what is out of all proportion. Pure.
 *
 * A single run against a single run must differ by t(0.95) * sd * sqrt(2) before luck alone is unlikely (one-sided, stats/noise.ts). A keep
 * below that may still be real; one run does not tell.
 */
import {
  type Direction,
  followBest,
  gainOver,
  isStanding,
  type Trial,
  type TrialRow,
} from '../../analysis/trial-rows.ts';
import { luckBound } from '../../stats/noise.ts';
import { poolNoise } from '../../stats/noise-model.ts';

/** How far two runs of the same code lie apart. */
export interface NoiseEstimate {
  /** Standard deviation of one run, in the metric's unit. */
  sd: number;
  /** Degrees of freedom it rests on; null where it was given as known. */
  degrees: number | null;
  /** "--noise", "repeated rows 1, 14", "the baseline of this lab, 5 seeds". */
  from: string;
  /** What one run must win over another at 95 %. */
  needed: number;
}

/** What is said of a keep. `start`: the first standing row; `unjudged`: no noise is known. */
export type GainVerdict = 'start' | 'genuine' | 'within noise' | 'no gain' | 'anomaly' | 'unjudged';

/** One keep. */
export interface JudgedKeep {
  row: number;
  commit: string | null;
  metric: number;
  /** Over the best before it, anomalies not counted; null for the first. */
  gain: number | null;
  memoryGb: number | null;
  category: string;
  description: string;
  verdict: GainVerdict;
  /** Why it is an anomaly, or how far from the noise it is; one sentence, "" where the verdict says it all. */
  reason: string;
}

const confidence = 0.95;
/** Degrees at which Student's t is the normal distribution to four digits. */
const known = 100_000;

/** An estimate from a standard deviation. */
export function estimateNoise(sd: number, degrees: number | null, from: string): NoiseEstimate {
  const n = (degrees ?? known) + 1;
  return { sd, degrees, from, needed: luckBound({ mean: 0, std: sd, n }, 1, 1, confidence) ?? 0 };
}

/** The noise from rows that ran the same code again; null where the table has none. */
export function findRepeats(rows: readonly TrialRow[], direction: Direction): NoiseEstimate | null {
  const groups = new Map<string, TrialRow[]>();
  for (const row of rows) {
    if (row.metric === null || !Number.isFinite(row.metric)) continue;
    const key = keyOfCode(row);
    if (key === null) continue;
    const same = groups.get(key) ?? [];
    // The same row written down twice is no second run.
    const isCopy = same.some((other) => other.metric === row.metric && other.description === row.description);
    if (!isCopy) groups.set(key, [...same, row]);
  }
  const repeats = [...groups].filter(([, same]) => same.length > 1);
  const model = poolNoise(
    repeats.map(([commit, same]) => ({
      commit,
      scores: same.map(({ metric }) => (direction === 'lower' ? -(metric ?? 0) : (metric ?? 0))),
    })),
  );
  if (model.sd === null || model.degrees === 0) return null;
  const numbers = repeats.flatMap(([, same]) => same.map(({ row }) => row)).sort((a, b) => a - b);
  return estimateNoise(model.sd, model.degrees, `the repeated rows ${listNumbers(numbers)}`);
}

/** A whole number that stands by itself: neither "2x" nor "0.5". */
const whole = /\d+(?![\p{L}\p{N}]|[.,]\d)/u.source;

/** The number of a run. Behind "run" or "try" only where nothing follows: "try 8 heads" is a change. Any other number tells two changes apart. */
const runNumbers: readonly RegExp[] = [
  new RegExp(`(?:(?<![\\p{L}\\p{N}])(?:seeds?|reps?)(?:\\s*[:=_#]\\s*|\\s+|-)?|#\\s*)${whole}`, 'gu'),
  new RegExp(
    `(?<![\\p{L}\\p{N}])(?:(?:re-?)?runs?|repeat|try)(?:\\s*[:=_]\\s*|\\s+|-)?${whole}(?=\\s*(?:$|[;:()\\[\\]|—–]|[.,](?:\\s|$)|-\\s))`,
    'gu',
  ),
  /(?<![\p{L}\p{N}.])\d+(?:st|nd|rd|th)[ -](?:run|seed|rep|repeat|try)(?!\p{L})/gu,
];

/** Words that say "once more" and nothing of the change. */
const againWords =
  /(?<!\p{L})(?:re-?runs?|re-?ran|repeat(?:ed|s)?|again|confirm(?:ed|ation|s)?|seeds?|verify|check|runs?)(?!\p{L})/gu;

/**
 * What code a row ran: by its commit and what it says of the change, because tables of the field name the commit that a discarded change
 * was made from; and the unmodified code by its description. Null where neither tells.
 */
function keyOfCode({ commit, category, description, status }: TrialRow): string | null {
  if (category === 'baseline' || status === 'baseline') return 'baseline';
  if (commit === null || !/^[0-9a-f]{6,40}$/i.test(commit)) return null;
  const change = runNumbers
    .reduce((text, pattern) => text.replaceAll(pattern, ' '), description.toLowerCase().slice(0, 400))
    .replaceAll(againWords, ' ')
    // A point or a sign before a digit belongs to the number: 0.04, -2.
    .replaceAll(/[^\p{L}\p{N}.+-]+|[.+-](?!\.?\d)/gu, ' ')
    .replaceAll(/ +/g, ' ')
    .trim();
  return `${commit.toLowerCase().slice(0, 7)} ${change}`;
}

/** "1, 14, 20", the first eight of many. */
export function listNumbers(numbers: readonly number[], most = 8): string {
  const shown = numbers.slice(0, most).join(', ');
  return numbers.length <= most ? shown : `${shown} and ${numbers.length - most} more`;
}

/** A table with more of them has no usual value to be odd against. */
const mostAnomalies = 20;

/** Rows with their keeps judged. */
export interface JudgedRows {
  keeps: JudgedKeep[];
  /** All rows; a keep whose metric is an anomaly has the status "other", so that nothing is measured against it. */
  trusted: TrialRow[];
}

/** Judges every keep. Those whose metric is out of all proportion are set aside first, so that what came after is held against the best before. */
export function judgeKeeps(rows: readonly TrialRow[], direction: Direction, noise: NoiseEstimate | null): JudgedRows {
  const aside = new Map<number, string>();
  let trusted = [...rows];
  while (aside.size < mostAnomalies) {
    const trials = followBest(trusted, direction);
    const usual = measureUsual(trials);
    let odd: { row: number; reason: string } | null = null;
    for (const trial of trials) {
      const reason = isStanding(trial) ? findOddMetric(trial, trials, usual, direction) : null;
      if (reason === null) continue;
      odd = { row: trial.row, reason };
      break;
    }
    if (odd === null) break;
    const { row: number, reason } = odd;
    aside.set(number, reason);
    trusted = trusted.map((row) => (row.row === number ? { ...row, status: 'other' } : row));
  }
  const trials = followBest(trusted, direction);
  const keeps = rows.flatMap((row, index): JudgedKeep[] => {
    const trial = trials[index];
    if (!isStanding(row) || row.metric === null || trial === undefined) return [];
    const odd = aside.get(row.row) ?? findOddMemory(row, rows);
    const { commit, metric, memoryGb, category, description } = row;
    const told = odd === null ? judgeGain(trial.gain, noise) : { verdict: 'anomaly' as const, reason: odd };
    return [{ row: row.row, commit, metric, gain: trial.gain, memoryGb, category, description, ...told }];
  });
  return { keeps, trusted };
}

function judgeGain(gain: number | null, noise: NoiseEstimate | null): Pick<JudgedKeep, 'verdict' | 'reason'> {
  if (gain === null) return { verdict: 'start', reason: '' };
  if (gain <= 0) return { verdict: 'no gain', reason: 'kept, though no better than the best before it' };
  if (noise === null) return { verdict: 'unjudged', reason: '' };
  if (noise.sd === 0) return { verdict: 'genuine', reason: 'runs of the same code repeat to the digit' };
  const widths = `${(gain / noise.sd).toFixed(1)} sd`;
  return gain >= noise.needed ? { verdict: 'genuine', reason: widths } : { verdict: 'within noise', reason: widths };
}

/** Where most metrics lie. */
interface Usual {
  middle: number;
  /** As a standard deviation, from the median distance. */
  spread: number;
  values: number;
  /** How many are exactly 0. */
  zeros: number;
}

function measureUsual(trials: readonly Trial[]): Usual {
  const values = trials.flatMap(({ metric }) => metric ?? []);
  const middle = median(values);
  const spread = 1.4826 * median(values.map((value) => Math.abs(value - middle)));
  return { middle, spread, values: values.length, zeros: values.filter((value) => value === 0).length };
}

/** Why a standing row's metric is out of all proportion; null where it is not. */
function findOddMetric(trial: Trial, trials: readonly Trial[], usual: Usual, direction: Direction): string | null {
  const { metric, before, gain } = trial;
  if (metric === null) return null;
  if (metric === 0 && usual.values > 3 && usual.zeros * 2 < usual.values)
    return 'exactly 0, which most rows come nowhere near: a failure, or a metric that was not computed';
  if (usual.values < 5 || gain === null || gain <= 0 || before === null) return null;
  if (Math.abs(metric - usual.middle) <= 8 * usual.spread || gain <= 0.02 * Math.abs(before)) return null;
  const others = trials.filter((other) => other.row !== trial.row);
  const later = others.filter((other) => other.row > trial.row).flatMap((other) => other.metric ?? []);
  // A real step is where the next ones start from; an artefact is never seen again.
  if (later.length >= 3)
    return later.some((value) => gainOver(value, before, direction) >= gain / 2)
      ? null
      : `${formatTimes(gain, before)}, and none of the ${later.length} rows after it comes near`;
  const gains = others.flatMap((other) => (isStanding(other) && other.gain !== null ? [other.gain] : []));
  const largest = gains.reduce((most, one) => Math.max(most, one), 0);
  return gain > 5 * largest && gain > 0.2 * Math.abs(before)
    ? `${formatTimes(gain, before)}, and nothing after it confirms it yet`
    : null;
}

function formatTimes(gain: number, before: number): string {
  return before === 0 ? 'a jump from 0' : `${((100 * gain) / Math.abs(before)).toFixed(0)} % better in one step`;
}

/** Why a keep's memory is out of all proportion; null where it is not, or where the table says too little. */
function findOddMemory(row: TrialRow, rows: readonly TrialRow[]): string | null {
  const others = rows.flatMap((other) =>
    other.row !== row.row && other.status !== 'crash' && other.memoryGb !== null && other.memoryGb > 0
      ? [other.memoryGb]
      : [],
  );
  if (row.memoryGb === null || others.length < 3) return null;
  const usual = median(others);
  if (row.memoryGb > 2 * usual) return `${row.memoryGb.toFixed(1)} GB of memory, ${usual.toFixed(1)} is usual here`;
  if (row.memoryGb < usual / 3 && usual > 0.5)
    return `${row.memoryGb.toFixed(1)} GB of memory, ${usual.toFixed(1)} is usual here: did it train the same model?`;
  return null;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const high = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? high : ((sorted[middle - 1] ?? high) + high) / 2;
}
