/**
 * The runs of a test with fresh seeds out of the jobs of a lab, and what its progress rests on besides. Reads no files. Recorder, daemon and
 * client ask here, so that they come to the same answer.
 */
import { isOver } from '../../queue/job-book.ts';
import type { StoredJob } from '../../queue/job-store.ts';
import type { LabConfig } from '../../src/config/schema.ts';
import type { FreshTest, TestVerdict } from '../../src/domain/fresh-test.ts';
import type { JobKind } from '../../src/domain/job.ts';
import type { Repeats } from '../../src/stats/noise-model.ts';
import {
  type FreshRun,
  type RunOutcome,
  readProgress,
  type TestFacts,
  type TestProgress,
} from '../../src/stats/test-progress.ts';
import { isScored } from './decide-job.ts';

/** Key of the job of a test's run: asked for again it is the same job. */
export const testJobKey = (test: number, arm: number, place: number): string => `test:${test}:${arm}:${place}`;

const keyParts = /^test:(\d+):(\d+):(\d+)$/;

/** A run of a test with its job. */
export interface TestJob extends FreshRun {
  stored: StoredJob;
}

/** The jobs of a test's runs, by number. A copy that somebody restarted is none: its seed is not fresh. */
export function listTestJobs(
  test: Pick<FreshTest, 'number' | 'track' | 'deviceModel'>,
  jobs: readonly StoredJob[],
): TestJob[] {
  return jobs
    .flatMap((stored): TestJob[] => {
      const { job } = stored;
      if (job.test?.test !== test.number) return [];
      const [, number, arm, place] = keyParts.exec(job.key)?.map(Number) ?? [];
      if (number !== test.number || arm === undefined || place === undefined) return [];
      return [{ stored, job: job.number, arm, place, outcome: outcomeOf(stored, test) }];
    })
    .sort((a, b) => a.job - b.job);
}

function outcomeOf(stored: StoredJob, { track, deviceModel }: Pick<FreshTest, 'track' | 'deviceModel'>): RunOutcome {
  const { run, entry, attempts } = stored;
  if (run === null && entry.removedAt !== null && attempts.length === 0) return { kind: 'removed' };
  if (run === null || !isOver(stored)) return { kind: 'pending' };
  // Taken out between two attempts: whoever did that wants the test to end, not another seed in its place.
  if (entry.removedAt !== null && run.fate.kind === 'failed') return { kind: 'removed' };
  const counts = run.track === track && run.device.model === deviceModel && !run.flags.includes('leak');
  return counts && run.fate.kind === 'done' && run.metric !== null
    ? { kind: 'scored', metric: run.metric }
    : { kind: 'failed' };
}

/** What a test is about, as far as its noise goes. */
export interface NoisePlace {
  track: string;
  deviceModel: string;
  /** Only runs that ended before, ISO 8601: what comes later must not move a look that was taken. */
  before: string;
  /** Tests whose runs are left out, because they are looked at by themselves. */
  without: readonly number[];
}

// Runs that nothing was chosen by: a number that an experiment was kept for is too good to be a repeat of its own code.
const repeatKinds: ReadonlySet<JobKind> = new Set(['baseline', 'bridge', 'confirm', 'ablation']);

/** Repeats of the same code on a track and device model, in the metric's own sign, one for each commit and seed. Commits with a single run are left out. */
export function listRepeats(jobs: readonly StoredJob[], place: NoisePlace): Repeats[] {
  const limitMs = Date.parse(place.before);
  const found = new Map<string, { scores: number[]; seeds: Set<number | null> }>();
  for (const stored of [...jobs].sort((a, b) => a.job.number - b.job.number)) {
    const { job, run } = stored;
    if (!isScored(stored) || run?.metric == null || !repeatKinds.has(job.kind)) continue;
    if (run.track !== place.track || run.device.model !== place.deviceModel || run.flags.includes('leak')) continue;
    if (!(Date.parse(run.endedAt) < limitMs) || place.without.includes(job.test?.test ?? 0)) continue;
    const own = found.get(job.commit) ?? { scores: [], seeds: new Set() };
    found.set(job.commit, own);
    // The same seed again gives the same number: that is no luck.
    if (own.seeds.has(job.seed)) continue;
    own.seeds.add(job.seed);
    own.scores.push(run.metric);
  }
  return [...found].flatMap(([commit, { scores }]) => (scores.length > 1 ? [{ commit, scores }] : []));
}

/** What the test's progress rests on. */
export function readTestFacts(
  test: FreshTest,
  jobs: readonly StoredJob[],
  config: Pick<LabConfig, 'metric' | 'decision'>,
): TestFacts {
  const own = listTestJobs(test, jobs);
  const { question } = test;
  const claim = question.kind === 'bisect' ? question.claim : null;
  const before = new Map<number, number[]>();
  // The claim's own runs have fresh seeds, too: its codes are levels of the bisection.
  const levelOf = (commit: string) => test.arms.findLastIndex((arm) => arm.commit === commit);
  if (claim !== null)
    for (const { stored, outcome } of listTestJobs({ ...test, number: claim }, jobs)) {
      const level = levelOf(stored.job.commit);
      if (outcome.kind === 'scored' && level >= 0) before.set(level, [...(before.get(level) ?? []), outcome.metric]);
    }
  const { track, deviceModel } = test;
  const without = claim === null ? [test.number] : [test.number, claim];
  const measuredBy = own.find(({ outcome }) => outcome.kind === 'scored')?.stored.run?.measuredBy ?? config.metric;
  return {
    test,
    runs: own.map(({ job, arm, place, outcome }) => ({ job, arm, place, outcome })),
    direction: measuredBy.direction,
    otherRepeats: listRepeats(jobs, { track, deviceModel, before: test.beganAt, without }),
    before,
    confidence: config.decision.interval,
    pruneWeight: config.decision.pruneWeight,
  };
}

/** Where the test stands by these jobs. */
export const progressOf = (
  test: FreshTest,
  jobs: readonly StoredJob[],
  config: Pick<LabConfig, 'metric' | 'decision'>,
): TestProgress => readProgress(readTestFacts(test, jobs, config));

/** What the recorder said of the test; null where it said nothing yet. */
export function findVerdict(test: number, jobs: readonly StoredJob[]): TestVerdict | null {
  return jobs.find(({ recorded }) => recorded?.verdict?.test === test)?.recorded?.verdict ?? null;
}

/**
 * The job that owes the verdict of a test which ended after its last record: what was still to run was taken out of the queue, and what never
 * ran is never recorded. It is the run that was recorded last. Null where the test goes on, has its verdict, or gets it from a record that is
 * still to come; where nothing ran, so that nothing was measured; where what ran was measured by another metric than the lab's own: a late
 * row of that one would put away the results of the present one; and where a later test was laid down meanwhile, which says more of the champion.
 */
export function findJobOwingVerdict(
  test: Pick<FreshTest, 'number' | 'track' | 'deviceModel'>,
  jobs: readonly StoredJob[],
  progress: TestProgress,
  { metric }: Pick<LabConfig, 'metric'>,
): number | null {
  if (progress.kind !== 'over') return null;
  const own = listTestJobs(test, jobs).map(({ stored }) => stored);
  const isLater = ({ job }: StoredJob) =>
    (job.test?.test ?? 0) > test.number && job.track === test.track && job.device === own[0]?.job.device;
  if (jobs.some(isLater)) return null;
  const ended = own.filter(({ run }) => run !== null);
  const isSettled = ({ run, recorded }: StoredJob) =>
    recorded?.isDone === true && recorded.attempt === run?.attempt && recorded.verdict === undefined;
  if (!ended.every(isSettled)) return null;
  // In labs from before runs told it, the record of then does.
  const isMeasured = ({ run, recorded }: StoredJob) => (run?.measuredBy?.name ?? recorded?.metric) === metric.name;
  if (!ended.every(isMeasured)) return null;
  const placeOf = ({ recorded }: StoredJob): number => recorded?.place ?? 0;
  const last = [...ended].sort((a, b) => placeOf(a) - placeOf(b)).at(-1);
  return last?.job.number ?? null;
}
