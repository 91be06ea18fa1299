/**
 * A test that looks at its data several times and may stop at each: boundaries that keep the chance of a false alarm over all looks, and
 * estimates that allow for the stopping. One-sided; statistics are standard normal under "no effect". Pure.
 *
 * Method: alpha spending (Lan and DeMets, Biometrika 70, 1983) with the power family (Kim and DeMets, Biometrika 74, 1987), by the recursive
 * integration of Armitage, McPherson and Rowe (JRSS A 132, 1969); intervals and the median-unbiased estimate by stage-wise ordering
 * (Tsiatis, Rosner and Mehta, Biometrics 40, 1984). Jennison and Turnbull, Group Sequential Methods, 2000, chapters 7, 8 and 19.
 */
import { normalCdf, normalDensity, normalQuantile } from './normal.ts';

/** A test with its looks fixed before the first run. */
export interface SequentialDesign {
  /** Information at each look (1 over the variance of the estimate), rising, in any unit. */
  information: readonly number[];
  /** At or above which the standardised estimate stops the test, one for each look. */
  bounds: readonly number[];
  /** One-sided chance of a false alarm over all looks. */
  alpha: number;
}

/** Points of the grid on which the distribution between two looks is carried (Simpson's rule: an odd number). */
const gridPoints = 61;

/** Finds the bounds. `power` 1 spends evenly with the information, 3 spends late. Throws nothing; `information` must rise. */
export function designSequential(information: readonly number[], alpha: number, power: number): SequentialDesign {
  const last = information.at(-1) ?? 1;
  const bounds: number[] = [];
  let spent = 0;
  for (const [look, amount] of information.entries()) {
    const share = alpha * (amount / last) ** power - spent;
    spent += share;
    if (look === 0) {
      bounds.push(normalQuantile(1 - share));
      continue;
    }
    const before = carry({ information, bounds, alpha }, look, 0);
    let low = -2;
    let high = 9;
    for (let i = 0; i < 60; i++) {
      const middle = (low + high) / 2;
      if (crossAt(before, information, look, middle, 0) > share) low = middle;
      else high = middle;
    }
    bounds.push((low + high) / 2);
  }
  return { information, bounds, alpha };
}

/**
 * The chance that the test stops before `look`, or reaches it with at least `z`, where the effect is `effect` (per root of information):
 * the p-value of stage-wise ordering, which rises with the effect.
 */
export function stagewiseChance(design: SequentialDesign, look: number, z: number, effect: number): number {
  const { information, bounds } = design;
  let chance = 0;
  for (let stage = 0; stage <= look; stage++) {
    const limit = stage === look ? z : (bounds[stage] ?? Number.POSITIVE_INFINITY);
    chance +=
      stage === 0
        ? normalCdf(effect * Math.sqrt(information[0] ?? 0) - limit)
        : crossAt(carry(design, stage, effect), information, stage, limit, effect);
  }
  return chance;
}

/** The effect at which `stagewiseChance` is `chance`: 0.05 gives the lower end of a 90 % interval, 0.5 the median-unbiased estimate. */
export function effectAtChance(design: SequentialDesign, look: number, z: number, chance: number): number {
  const root = Math.sqrt(design.information[look] ?? 1);
  if (look === 0) return (z + normalQuantile(chance)) / root;
  // False position on the normal scale, where the chance is nearly straight in the effect: a few steps instead of thirty.
  const target = normalQuantile(chance);
  const miss = (effect: number) => {
    const reached = Math.min(Math.max(stagewiseChance(design, look, z, effect), 1e-12), 1 - 1e-12);
    return normalQuantile(reached) - target;
  };
  let near = (z + target) / root;
  let missNear = miss(near);
  let other = near - missNear / root;
  for (let i = 0; i < 12; i++) {
    const missOther = miss(other);
    if (Math.abs(missOther) < 1e-5 || missOther === missNear) break;
    const next = other - (missOther * (other - near)) / (missOther - missNear);
    near = other;
    missNear = missOther;
    other = next;
  }
  return other;
}

/** Density of the score (z times root of information) among tests that go on past the looks before `look`. */
interface Carried {
  at: readonly number[];
  weight: readonly number[];
}

function carry({ information, bounds }: SequentialDesign, look: number, effect: number): Carried {
  let grid: Carried | null = null;
  for (let stage = 0; stage < look; stage++) {
    const amount = information[stage] ?? 0;
    const root = Math.sqrt(amount);
    const top = (bounds[stage] ?? 0) * root;
    const bottom = Math.min(effect * amount - 7 * root, top - 7 * root);
    const step = (top - bottom) / (gridPoints - 1);
    const at = Array.from({ length: gridPoints }, (_, point) => bottom + point * step);
    const before = grid;
    const since = amount - (information[stage - 1] ?? 0);
    const scale = Math.sqrt(since);
    const weight = at.map((score, point) => {
      const simpson = (step / 3) * (point === 0 || point === gridPoints - 1 ? 1 : point % 2 === 1 ? 4 : 2);
      if (before === null) return (simpson * normalDensity((score - effect * amount) / root)) / root;
      let density = 0;
      for (let i = 0; i < gridPoints; i++)
        density += (before.weight[i] ?? 0) * normalDensity((score - (before.at[i] ?? 0) - effect * since) / scale);
      return (simpson * density) / scale;
    });
    grid = { at, weight };
  }
  return grid ?? { at: [0], weight: [1] };
}

function crossAt(before: Carried, information: readonly number[], look: number, z: number, effect: number): number {
  const amount = information[look] ?? 0;
  const since = amount - (information[look - 1] ?? 0);
  const limit = z * Math.sqrt(amount);
  let chance = 0;
  for (let i = 0; i < before.at.length; i++)
    chance += (before.weight[i] ?? 0) * normalCdf(((before.at[i] ?? 0) + effect * since - limit) / Math.sqrt(since));
  return chance;
}
