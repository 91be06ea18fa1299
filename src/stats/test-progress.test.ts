import { expect, test } from 'vitest';
import type { FreshTest, TestQuestion } from '../domain/fresh-test.ts';
import { createRandom, type RandomStream } from './seeded-random.ts';
import {
  bisectRuns,
  type FreshRun,
  mostCrashes,
  type RunOutcome,
  readProgress,
  seedCount,
  type TestFacts,
  type TestFinding,
} from './test-progress.ts';

const claim = (more: Partial<Extract<TestQuestion, { kind: 'claim' }>> = {}): TestQuestion => ({
  ...{ kind: 'claim', attempt: 1, alpha: 0.05, runs: 12, confidence: 0.9, isPaired: false, expected: 2 },
  ...more,
});

/** A test of a champion of so many changes, named c1, c2, …; arms as the question wants them. */
function createTest(question: TestQuestion, changes = 2): FreshTest {
  const names = Array.from({ length: changes }, (_, index) => `c${index + 1}`);
  const arms = {
    claim: [[], names],
    bisect: [[], ...names.map((_, index) => names.slice(0, index + 1))],
    ablation: [names, ...names.map((name) => names.filter((other) => other !== name))],
  }[question.kind];
  return {
    ...{ schema: 1, number: 7, question, track: 'aaaaaaaa', deviceClass: 'cpu', deviceModel: 'x' },
    champion: {
      ...{ commit: 'champion', root: 'root', near: [], value: 0, sd: 1, chosenBy: null },
      changes: names.map((name) => ({ slug: `slug-${name}`, commit: name, start: 'root' })),
    },
    arms: arms.map((own) => ({ name: own.join('+') || 'baseline', commit: `with ${own.join('+')}`, changes: own })),
    seeds: Array.from({ length: seedCount(question) }, (_, index) => 1000 + index),
    beganAt: '2026-11-21T20:00:00+01:00',
  };
}

type Draw = (changes: readonly string[], arm: number, place: number) => number | null;

interface Played {
  finding: TestFinding;
  cut: string | null;
  runs: FreshRun[];
  /** Arms of each round of runs that was asked for. */
  rounds: number[][];
}

const floorOf = ({ normal }: RandomStream) => [{ commit: 'floor', scores: Array.from({ length: 6 }, normal) }];

/** Runs a test to its end; null is a crash. What ran is given back in a random order: a job may end before an older one. */
function play(laid: FreshTest, draw: Draw, more: Partial<TestFacts> = {}, shuffle = createRandom(5)): Played {
  const runs: FreshRun[] = [];
  const rounds: number[][] = [];
  for (;;) {
    const facts: TestFacts = {
      ...{ test: laid, direction: 'higher', otherRepeats: [], before: new Map(), confidence: 0.9, pruneWeight: 0.7 },
      ...more,
      runs: [...runs].sort(() => shuffle.uniform() - 0.5),
    };
    const progress = readProgress(facts);
    if (progress.kind === 'wait') throw new Error('waits for nothing');
    if (progress.kind === 'over') return { finding: progress.finding, cut: progress.cut, runs, rounds };
    expect(progress.wanted.length).toBeGreaterThan(0);
    rounds.push(progress.wanted.map(({ arm }) => arm));
    for (const { arm, place } of progress.wanted) {
      expect(laid.seeds[place]).toBeDefined();
      expect(runs.some((run) => run.arm === arm && run.place === place)).toBe(false);
      const drawn = draw(laid.arms[arm]?.changes ?? [], arm, place);
      const metric = drawn === null ? null : facts.direction === 'lower' ? -drawn : drawn;
      const outcome: RunOutcome = metric === null ? { kind: 'failed' } : { kind: 'scored', metric };
      runs.push({ job: runs.length + 1, arm, place, outcome });
    }
    // Nothing is judged, and nothing more is asked for, as long as a run is on its way.
    const pending = runs.map((run, index) =>
      index === runs.length - 1 ? { ...run, outcome: { kind: 'pending' as const } } : run,
    );
    expect(readProgress({ ...facts, runs: pending })).toEqual({ kind: 'wait' });
  }
}

const verdictOf = ({ finding }: Played) => (finding.kind === 'claim' ? finding.verdict : null);

test('a claim runs both codes in turns, all up to the next look at once, and stops at the first look that shows a big gain', () => {
  const random = createRandom(1);
  const played = play(createTest(claim()), (changes) => (changes.length > 0 ? 40 : 0) + random.normal(), {
    otherRepeats: floorOf(random),
  });
  expect(played.rounds).toEqual([[0, 1, 0, 1]]);
  expect(verdictOf(played)?.state).toBe('confirmed');
  expect(played.finding).toMatchObject({ jobs: [2, 4], diverged: [], looks: { taken: 1, most: 4 } });
  expect(played.cut).toBeNull();
});

test('a claim that is not confirmed takes look after look, no run more than it was given, and none once it is hopeless', () => {
  const rounds = [
    [0, 1, 0, 1],
    [0, 1],
    [0, 1],
    [0, 1, 0, 1],
  ];
  const ends = new Set<string>();
  for (let seed = 1; seed <= 30; seed++) {
    const random = createRandom(seed);
    const gain = seed % 2 === 0 ? 1 : -1;
    const played = play(
      createTest(claim({ expected: 30 })),
      (changes) => (changes.length > 0 ? gain : 0) + random.normal(),
      {
        otherRepeats: floorOf(random),
      },
    );
    const taken = played.rounds.length;
    expect(played.rounds).toEqual(rounds.slice(0, taken));
    expect(played.finding).toMatchObject({ looks: { taken, most: 4 } });
    if (verdictOf(played)?.state === 'confirmed') continue;
    expect(verdictOf(played)).toMatchObject({ state: 'refuted', isFutile: taken < 4 });
    expect(played.cut).toBeNull();
    ends.add(taken < 4 ? 'early' : 'at the last look');
  }
  expect(ends.size).toBe(2);
});

test('where lower is better a gain is a fall of the metric, and the verdict is the same', () => {
  const [up, down] = (['higher', 'lower'] as const).map((direction) => {
    const random = createRandom(9);
    const otherRepeats = [{ commit: 'floor', scores: [0.1, -0.2, 0.3] }];
    return play(createTest(claim()), (changes) => (changes.length > 0 ? 1 : 0) + random.normal(), {
      direction,
      otherRepeats,
    });
  });
  expect(verdictOf(down as Played)).toMatchObject({
    state: verdictOf(up as Played)?.state,
    gain: expect.closeTo(verdictOf(up as Played)?.gain ?? Number.NaN, 9),
  });
});

test.each([false, true])(
  'a crashed run is replaced by the next seed, and the look waits for it (paired: %s)',
  (isPaired) => {
    const random = createRandom(3);
    const draw: Draw = (changes, arm, place) =>
      arm === 1 && place === 0 ? null : (changes.length > 0 ? 40 : 0) + random.normal();
    const played = play(createTest(claim({ isPaired })), draw, { otherRepeats: floorOf(random) });
    expect(verdictOf(played)?.state).toBe('confirmed');
    // A pair has lost its half: both codes run the next seed.
    expect(played.rounds[1]).toEqual(isPaired ? [0, 1] : [1]);
    expect(played.runs.at(-1)).toMatchObject({ arm: 1, place: 2 });
  },
);

test('after three crashes of a code its claim is over as it stands, provisional where no look was reached', () => {
  const random = createRandom(4);
  const played = play(createTest(claim()), (_, arm) => (arm === 1 ? null : random.normal()), {
    otherRepeats: floorOf(random),
  });
  expect(played.runs.filter(({ arm }) => arm === 1)).toHaveLength(mostCrashes + 1);
  expect(played.cut).toBe('c1+c2 gave no number 3 times');
  expect(verdictOf(played)?.state).toBe('provisional');
});

test('a run that was taken out of the queue ends the test, whatever it asks', () => {
  for (const question of [
    claim(),
    { kind: 'bisect', claim: 6, runs: 6 },
    { kind: 'ablation', each: 2 },
  ] as TestQuestion[]) {
    const progress = readProgress({
      ...{ test: createTest(question), direction: 'higher', otherRepeats: [], before: new Map() },
      ...{ confidence: 0.9, pruneWeight: 0.7, runs: [{ job: 1, arm: 0, place: 0, outcome: { kind: 'removed' } }] },
    });
    expect(progress).toMatchObject({ kind: 'over', cut: 'a run was taken out of the queue' });
  }
});

test('a diverged seed is named, counts for nothing and is made up for', () => {
  const random = createRandom(6);
  const otherRepeats = [{ commit: 'floor', scores: Array.from({ length: 20 }, random.normal) }];
  const draw: Draw = (changes, arm, place) =>
    arm === 1 && place === 1 ? -500 : (changes.length > 0 ? 40 : 0) + random.normal();
  const played = play(createTest(claim()), draw, { otherRepeats });
  const diverged = played.runs.find(({ arm, place }) => arm === 1 && place === 1)?.job;
  expect(verdictOf(played)).toMatchObject({ state: 'confirmed', diverged: { baseline: 0, champion: 1 } });
  expect(played.finding).toMatchObject({ diverged: [diverged] });
  expect(played.finding.kind === 'claim' && played.finding.jobs).not.toContain(diverged);
});

test('over hundreds of claims with crashes, divergence and every size of gain none asks for too much or never ends', () => {
  for (let seed = 1; seed <= 300; seed++) {
    const random = createRandom(seed);
    const runs = 4 + Math.floor(random.uniform() * 12);
    const laid = createTest(claim({ runs, isPaired: seed % 3 === 0, expected: random.uniform() * 3 }));
    const size = random.uniform() * 6 - 2;
    const played = play(
      laid,
      (changes) => {
        const luck = random.uniform();
        if (luck < 0.1) return null;
        return (changes.length > 0 ? size : 0) + (luck > 0.95 ? -200 : random.normal());
      },
      { otherRepeats: floorOf(random) },
      random,
    );
    const scored = played.runs.filter(({ outcome }) => outcome.kind === 'scored');
    expect(scored.length).toBeLessThanOrEqual(runs);
    expect(verdictOf(played)?.state).not.toBe('open');
    const { jobs } = played.finding as Extract<TestFinding, { kind: 'claim' }>;
    expect(jobs.every((job) => played.runs.find((run) => run.job === job)?.arm === 1)).toBe(true);
    expect(jobs).toHaveLength(verdictOf(played)?.runs.champion ?? -1);
  }
});

/** Each change is worth what `worth` says, in widths of one run. */
const additive =
  (worth: Readonly<Record<string, number>>, { normal }: RandomStream): Draw =>
  (changes) =>
    changes.reduce((sum, name) => sum + (worth[name] ?? 0), 0) + normal();

test('a bisection finds the one guilty change of four, and begins with the runs of its claim', () => {
  const random = createRandom(11);
  const worth = { c1: 8, c2: 8, c3: -30, c4: 8 };
  const before = new Map([
    [0, [0.2, -0.4, 0.1]],
    [4, [-6.2, -5.7, -6.1]],
  ]);
  const laid = createTest({ kind: 'bisect', claim: 6, runs: bisectRuns(4) }, 4);
  const played = play(laid, additive(worth, random), { otherRepeats: floorOf(random), before });
  expect(played.finding).toMatchObject({ kind: 'bisect', revert: ['c3'] });
  expect(played.rounds.every((round) => round.length === 1)).toBe(true);
  expect(played.runs.some(({ arm }) => arm === 4)).toBe(false);
  expect(played.runs.length).toBeLessThanOrEqual(bisectRuns(4));
});

test('a bisection keeps to its runs where nothing can be told, and reverts nothing but stretches that measured no gain', () => {
  for (let seed = 1; seed <= 100; seed++) {
    const random = createRandom(seed);
    const keeps = 1 + (seed % 6);
    const laid = createTest({ kind: 'bisect', claim: 6, runs: bisectRuns(keeps) }, keeps);
    const played = play(laid, (_, arm) => (random.uniform() < 0.15 ? null : arm * 0.1 + random.normal()), {
      otherRepeats: floorOf(random),
    });
    const { segments, revert } = played.finding as Extract<TestFinding, { kind: 'bisect' }>;
    expect(played.runs.filter(({ outcome }) => outcome.kind === 'scored').length).toBeLessThanOrEqual(
      bisectRuns(keeps),
    );
    const lost = segments.filter(({ gain }) => gain <= 0).reduce((sum, { from, to }) => sum + to - from, 0);
    expect(revert).toHaveLength(lost);
  }
});

test('an ablation runs each code so often, in turns, and tells the useless change from the others', () => {
  const random = createRandom(21);
  const laid = createTest({ kind: 'ablation', each: 4 }, 3);
  const played = play(laid, additive({ c1: 20, c2: -6, c3: 20 }, random), { otherRepeats: floorOf(random) });
  expect(played.rounds).toEqual([Array.from({ length: 16 }, (_, index) => index % 4)]);
  expect(played.finding).toMatchObject({
    revert: ['c2'],
    worth: [
      { slug: 'slug-c1', verdict: 'helps', runs: 4, worth: expect.closeTo(20, -1) },
      { slug: 'slug-c2', verdict: 'harms' },
      { slug: 'slug-c3', verdict: 'helps' },
    ],
  });
});

test('code that crashes without a change says that the change is needed, and the other changes are still measured', () => {
  const random = createRandom(22);
  const laid = createTest({ kind: 'ablation', each: 3 }, 2);
  const draw: Draw = (changes) => (changes.includes('c1') ? 10 * changes.length + random.normal() : null);
  const played = play(laid, draw, { otherRepeats: floorOf(random) });
  expect(played.cut).toBeNull();
  expect(played.finding).toMatchObject({
    revert: [],
    worth: [
      { verdict: 'needed', worth: null },
      { verdict: 'helps', runs: 3 },
    ],
  });
  expect(played.runs.filter(({ arm }) => arm === 1)).toHaveLength(3);
});

test('a change without an arm of its own is told as untested, and never taken out', () => {
  const random = createRandom(23);
  const laid = createTest({ kind: 'ablation', each: 2 }, 3);
  const only = { ...laid, arms: laid.arms.slice(0, 2) };
  const { finding } = play(only, additive({ c1: -9 }, random), { otherRepeats: floorOf(random) });
  expect(finding).toMatchObject({
    revert: ['c1'],
    worth: [{ verdict: 'harms' }, { verdict: 'untested', worth: null }, { verdict: 'untested' }],
  });
});

test('the interval of an ablation holds the truth as often as stated', () => {
  let held = 0;
  const tests = 400;
  for (let seed = 1; seed <= tests; seed++) {
    const random = createRandom(1000 + seed);
    const { finding } = play(createTest({ kind: 'ablation', each: 3 }, 1), additive({ c1: 1 }, random), {
      otherRepeats: floorOf(random),
    });
    const interval = finding.kind === 'ablation' ? finding.worth[0]?.interval : null;
    if (interval && interval.low <= 1 && 1 <= interval.high) held++;
  }
  // 90 % stated; three standard errors of 400 tests are 4.5 %.
  expect(held / tests).toBeGreaterThan(0.855);
  expect(held / tests).toBeLessThan(0.945);
});
