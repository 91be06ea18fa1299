/**
 * From an ended job to its decision, its row and its journal entry. Reads the book of jobs, writes nothing: the same job always gives
 * the same records as long as the jobs recorded before it are the same.
 */

import type { StoredJob } from '../../queue/job-store.ts';
import { expectedChange, formatExpectation } from '../../queue/label.ts';
import type { LabConfig } from '../../src/config/schema.ts';
import type { Decision, Result } from '../../src/domain/result.ts';
import type { MeasuredBy, Run } from '../../src/domain/run.ts';
import { LabError } from '../../src/errors/lab-error.ts';
import { decide } from '../../src/stats/decision.ts';
import { type ScoredRun, type Standing, standingOf, viewTrack } from '../../src/stats/track-view.ts';

/** A decided job. */
export interface DecidedJob {
  /** Null where there is nothing to decide: a baseline is what others are judged by, a task and a check are not scored, a replay changes nothing. */
  decision: Decision | null;
  /** Null where the job adds no row: baselines, tasks, checks, replays, and jobs by hand without a metric. */
  row: Result | null;
  /** What the result was compared with; null where there was nothing. */
  base: Standing | null;
  /** The change that the hypothesis expected; null where it states none that can be compared. */
  expected: number | null;
}

/**
 * The scored runs of a lab, in the order in which they were recorded; those not yet recorded come last, by job number. Replays are left
 * out: a number that was run again to check it must move no mean, no noise and no champion.
 */
export function listScoredRuns(jobs: StoredJob[]): ScoredRun[] {
  return jobs
    .filter((stored) => stored.job.kind !== 'replay' && stored.run?.metric != null && stored.run.fate.kind === 'done')
    .sort((a, b) => orderOf(a) - orderOf(b) || a.job.number - b.job.number)
    .flatMap(({ job, run, recorded }) =>
      run?.metric == null
        ? []
        : [
            {
              job: job.number,
              kind: job.kind,
              commit: job.commit,
              metric: run.metric,
              track: run.track,
              deviceModel: run.device.model,
              leak: run.flags.includes('leak'),
              status: recorded?.decision?.status ?? null,
            },
          ],
    );
}

function orderOf(stored: StoredJob): number {
  return stored.run ? Date.parse(stored.run.endedAt) : Number.POSITIVE_INFINITY;
}

/** Decides an ended job against the others. Throws LabError (internal) where the job has no outcome. */
export function decideJob(stored: StoredJob, jobs: StoredJob[], config: LabConfig, description: string): DecidedJob {
  const { job, run } = stored;
  if (run === null) throw new LabError('internal', `job ${job.number} has no outcome yet`);
  if (job.kind !== 'plain' && job.kind !== 'experiment')
    return { decision: null, base: null, expected: null, row: null };
  const others = listScoredRuns(
    jobs.filter((other) => other.job.number !== job.number && other.recorded?.isDone === true),
  );
  const view = viewTrack(others, run.track, run.device.model);
  const own = others.filter((other) => other.track === run.track && other.deviceModel === run.device.model);
  const base = (job.base === null ? null : standingOf(own, job.base)) ?? view.champion;
  // Not the lab.yaml of today: a run that was measured as a loss is not judged as an accuracy.
  const measuredBy = run.measuredBy ?? config.metric;
  let decision = decide({
    fate: run.fate,
    metric: run.metric,
    metricName: measuredBy.name,
    direction: measuredBy.direction,
    base: base === null ? null : { value: base.value, runs: base.runs },
    noise: view.baseline?.noise ?? null,
    confidence: config.decision.confidence,
    leak: run.flags.includes('leak'),
  });
  // Its base was measured under another track: without a baseline of this one nothing can be said of it, least of all that it is better.
  if (job.kind === 'experiment' && base === null && job.base !== null && decision.status === 'keep') {
    const reason = `${measuredBy.name} ${run.metric?.toFixed(6) ?? ''} has nothing to compare with: this track has no baseline (run \`lab baseline\`, then \`lab idea retry ${job.experiment ?? ''}\`)`;
    decision = { ...decision, status: 'discard', evidence: '', reason };
  }
  const champion = view.champion;
  // Experiments queued side by side start from the same base; only one that also beats today's champion may follow it.
  if (
    job.kind === 'experiment' &&
    decision.status === 'keep' &&
    champion &&
    base &&
    champion.commit !== base.commit &&
    !isBetter(run.metric ?? Number.NaN, champion.value, measuredBy)
  ) {
    const reason = `${decision.reason}; but the champion is ${champion.value.toFixed(6)} by now (${champion.commit.slice(0, 7)})`;
    decision = { ...decision, status: 'discard', evidence: '', reason };
  }
  const expected = job.label ? expectedChange(job.label.expected, base?.value ?? null, measuredBy) : null;
  const addsRow = job.kind === 'experiment' || (job.kind === 'plain' && decision.status !== 'crash');
  return {
    decision,
    base,
    expected,
    row: addsRow ? createRow(stored, run, decision, measuredBy, description, expected) : null,
  };
}

function isBetter(value: number, than: number, measuredBy: MeasuredBy): boolean {
  return measuredBy.direction === 'lower' ? value < than : value > than;
}

function createRow(
  { job }: StoredJob,
  run: Run,
  decision: Decision,
  measuredBy: MeasuredBy,
  description: string,
  expected: number | null,
): Result {
  const unit = measuredBy.unit;
  const signed = (change: number) => `${change < 0 ? '-' : '+'}${Math.abs(change).toFixed(6)}${unit ? ` ${unit}` : ''}`;
  const isCrash = decision.status === 'crash';
  const { [measuredBy.name]: _primary, ...metrics } = run.metrics;
  return {
    commit: job.commit.slice(0, 7),
    metric: isCrash || run.metric === null ? 0 : run.metric,
    memoryGb: isCrash ? 0 : run.peakMemoryMib === null ? null : run.peakMemoryMib / 1024,
    status: decision.status,
    description: isCrash ? `${description} (${decision.reason})` : description,
    idea: job.experiment ?? '',
    question: job.label?.question ?? '',
    hypothesis: job.label?.hypothesis ?? '',
    expected: expected !== null ? signed(expected) : job.label ? formatExpectation(job.label.expected) : '',
    observed: decision.observed === null ? '' : signed(decision.observed),
    evidence: decision.evidence,
    std: null,
    n: 1,
    seconds: run.trainSeconds,
    device: run.device.model,
    track: run.track,
    jobs: [job.number],
    date: run.endedAt,
    flags: run.flags,
    metrics,
  };
}
