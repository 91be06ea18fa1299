/** The ledger as the run folders tell it, in the order in which it was recorded, and how the real one differs. Writes nothing. */

import { resultsPath } from '../../../workers/recorder/append-records.ts';
import { insertResultRows, parseOwnHeader } from '../../lab/results-tsv.ts';
import { type AuditedLab, type AuditSources, findRun, readAuditSources } from './audit-sources.ts';
import type { AuditedJob } from './audited-job.ts';
import { listRows } from './check-rows.ts';
import { readRowJobs, rebuildClaimRow, rebuildRow } from './rebuild-row.ts';

/** A row that is not the same in both. */
export interface RowDifference {
  /** "job 4", or "line 12" for a row that names no job. */
  what: string;
  /** As on main; null where it is not there. */
  real: string | null;
  /** As the run folders tell it; null where they tell none. */
  rebuilt: string | null;
}

/** The rebuilt ledger beside the real one. */
export interface RebuiltLedger {
  /** Text of the rebuilt table. */
  text: string;
  /** How many rows it has. */
  rows: number;
  /** In the order of the real table; what is only in the rebuilt one comes last. */
  differences: RowDifference[];
  /** Whether the rows that both have stand in the same order. */
  isSameOrder: boolean;
  /** Jobs whose row could not be made again, with the reason. */
  skipped: { job: number; reason: string }[];
}

/** Jobs in the order of their commits on main; those whose commit is not there by the end of their run. */
function sortByRecording(sources: AuditSources, jobs: AuditedJob[]): AuditedJob[] {
  const order = new Map(sources.history.map(({ hash }, index) => [hash, index]));
  const placeOf = ({ recorded }: AuditedJob) => order.get(recorded?.commit ?? '') ?? Number.POSITIVE_INFINITY;
  const endOf = ({ run }: AuditedJob) => (run === null ? Number.POSITIVE_INFINITY : Date.parse(run.endedAt));
  return jobs.sort((a, b) => {
    const [left, right] = [placeOf(a), placeOf(b)];
    if (left !== right) return left - right;
    return endOf(a) - endOf(b) || a.number - b.number;
  });
}

/** Rebuilds it from a lab. Throws LabError where git cannot read main. */
export async function rebuildLedger(lab: AuditedLab): Promise<RebuiltLedger> {
  const sources = await readAuditSources(lab);
  const real = sources.files.find(({ path }) => path === resultsPath);
  const metric = (real === undefined ? null : parseOwnHeader(real.text)) ?? sources.config.metric.name;
  const skipped: RebuiltLedger['skipped'] = [];
  const rows = new Map<number, string>();
  // A claim's row is of several jobs, and need not name the one that it was recorded with.
  const claims = new Map<string, number>();
  // A record that was decided and not yet written belongs to no ledger yet.
  const wanted = [...sources.jobs.values()].filter(
    ({ recorded }) => recorded?.isDone === true && recorded.row !== null && recorded.metric === metric,
  );
  for (const { number, job, recorded } of sortByRecording(sources, wanted)) {
    const run = findRun(sources, number);
    if (job === null || run === null || recorded === null) {
      skipped.push({ job: number, reason: 'its job.json or run.json is gone or broken' });
      continue;
    }
    const isClaim = job.test !== null && recorded.row !== null;
    const jobs = isClaim ? readRowJobs(recorded.row ?? '', metric) : [];
    if (isClaim) claims.set(jobs.join(), number);
    const metrics = jobs.map((one) => findRun(sources, one)?.metric ?? null);
    const unit = run.measuredBy?.unit ?? sources.config.metric.unit;
    const row = isClaim
      ? rebuildClaimRow(recorded.row ?? '', metric, metrics)
      : rebuildRow({ job, run, recorded, unit });
    if (row === null) skipped.push({ job: number, reason: 'its logs give no number' });
    else rows.set(number, row);
  }
  const placed = real === undefined ? [] : listRows(real);
  const differences: RowDifference[] = [];
  const seen = new Set<number>();
  for (const { jobs, line, text } of placed) {
    const number = jobs.length === 1 ? jobs[0] : claims.get(jobs.join());
    const isFirst = number !== undefined && !seen.has(number);
    const rebuilt = isFirst ? (rows.get(number) ?? null) : null;
    if (isFirst) seen.add(number);
    if (rebuilt !== text) differences.push({ what: isFirst ? `job ${number}` : `line ${line}`, real: text, rebuilt });
  }
  for (const [number, rebuilt] of rows)
    if (!seen.has(number)) differences.push({ what: `job ${number}`, real: null, rebuilt });
  const realOrder = [...seen].filter((number) => rows.has(number));
  const rebuiltOrder = [...rows.keys()].filter((number) => seen.has(number));
  return {
    text: insertResultRows(null, [...rows.values()], metric),
    rows: rows.size,
    differences,
    isSameOrder: realOrder.every((number, index) => number === rebuiltOrder[index]),
    skipped,
  };
}
