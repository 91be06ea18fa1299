/** When a claim is not gone on with: the chance that is left by simulation, what stopping costs, and what it saves. */
import { expect, test } from 'vitest';
import { judgeClaim, planClaim } from './claim.ts';
import { conditionalPower, isFutile } from './futility.ts';
import { createRandom } from './seeded-random.ts';

const later = [
  { runs: 4, bound: 2.8 },
  { runs: 6, bound: 2.6 },
  { runs: 8, bound: 2.5 },
];

test.each([
  [0.5, 0.5],
  [1, 2],
  [2, 1],
  [-1, 3],
])('what is left of the power at t = %d, true gain %d, is what playing the test to its end gives', (t, gain) => {
  const { normal } = createRandom(77);
  const at = 3;
  let confirmed = 0;
  const trials = 20_000;
  for (let trial = 0; trial < trials; trial++) {
    let [score, runs] = [t * Math.sqrt(at), at];
    const isConfirmed = later.some((look) => {
      const added = look.runs - runs;
      score += (gain / Math.sqrt(at)) * added + Math.sqrt(added) * normal();
      runs = look.runs;
      return score >= look.bound * Math.sqrt(runs);
    });
    if (isConfirmed) confirmed++;
  }
  expect(Math.abs(conditionalPower({ at, later, t }, gain) - confirmed / trials)).toBeLessThan(0.011);
});

test('power rises with the gain and with what was seen, and nothing is left after the last look', () => {
  const at = (t: number, gain: number) => conditionalPower({ at: 3, later, t }, gain);
  expect(at(1, 3)).toBeGreaterThan(at(1, 2));
  expect(at(1.5, 2)).toBeGreaterThan(at(1, 2));
  expect(at(60, 60)).toBe(1);
  expect(at(-60, 0)).toBe(0);
  expect(conditionalPower({ at: 8, later: [], t: 9 }, 9)).toBe(0);
  expect(isFutile({ at: 6, later: later.slice(2), t: -1 }, () => 1)).toBe(true);
  expect(isFutile({ at: 3, later, t: 1 }, () => 3)).toBe(false);
});

const plan = planClaim({ runs: 12, alpha: 0.009, confidence: 0.9, isPaired: false });

/** Plays a claim with and without stopping for futility: `asked` is what was confirmed at the looks, `used` the runs of each code. */
function play(seed: number, gain: number) {
  if (plan === null) throw new Error('no plan');
  const { normal } = createRandom(seed);
  const otherRepeats = [{ commit: 'floor', scores: [normal(), normal(), normal(), normal()] }];
  const scores = Array.from({ length: 6 }, () => [normal(), gain + normal()] as const);
  const most = plan.looks.at(-1) ?? 0;
  let stopped: number | null = null;
  for (const look of plan.looks) {
    const data = {
      baseline: scores.slice(0, look).map(([score]) => score),
      champion: scores.slice(0, look).map(([, score]) => score),
      ...{ otherRepeats, expected: 2 },
    };
    const verdict = judgeClaim(plan, data, false);
    const isConfirmed = verdict.state === 'confirmed';
    expect(verdict.isFutile && isConfirmed).toBe(false);
    // Played on to see what stopping cost.
    if (verdict.isFutile) {
      stopped ??= look;
      expect(['refuted', 'provisional']).toContain(verdict.state);
      expect(verdict.interval).not.toBeNull();
    } else if (isConfirmed) return { stopped, isConfirmed, used: stopped ?? look };
  }
  return { stopped, isConfirmed: false, used: stopped ?? most };
}

test('without a gain a tenth of the runs is saved; where there is one hardly a claim is lost, and none is ever won', () => {
  const seeds = Array.from({ length: 150 }, (_, index) => 9000 + index);
  const empty = seeds.map((seed) => play(seed, 0));
  expect(empty.reduce((sum, { used }) => sum + used, 0) / (6 * seeds.length)).toBeLessThan(0.9);
  const real = seeds.map((seed) => play(seed, 2.5));
  expect(real.filter(({ isConfirmed }) => isConfirmed).length).toBeGreaterThan(75);
  const lost = real.filter(({ isConfirmed, stopped }) => isConfirmed && stopped !== null);
  expect(lost.length / seeds.length).toBeLessThan(0.01);
});
