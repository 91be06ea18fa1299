/**
 * What changes of a track are worth before they are measured, and what one is worth once a run has shown it. Pure; sizes are in the score's
 * own unit, positive helps.
 *
 * Model: spike and slab. A change does nothing with one probability, helps by an exponential size with another, harms by an exponential size
 * with the rest. The measured difference adds normal noise, so that the parts are a normal density and two exponentially modified ones.
 * (Mitchell and Beauchamp, JASA 83, 1988, spike and slab; Efron, Large-Scale Inference, 2010, chapters 1 and 5: learning the prior from
 * parallel cases and why its posterior mean needs no further correction for selection.)
 */
import { logCdfRatioFast } from './normal.ts';

/** What a change of this track is worth before it ran. The three shares add up to 1. */
export interface EffectPrior {
  harmful: number;
  none: number;
  helpful: number;
  /** Mean size of a harm and of a help, both positive. */
  harmMean: number;
  helpMean: number;
}

/** What a change is worth after what was seen of it. */
export interface EffectPosterior {
  mean: number;
  variance: number;
  /** Probabilities; they add up to 1. */
  harmful: number;
  none: number;
  helpful: number;
  /** Expected size given that it harms, and given that it helps; both positive. */
  harmSize: number;
  helpSize: number;
}

/**
 * The prior where a track has shown nothing yet, in widths of `sd` (one run): the mixture of the first simulation, with harm
 * somewhat larger than help, as in the field's tables.
 */
export function startPrior(sd: number): EffectPrior {
  return { harmful: 0.45, none: 0.35, helpful: 0.2, harmMean: 2.5 * sd, helpMean: 1.5 * sd };
}

/** What a change is worth, seen as `difference` with a normal error of `variance` (> 0). */
export function judgeEffect(prior: EffectPrior, difference: number, variance: number): EffectPosterior {
  const sd = Math.sqrt(variance);
  const help = judgeSide(prior.helpMean, difference, sd);
  const harm = judgeSide(prior.harmMean, -difference, sd);
  // Against the density of no effect, in logarithms: far out all three underflow.
  const harmLog = prior.harmful > 0 ? Math.log(prior.harmful) + harm.logRatio : Number.NEGATIVE_INFINITY;
  const noneLog = prior.none > 0 ? Math.log(prior.none) : Number.NEGATIVE_INFINITY;
  const helpLog = prior.helpful > 0 ? Math.log(prior.helpful) + help.logRatio : Number.NEGATIVE_INFINITY;
  const top = Math.max(harmLog, noneLog, helpLog);
  const harmWeight = Math.exp(harmLog - top);
  const noneWeight = Math.exp(noneLog - top);
  const helpWeight = Math.exp(helpLog - top);
  const sum = harmWeight + noneWeight + helpWeight;
  const harmful = harmWeight / sum;
  const none = noneWeight / sum;
  const helpful = helpWeight / sum;
  const mean = helpful * help.mean - harmful * harm.mean;
  const square = helpful * help.square + harmful * harm.square;
  // An effect that is known exactly would fix its neighbours in the joint estimate; keep a trace of doubt.
  const least = 1e-6 * variance;
  return {
    ...{ mean, harmful, none, helpful, harmSize: harm.mean, helpSize: help.mean },
    variance: Math.max(square - mean * mean, least),
  };
}

/** A positive exponential size of mean `size`, seen as `difference`: a normal cut off at zero, and its density against "no effect". */
function judgeSide(size: number, difference: number, sd: number) {
  const z = difference / sd - sd / size;
  const logRatioAtZ = logCdfRatioFast(z);
  const slope = Math.exp(-logRatioAtZ);
  return {
    logRatio: Math.log(sd / size) + logRatioAtZ,
    mean: Math.max(sd * (z + slope), 0),
    square: Math.max(sd * sd * (z * z + 1 + z * slope), 0),
  };
}

/** What changes have shown so far, as weighted counts; older ones may count less. */
export interface PriorEvidence {
  harmful: number;
  none: number;
  helpful: number;
  /** Sums of sizes. */
  harmSum: number;
  helpSum: number;
}

/** Nothing seen. */
export const noEvidence: PriorEvidence = { harmful: 0, none: 0, helpful: 0, harmSum: 0, helpSum: 0 };

/**
 * Adds one judged change (the expectation step of EM, Dempster, Laird and Rubin 1977, one pass in order). `memory` below 1 lets old
 * changes fade: a night begins rich and ends poor.
 */
export function addEvidence(evidence: PriorEvidence, seen: EffectPosterior, memory: number): PriorEvidence {
  return {
    harmful: memory * evidence.harmful + seen.harmful,
    none: memory * evidence.none + seen.none,
    helpful: memory * evidence.helpful + seen.helpful,
    harmSum: memory * evidence.harmSum + seen.harmful * seen.harmSize,
    helpSum: memory * evidence.helpSum + seen.helpful * seen.helpSize,
  };
}

/** The prior after the evidence; `start` counts as `weight` changes. */
export function learnPrior(start: EffectPrior, weight: number, evidence: PriorEvidence): EffectPrior {
  const total = weight + evidence.harmful + evidence.none + evidence.helpful;
  const [harmStart, helpStart] = [weight * start.harmful, weight * start.helpful];
  return {
    harmful: (harmStart + evidence.harmful) / total,
    none: (weight * start.none + evidence.none) / total,
    helpful: (helpStart + evidence.helpful) / total,
    harmMean: meanSize(start.harmMean, harmStart, evidence.harmSum, evidence.harmful),
    helpMean: meanSize(start.helpMean, helpStart, evidence.helpSum, evidence.helpful),
  };
}

function meanSize(start: number, startCount: number, sum: number, count: number): number {
  return startCount + count > 0 ? (startCount * start + sum) / (startCount + count) : start;
}
