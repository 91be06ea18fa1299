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
import { parseResults, resultsHeader } from '../../src/lab/results-tsv.ts';
import { decide } from '../../src/stats/decision.ts';
import { findSlowSteps, stepSecondsOf } from '../../src/stats/slow-steps.ts';
import { type ScoredRun, type Standing, standingOf, viewTrack } from '../../src/stats/track-view.ts';
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
 * out: a number that was run again to check it must move no mean, no noise and no champion.
 */
export function listScoredRuns(jobs: StoredJob[]): ScoredRun[] {
  return jobs
    .filter(isScored)
    .map((stored) => ({ stored, order: orderOf(stored) }))
    .sort((a, b) => a.order - b.order || a.stored.job.number - b.stored.job.number)
    .flatMap(({ stored: { job, run, recorded } }) =>
      run?.metric == null
        ? []
        : [
            {
              job: job.number,
              kind: job.kind,
              commit: job.commit,
              metric: run.metric,
              track: run.track,
              deviceClass: run.device.class,
              deviceModel: run.device.model,
              leak: run.flags.includes('leak'),
              status: recorded?.decision?.status ?? null,
              ...{ seed: job.seed, slug: job.experiment, base: job.base, start: job.start },
              ...{ variant: job.variant, test: job.test, champion: recorded?.champion ?? null },
            },
          ],
    );
}

/** Whether a job has a scored run that counts. */
export function isScored({ job, run }: StoredJob): boolean {
  return job.kind !== 'replay' && run?.metric != null && run.fate.kind === 'done';
}

function orderOf(stored: StoredJob): number {
  return stored.run ? Date.parse(stored.run.endedAt) : Number.POSITIVE_INFINITY;
}

/** Decides an ended job against the others. Throws LabError (internal) where the job has no outcome. */
export function decideJob(stored: StoredJob, jobs: StoredJob[], config: LabConfig, description: string): DecidedJob {
  const { job, run } = stored;
  if (run === null) throw new LabError('internal', `job ${job.number} has no outcome yet`);
  if (job.kind !== 'plain' && job.kind !== 'experiment')
    return { decision: null, base: null, expected: null, row: null, flags: run.flags };
  const others = listScoredRuns(
    jobs.filter((other) => other.job.number !== job.number && other.recorded?.isDone === true),
  );
  const own = others.filter((other) => other.track === run.track && other.deviceModel === run.device.model);
  // Not the lab.yaml of today: a run that was measured as a loss is not judged as an accuracy.
  const measuredBy = run.measuredBy ?? config.metric;
  const { confidence } = config.decision;
  const view = viewTrack(others, run.track, run.device.model, { direction: measuredBy.direction, confidence });
  const base = (job.base === null ? null : standingOf(own, job.base)) ?? view.champion;
  let decision = decide({
    fate: run.fate,
    metric: run.metric,
    metricName: measuredBy.name,
    direction: measuredBy.direction,
    base: base === null ? null : { value: base.value, runs: base.runs },
    noise: view.baseline?.noise ?? null,
    confidence,
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
  const flags = [...run.flags, ...findSlow(run, jobs)];
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

/** Steps that took longer than the baseline's, on the same track and device model. */
function findSlow(run: Run, jobs: StoredJob[]): string[] {
  const baselines = jobs.flatMap((other) => {
    const isBaseline = other.job.kind === 'baseline' && other.recorded?.isDone === true;
    const ran = isBaseline && other.run?.fate.kind === 'done' ? other.run : null;
    return ran?.track === run.track && ran.device.model === run.device.model ? [stepSecondsOf(ran.steps)] : [];
  });
  return findSlowSteps(stepSecondsOf(run.steps), baselines);
}

/** The flags of a recorded job as its row has them; those of its run where it has none. */
export function readRowFlags({ run, recorded }: Pick<StoredJob, 'run' | 'recorded'>): string[] {
  if (recorded == null || recorded.row === null) return run?.flags ?? [];
  const table = `${resultsHeader(recorded.metric).join('\t')}\n${recorded.row}\n`;
  return parseResults(table).rows[0]?.flags ?? [];
}

function isBetter(value: number, than: number, measuredBy: MeasuredBy): boolean {
  return measuredBy.direction === 'lower' ? value < than : value > than;
}
