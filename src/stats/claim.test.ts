import { expect, test } from 'vitest';
import { alphaOfTry, type ClaimPlan, type ClaimVerdict, judgeClaim, planClaim, runsForClaim } from './claim.ts';
import { createRandom, type RandomStream } from './seeded-random.ts';

function makePlan(runs: number, isPaired = false): ClaimPlan {
  const plan = planClaim({ runs, alpha: 0.05, confidence: 0.9, isPaired });
  if (plan === null) throw new Error(`no plan for ${runs} runs`);
  return plan;
}

/** Runs both codes in turns until the test ends. */
function play(
  plan: ClaimPlan,
  runs: number,
  draw: (code: 'baseline' | 'champion', seed: number) => number,
  floor: number[],
) {
  const data = { baseline: [] as number[], champion: [] as number[] };
  let verdict: ClaimVerdict | null = null;
  for (let left = runs; left > 0 && (verdict === null || verdict.state === 'open'); left--) {
    const side = (verdict?.runs.baseline ?? 0) < (verdict?.runs.champion ?? 0) ? 'baseline' : 'champion';
    data[side].push(draw(side, data[side].length));
    verdict = judgeClaim(
      plan,
      { ...data, otherRepeats: [{ commit: 'floor', scores: floor }], expected: 1 },
      left === 1,
    );
  }
  if (verdict === null) throw new Error('no run');
  return { verdict, used: data.baseline.length + data.champion.length };
}

function floorOf({ normal }: RandomStream): number[] {
  return Array.from({ length: 4 }, normal);
}

test('a big gain is confirmed at the first look, and the rest of the runs is saved', () => {
  const random = createRandom(31);
  const { verdict, used } = play(
    makePlan(12),
    12,
    (code) => (code === 'champion' ? 30 : 0) + random.normal(),
    floorOf(random),
  );
  expect(verdict.state).toBe('confirmed');
  expect(used).toBe(4);
  expect(verdict.interval?.low).toBeLessThan(30);
  expect(verdict.interval?.high).toBeGreaterThan(30);
});

test('fewer than two runs of each code make no test', () => {
  expect(planClaim({ runs: 3, alpha: 0.05, confidence: 0.9, isPaired: false })).toBeNull();
  expect(planClaim({ runs: 4, alpha: 0.05, confidence: 0.9, isPaired: false })?.looks).toEqual([2]);
  expect(makePlan(13).looks).toEqual([2, 3, 4, 6]);
});

test('without a gain a claim is as rare as stated, and the 90 % interval holds the truth as often as stated', () => {
  const plan = makePlan(12);
  for (const gain of [0, 2]) {
    let [confirmed, covered, ended] = [0, 0, 0];
    for (let trial = 0; trial < 700; trial++) {
      const random = createRandom(5000 + trial);
      const { verdict } = play(plan, 12, (code) => (code === 'champion' ? gain : 0) + random.normal(), floorOf(random));
      if (verdict.state === 'confirmed') confirmed++;
      if (verdict.interval === null) continue;
      ended++;
      if (verdict.interval.low <= gain && gain <= verdict.interval.high) covered++;
    }
    if (gain === 0) expect(confirmed / 700).toBeLessThan(0.085);
    expect(ended).toBe(700);
    expect(Math.abs(covered / ended - 0.9)).toBeLessThan(0.035);
  }
});

test('a gain that fresh seeds do not show is refuted, one that they cannot tell stays provisional', () => {
  const noise = [0.1, -0.1, 0.2, -0.2];
  const floor = { commit: 'floor', scores: [0, 1, -1, 0.5, -0.5, 0.7, -0.7] };
  const judge = (gain: number, expected: number) =>
    judgeClaim(
      makePlan(8),
      { baseline: noise, champion: noise.map((value) => value + gain), otherRepeats: [floor], expected },
      true,
    ).state;
  expect(judge(-0.5, 1)).toBe('refuted');
  expect(judge(0.1, 10)).toBe('refuted');
  expect(judge(0.5, 1)).toBe('provisional');
});

test('a seed that diverged is counted out and named, and the claim is still made', () => {
  const random = createRandom(33);
  const plan = makePlan(12);
  const { verdict } = play(
    plan,
    12,
    (code, seed) => (code === 'champion' ? 8 : 0) + random.normal() - (code === 'champion' && seed === 1 ? 200 : 0),
    floorOf(random),
  );
  expect(verdict).toMatchObject({ state: 'confirmed', diverged: { baseline: 0, champion: 1 } });
  expect(verdict.interval?.low).toBeGreaterThan(0);
});

test('a test that is cut between two looks confirms nothing, and still refutes; cut at a look it says what the look says', () => {
  const noise = [0.1, -0.1, 0.2, -0.2, 0.05, -0.05];
  const judge = (gain: number, [baseline, champion]: [number, number], isOver: boolean, expected = gain) =>
    judgeClaim(
      makePlan(12),
      {
        baseline: noise.slice(0, baseline),
        champion: noise.slice(0, champion).map((value) => value + gain),
        otherRepeats: [{ commit: 'floor', scores: [0, 0.3, -0.3, 0.1] }],
        expected,
      },
      isOver,
    ).state;
  // Looks are taken at 2, 3, 4 and 6 runs of each code. The gain just misses the third bound, and five runs of each are beyond it.
  for (const look of [2, 3, 4]) expect(judge(0.36, [look, look], false)).toBe('open');
  expect(judge(0.36, [6, 6], false)).toBe('confirmed');
  for (const runs of [
    [5, 5],
    [4, 5],
    [5, 4],
  ] as [number, number][])
    expect([judge(0.36, runs, true), judge(0.36, runs, true, 1), judge(-0.36, runs, true)]).toEqual([
      'provisional',
      'refuted',
      'refuted',
    ]);
  for (const isOver of [false, true]) expect(judge(0.38, [4, 4], isOver)).toBe('confirmed');
});

test('an open test states no interval', () => {
  const verdict = judgeClaim(makePlan(12), { baseline: [0], champion: [1], otherRepeats: [], expected: 1 }, false);
  expect(verdict).toMatchObject({ state: 'open', interval: null });
});

test('runs that repeat to the digit settle it without luck', () => {
  const data = { baseline: [1, 1], champion: [1.5, 1.5], otherRepeats: [], expected: 0.5 };
  expect(judgeClaim(makePlan(4), data, false)).toMatchObject({ state: 'confirmed', interval: { low: 0.5, high: 0.5 } });
});

test('pairs narrow the interval where the seeds move both codes alike', () => {
  const seeds = [3, -4, 6, -5, 1, 0];
  const own = [0.1, -0.1, 0.05, -0.05, 0.12, -0.12];
  const data = {
    baseline: seeds,
    champion: seeds.map((seed, index) => seed + 1 + (own[index] ?? 0)),
    otherRepeats: [],
    expected: 1,
  };
  const width = (isPaired: boolean) => {
    const { interval } = judgeClaim(makePlan(12, isPaired), data, true);
    return (interval?.high ?? Number.NaN) - (interval?.low ?? Number.NaN);
  };
  expect(width(true)).toBeLessThan(width(false) / 5);
});

test('pairs that lie equally far apart to the printed digit are no certainty while seeds move the numbers', () => {
  const data = { baseline: [0.91, 0.87], champion: [0.92, 0.88], otherRepeats: [], expected: 0.01 };
  expect(judgeClaim(makePlan(8, true), data, false).state).not.toBe('confirmed');
  const far = { ...data, champion: [90.91, 90.87] };
  expect(judgeClaim(makePlan(8, true), far, false)).toMatchObject({ state: 'confirmed' });
});

test('the stated p is one over all looks: later looks count the earlier ones, and under no effect it is as rare as it says', () => {
  const plan = makePlan(12);
  let [small, trials] = [0, 0];
  for (let trial = 0; trial < 250; trial++) {
    const random = createRandom(300 + trial);
    const { verdict } = play(plan, 12, () => random.normal(), floorOf(random));
    trials++;
    if (verdict.chance !== null && verdict.chance <= 0.2) small++;
  }
  expect(small / trials).toBeLessThan(0.27);
  expect(small / trials).toBeGreaterThan(0.1);
});

test('all tries of a night together spend no more than the night may', () => {
  const spent = Array.from({ length: 50 }, (_, index) => alphaOfTry(0.02, index + 1)).reduce(
    (sum, share) => sum + share,
    0,
  );
  expect(spent).toBeLessThanOrEqual(0.02 + 1e-12);
});

test('a big expected gain asks for few runs, a small one for many, a hopeless one for none', () => {
  const need = (mean: number) => runsForClaim({ mean, variance: 0.5 }, 1, 3, 0.015, 12);
  expect(need(30)).toBe(4);
  expect(need(3)).toBeGreaterThan(4);
  expect(need(0.2)).toBeNull();
});
