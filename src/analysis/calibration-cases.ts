/**
 * What was expected of each measured change and what came out, gathered from this machine's run folders, the states of experiments and the
 * ideas on main; no daemon. How well somebody knew is judged in stats/calibration.ts.
 */
import { readStoredJobs, type StoredJob } from '../../queue/job-store.ts';
import { expectedChange, formatExpectation, parseExpectation } from '../../queue/label.ts';
import { listScoredRuns } from '../../workers/recorder/decide-job.ts';
import type { LabPaths } from '../config/lab-paths.ts';
import type { LabConfig } from '../config/schema.ts';
import type { Experiment } from '../domain/experiment.ts';
import type { Idea } from '../domain/idea.ts';
import type { Decision } from '../domain/result.ts';
import type { MeasuredBy, Run } from '../domain/run.ts';
import { readAllAttempts } from '../lab/experiments.ts';
import { readIdeas } from '../lab/ideas.ts';
import type { CalibrationCase } from '../stats/calibration.ts';
import { studyTrack, type TrackKnowledge } from '../stats/track-history.ts';
import type { ScoredRun } from '../stats/track-view.ts';

/** A case with what a reader wants to see of it. */
export interface LabCase extends CalibrationCase {
  /** Slug of the experiment; null for a job by hand. */
  slug: string | null;
  /** Of the idea, else the question of the label. */
  title: string;
  /** As stated: "-0.010 val_bpb"; "" where no figure was. */
  stated: string;
  track: string;
  deviceModel: string;
  metric: string;
  unit: string;
  /** 1 where higher is better, -1 where lower is: what turns a case's figures back into the metric's own direction. */
  sign: 1 | -1;
}

/** Whoever queues a job by hand built it, and said what to expect. */
export const byHand = 'by hand';

/** The cases of all tracks, in the order of their jobs. Jobs without a label or a decision are none; a job folder that cannot be read is left out and told. */
export async function gatherCases(
  paths: LabPaths,
  config: Pick<LabConfig, 'metric'>,
  main: string,
  onBroken: (job: number, error: unknown) => void = () => {},
): Promise<LabCase[]> {
  const jobs = readStoredJobs(paths.runs, onBroken);
  const attempts = readAllAttempts(paths);
  const ideas = new Map<string, Idea>();
  // Rejected ones first, so that an open idea of the same slug has the last word.
  const stored = (await readIdeas(paths.root, main)).sort((a, b) => Number(b.isRejected) - Number(a.isRejected));
  for (const { idea } of stored) ideas.set(idea.slug, idea);
  const study = createStudies(listScoredRuns(jobs));
  return jobs.flatMap((job) => {
    const { run, recorded } = job;
    const decision = recorded?.decision ?? null;
    return run === null || decision === null
      ? []
      : (readCase({ job, run, decision, config, attempts, ideas, study }) ?? []);
  });
}

type Study = (run: Run, direction: 'lower' | 'higher') => { known: TrackKnowledge; runs: ScoredRun[] };

/** What all runs of a track and device model say, worked out once for each. */
function createStudies(all: ScoredRun[]): Study {
  const studied = new Map<string, ReturnType<Study>>();
  return ({ track, device }, direction) => {
    const key = `${track} ${direction} ${device.model}`;
    const before = studied.get(key);
    if (before !== undefined) return before;
    const runs = all.filter((run) => run.track === track && run.deviceModel === device.model);
    const study = { runs, known: studyTrack(runs, direction) };
    studied.set(key, study);
    return study;
  };
}

interface CaseSources {
  job: StoredJob;
  run: Run;
  decision: Decision;
  config: Pick<LabConfig, 'metric'>;
  attempts: readonly Experiment[];
  ideas: ReadonlyMap<string, Idea>;
  study: Study;
}

function readCase({ job: { job }, run, decision, config, attempts, ideas, study }: CaseSources): LabCase | null {
  const { label, variant } = job;
  if (label === null || (job.kind !== 'plain' && job.kind !== 'experiment')) return null;
  // Other changes were mixed in, and one of them may be what crashed: the lab runs it again as it was built.
  if (variant !== null && decision.status === 'crash') return null;
  const measuredBy = run.measuredBy ?? config.metric;
  const slug = job.experiment;
  const attempt = slug === null ? null : findAttempt(attempts, slug, job.number, variant?.of ?? job.commit);
  const idea = slug === null ? null : (ideas.get(slug) ?? null);
  const sign = measuredBy.direction === 'lower' ? -1 : 1;
  // A number that is better than the data allows says nothing of the change.
  const isBelievable = decision.status !== 'crash' && !run.flags.includes('leak');
  const observed = isBelievable ? decision.observed : null;
  const base = run.metric === null || decision.observed === null ? null : run.metric - decision.observed;
  // The label of an experiment repeats what the idea stated when it was chosen; the idea's own words may have changed since.
  const stated = attempt?.expected || formatExpectation(label.expected);
  const expected = readExpected([attempt?.expected ?? '', label.hypothesis], base, measuredBy);
  const { known, runs } = study(run, measuredBy.direction);
  const builder = attempt?.agents.findLast(({ role }) => role === 'implementer') ?? null;
  return {
    ...{ name: slug ?? `job ${job.number}`, job: job.number, slug, stated, sign },
    title: idea?.title || label.question,
    agent: slug === null ? byHand : (builder?.agent ?? null),
    model: builder?.model ?? null,
    category: idea?.category ?? null,
    author: slug === null ? byHand : idea?.author || null,
    status: decision.status,
    expected: expected === null ? null : sign * expected,
    observed: observed === null ? null : sign * observed,
    sd: spreadOfChange(known, runs, job.number, job.base),
    degrees: known.noise.sd === 0 ? Number.POSITIVE_INFINITY : known.noise.degrees,
    ...{ track: run.track, deviceModel: run.device.model, metric: measuredBy.name, unit: measuredBy.unit },
  };
}

function findAttempt(attempts: readonly Experiment[], slug: string, job: number, commit: string): Experiment | null {
  const own = attempts.filter((attempt) => attempt.slug === slug);
  return own.find((attempt) => attempt.job === job) ?? own.find((attempt) => attempt.commit === commit) ?? null;
}

/** The change that the first of the texts with a figure of the metric states. */
function readExpected(texts: readonly string[], base: number | null, measuredBy: MeasuredBy): number | null {
  for (const text of texts) {
    const change = expectedChange(parseExpectation(text, measuredBy.direction), base, measuredBy);
    if (change !== null) return change;
  }
  return null;
}

/**
 * How far luck carries a run from its base: the spread of one run, and how well the base is known: by all runs of the track where they tell what
 * it is made of, else by the runs of its commit.
 */
function spreadOfChange(
  known: TrackKnowledge,
  runs: readonly ScoredRun[],
  job: number,
  base: string | null,
): number | null {
  const { sd, posterior } = known;
  if (sd === null) return null;
  const run = runs.find((one) => one.job === job) ?? null;
  const built = run === null || run.kind !== 'experiment' ? null : known.changesIn(run);
  if (run !== null && posterior !== null && built !== null) {
    const own = run.variant?.of ?? run.commit;
    const { variance } = posterior.levelOf(built.filter((change) => change !== own));
    // Of a commit that nothing is known of, the posterior knows no variance either.
    if (variance > 0) return Math.sqrt(sd * sd + variance);
  }
  const ofBase = runs.filter((one) => one.commit === base).length;
  return sd * Math.sqrt(1 + 1 / Math.max(1, ofBase));
}
