/**
 * The spread of a metric as `lab metric check` judges it: whether one seed repeats, whether another seed changes anything, and whether the
 * noise between seeds lets the smallest effect worth having be claimed. Pure.
 */
import { alphaOfTry, runsForClaim } from './claim.ts';
import {
  formatPercent,
  type MetricFinding,
  type MetricRuns,
  type MetricWishes,
  median,
  showFigure,
  showValue,
} from './metric-finding.ts';
import { summarise } from './noise.ts';
import { type NoiseModel, poolNoise } from './noise-model.ts';
import { confirmRuns, usualSpending } from './spend-run.ts';
import { studentTCdf } from './student-t.ts';

/** Chance below which a repeat is called further off than seeds are. */
const driftChance = 0.005;
/** Doubt in the noise below which one more seed is asked for; as spend-run.ts has it. */
const doubtLimit = 0.1;
/** What a night is taken for where runs of a claim are counted. */
const nightSeconds = 10 * 3600;
/** Fewest and most runs, both codes together, that a claim of the smallest effect may need. */
const claimRuns = { fewest: confirmRuns({ budget: null }, usualSpending), most: 48 };

/** The findings `repeat`, `seeds` and `noise`. */
export function checkSpread(runs: MetricRuns, wishes: MetricWishes): MetricFinding[] {
  const values = [
    ...runs.seeds.map(({ value }) => value),
    ...runs.repeats.flatMap(({ first, again }) => [first, again]),
  ];
  const grain = grainOf(values);
  const noise = measureNoise(runs, wishes.direction, grain);
  const isSame = runs.seeds.every(({ value }) => value === runs.seeds[0]?.value);
  // Numbers that are printed coarsely hide their noise: rounding alone spreads them by this much.
  const sd = noise.sd === null ? null : Math.max(noise.sd, grain / Math.sqrt(12));
  return [
    checkRepeat(runs, sd, noise.degrees),
    checkSeeds(runs, isSame),
    checkNoise(runs, wishes, { noise, sd: isSame ? null : sd, grain }),
  ];
}

/** The noise between seeds. Of values a few steps of the printed digits apart none is an outlier: rounding alone makes most of them equal. */
function measureNoise({ seeds }: MetricRuns, direction: MetricWishes['direction'], grain: number): NoiseModel {
  // Oriented, so that an outlier to the bad side is called one that diverged.
  const scores = seeds.map(({ value }) => (direction === 'lower' ? -value : value));
  const isCoarse = Math.max(...scores) - Math.min(...scores) < 4.5 * grain;
  if (!isCoarse) return poolNoise([{ commit: 'baseline', scores }]);
  const summary = summarise(scores);
  const sd = summary?.std ?? null;
  return { sd, degrees: sd === null ? 0 : scores.length - 1, runs: scores.length, outliers: [], doubt: null };
}

/**
 * A train step that does not repeat is usual on a GPU and spoils no decision: what results are judged by is the spread between seeds, and
 * every one of those runs holds the noise of a repeat already. So it is a warning with the figure, also where it makes up most of the seed
 * noise; one repeat has a single degree of freedom and could not tell a half from a whole. It fails only where the repeat lies further off
 * than seeds do by more than luck: then something else than code and seed decides, and the spread between seeds is not the noise.
 */
function checkRepeat({ repeats }: MetricRuns, sd: number | null, degrees: number): MetricFinding {
  const name = 'repeat';
  const wanted = 'one seed gives the same digits again';
  const differences = repeats.map(({ first, again }) => Math.abs(again - first));
  const largest = Math.max(...differences);
  const seed = repeats[differences.indexOf(largest)]?.seed ?? 'default';
  if (repeats.length === 0)
    return {
      ...{ name, state: 'unknown', measured: 'no seed ran twice', wanted },
      advice: '`lab metric check` runs one seed again',
    };
  if (largest === 0)
    return {
      name,
      state: 'pass',
      measured: `seed ${seed} gave ${showValue(repeats[0]?.first)} twice`,
      wanted,
      advice: '',
    };
  const apart = `seed ${seed} came out ${showFigure(largest)} apart`;
  if (sd === null) {
    const advice = 'a second seed tells whether that is much: give run.seeds two or more';
    return { name, state: 'warn', measured: apart, wanted, advice };
  }
  const chance = Math.min(1, 2 * repeats.length * (1 - studentTCdf(largest / (Math.SQRT2 * sd), degrees)));
  const share = Math.sqrt(differences.reduce((sum, one) => sum + one * one, 0) / (2 * repeats.length)) / sd;
  const measured = `${apart}: noise of a repeat about ${formatPercent(share)} of the seed noise`;
  if (chance < driftChance)
    return {
      ...{ name, state: 'fail', measured: `${apart}, further than seeds lie apart (${showFigure(sd)})`, wanted },
      advice:
        'something else than code and seed decides: a budget in seconds on a busy machine, data that changes, files that a run leaves; find it and measure anew',
    };
  const advice =
    share > 0.5
      ? 'usual on a GPU; equal seeds do not pair and a replay will not repeat digits: a budget in steps instead of seconds, or deterministic kernels, would mend it'
      : 'usual on a GPU: the seed noise, which decides, has it in it already';
  return { name, state: 'warn', measured, wanted, advice };
}

function checkSeeds({ seeds, repeats }: MetricRuns, isSame: boolean): MetricFinding {
  const name = 'seeds';
  const wanted = 'another LAB_SEED gives another number';
  const named = seeds.map(({ seed }) => seed ?? 'default').join(', ');
  if (seeds.length < 2)
    return {
      ...{ name, state: 'unknown', measured: `${seeds.length === 0 ? 'no seed' : 'one seed'} ran`, wanted },
      advice: 'give run.seeds two or more seeds, then `lab baseline`',
    };
  if (!isSame) return { name, state: 'pass', measured: `seeds ${named} differ`, wanted, advice: '' };
  const measured = `seeds ${named} all gave ${showValue(seeds[0]?.value)}`;
  if (repeats.length === 0)
    return {
      name,
      state: 'unknown',
      measured,
      wanted,
      advice: '`lab metric check` runs one of them again to tell why',
    };
  if (repeats.some(({ first, again }) => first !== again))
    return {
      ...{ name, state: 'unknown', measured: `${measured}, but a repeat did not`, wanted },
      advice: 'print more digits of the metric: these are too few to tell runs apart',
    };
  return {
    ...{ name, state: 'warn', measured: `${measured}, and so did the repeat: the train step ignores LAB_SEED`, wanted },
    advice:
      'claims are off until LAB_SEED works: seed every random generator of the train step with it (where it does, print more digits of the metric)',
  };
}

interface Spread {
  noise: NoiseModel;
  /** Standard deviation of one run, rounding included; null where it cannot be told. */
  sd: number | null;
  /** Step in which the values are printed. */
  grain: number;
}

function checkNoise(runs: MetricRuns, wishes: MetricWishes, { noise, sd, grain }: Spread): MetricFinding {
  const name = 'noise';
  const { smallestEffect: effect } = wishes;
  const most = mostClaimRuns(runs.seconds, wishes.confirmShare);
  const wanted =
    effect === null
      ? `a claim of the smallest effect needs at most ${most / 2} runs of each code`
      : `a claim of ${showFigure(effect)} needs at most ${most / 2} runs of each code`;
  if (sd === null)
    return {
      ...{ name, state: 'unknown', measured: 'no two seeds that differ', wanted },
      advice: 'the noise needs two or more seeds that change the number: run.seeds, then `lab baseline`',
    };
  const needed = (gain: number, degrees: number) => {
    const alpha = alphaOfTry(wishes.alpha, 1);
    // Two more than allowed: what is still short of nine in ten there comes back as that many, or as none.
    return runsForClaim({ mean: gain, variance: 0 }, sd, degrees, alpha, most + 2);
  };
  const isEnough = (runsNeeded: number | null) => runsNeeded !== null && runsNeeded <= most;
  const reach = findReach((gain) => isEnough(needed(gain, noise.degrees)), sd);
  const diverged = noise.outliers.flatMap(({ index }) => runs.seeds[index] ?? []);
  const apart = diverged.map(
    ({ seed, value }) => `; seed ${seed ?? 'default'} came out at ${showValue(value)} and is left out`,
  );
  const measured = `sd of one run ${showFigure(sd)} (${noise.degrees} ${noise.degrees === 1 ? 'degree' : 'degrees'} of freedom)${apart.join('')}`;
  const isDoubtful = noise.doubt !== null && noise.doubt < doubtLimit;
  const doubt = isDoubtful
    ? `; one seed lies far from the others: \`lab baseline --seeds ${noise.runs + 3}\` tells whether it belongs to them`
    : '';
  if (effect === null)
    return {
      ...{ name, state: 'unknown', measured, wanted },
      advice: `say in metric.smallestEffect what is worth having; ${showFigure(reach)} or more can be shown here${doubt}`,
    };
  if (grain > effect)
    return {
      ...{ name, state: 'fail', measured: `values are printed in steps of ${showFigure(grain)}`, wanted },
      advice: `print more digits of the metric, or of a finer one: a change of ${showFigure(effect)} does not show in these`,
    };
  const need = needed(effect, noise.degrees);
  if (isEnough(need)) {
    const text = `${measured}: ${showFigure(effect)} takes ${(need ?? 0) / 2} of each code`;
    if (diverged.length === 0)
      return { name, state: isDoubtful ? 'warn' : 'pass', measured: text, wanted, advice: doubt.slice(2) };
    const advice = 'a seed that diverges wastes the test that it falls into: a lower rate, a warm-up or clipping';
    return { name, state: 'warn', measured: text, wanted, advice };
  }
  const moreSeeds = isEnough(needed(effect, 30))
    ? `the noise rests on few runs, \`lab baseline --seeds ${noise.runs + 5}\` may do; `
    : '';
  return {
    ...{ name, state: 'fail', measured: `${measured}: ${showFigure(effect)} takes more`, wanted },
    advice: `${moreSeeds}more evaluation data, a rate that decays to zero, a smaller model that trains further, or a steadier proxy; only ${showFigure(reach)} or more can be shown now${doubt}`,
  };
}

/** Runs that a claim may take, both codes together: the share of a night that confirming may have, within bounds. */
function mostClaimRuns(seconds: readonly number[], confirmShare: number): number {
  const typical = median(seconds) ?? 0;
  const ofNight = typical > 0 ? confirmRuns({ budget: nightSeconds / typical }, { ...usualSpending, confirmShare }) : 0;
  const runs = Math.min(Math.max(ofNight, claimRuns.fewest), claimRuns.most);
  return runs - (runs % 2);
}

/** The smallest gain for which `holds`, to a percent; it holds from some gain on. */
function findReach(holds: (gain: number) => boolean, sd: number): number {
  let [low, high] = [0, sd];
  for (let step = 0; step < 60 && !holds(high); step++) [low, high] = [high, 2 * high];
  while (high - low > 0.01 * high) {
    const middle = (low + high) / 2;
    if (holds(middle)) high = middle;
    else low = middle;
  }
  return high;
}

/** The step in which numbers are printed, by the one with the most digits; what a double itself can tell apart where they have very many. */
function grainOf(values: readonly number[]): number {
  const digits = values.map((value) => {
    for (let count = 0; count <= 15; count++) if (Number(value.toFixed(count)) === value) return count;
    return Number.POSITIVE_INFINITY;
  });
  const finest = Math.max(...values.map(Math.abs), 0) * Number.EPSILON;
  return digits.length === 0 ? 0 : Math.max(10 ** -Math.max(...digits), finest);
}
