/** The store of reports: which there are in 9_reports, and which one a word means. Reads only; reports are written by the recorder. */
import { LabError } from '../errors/lab-error.ts';
import { readRecordFiles } from './record-files.ts';
import { parseReport, type Report } from './report-parse.ts';

/** The folder of reports, relative to the root. */
export const reportsFolder = '9_reports';

/** One report with its place. */
export interface StoredReport {
  /** Relative to the root: "9_reports/2026-11-21_slug.md". */
  path: string;
  /** "" where it could not be read. */
  text: string;
  report: Report;
  /** Why it could not be read, else what is missing or wrong in it. */
  problems: string[];
}

/**
 * All reports, sorted by path: from the disk where the root checkout has main checked out, else from main's last commit. A bad file
 * has problems. Throws LabError where the folder or the branch cannot be read.
 */
export async function readReports(root: string, main: string): Promise<StoredReport[]> {
  const files = await readRecordFiles(root, main, reportsFolder);
  return files.map(({ path, text, problem }) => {
    const report = parseReport(text, path);
    return { path, text, report, problems: problem === null ? report.problems : [problem] };
  });
}

/** The attempt that a report's path tells: 2 for "9_reports/2026-11-21_slug.2.md", 1 where it tells none. */
export function attemptOf({ path }: Pick<StoredReport, 'path'>): number {
  return Number(/\.(\d+)\.md$/.exec(path)?.[1] ?? 1);
}

function compareAge(a: StoredReport, b: StoredReport): number {
  const [dayA, dayB] = [a.report.date, b.report.date];
  return dayA < dayB ? -1 : dayA > dayB ? 1 : attemptOf(a) - attemptOf(b);
}

/**
 * The report that a word means: a path, a file name, a slug (the newest of its reports), or the beginning of one slug. Throws LabError
 * (user) where there is none, or where the beginning fits several.
 */
export function findReport(reports: readonly StoredReport[], word: string): StoredReport {
  const asked = word.trim().replace(/^\.\//, '');
  const exact = reports.find(
    ({ path }) =>
      path === asked || path.slice(reportsFolder.length + 1).replace(/\.md$/, '') === asked.replace(/\.md$/, ''),
  );
  if (exact !== undefined) return exact;
  const newest = (slug: string) =>
    reports
      .filter(({ report }) => report.slug === slug)
      .sort(compareAge)
      .at(-1);
  const own = newest(asked);
  if (own !== undefined) return own;
  const slugs = [...new Set(reports.map(({ report }) => report.slug))];
  const fitting = asked === '' ? [] : slugs.filter((slug) => slug.startsWith(asked));
  const [only] = fitting;
  const found = only !== undefined && fitting.length === 1 ? newest(only) : undefined;
  if (found !== undefined) return found;
  const expected =
    fitting.length > 1
      ? `it fits ${fitting.join(', ')}`
      : slugs.length === 0
        ? 'there are no reports yet'
        : `expected the slug of one of ${slugs.length} experiments`;
  throw new LabError('user', `no report is called "${word}": ${expected}`, {
    hints: ['lab reports    lists them'],
  });
}
