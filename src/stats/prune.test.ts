import { expect, test } from 'vitest';
import { judgeEffect, startPrior } from './effect-prior.ts';
import { type BisectState, chooseLeftOut, chooseReverts, planBisect } from './prune.ts';
import { createRandom } from './seeded-random.ts';

const keep = (change: string, difference: number, variance = 0.2) => ({
  change,
  effect: judgeEffect(startPrior(1), difference, variance),
});

test('a weight of zero reverts what is expected to harm, a higher one also what probably does nothing', () => {
  const keeps = [keep('solid', 4), keep('doubtful', 0.5), keep('harmful', -1), { change: 'unknown', effect: null }];
  expect(chooseReverts(keeps, 0, 1)).toEqual(['harmful']);
  expect(chooseReverts(keeps, 1, 1)).toEqual(['doubtful', 'harmful']);
});

test('sure keeps and unknown ones are never left out, doubtful ones with their share', () => {
  const keeps = [keep('sure', 6), { change: 'unknown', effect: null }, keep('doubtful', 0.5)];
  const dice = createRandom(4).uniform;
  let times = 0;
  for (let i = 0; i < 2000; i++) {
    const left = chooseLeftOut(keeps, 0.3, 0.97, dice);
    expect(left.filter((change) => change !== 'doubtful')).toEqual([]);
    times += left.length;
  }
  expect(Math.abs(times / 2000 - 0.3)).toBeLessThan(0.04);
});

/** Lets the bisection run against keeps of known worth. */
function bisect(worths: number[], sd: number, budget: number) {
  const { normal } = createRandom(41);
  const scores = new Map<number, number[]>();
  const measure = (level: number) => {
    const truth = worths.slice(0, level).reduce((sum, worth) => sum + worth, 0);
    scores.set(level, [...(scores.get(level) ?? []), truth + sd * normal()]);
  };
  const state = (left: number): BisectState => ({ keeps: worths.length, scores, sd, degrees: 10, budget: left });
  for (let left = budget; ; left--) {
    const step = planBisect(state(left));
    if (step.kind === 'done') return { ...step, used: budget - left, levels: [...scores.keys()] };
    measure(step.level);
  }
}

test('the one harmful keep among eight is found, and only it is reverted', () => {
  const { revert, used } = bisect([2, 2, 2, 2, 2, -20, 2, 2], 0.2, 40);
  expect(revert).toEqual([6]);
  expect(used).toBeLessThan(40);
});

test('it never spends more than its budget, and then reverts the stretches that did not gain', () => {
  const { used, revert, segments } = bisect([-1, -1, 0.1, -1], 3, 5);
  expect(used).toBe(5);
  const bad = segments.filter(({ gain }) => gain <= 0).flatMap(({ from, to }) => [from + 1, to]);
  expect(bad.every((change) => revert.includes(change))).toBe(true);
});

test('it begins with the two ends and ends at once without runs', () => {
  const empty = { keeps: 3, scores: new Map<number, number[]>(), sd: 1, degrees: 5 };
  expect(planBisect({ ...empty, budget: 9 })).toEqual({ kind: 'run', level: 0 });
  expect(planBisect({ ...empty, scores: new Map([[0, [1]]]), budget: 8 })).toEqual({ kind: 'run', level: 3 });
  expect(planBisect({ ...empty, budget: 0 })).toEqual({ kind: 'done', revert: [], segments: [] });
});

test('a group that helps as a whole is left in one piece', () => {
  const { revert, levels } = bisect([3, 3, 3, 3], 0.1, 20);
  expect(revert).toEqual([]);
  expect(levels).toEqual([0, 4]);
});
