/**
 * Where a test with fresh seeds stands: what it runs next, or what it found. Pure: the test as laid down and the runs of its jobs go in, and
 * the same ones always give the same answer, so that a daemon that was killed goes on where it was. Seeds, commits and jobs are the
 * daemon's; rows and entries the recorder's.
 */
import type { FreshTest, TestQuestion } from '../domain/fresh-test.ts';
import { LabError } from '../errors/lab-error.ts';
import { type ChangeWorth, measureWorth } from './ablation.ts';
import { type ClaimPlan, type ClaimVerdict, judgeClaim, planClaim } from './claim.ts';
import { ordinaryScores, poolNoise, type Repeats } from './noise-model.ts';
import { type BisectSegment, planBisect } from './prune.ts';

/** What became of one run of a test. `failed`: no number that counts (a crash, a leak, another track or device); `removed`: taken out of the queue before it began. */
export type RunOutcome =
  | { kind: 'pending' }
  | { kind: 'scored'; metric: number }
  | { kind: 'failed' }
  | { kind: 'removed' };

/** One run of a test. */
export interface FreshRun {
  job: number;
  /** Place of the code in the test's list of arms. */
  arm: number;
  /** Place of the run within its arm: which seed. */
  place: number;
  outcome: RunOutcome;
}

/** What progress rests on. */
export interface TestFacts {
  test: FreshTest;
  /** Its runs so far, one for each arm and place. */
  runs: readonly FreshRun[];
  direction: 'lower' | 'higher';
  /** Repeats of the same track and device model from before the test began, in the metric's own sign. They say how far luck carries. */
  otherRepeats: readonly Repeats[];
  /** Scores that are known of an arm before its first run, by arm, in the metric's own sign: a bisection begins with those of its claim. */
  before: ReadonlyMap<number, readonly number[]>;
  /** Two-sided, of an ablation's intervals. */
  confidence: number;
  /** What leaving a useless change in is worth avoiding, in widths of one run (decision.pruneWeight). */
  pruneWeight: number;
}

/** A run that is wanted. */
export interface WantedRun {
  arm: number;
  place: number;
}

/** What a test found; gains are oriented: higher is better. */
export type TestFinding =
  | {
      kind: 'claim';
      verdict: ClaimVerdict;
      /** Jobs of the champion's runs that count. */
      jobs: number[];
      /** Jobs of either code that diverged and do not count. */
      diverged: number[];
      /** How many looks were taken, of how many at most. */
      looks: { taken: number; most: number };
    }
  | { kind: 'bisect'; segments: BisectSegment[] /** Commits of the guilty changes. */; revert: string[] }
  | {
      kind: 'ablation';
      worth: ChangeWorth[] /** Commits of the changes that are not worth their place. */;
      revert: string[];
    };

/** What comes next. `cut`: why it is over before it was answered, one clause; null where it is answered. */
export type TestProgress =
  | { kind: 'run'; wanted: WantedRun[] }
  | { kind: 'wait' }
  | { kind: 'over'; finding: TestFinding; cut: string | null };

/** After so many crashes an arm is not tried again. */
export const mostCrashes = 3;

/** How many runs the bisection of so many changes may take besides the claim's own. */
export function bisectRuns(changes: number): number {
  return Math.min(12, 4 + 2 * Math.ceil(Math.log2(changes + 1)));
}

/** How many seeds a test needs so that crashed runs can be replaced. */
export function seedCount(question: TestQuestion): number {
  return (question.kind === 'ablation' ? question.each : question.runs) + mostCrashes;
}

/** Says where the test stands. Nothing is judged while runs are on their way: a look that was not laid down would cost error. */
export function readProgress(facts: TestFacts): TestProgress {
  const { test, runs } = facts;
  if (runs.some(({ outcome }) => outcome.kind === 'pending')) return { kind: 'wait' };
  const cut = runs.some(({ outcome }) => outcome.kind === 'removed') ? 'a run was taken out of the queue' : null;
  const { question } = test;
  if (question.kind === 'claim') return claimProgress(facts, question, cut ?? findBrokenArm(facts));
  if (question.kind === 'bisect') return bisectProgress(facts, question.runs, cut ?? findBrokenArm(facts));
  return ablationProgress(facts, question.each, cut);
}

function findBrokenArm(facts: TestFacts): string | null {
  const broken = facts.test.arms.find((_, arm) => countFailed(facts, arm) >= mostCrashes);
  return broken === undefined ? null : `${broken.name} gave no number ${mostCrashes} times`;
}

function countFailed({ runs }: TestFacts, arm: number): number {
  return runs.filter((run) => run.arm === arm && run.outcome.kind === 'failed').length;
}

interface Scored {
  job: number;
  place: number;
  score: number;
}

/** The runs of an arm that have a number, oriented, in the order of their seeds. */
function scoredOf({ runs, direction }: TestFacts, arm: number): Scored[] {
  return runs
    .flatMap(({ job, arm: own, place, outcome }) =>
      own === arm && outcome.kind === 'scored' ? [{ job, place, score: orient(outcome.metric, direction) }] : [],
    )
    .sort((a, b) => a.place - b.place);
}

const orient = (metric: number, direction: 'lower' | 'higher'): number => (direction === 'lower' ? -metric : metric);

function orientAll({ direction }: TestFacts, groups: readonly Repeats[]): Repeats[] {
  return groups.map(({ commit, scores }) => ({ commit, scores: scores.map((score) => orient(score, direction)) }));
}

/** The next `count` places of these arms that none of them has used; fewer where the seeds run out. */
function freePlaces({ test, runs }: TestFacts, arms: readonly number[], count: number): number[] {
  const first = runs.reduce((next, { arm, place }) => (arms.includes(arm) ? Math.max(next, place + 1) : next), 0);
  const most = test.seeds.length;
  return Array.from({ length: count }, (_, index) => first + index).filter((place) => place < most);
}

/** One of each arm after the other, so that a machine that grows slower or hotter hits all alike. */
function inTurns(byArm: readonly WantedRun[][]): WantedRun[] {
  const longest = Math.max(0, ...byArm.map(({ length }) => length));
  return Array.from({ length: longest }, (_, index) => byArm.flatMap((wanted) => wanted[index] ?? [])).flat();
}

type ClaimQuestion = Extract<TestQuestion, { kind: 'claim' }>;

function claimProgress(facts: TestFacts, question: ClaimQuestion, cut: string | null): TestProgress {
  const plan = planClaim(question);
  if (plan === null)
    throw new LabError('internal', `test ${facts.test.number} has ${question.runs} runs, expected 4 or more`);
  const data = claimData(facts, question);
  const over = (verdict: ClaimVerdict, why: string | null): TestProgress => {
    const out = new Set(data.diverged);
    return {
      kind: 'over',
      cut: why,
      finding: {
        kind: 'claim',
        verdict: { ...verdict, diverged: data.lost(verdict) },
        jobs: data.champion.map(({ job }) => job).filter((job) => !out.has(job)),
        diverged: data.diverged,
        looks: {
          taken: Math.max(1, plan.looks.filter((look) => look <= Math.min(...Object.values(verdict.runs))).length),
          most: plan.looks.length,
        },
      },
    };
  };
  const judge = (isOver: boolean) =>
    judgeClaim(
      plan,
      {
        baseline: data.baseline.map(({ score }) => score),
        champion: data.champion.map(({ score }) => score),
        otherRepeats: data.otherRepeats,
        expected: question.expected,
      },
      isOver,
    );
  const verdict = judge(cut !== null);
  if (verdict.state !== 'open') return over(verdict, cut);
  const wanted = wantedForClaim(facts, question, plan, verdict.runs);
  return wanted.length === 0 ? over(judge(true), null) : { kind: 'run', wanted };
}

/** The scores that a claim is judged by. Of a pair that has lost a half, or whose half diverged, nothing counts. */
function claimData(facts: TestFacts, question: ClaimQuestion) {
  let baseline = scoredOf(facts, 0);
  let champion = scoredOf(facts, 1);
  if (question.isPaired) {
    const isIn = (list: Scored[]) => new Set(list.map(({ place }) => place));
    const [left, right] = [isIn(baseline), isIn(champion)];
    baseline = baseline.filter(({ place }) => right.has(place));
    champion = champion.filter(({ place }) => left.has(place));
  }
  const otherRepeats = orientAll(facts, facts.otherRepeats);
  const repeats = [baseline, champion].map((list, arm) => ({
    commit: arm === 0 ? 'fresh baseline' : 'fresh champion',
    scores: list.map(({ score }) => score),
  }));
  const { outliers } = poolNoise([...repeats, ...otherRepeats]);
  const outOf = (list: Scored[], commit: string) =>
    outliers.flatMap((outlier) => (outlier.commit === commit ? (list[outlier.index] ?? []) : []));
  const out = { baseline: outOf(baseline, 'fresh baseline'), champion: outOf(champion, 'fresh champion') };
  const places = new Set([...out.baseline, ...out.champion].map(({ place }) => place));
  if (question.isPaired) {
    baseline = baseline.filter(({ place }) => !places.has(place));
    champion = champion.filter(({ place }) => !places.has(place));
  }
  return {
    ...{ baseline, champion, otherRepeats },
    diverged: [...out.baseline, ...out.champion].map(({ job }) => job),
    lost: (verdict: ClaimVerdict): ClaimVerdict['diverged'] =>
      question.isPaired ? { baseline: out.baseline.length, champion: out.champion.length } : verdict.diverged,
  };
}

/** All runs up to the next look, as far as the test's runs go. */
function wantedForClaim(
  facts: TestFacts,
  question: ClaimQuestion,
  { looks }: ClaimPlan,
  { baseline, champion }: ClaimVerdict['runs'],
): WantedRun[] {
  const left = question.runs - facts.runs.filter(({ outcome }) => outcome.kind === 'scored').length;
  const most = Math.max(baseline, champion);
  const least = Math.min(baseline, champion);
  // Where both have as many as a look asks for it was taken; else it is made up for.
  const target = looks.find((look) => (baseline === champion ? look > most : look >= most)) ?? most;
  if (question.isPaired) {
    const places = freePlaces(facts, [0, 1], Math.min(target - least, Math.floor(left / 2)));
    return inTurns([0, 1].map((arm) => places.map((place) => ({ arm, place }))));
  }
  const need = [target - baseline, target - champion];
  return inTurns(need.map((count, arm) => freePlaces(facts, [arm], count).map((place) => ({ arm, place })))).slice(
    0,
    Math.max(left, 0),
  );
}

/** Level i of a bisection is its arm i. One run at a time: each decides where the next is worth most. */
function bisectProgress(facts: TestFacts, most: number, cut: string | null): TestProgress {
  const { test, runs, before, direction } = facts;
  const levels = test.arms.map((_, arm) => ({
    commit: `level ${arm}`,
    scores: [
      ...(before.get(arm) ?? []).map((metric) => orient(metric, direction)),
      ...scoredOf(facts, arm).map(({ score }) => score),
    ],
  }));
  const noise = poolNoise([...levels, ...orientAll(facts, facts.otherRepeats)]);
  const left = most - runs.filter(({ outcome }) => outcome.kind === 'scored').length;
  const state = {
    keeps: test.arms.length - 1,
    scores: new Map(levels.map((level, arm) => [arm, ordinaryScores(noise, level)])),
    ...{ sd: noise.sd ?? 0, degrees: noise.degrees },
  };
  let step = planBisect({ ...state, budget: cut === null ? left : 0 });
  if (step.kind === 'run') {
    const [place] = freePlaces(facts, [step.level], 1);
    if (place !== undefined) return { kind: 'run', wanted: [{ arm: step.level, place }] };
    step = planBisect({ ...state, budget: 0 });
  }
  if (step.kind === 'run') throw new LabError('internal', `test ${test.number} asks for a run that it has no seed for`);
  const revert = step.revert.flatMap((place) => test.champion.changes[place - 1]?.commit ?? []);
  return { kind: 'over', cut, finding: { kind: 'bisect', segments: step.segments, revert } };
}

/** Each arm has its runs; one that crashes again and again is told, and the others go on. */
function ablationProgress(facts: TestFacts, each: number, cut: string | null): TestProgress {
  const { test } = facts;
  const isBroken = test.arms.map((_, arm) => countFailed(facts, arm) >= mostCrashes);
  const why = cut ?? (isBroken[0] ? `the champion gave no number ${mostCrashes} times` : null);
  const scores = test.arms.map((_, arm) => scoredOf(facts, arm).map(({ score }) => score));
  if (why === null) {
    const missing = scores.map((own, arm) => (isBroken[arm] ? 0 : Math.max(each - own.length, 0)));
    const wanted = inTurns(
      missing.map((count, arm) => freePlaces(facts, [arm], count).map((place) => ({ arm, place }))),
    );
    if (wanted.length > 0) return { kind: 'run', wanted };
  }
  const { worth, revert } = measureWorth({
    ...{ test, scores, isBroken, confidence: facts.confidence, pruneWeight: facts.pruneWeight },
    otherRepeats: orientAll(facts, facts.otherRepeats),
  });
  return { kind: 'over', cut: why, finding: { kind: 'ablation', worth, revert } };
}
