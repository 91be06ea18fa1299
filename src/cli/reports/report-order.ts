/** In which order reports are shown, and which of them wait for a person. Pure. */
import type { StoredReport } from '../../lab/reports.ts';

/** The older first: by day, within a day by job number, because names of one day tell no order. */
export function compareReports(a: StoredReport, b: StoredReport): number {
  const lastJob = ({ report }: StoredReport) => Math.max(0, ...report.jobs);
  return a.report.date.localeCompare(b.report.date) || lastJob(a) - lastJob(b) || a.path.localeCompare(b.path);
}

/** Reports without a closing word, the oldest first; one about which something was asked still waits. Unreadable ones are left out. */
export function listWaiting(reports: readonly StoredReport[]): StoredReport[] {
  return reports
    .filter(({ text, report }) => text !== '' && (report.verdict === '' || report.verdict === 'ask'))
    .sort(compareReports);
}
