/**
 * Whether a champion may be called better than the baseline. Only runs made for this test count, with seeds that nothing was selected by;
 * both codes run again, in turns. The test looks several times and stops as soon as it can. Pure; scores are oriented so that higher is
 * better, gains are in their unit.
 *
 * Method: group-sequential t test, alpha spent evenly with the runs (group-sequential.ts); the bounds are carried over to Student's t at
 * equal tail probability (Pocock, Biometrika 64, 1977; Jennison and Turnbull, 2000, section 4.4). Many tries of one night share one error
 * (Bonferroni with falling shares: `alphaOfTry`). A test that can hardly succeed any more ends early (futility.ts), which confirms nothing.
 */
import { isFutile } from './futility.ts';
import { designSequential, effectAtChance, type SequentialDesign, stagewiseChance } from './group-sequential.ts';
import { type NoiseModel, ordinaryScores, poolNoise, type Repeats } from './noise-model.ts';
import { normalCdf, normalQuantile } from './normal.ts';
import { studentTCdf, studentTQuantile } from './student-t.ts';
import type { Estimate } from './track-posterior.ts';

/** The test as laid down before its first run. */
export interface ClaimPlan {
  /** Runs of each code at each look, rising. */
  looks: readonly number[];
  design: SequentialDesign;
  /** Two-sided, of the stated interval. */
  confidence: number;
  /** Baseline and champion run with the same seeds and are compared seed by seed. */
  isPaired: boolean;
}

/** What a plan rests on. */
export interface ClaimRequest {
  /** Runs that may be spent, both codes together. */
  runs: number;
  /** One-sided chance of a false claim. */
  alpha: number;
  confidence: number;
  isPaired: boolean;
}

/** What the test says. */
export interface ClaimVerdict {
  /** `open`: go on to the next look; else what the champion's row says: provisional where it could be shown neither way. */
  state: 'open' | 'confirmed' | 'refuted' | 'provisional';
  /** Gain over the baseline, corrected for the stopping; null before both codes have a run. */
  gain: number | null;
  /** Two-sided, with the plan's confidence; null while the test is open. */
  interval: { low: number; high: number } | null;
  /** One-sided p-value over all looks; null while the test is open. */
  chance: number | null;
  /** Whether it ended before its last look because it could hardly be confirmed any more. */
  isFutile: boolean;
  /** Ordinary runs of each code. */
  runs: { baseline: number; champion: number };
  /** Standard deviation of one run and its degrees of freedom, as used. */
  noise: { sd: number; degrees: number } | null;
  /** Runs that diverged and do not count; they are reported. */
  diverged: { baseline: number; champion: number };
}

/** Chance of a false claim in a night and confidence of the interval, as chosen on the tuning seeds of `npm run bench decisions`: with few runs the t bounds let through up to half as much again. */
export const usualClaim = { alpha: 0.012, confidence: 0.9 } as const;

/** What claim number `attempt` (from 1) of a night may spend of the night's error: 3/4, 3/16, 3/64 ...; together no more than `alpha`. */
export function alphaOfTry(alpha: number, attempt: number): number {
  return (alpha * 3) / 4 ** attempt;
}

/** Within so many milliseconds all claims of a track and device model are tries of one night. */
export const claimShareMs = 86_400_000;

const cache = new Map<string, SequentialDesign>();

/** Lays down the looks: at 2, 3, 4, 6, 8, 12 ... runs of each code, as far as the runs go; null where they do not reach the first. */
export function planClaim({ runs, alpha, confidence, isPaired }: ClaimRequest): ClaimPlan | null {
  const most = Math.floor(runs / 2);
  if (most < 2) return null;
  const looks = [2, 3, 4, 6, 8, 12, 16, 24].filter((look) => look < most);
  looks.push(most);
  const key = `${looks.join()} ${alpha}`;
  // Finding the bounds takes a millisecond; the same few designs return all the time.
  const design = cache.get(key) ?? designSequential(looks, alpha, 1);
  cache.set(key, design);
  return { looks, design, confidence, isPaired };
}

/**
 * How many runs (both codes together) a claim of this gain probably needs, between 4 and `most`; null where even `most` would show it
 * less than one time in four, so that the runs are better spent on exploring.
 */
export function runsForClaim(
  expected: Estimate,
  sd: number,
  degrees: number,
  alpha: number,
  most: number,
): number | null {
  let best: number | null = null;
  for (let each = 2; 2 * each <= most; each++) {
    const error = sd * Math.sqrt(2 / each);
    const needed = studentTQuantile(1 - alpha, Math.max(degrees, 1) + 2 * (each - 1)) * error;
    const spread = Math.sqrt(expected.variance + error * error);
    const power = normalCdf((expected.mean - needed) / spread);
    if (power > 0.25) best = 2 * each;
    if (power > 0.9) break;
  }
  return best;
}

/** What a claim is judged by. */
export interface ClaimData {
  /** Fresh scores in the order of their seeds. */
  baseline: readonly number[];
  champion: readonly number[];
  /** Other repeats of the track, for the noise: their means do not matter. */
  otherRepeats: readonly Repeats[];
  /** What exploring expects of the champion: a gain that fresh runs rule out is refuted. */
  expected: number;
}

/**
 * Judges the runs so far. A look is due where both codes have as many ordinary runs as a look asks for, or nothing more will run (`isOver`). A test
 * that ends between two looks confirms nothing: the error was shared out among the looks that were planned.
 */
export function judgeClaim(plan: ClaimPlan, data: ClaimData, isOver: boolean): ClaimVerdict {
  const baseline: Repeats = { commit: 'fresh baseline', scores: data.baseline };
  const champion: Repeats = { commit: 'fresh champion', scores: data.champion };
  const model = poolNoise([baseline, champion, ...data.otherRepeats]);
  const compared = (plan.isPaired ? comparePairs : compareMeans)(model, baseline, champion);
  const runs = {
    baseline: ordinaryScores(model, baseline).length,
    champion: ordinaryScores(model, champion).length,
  };
  const base = {
    runs,
    noise: model.sd === null ? null : { sd: model.sd, degrees: model.degrees },
    diverged: { baseline: data.baseline.length - runs.baseline, champion: data.champion.length - runs.champion },
    isFutile: false,
  };
  if (compared === null)
    return { ...base, state: isOver ? 'provisional' : 'open', gain: null, interval: null, chance: null };
  const each = Math.min(runs.baseline, runs.champion);
  const reached = plan.looks.findLastIndex((look) => look <= each);
  const isLast = isOver || reached === plan.looks.length - 1;
  const isPlanned = reached === plan.looks.length - 1 || plan.looks[reached] === Math.max(runs.baseline, runs.champion);
  if (reached < 0 || (!isLast && !isPlanned))
    return { ...base, state: isOver ? 'provisional' : 'open', gain: compared.gain, interval: null, chance: null };
  const { gain, error, degrees } = compared;
  // Runs that repeat to the digit need no test.
  if (error === 0) {
    const state = gain > 0 ? 'confirmed' : 'refuted';
    return { ...base, state, gain, interval: { low: gain, high: gain }, chance: gain > 0 ? 0 : 1 };
  }
  const t = gain / error;
  const nominal = plan.design.bounds[reached] ?? Number.POSITIVE_INFINITY;
  const bound = studentTQuantile(normalCdf(nominal), degrees);
  const isConfirmed = isPlanned && t >= bound;
  // Where the bound is met exactly in t it is met exactly in z, too: the ordering of the looks is that of the normal theory.
  const z = t * (nominal / bound);
  const side = (1 - plan.confidence) / 2;
  // A test stops early rather where its standard deviation came out small: one degree of freedom is paid for that.
  const kept = isLast ? degrees : Math.max(degrees - 1, 1);
  const stretch = studentTQuantile(1 - side, kept) / normalQuantile(1 - side);
  const root = Math.sqrt(plan.looks[reached] ?? 1);
  const shifted = (chance: number, factor: number) =>
    gain - (z - root * effectAtChance(plan.design, reached, z, chance)) * error * factor;
  const highest = () => shifted(1 - side, stretch);
  const goesOn = !isConfirmed && !isLast;
  const stops = goesOn && isFutile({ ...listLater(plan, reached, degrees), t }, () => highest() / error);
  if (goesOn && !stops) return { ...base, state: 'open', gain, interval: null, chance: null };
  const interval = { low: shifted(side, stretch), high: highest() };
  const corrected = shifted(0.5, 1);
  const refuted = corrected <= 0 || interval.high < data.expected;
  return {
    ...base,
    state: isConfirmed ? 'confirmed' : refuted ? 'refuted' : 'provisional',
    ...{ gain: corrected, interval, isFutile: stops },
    chance: chanceOverLooks(plan, reached, t, degrees),
  };
}

/** Runs of each code at this look, and what the looks to come ask for: the more runs, the surer the noise is by then. */
function listLater({ looks, design, isPaired }: ClaimPlan, reached: number, degrees: number) {
  const at = looks[reached] ?? 0;
  const later = looks.flatMap((runs, place) => {
    if (place <= reached) return [];
    const then = degrees + (isPaired ? 1 : 2) * (runs - at);
    return [{ runs, bound: studentTQuantile(normalCdf(design.bounds[place] ?? Number.POSITIVE_INFINITY), then) }];
  });
  return { at, later };
}

/** The chance without a gain to be stopped at an earlier look or to come this far at this one, at equal tail probability of t and z. */
function chanceOverLooks({ design }: ClaimPlan, reached: number, t: number, degrees: number): number {
  // The smaller tail, where the probability has all its digits.
  const tail = Math.max(studentTCdf(-Math.abs(t), degrees), 1e-300);
  const z = (t > 0 ? -1 : 1) * normalQuantile(tail);
  return Math.min(1, stagewiseChance(design, reached, z, 0));
}

interface Compared {
  gain: number;
  /** Standard error of the gain. */
  error: number;
  degrees: number;
}

function compareMeans(model: NoiseModel, baseline: Repeats, champion: Repeats): Compared | null {
  const [from, to] = [ordinaryScores(model, baseline), ordinaryScores(model, champion)];
  if (model.sd === null || from.length === 0 || to.length === 0) return null;
  const error = model.sd * Math.sqrt(1 / from.length + 1 / to.length);
  return { gain: average(to) - average(from), error, degrees: model.degrees };
}

/** Differences of equal seeds; their own variance, since it is what pairing changes. */
function comparePairs(model: NoiseModel, baseline: Repeats, champion: Repeats): Compared | null {
  const isOut = (commit: string, index: number) =>
    model.outliers.some((outlier) => outlier.commit === commit && outlier.index === index);
  const differences = champion.scores.flatMap((score, index) => {
    const other = baseline.scores[index];
    const isUsable = other !== undefined && !isOut(champion.commit, index) && !isOut(baseline.commit, index);
    return isUsable ? [score - other] : [];
  });
  if (differences.length < 2) return null;
  const gain = average(differences);
  const square = differences.reduce((sum, value) => sum + (value - gain) ** 2, 0) / (differences.length - 1);
  // Differences that agree to the printed digit while seeds do move the numbers are no certainty: rounding, or two that fell alike.
  const largest = Math.max(...[...baseline.scores, ...champion.scores].map(Math.abs));
  const isSame = Math.sqrt(square) <= 1e-9 * largest;
  if (isSame && model.sd !== 0) return compareMeans(model, baseline, champion);
  const error = isSame ? 0 : Math.sqrt(square / differences.length);
  return { gain, error, degrees: differences.length - 1 };
}

function average(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
