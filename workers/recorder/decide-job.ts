/**
 * From an ended job to its decision, its row and its journal entry. Reads the book of jobs, writes nothing: the same job always gives
 * the same records as long as the jobs recorded before it are the same.
 */

import type { StoredJob } from '../../queue/job-store.ts';
import { expectedChange, formatExpectation } from '../../queue/label.ts';
import type { LabConfig } from '../../src/config/schema.ts';
import type { Job } from '../../src/domain/job.ts';
import type { Decision, Result } from '../../src/domain/result.ts';
import type { MeasuredBy, Run } from '../../src/domain/run.ts';
import { LabError } from '../../src/errors/lab-error.ts';
import { parseResults, resultsHeader } from '../../src/lab/results-tsv.ts';
import { decide } from '../../src/stats/decision.ts';
import { judgeMemory } from '../../src/stats/memory-limit.ts';
import { findSlowSteps, stepSecondsOf } from '../../src/stats/slow-steps.ts';
import { type ScoredRun, type Standing, standingOf, type TrackView, viewTrack } from '../../src/stats/track-view.ts';
import { type JudgedExperiment, judgeExperiment } from './judge-experiment.ts';
import { createResultRow, formatSigned } from './result-row.ts';

/** A decided job. */
export interface DecidedJob {
  /** Null where there is nothing to decide: baselines and bridges say what others start from, tasks and checks are not scored, a replay changes nothing. */
  decision: Decision | null;
  /** Null where the job adds no row: baselines, bridges, tasks, checks, replays, and jobs by hand without a metric. */
  row: Result | null;
  /** What the result was compared with; null where there was nothing. */
  base: Standing | null;
  /** The change that the hypothesis expected; null where it states none that can be compared. */
  expected: number | null;
  /** What a reader must know: the run's own flags, and `slow-prepare` and `slow-train` against the baseline. The row has the same. */
  flags: string[];
}

/**
 * The scored runs of a lab, in the order in which they were recorded; those not yet recorded come last, by job number. Replays are left
 * out: a number that was run again to check it must move no mean, no noise and no champion. Where the last run of a test gave no number, the
 * champion that its verdict left is told with the run before it.
 */
export function listScoredRuns(jobs: StoredJob[]): ScoredRun[] {
  const sorted = jobs
    .filter(tellsOfTrack)
    .map((stored) => ({ stored, order: orderOf(stored) }))
    .sort((a, b) => a.order.era - b.order.era || a.order.at - b.order.at || a.stored.job.number - b.stored.job.number);
  const runs: ScoredRun[] = [];
  for (const { stored } of sorted) {
    const scored = scoredRunOf(stored);
    if (scored !== null) runs.push(scored);
    else addChampion(runs, stored);
  }
  return runs;
}

function scoredRunOf(stored: StoredJob): ScoredRun | null {
  const { job, run, recorded } = stored;
  if (!isScored(stored) || run?.metric == null) return null;
  return {
    job: job.number,
    kind: job.kind,
    commit: job.commit,
    metric: run.metric,
    track: run.track,
    deviceClass: run.device.class,
    deviceModel: run.device.model,
    leak: run.flags.includes('leak'),
    status: recorded?.decision?.status ?? null,
    seconds: (Date.parse(run.endedAt) - Date.parse(run.startedAt)) / 1000,
    ...{ seed: job.seed, slug: job.experiment, base: job.base, start: job.start },
    here: job.here !== null,
    ...{ variant: job.variant, test: job.test, champion: recorded?.champion ?? null },
  };
}

function addChampion(runs: ScoredRun[], { run, recorded }: StoredJob): void {
  const place = runs.findLastIndex((one) => one.track === run?.track && one.deviceModel === run.device.model);
  const before = runs[place];
  if (before !== undefined) runs[place] = { ...before, champion: recorded?.champion ?? before.champion };
}

/** Whether a job has a say in what the track knows: a number, or the champion that the verdict of a test left. */
export function tellsOfTrack(stored: StoredJob): boolean {
  return isScored(stored) || (stored.run !== null && stored.job.test !== null && stored.recorded?.champion != null);
}

/** Whether a job has a scored run that counts for the lab: a ratchet session keeps its numbers to itself. */
export function isScored({ job, run }: StoredJob): boolean {
  return job.kind !== 'replay' && job.kind !== 'ratchet' && run?.metric != null && run.fate.kind === 'done';
}

/** Decided jobs by their place, those from before there were places first, by their end; undecided ones last. */
function orderOf({ run, recorded }: StoredJob): { era: number; at: number } {
  if (recorded?.place !== undefined) return { era: 1, at: recorded.place };
  return { era: recorded === null ? 2 : 0, at: run ? Date.parse(run.endedAt) : Number.POSITIVE_INFINITY };
}

/** What an experiment's run is judged by, beside what the lab knows of its change. */
export interface DecideInput {
  stored: StoredJob;
  jobs: StoredJob[];
  config: LabConfig;
  /** Lines that an experiment's change adds less those it takes away; null where it is unknown. */
  linesAdded: number | null;
}

/** Judges the run of an experiment; null for any other job. Throws LabError (internal) where the job has no outcome. */
export function judgeJob({ stored, jobs, config, linesAdded }: DecideInput): JudgedExperiment | null {
  const { job } = stored;
  if (job.kind !== 'experiment') return null;
  const { run, own, others, view, measuredBy } = lookAround(stored, jobs, config);
  const isBaseForeign = others.some(({ champion }) => champion?.commit === job.base && champion.changes.length > 0);
  const memory = judgeMemory(run, listBaselineRuns(run, jobs), config.decision.memoryFactor);
  return judgeExperiment({ job, run, others: own, view, measuredBy, config, memory, isBaseForeign, linesAdded });
}

/** What a job is decided among: the recorded runs of its track and device model, and what they make of the track. */
function lookAround({ job, run }: StoredJob, jobs: StoredJob[], config: LabConfig) {
  if (run === null) throw new LabError('internal', `job ${job.number} has no outcome yet`);
  const others = listScoredRuns(
    jobs.filter((other) => other.job.number !== job.number && other.recorded?.isDone === true),
  );
  const own = others.filter((other) => other.track === run.track && other.deviceModel === run.device.model);
  // Not the lab.yaml of today: a run that was measured as a loss is not judged as an accuracy.
  const measuredBy = run.measuredBy ?? config.metric;
  const { confidence } = config.decision;
  const view = viewTrack(own, run.track, run.device.model, { direction: measuredBy.direction, confidence });
  return { run, own, others, view, measuredBy };
}

/**
 * Decides an ended job against the others. `judged` is what judgeJob gave for an experiment, with what git had to say about it. Throws
 * LabError (internal) where the job has no outcome.
 */
export function decideJob(
  stored: StoredJob,
  jobs: StoredJob[],
  config: LabConfig,
  description: string,
  judged: Pick<JudgedExperiment, 'decision' | 'base'> | null = judgeJob({ stored, jobs, config, linesAdded: null }),
): DecidedJob {
  const { job } = stored;
  const { run, own, view, measuredBy } = lookAround(stored, jobs, config);
  if (job.kind !== 'plain' && job.kind !== 'experiment')
    return { decision: null, base: null, expected: null, row: null, flags: run.flags };
  const { base, decision } = judged ?? decideByHand(stored, run, { own, view, measuredBy, config });
  const flags = [...run.flags, ...variantFlags(job), ...findSlow(run, jobs)];
  const expected = job.label ? expectedChange(job.label.expected, base?.value ?? null, measuredBy) : null;
  const addsRow = job.kind === 'experiment' || (job.kind === 'plain' && decision.status !== 'crash');
  return {
    decision,
    base,
    expected,
    flags,
    row: addsRow
      ? createResultRow({
          ...{ job, run, decision, measuredBy, flags },
          description: decision.status === 'crash' ? `${description} (${decision.reason})` : description,
          expected:
            expected !== null
              ? formatSigned(expected, measuredBy.unit)
              : job.label
                ? formatExpectation(job.label.expected)
                : '',
        })
      : null,
  };
}

interface Around {
  own: ScoredRun[];
  view: TrackView;
  measuredBy: MeasuredBy;
  config: LabConfig;
}

/** A job by hand never moves the champion, so what it says is held against what luck alone reaches. */
function decideByHand({ job }: StoredJob, run: Run, { own, view, measuredBy, config }: Around) {
  const base: Standing | null = (job.base === null ? null : standingOf(own, job.base)) ?? view.champion;
  const decision = decide({
    ...{ fate: run.fate, metric: run.metric, metricName: measuredBy.name, direction: measuredBy.direction },
    base: base === null ? null : { value: base.value, runs: Math.max(base.runs, 1) },
    noise: view.baseline?.noise ?? null,
    ...{ confidence: config.decision.confidence, leak: run.flags.includes('leak') },
  });
  return { base, decision };
}

/** What differs in what ran from what was built. */
function variantFlags({ variant }: Job): string[] {
  const { leftOut = [], riders = [] } = variant ?? {};
  return [...leftOut.map(({ slug }) => `without:${slug}`), ...riders.map(({ slug }) => `with:${slug}`)];
}

/** Ended runs of the baseline on the same track and device model. */
function listBaselineRuns(run: Run, jobs: StoredJob[]): Run[] {
  return jobs.flatMap((other) => {
    const isBaseline = other.job.kind === 'baseline' && other.recorded?.isDone === true;
    const ran = isBaseline && other.run?.fate.kind === 'done' ? other.run : null;
    return ran?.track === run.track && ran.device.model === run.device.model ? [ran] : [];
  });
}

/** Steps that took longer than the baseline's, on the same track and device model. */
function findSlow(run: Run, jobs: StoredJob[]): string[] {
  const baselines = listBaselineRuns(run, jobs).map(({ steps }) => stepSecondsOf(steps));
  return findSlowSteps(stepSecondsOf(run.steps), baselines);
}

/** The flags of a recorded job as its row has them; those of its run where it has none. */
export function readRowFlags({ run, recorded }: Pick<StoredJob, 'run' | 'recorded'>): string[] {
  if (recorded == null || recorded.row === null) return run?.flags ?? [];
  const table = `${resultsHeader(recorded.metric).join('\t')}\n${recorded.row}\n`;
  return parseResults(table).rows[0]?.flags ?? [];
}
