/** A row of results.tsv as the run folder tells it: figures from the logs, decision and description from record.json. Pure. */
import type { RecordedJob } from '../../../queue/job-store.ts';
import { createResultRow } from '../../../workers/recorder/result-row.ts';
import type { Job } from '../../domain/job.ts';
import type { Run } from '../../domain/run.ts';
import { formatResultRow, resultsHeader } from '../../lab/results-tsv.ts';
import { summarise } from '../../stats/noise.ts';
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
  const result = createResultRow({
    ...{ job, run, decision, measuredBy: { name: metric, unit } },
    // Words that come from git and the label; what they say is held to nothing but the record.
    description: cells.get('description') ?? job.label?.question ?? '',
    expected: cells.get('expected') ?? '',
    // Slow against the baseline of that day: the recorder's word, like the decision.
    flags: [...run.flags, ...slowFlags.filter((flag) => cells.get('flags')?.split(',').includes(flag))],
  });
  return formatResultRow(result, metric);
}

/** The jobs that a row names. */
export const readRowJobs = (row: string, metric: string): number[] =>
  (readCells(row, metric).get('jobs') ?? '').split(',').filter(Boolean).map(Number);

/**
 * The row of a claim: mean, spread and count from the logs of its jobs (`values`); gain, interval and words are the recorder's. Null where a job
 * gives no number.
 */
export function rebuildClaimRow(row: string, metric: string, values: readonly (number | null)[]): string | null {
  const found = values.flatMap((value) => value ?? []);
  const value = summarise(found);
  if (value === null || found.length < values.length) return null;
  const figures = new Map([
    [metric, value.mean.toFixed(6)],
    ['std', value.std === null ? '' : value.std.toFixed(6)],
    ['n', String(value.n)],
  ]);
  const columns = resultsHeader(metric);
  return row
    .split('\t')
    .map((cell, index) => figures.get(columns[index] ?? '') ?? cell)
    .join('\t');
}
