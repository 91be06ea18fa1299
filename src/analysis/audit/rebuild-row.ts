/** A row of results.tsv as the run folder tells it: figures from the logs, decision and description from record.json. Pure. */
import type { RecordedJob } from '../../../queue/job-store.ts';
import { createResultRow } from '../../../workers/recorder/result-row.ts';
import type { Job } from '../../domain/job.ts';
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
