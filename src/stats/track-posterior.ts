/**
 * What every change of a track is worth, given all its runs together: the baseline's level and the effects of the changes are unknowns of one
 * linear model, each run shows the sum of those built into its code. So a run on any base, an ablation, a confirmation and a retry all add
 * to the same estimate; what follows a keep says more about it than its own lucky number, and a champion's value allows for having been
 * chosen. Pure state: nothing of it is stored, it is replayed from the runs in their order. Scores: higher is better.
 *
 * Method: assumed-density filtering with moment matching and expectation propagation for the spike-and-slab priors (Minka, UAI 2001;
 * Hernández-Lobato, Hernández-Lobato and Suárez, Machine Learning 99, 2015). Selection needs no correction where all runs are in, kept or
 * not (the likelihood principle; Dawid, "Selection paradoxes of Bayesian inference", 1994). The noise is fitted to the changes that look
 * useless, besides the repeats (the empirical null of Efron, JASA 99, 2004).
 */
import { LabError } from '../errors/lab-error.ts';
import {
  addEvidence,
  type EffectPosterior,
  type EffectPrior,
  judgeEffect,
  learnPrior,
  noEvidence,
  type PriorEvidence,
  startPrior,
} from './effect-prior.ts';
import { normalCdf } from './normal.ts';

/** A mean and how sure it is. */
export interface Estimate {
  mean: number;
  variance: number;
}

/** How the posterior is made. */
export interface TrackPosteriorOptions {
  /** Standard deviation of one run, from repeats of the same code, > 0. */
  sd: number;
  /** Its degrees of freedom. The fewer, the more the runs of useless changes have a say in it; infinite: none. */
  degrees: number;
  /** The prior before the first change; null: `startPrior`. */
  prior: EffectPrior | null;
  /** How many changes the start counts as. */
  priorWeight: number;
  /** How much of the evidence on the prior is left after one more change, 0 to 1. */
  memory: number;
}

/** How it is made where nothing else is said. */
export const usualOptions = { prior: null, priorWeight: 12, memory: 0.985 } as const;

/** The state. Changes are named by what the caller likes: a slug, a commit, a number. */
export interface TrackPosterior<Key> {
  /** Takes a run in: the changes built into its code (none: the baseline), at most one of them new. Returns what the new one is worth, null where none is new. Throws LabError (internal) for more than one. */
  observe: (changes: readonly Key[], score: number) => EffectPosterior | null;
  /** What a change is worth given all runs so far; null where it is unknown or forgotten. */
  effectOf: (change: Key) => EffectPosterior | null;
  /** The value of code with these changes. */
  levelOf: (changes: readonly Key[]) => Estimate;
  /** The gain of code with these changes over the baseline. */
  gainOf: (changes: readonly Key[]) => Estimate;
  /** Lets go of a discarded change that will not run again; its run has had its say. */
  forget: (change: Key) => void;
  /** Judges all changes again with what is known by now. */
  refine: () => void;
  /** The prior as learned so far. */
  prior: () => EffectPrior;
  /** Standard deviation of one run as explored with: never for claims, which take repeats alone. */
  sd: () => number;
}

/** One unknown effect: its place in the vector and the normal stand-in for its prior. */
interface Site {
  precision: number;
  shift: number;
}

/** Builds an empty posterior. Throws LabError (internal) where `sd` is not above zero: runs that repeat to the digit need no posterior. */
export function createTrackPosterior<Key>(options: TrackPosteriorOptions): TrackPosterior<Key> {
  if (!(options.sd > 0)) throw new LabError('internal', `the noise of one run is ${options.sd}, expected more than 0`);
  let noise = options.sd * options.sd;
  let degrees = options.degrees;
  const start = options.prior ?? startPrior(options.sd);
  const keys: Key[] = [];
  const sites: Site[] = [];
  // Place 0 is the baseline's level, place i + 1 the effect of keys[i].
  const means: number[] = [];
  const covariances: number[][] = [];
  let evidence: PriorEvidence = noEvidence;
  let prior = start;

  const placesOf = (changes: readonly Key[]) =>
    changes.map((change) => keys.indexOf(change) + 1).filter((place) => place > 0);
  const sumOver = (places: readonly number[]): Estimate & { covariance: number[] } => {
    const covariance = new Array<number>(means.length).fill(0);
    for (let row = 0; row < means.length; row++) {
      const line = covariances[row] ?? [];
      let sum = 0;
      for (const place of places) sum += line[place] ?? 0;
      covariance[row] = sum;
    }
    let mean = 0;
    let variance = 0;
    for (const place of places) {
      mean += means[place] ?? 0;
      variance += covariance[place] ?? 0;
    }
    return { mean, variance, covariance };
  };
  /** Moves all unknowns by `direction * shift` and their covariance by `direction direction^T * factor`. */
  const move = (direction: readonly number[], shift: number, factor: number) => {
    for (let row = 0; row < means.length; row++) {
      const own = direction[row] ?? 0;
      if (own === 0) continue;
      means[row] = (means[row] ?? 0) + own * shift;
      const line = covariances[row] ?? [];
      const weight = own * factor;
      for (let column = 0; column < means.length; column++)
        line[column] = (line[column] ?? 0) + weight * (direction[column] ?? 0);
    }
  };
  const judgeCavity = (place: number) => {
    const site = sites[place - 1];
    const variance = covariances[place]?.[place] ?? 0;
    const mean = means[place] ?? 0;
    if (site === undefined) return null;
    const precision = 1 / variance - site.precision;
    // Relative: what is a small precision depends on the scale of the metric.
    if (!(precision * variance > 1e-9)) return null;
    const cavity = { mean: (mean / variance - site.shift) / precision, variance: 1 / precision };
    return { cavity, effect: judgeEffect(prior, cavity.mean, cavity.variance), mean, variance };
  };
  const observe = (changes: readonly Key[], score: number) => {
    if (means.length === 0) {
      // The first score says where the track lies; nothing else is known of its level.
      means.push(score);
      covariances.push([1e4 * noise]);
    }
    const fresh = changes.filter((change) => !keys.includes(change));
    if (fresh.length > 1)
      throw new LabError('internal', `a run has ${fresh.length} changes that never ran before, expected one at most`);
    const added = fresh[0];
    const level = sumOver([0, ...placesOf(changes)]);
    const spread = level.variance + noise;
    const surprise = score - level.mean;
    const gain = level.covariance.map((value) => value / spread);
    if (added === undefined) {
      move(gain, surprise, -spread);
      return null;
    }
    const effect = judgeEffect(prior, surprise, spread);
    move(gain, surprise - effect.mean, effect.variance - spread);
    for (let row = 0; row < means.length; row++) covariances[row]?.push(-(gain[row] ?? 0) * effect.variance);
    covariances.push([...gain.map((value) => -value * effect.variance), effect.variance]);
    means.push(effect.mean);
    keys.push(added);
    sites.push({
      precision: 1 / effect.variance - 1 / spread,
      shift: effect.mean / effect.variance - surprise / spread,
    });
    if (Number.isFinite(degrees)) {
      // A useless change is a repeat of its base in disguise, counted by how probably it is one.
      const own = noise / spread;
      const seen = own * own * surprise * surprise + noise * (1 - own);
      noise = (degrees * noise + effect.none * seen) / (degrees + effect.none);
      degrees += effect.none;
    }
    evidence = addEvidence(evidence, effect, options.memory);
    prior = learnPrior(start, options.priorWeight, evidence);
    return effect;
  };
  return {
    observe,
    effectOf: (change) => {
      const place = keys.indexOf(change) + 1;
      return place > 0
        ? (judgeCavity(place)?.effect ?? describeMarginal(means[place] ?? 0, covariances[place]?.[place] ?? 0))
        : null;
    },
    levelOf: (changes) => {
      const { mean, variance } = sumOver([0, ...placesOf(changes)]);
      return { mean, variance };
    },
    gainOf: (changes) => {
      const { mean, variance } = sumOver(placesOf(changes));
      return { mean, variance };
    },
    forget: (change) => {
      const index = keys.indexOf(change);
      if (index < 0) return;
      keys.splice(index, 1);
      sites.splice(index, 1);
      means.splice(index + 1, 1);
      covariances.splice(index + 1, 1);
      for (const line of covariances) line.splice(index + 1, 1);
    },
    refine: () => {
      const direction: number[] = [];
      for (let place = 1; place < means.length; place++) {
        const judged = judgeCavity(place);
        if (judged === null) continue;
        const { cavity, effect, mean, variance } = judged;
        sites[place - 1] = {
          precision: 1 / effect.variance - 1 / cavity.variance,
          shift: effect.mean / effect.variance - cavity.mean / cavity.variance,
        };
        direction.length = means.length;
        for (let row = 0; row < means.length; row++) direction[row] = (covariances[row]?.[place] ?? 0) / variance;
        move(direction, effect.mean - mean, effect.variance - variance);
      }
    },
    prior: () => prior,
    sd: () => Math.sqrt(noise),
  };
}

/** An effect that is known so well that rounding eats what its prior would add: the normal estimate alone. */
function describeMarginal(mean: number, variance: number): EffectPosterior {
  const sd = Math.sqrt(Math.max(variance, Number.MIN_VALUE));
  const helpful = normalCdf(mean / sd);
  const size = Math.abs(mean);
  return {
    mean,
    variance: Math.max(variance, 0),
    helpful,
    none: 0,
    harmful: 1 - helpful,
    helpSize: size,
    harmSize: size,
  };
}
