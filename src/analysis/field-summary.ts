/** What a result table of the field comes to: counts, the best that was kept, the running best. Pure; the rows are read in field-table/. */
import type { FieldRow, FieldStatus, FieldTable } from '../domain/field-table.ts';

/** A row's metric and where it stands. */
export interface FieldBest {
  commit: string | null;
  metric: number;
  line: number;
}

/** A row that says otherwise than its number: kept though not better, or discarded though better. */
export interface AgainstBest extends FieldBest {
  /** The running best above it. */
  best: number;
}

/** The summary of a table. */
export interface FieldSummary {
  /** Rows by status; every status is there. */
  counts: Record<FieldStatus, number>;
  /** Best of the rows that say keep; null where none has a metric. Of equals the first. */
  best: FieldBest | null;
  /** One for each row: the best metric among kept and baseline rows down to it; null above the first. */
  runningBest: (number | null)[];
  /** Keeps whose metric was no improvement on the running best. */
  keepsWithoutGain: AgainstBest[];
  /** Discards whose metric was better than the running best: for another reason, or by mistake. */
  betterDiscards: AgainstBest[];
}

/** Counts a table's rows and follows its best. A crash has no metric, whatever stands in its cell. */
export function summariseTable({ rows, direction }: Pick<FieldTable, 'rows' | 'direction'>): FieldSummary {
  const isBetter = (left: number, right: number) => (direction === 'lower' ? left < right : left > right);
  const summary: FieldSummary = {
    counts: { keep: 0, discard: 0, crash: 0, baseline: 0, other: 0 },
    best: null,
    runningBest: [],
    keepsWithoutGain: [],
    betterDiscards: [],
  };
  let running: number | null = null;
  for (const row of rows) {
    summary.counts[row.status]++;
    const found = locate(row);
    if (found !== null) {
      const isGain = running === null || isBetter(found.metric, running);
      if (row.status === 'keep') {
        if (!isGain && running !== null) summary.keepsWithoutGain.push({ ...found, best: running });
        if (summary.best === null || isBetter(found.metric, summary.best.metric)) summary.best = found;
      }
      if (row.status === 'discard' && isGain && running !== null)
        summary.betterDiscards.push({ ...found, best: running });
      if (isGain && (row.status === 'keep' || row.status === 'baseline')) running = found.metric;
    }
    summary.runningBest.push(running);
  }
  return summary;
}

function locate({ commit, metric, line, status }: FieldRow): FieldBest | null {
  return metric === null || status === 'crash' ? null : { commit, metric, line };
}
