/** One row of results.tsv from a run and its decision: the recorder writes it, the audit makes it again from the logs. Pure; text form is in src/lab. */
import type { Job } from '../../src/domain/job.ts';
import type { Decision, Result } from '../../src/domain/result.ts';
import type { Run } from '../../src/domain/run.ts';

/** What a row is made of. */
export interface RowInput {
  job: Job;
  run: Run;
  decision: Decision;
  /** Name and unit of the primary metric. */
  measuredBy: { name: string; unit: string };
  description: string;
  /** Signed change with unit, or "". */
  expected: string;
  flags: string[];
}

/** A change with its sign, six decimals and its unit: "-0.012000 bpb". */
export function formatSigned(change: number, unit: string): string {
  return `${change < 0 ? '-' : '+'}${Math.abs(change).toFixed(6)}${unit ? ` ${unit}` : ''}`;
}

/** The row of one run; a crash has no figures of its own. */
export function createResultRow({ job, run, decision, measuredBy, description, expected, flags }: RowInput): Result {
  const isCrash = decision.status === 'crash';
  const { [measuredBy.name]: _primary, ...metrics } = run.metrics;
  return {
    commit: job.commit.slice(0, 7),
    metric: isCrash || run.metric === null ? 0 : run.metric,
    memoryGb: isCrash ? 0 : run.peakMemoryMib === null ? null : run.peakMemoryMib / 1024,
    status: decision.status,
    description,
    idea: job.experiment ?? '',
    question: job.label?.question ?? '',
    hypothesis: job.label?.hypothesis ?? '',
    expected,
    observed: decision.observed === null ? '' : formatSigned(decision.observed, measuredBy.unit),
    evidence: decision.evidence,
    std: null,
    n: 1,
    seconds: run.trainSeconds,
    device: run.device.model,
    track: run.track,
    jobs: [job.number],
    date: run.endedAt,
    flags,
    metrics,
  };
}
