/** A row of results.tsv as the run folder tells it: figures from the logs, decision and description from record.json. Pure. */
import type { RecordedJob } from '../../../queue/job-store.ts';
import type { Job } from '../../domain/job.ts';
import type { Result } from '../../domain/result.ts';
import type { Run } from '../../domain/run.ts';
import { formatResultRow, resultsHeader } from '../../lab/results-tsv.ts';
import { slowFlags } from '../../stats/slow-steps.ts';

/** What a row is made from. */
export interface RowSources {
  job: Job;
  /** The outcome as the logs tell it, as far as they are there. */
  run: Run;
  recorded: RecordedJob;
  /** Unit of the metric. */
  unit: string;
}

/** The cells of a row by column; cells that are missing are left out. Pure. */
export function readCells(row: string, metric: string): Map<string, string> {
  const columns = resultsHeader(metric);
  return new Map(
    row.split('\t').flatMap((cell, index) => (columns[index] === undefined ? [] : [[columns[index], cell]])),
  );
}

/** The row; null where nothing was decided, or where a kept or discarded run has no number. */
export function rebuildRow({ job, run, recorded, unit }: RowSources): string | null {
  const { decision, metric, row } = recorded;
  if (decision === null) return null;
  const isCrash = decision.status === 'crash';
  if (!isCrash && run.metric === null) return null;
  const cells = readCells(row ?? '', metric);
  const signed = (change: number) => `${change < 0 ? '-' : '+'}${Math.abs(change).toFixed(6)}${unit ? ` ${unit}` : ''}`;
  const { [metric]: _primary, ...metrics } = run.metrics;
  const result: Result = {
    commit: job.commit.slice(0, 7),
    metric: isCrash ? 0 : (run.metric ?? 0),
    memoryGb: isCrash ? 0 : run.peakMemoryMib === null ? null : run.peakMemoryMib / 1024,
    status: decision.status,
    // Words that come from git and the label; what they say is held to nothing but the record.
    description: cells.get('description') ?? job.label?.question ?? '',
    idea: job.experiment ?? '',
    question: job.label?.question ?? '',
    hypothesis: job.label?.hypothesis ?? '',
    expected: cells.get('expected') ?? '',
    observed: decision.observed === null ? '' : signed(decision.observed),
    evidence: decision.evidence,
    std: null,
    n: 1,
    seconds: run.trainSeconds,
    device: run.device.model,
    track: run.track,
    jobs: [job.number],
    date: run.endedAt,
    // Slow against the baseline of that day: the recorder's word, like the decision.
    flags: [...run.flags, ...slowFlags.filter((flag) => cells.get('flags')?.split(',').includes(flag))],
    metrics,
  };
  return formatResultRow(result, metric);
}
