/** The audit of a whole lab: every check, in the order in which they are told. Changes nothing and needs no daemon. */
import { type AuditedLab, readAuditSources } from './audit-sources.ts';
import { checkHistory } from './check-history.ts';
import { checkJournal } from './check-journal.ts';
import { checkRecords } from './check-records.ts';
import { checkRefs } from './check-refs.ts';
import { checkReports } from './check-reports.ts';
import { checkRows } from './check-rows.ts';
import { checkRuns } from './check-runs.ts';
import { checkTracks } from './check-tracks.ts';
import type { CheckResult } from './finding.ts';

/** Looks at everything. Throws LabError where git cannot read main. */
export async function auditLab(lab: AuditedLab): Promise<CheckResult[]> {
  const sources = await readAuditSources(lab);
  return [
    checkRows(sources),
    checkRuns(sources),
    await checkRecords(sources),
    checkJournal(sources),
    await checkReports(sources),
    await checkRefs(sources),
    await checkHistory(sources),
    checkTracks(sources),
  ];
}
