import { expect, test } from 'vitest';
import { addEvidence, type EffectPrior, judgeEffect, learnPrior, noEvidence, startPrior } from './effect-prior.ts';
import { createRandom } from './seeded-random.ts';

const prior: EffectPrior = { harmful: 0.45, none: 0.35, helpful: 0.2, harmMean: 2, helpMean: 2 };

/** The posterior by brute force on a fine grid of effects. */
function integrate(difference: number, variance: number) {
  const step = 0.001;
  const like = (effect: number) => Math.exp(-((difference - effect) ** 2) / (2 * variance));
  let [weight, first, second] = [prior.none * like(0), 0, 0];
  for (let size = step / 2; size < 60; size += step) {
    const help = (prior.helpful / prior.helpMean) * Math.exp(-size / prior.helpMean) * like(size) * step;
    const harm = (prior.harmful / prior.harmMean) * Math.exp(-size / prior.harmMean) * like(-size) * step;
    weight += help + harm;
    first += size * (help - harm);
    second += size * size * (help + harm);
  }
  const mean = first / weight;
  return { mean, variance: second / weight - mean * mean, none: (prior.none * like(0)) / weight };
}

test('mean, variance and probabilities are those of the integral', () => {
  for (const [difference, variance] of [
    [0, 1],
    [1.5, 1.2],
    [-2, 1],
    [4, 2],
    [0.3, 0.1],
  ] as const) {
    const [closed, brute] = [judgeEffect(prior, difference, variance), integrate(difference, variance)];
    expect(closed.mean).toBeCloseTo(brute.mean, 4);
    expect(closed.variance).toBeCloseTo(brute.variance, 4);
    expect(closed.none).toBeCloseTo(brute.none, 4);
    expect(closed.harmful + closed.none + closed.helpful).toBeCloseTo(1, 12);
  }
});

test('what looks huge is believed, what looks small is shrunk, and nothing overflows', () => {
  expect(judgeEffect(prior, 100, 1).mean).toBeCloseTo(99.5, 6);
  expect(judgeEffect(prior, 0.5, 1).mean).toBeLessThan(0.2);
  const far = judgeEffect(prior, -1e6, 1);
  expect(far.harmful).toBeCloseTo(1, 9);
  expect(Number.isFinite(far.mean) && far.variance > 0).toBe(true);
});

test('a side without weight stays without weight', () => {
  const seen = judgeEffect({ ...prior, helpful: 0, none: 0.55 }, 8, 1);
  expect(seen.helpful).toBe(0);
  expect(seen.mean).toBeLessThanOrEqual(0);
});

test('a null night lowers what an idea is expected to bring, a rich one raises it', () => {
  const learn = (helpful: number, size: number) => {
    const random = createRandom(3);
    let evidence = noEvidence;
    let known = startPrior(1);
    for (let i = 0; i < 400; i++) {
      const effect = random.uniform() < helpful ? size * random.exponential() : 0;
      evidence = addEvidence(evidence, judgeEffect(known, effect + random.normal(), 1), 1);
      known = learnPrior(startPrior(1), 12, evidence);
    }
    return known.helpful * known.helpMean;
  };
  // The start expects 0.2 * 1.5 of an idea.
  expect(learn(0, 0)).toBeLessThan(0.2);
  expect(learn(0.3, 4)).toBeGreaterThan(0.9);
});

test('without evidence the prior is the start', () => {
  const learned = learnPrior(prior, 12, noEvidence);
  for (const key of Object.keys(prior) as (keyof EffectPrior)[]) expect(learned[key]).toBeCloseTo(prior[key], 12);
});

test('a side that is impossible to start with keeps its size instead of becoming no number', () => {
  expect(learnPrior({ ...prior, helpful: 0, none: 0.55 }, 12, noEvidence)).toMatchObject({ helpful: 0, helpMean: 2 });
});
