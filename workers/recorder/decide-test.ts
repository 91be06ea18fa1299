/**
 * What the last run of a test with fresh seeds records: the verdict, a claim's row, an entry, and the champion without what was shown to be
 * guilty. Reads the book of jobs, writes nothing: the same jobs always give the same records. Which run comes next is the daemon's.
 */
import type { StoredJob } from '../../queue/job-store.ts';
import type { LabConfig } from '../../src/config/schema.ts';
import type { ChampionState } from '../../src/domain/change.ts';
import type { FreshTest, TestVerdict } from '../../src/domain/fresh-test.ts';
import type { Result } from '../../src/domain/result.ts';
import type { MeasuredBy, Run } from '../../src/domain/run.ts';
import { LabError } from '../../src/errors/lab-error.ts';
import type { KeptTest } from '../../src/lab/fresh-tests.ts';
import { summarise } from '../../src/stats/noise.ts';
import type { TestFinding } from '../../src/stats/test-progress.ts';
import { viewTrack } from '../../src/stats/track-view.ts';
import { listScoredRuns } from './decide-job.ts';
import { formatSigned } from './result-row.ts';
import { countChanges, formatTestEntry, type TestEntryInput } from './test-entry.ts';
import { findVerdict, listTestJobs, progressOf, type TestJob } from './test-runs.ts';

/** What is recorded with a run of a test. All null: the test goes on, or its verdict stands with another run. */
export interface DecidedTest {
  /** Of a claim that was confirmed or refuted, else null. */
  row: Result | null;
  /** As it reads where everything that is to leave the champion leaves it; `tellTest` makes it anew once that is known. */
  entry: string | null;
  verdict: TestVerdict | null;
  /**
   * The champion without the changes of `verdict.revert`, or without those that a confirmed claim left out; null where none leaves. Its code, value and sd are still those of before: whoever
   * records it puts the code together and values it.
   */
  champion: ChampionState | null;
  /** Today's champion, which they leave; null likewise. */
  before: ChampionState | null;
  /** What was tested: its code is there already. */
  tested: ChampionState | null;
  /** What the entry is made of. */
  told: TestEntryInput | null;
}

const nothing: DecidedTest = {
  ...{ row: null, entry: null, verdict: null, champion: null, before: null, tested: null, told: null },
};

/** Decides an ended run of a test; `jobs` holds all jobs, its own too. Throws LabError (internal) where the job has no outcome. */
export function decideTest(
  stored: StoredJob,
  jobs: StoredJob[],
  test: KeptTest,
  config: Pick<LabConfig, 'metric' | 'decision'>,
): DecidedTest {
  const { job, run } = stored;
  if (run === null) throw new LabError('internal', `job ${job.number} has no outcome yet`);
  const own = listTestJobs(test, jobs);
  // Only the last to be recorded speaks, and only once: a run that was made again in place changes no verdict.
  const others = own.filter((other) => other.job !== job.number);
  if (others.length === own.length || others.some((other) => !isRecorded(other))) return nothing;
  if (findVerdict(test.number, jobs) !== null) return nothing;
  const progress = progressOf(test, jobs, config);
  if (progress.kind !== 'over') return nothing;
  const { finding, cut } = progress;
  const measuredBy = run.measuredBy ?? config.metric;
  const revert = finding.kind === 'claim' || !test.reverts ? [] : finding.revert;
  const state =
    finding.kind !== 'claim' ? 'done' : finding.verdict.state === 'open' ? 'provisional' : finding.verdict.state;
  const verdict: TestVerdict = { test: test.number, state, revert };
  const told: TestEntryInput = { test, verdict, finding, cut, own, job: job.number, run, measuredBy, stuck: [] };
  const out = state === 'confirmed' ? test.leftOut : revert;
  return {
    ...{ verdict, told, entry: formatTestEntry(told) },
    row: finding.kind === 'claim' ? createClaimRow({ test, verdict, finding, own, run, measuredBy }) : null,
    ...withoutChanges(jobs, test, out, { ...measuredBy, ...config.decision }),
  };
}

/**
 * What a decided test records now that it is settled: `champion` is what came of it, null where nothing leaves. A change that could not be taken
 * out is in there still: the verdict takes back only what left, and the entry names the rest.
 */
export function tellTest(
  { told, verdict, before }: DecidedTest,
  champion: ChampionState | null,
): Pick<DecidedTest, 'entry' | 'verdict'> {
  if (told === null || verdict === null) return { entry: null, verdict };
  const wanted = [...told.verdict.revert, ...told.test.leftOut];
  const present = (champion ?? before)?.changes ?? [];
  const stuck = present.filter(({ commit }) => wanted.includes(commit));
  const revert = verdict.revert.filter((commit) => !stuck.some((change) => change.commit === commit));
  return { entry: formatTestEntry({ ...told, stuck }), verdict: { ...verdict, revert } };
}

function isRecorded({ stored, outcome }: TestJob): boolean {
  const { run, recorded } = stored;
  return outcome.kind === 'removed' || (recorded?.isDone === true && recorded.attempt === run?.attempt);
}

/**
 * The champion may have moved on since the test began: it is today's that loses the changes. What a confirmed claim left out may be tried
 * again, what was shown to be guilty may not.
 */
function withoutChanges(
  jobs: StoredJob[],
  { track, deviceModel, champion: tested, leftOut }: KeptTest,
  out: readonly string[],
  { direction, confidence, nearMisses }: Pick<MeasuredBy, 'direction'> & LabConfig['decision'],
): Pick<DecidedTest, 'champion' | 'before' | 'tested'> {
  const { champion } = viewTrack(listScoredRuns(jobs), track, deviceModel, { direction, confidence });
  const before = champion?.state ?? null;
  const changes = before?.changes.filter(({ commit }) => !out.includes(commit)) ?? [];
  if (before === null || changes.length === before.changes.length)
    return { champion: null, before: null, tested: null };
  const again = before.changes.filter(({ commit }) => out.includes(commit) && leftOut.includes(commit));
  const near = nearMisses === 0 ? before.near : [...before.near, ...again];
  return { champion: { ...before, changes, near }, before, tested };
}

interface ClaimRow {
  test: FreshTest;
  verdict: TestVerdict;
  finding: Extract<TestFinding, { kind: 'claim' }>;
  own: readonly TestJob[];
  /** Of the test's last run. */
  run: Run;
  measuredBy: MeasuredBy;
}

/** The row is of the champion's fresh runs that count; a diverged one is flagged. Null for a claim that could be shown neither way. */
function createClaimRow({ test, verdict, finding, own, run, measuredBy }: ClaimRow): Result | null {
  const { gain, interval } = finding.verdict;
  const runs = own.flatMap(({ job, stored }) => (finding.jobs.includes(job) && stored.run ? [stored.run] : []));
  const value = summarise(runs.flatMap(({ metric }) => metric ?? []));
  if (verdict.state === 'provisional' || test.question.kind !== 'claim' || value === null || gain === null) return null;
  const sign = measuredBy.direction === 'lower' ? -1 : 1;
  const ends = interval === null ? [] : [sign * interval.low, sign * interval.high].sort((a, b) => a - b);
  const [low, high] = ends;
  const memory = runs.flatMap(({ peakMemoryMib }) => peakMemoryMib ?? []);
  const seconds = summarise(runs.flatMap(({ trainSeconds }) => trainSeconds ?? []));
  const { changes, commit } = test.champion;
  const isConfirmed = verdict.state === 'confirmed';
  const flags = [...new Set(runs.flatMap((one) => one.flags))];
  const diverged = own.filter(({ job, arm }) => arm === 1 && finding.diverged.includes(job)).length;
  return {
    commit: commit.slice(0, 7),
    metric: value.mean,
    memoryGb: memory.length === 0 ? null : Math.max(...memory) / 1024,
    status: isConfirmed ? 'keep' : 'discard',
    description: `champion of ${countChanges(changes.length)} against the baseline with fresh seeds: ${changes.map(({ slug }) => slug).join(', ')}`,
    idea: '',
    question: 'is the champion better than the baseline?',
    hypothesis: '',
    expected: formatSigned(sign * test.question.expected, measuredBy.unit),
    observed: formatSigned(sign * gain, measuredBy.unit),
    evidence: isConfirmed ? 'confirmed' : 'refuted',
    std: value.std,
    n: value.n,
    seconds: seconds?.mean ?? null,
    device: test.deviceModel,
    track: test.track,
    jobs: [...finding.jobs].sort((a, b) => a - b),
    date: run.endedAt,
    flags: diverged === 0 ? flags : [...flags, `diverged:${diverged}`],
    metrics: {
      gain: roundFigure(sign * gain),
      ...(low === undefined || high === undefined ? {} : { gain_low: roundFigure(low), gain_high: roundFigure(high) }),
    },
  };
}

/** The table writes further metrics as they are: six decimals are what the primary one has. */
const roundFigure = (value: number): number => Number(value.toFixed(6));
