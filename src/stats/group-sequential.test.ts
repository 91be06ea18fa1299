import { expect, test } from 'vitest';
import { designSequential, effectAtChance, stagewiseChance } from './group-sequential.ts';
import { normalCdf, normalDensity, normalQuantile } from './normal.ts';
import { createRandom } from './seeded-random.ts';

/** Plays the test on a Brownian path; the stage at which it stops and the standardised estimate there. */
function play(information: readonly number[], bounds: readonly number[], effect: number, normal: () => number) {
  let score = 0;
  for (const [stage, amount] of information.entries()) {
    const since = amount - (information[stage - 1] ?? 0);
    score += effect * since + Math.sqrt(since) * normal();
    const z = score / Math.sqrt(amount);
    const isCrossed = z >= (bounds[stage] ?? 0);
    if (isCrossed || stage === information.length - 1) return { stage, z, isCrossed };
  }
  throw new Error('no look');
}

test('one look is the ordinary test', () => {
  const design = designSequential([4], 0.025, 1);
  expect(design.bounds[0]).toBeCloseTo(1.959964, 5);
  expect(effectAtChance(design, 0, 3, 0.05)).toBeCloseTo((3 - 1.644854) / 2, 5);
});

test('two looks spend half of the error each, by the bivariate normal distribution', () => {
  const { bounds } = designSequential([1, 2], 0.05, 1);
  expect(bounds[0]).toBeCloseTo(normalQuantile(0.975), 6);
  // P(Z1 < 1.96, Z2 >= b) for a correlation of the root of one half, integrated over Z1 by the midpoint rule.
  const step = 0.0005;
  let chance = 0;
  for (let z = -8 + step / 2; z < (bounds[0] ?? 0); z += step)
    chance += normalDensity(z) * step * normalCdf((z * Math.SQRT1_2 - (bounds[1] ?? 0)) / Math.SQRT1_2);
  expect(chance).toBeCloseTo(0.025, 4);
});

test('the bounds are crossed with the stated chance over all looks', () => {
  const information = [2, 3, 4, 6];
  const { bounds } = designSequential(information, 0.05, 1);
  const { normal } = createRandom(21);
  const trials = 40_000;
  let crossed = 0;
  for (let trial = 0; trial < trials; trial++) if (play(information, bounds, 0, normal).isCrossed) crossed++;
  expect(Math.abs(crossed / trials - 0.05)).toBeLessThan(0.004);
});

test('late spending makes the first bound harder', () => {
  const [even, late] = [designSequential([1, 2, 3], 0.05, 1), designSequential([1, 2, 3], 0.05, 3)];
  expect(late.bounds[0]).toBeGreaterThan(even.bounds[0] ?? 0);
  expect(late.bounds[2]).toBeLessThan(even.bounds[2] ?? 0);
});

test('the interval after stopping holds the effect as often as it says, and half of the estimates lie on each side', () => {
  const information = [2, 4, 6];
  const design = designSequential(information, 0.05, 1);
  for (const effect of [0, 0.7, 1.2]) {
    const { normal } = createRandom(22);
    const trials = 1200;
    let [covered, above] = [0, 0];
    for (let trial = 0; trial < trials; trial++) {
      const { stage, z } = play(information, design.bounds, effect, normal);
      const chance = stagewiseChance(design, stage, z, effect);
      if (chance > 0.05 && chance < 0.95) covered++;
      if (chance < 0.5) above++;
    }
    expect(Math.abs(covered / trials - 0.9)).toBeLessThan(0.03);
    expect(Math.abs(above / trials - 0.5)).toBeLessThan(0.05);
  }
});

test('the effect at a chance is the one that has this chance', () => {
  const design = designSequential([2, 3, 4, 6], 0.02, 1);
  for (const look of [1, 2, 3])
    for (const z of [-1, 1, 3])
      for (const chance of [0.05, 0.5, 0.95])
        expect(stagewiseChance(design, look, z, effectAtChance(design, look, z, chance))).toBeCloseTo(chance, 4);
});
