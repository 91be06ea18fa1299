/**
 * Check `rows`: every row of results.tsv and of the tables of earlier metrics on main leads to a job whose logs give its figures, and is
 * byte for byte what the recorder wrote.
 */
import { parseOwnHeader, resultsHeader } from '../../lab/results-tsv.ts';
import { type AuditSources, findRun, isTable } from './audit-sources.ts';
import { type AuditedJob, runsPlace } from './audited-job.ts';
import { type CheckResult, type Finding, note, quoteValue, wrong } from './finding.ts';
import type { MainFile } from './main-files.ts';
import { readCells, rebuildRow } from './rebuild-row.ts';

/** One row with its place. */
export interface PlacedRow {
  /** Table on main. */
  path: string;
  /** From 1. */
  line: number;
  text: string;
  /** Jobs that it names; [] where it names none. */
  jobs: number[];
}

/** A number as a job's is written: no sign, no point. */
function parseJobsCell(cell: string): number[] {
  const words = cell.split(',').map((word) => word.trim());
  return words.every((word) => /^[1-9]\d{0,14}$/.test(word)) ? words.map(Number) : [];
}

/** The rows of a table under the lab's own header; [] for any other table. Pure. */
export function listRows({ path, text }: Pick<MainFile, 'path' | 'text'>): PlacedRow[] {
  const metric = parseOwnHeader(text);
  if (metric === null) return [];
  const at = resultsHeader(metric).indexOf('jobs');
  return text
    .split('\n')
    .map(
      (line, index): PlacedRow => ({
        path,
        line: index + 1,
        text: line,
        jobs: parseJobsCell(line.split('\t')[at] ?? ''),
      }),
    )
    .filter((row, index) => index > 0 && row.text.trim() !== '');
}

function checkMissingJob(sources: AuditSources, place: string, number: number): Finding {
  // A clone has rows and no run folders at all.
  if (sources.highest > 0 && number > sources.highest)
    return wrong(
      place,
      `names job ${number}, and no job of that number was ever queued here (the highest is ${sources.highest})`,
    );
  if (!sources.recordedOnMain.has(number))
    return wrong(
      place,
      `names job ${number}, which has no folder, and no commit of the recorder on ${sources.main} wrote a row for it`,
    );
  return note(place, `the folder of job ${number} is gone: the row cannot be checked`);
}

/** The columns of a row that are not as the run folder tells them. */
function compareCells(sources: AuditSources, row: PlacedRow, audited: AuditedJob, metric: string): string[] | null {
  const { job, recorded, number, attempt } = audited;
  const run = findRun(sources, number);
  if (job === null || run === null || recorded === null) return null;
  const unit = run.measuredBy?.unit ?? sources.config.metric.unit;
  const expected = rebuildRow({ job, run, recorded, unit });
  if (expected === null) return [`the run of job ${number} gives no number for it`];
  const [has, wanted, kept] = [row.text, expected, recorded.row ?? ''].map((text) => readCells(text, metric));
  const reread = sources.rereads.get(number);
  return resultsHeader(metric).flatMap((column) => {
    const [value, should] = [has?.get(column) ?? '', wanted?.get(column) ?? ''];
    // A line end of another kind is no other figure; it shows in the comparison by bytes.
    if (value === should || value === `${should}\r`) return [];
    const source =
      column === metric && reread?.kind === 'read' && reread.log !== null && attempt !== null
        ? runsPlace(number, attempt, reread.log)
        : `the folder of job ${number}`;
    const was = kept?.get(column) ?? '';
    const also = was === should || was === value ? '' : ` (the recorder wrote ${quoteValue(was)})`;
    return [`${column} is ${quoteValue(value)}, expected ${quoteValue(should)} by ${source}${also}`];
  });
}

function checkSingle(sources: AuditSources, row: PlacedRow, audited: AuditedJob, metric: string): Finding[] {
  const { number, job, recorded } = audited;
  const place = `${row.path}:${row.line}`;
  if (job !== null && job.kind !== 'plain' && job.kind !== 'experiment')
    return [wrong(place, `names job ${number}, a ${job.kind} job, expected a job that adds rows`)];
  if (recorded === null)
    return [wrong(place, `job ${number} was not recorded by the recorder: it has no readable record.json`)];
  if (recorded.metric !== metric)
    return [
      wrong(place, `job ${number} was recorded under the metric ${recorded.metric}, expected in a table of ${metric}`),
    ];
  const cells = compareCells(sources, row, audited, metric);
  const findings = (cells ?? []).map((message) => wrong(place, message));
  if (cells === null)
    findings.push(note(place, `the outcome of job ${number} is gone or broken: its figures cannot be checked`));
  if (row.text !== recorded.row && (cells === null || cells.length === 0))
    findings.push(
      wrong(
        place,
        `is not what the recorder wrote for job ${number}: ${quoteValue(row.text)}, expected ${quoteValue(recorded.row ?? '')}`,
      ),
    );
  return findings;
}

/** A row of several runs is their mean. */
function checkMean(sources: AuditSources, row: PlacedRow, metric: string): Finding[] {
  const place = `${row.path}:${row.line}`;
  const missing = row.jobs.filter((number) => !sources.jobs.has(number));
  if (missing.length > 0) return missing.map((number) => checkMissingJob(sources, place, number));
  const cells = readCells(row.text, metric);
  const values = row.jobs.flatMap((number) => findRun(sources, number)?.metric ?? []);
  const findings: Finding[] = [];
  if (values.length === row.jobs.length && cells.get('status') !== 'crash') {
    const mean = (values.reduce((sum, value) => sum + value, 0) / values.length).toFixed(6);
    if (Math.abs(Number(cells.get(metric)) - Number(mean)) > 1.5e-6)
      findings.push(
        wrong(
          place,
          `${metric} is ${quoteValue(cells.get(metric) ?? '')}, expected ${mean}, the mean of jobs ${row.jobs.join(', ')}`,
        ),
      );
  }
  if (cells.get('n') !== String(row.jobs.length))
    findings.push(
      wrong(place, `n is ${quoteValue(cells.get('n') ?? '')}, expected ${row.jobs.length}, the number of its jobs`),
    );
  // A claim's row is recorded with the last run of its test, which may be the baseline's.
  const isKnown = [...sources.jobs.values()].some(({ recorded }) => recorded?.row === row.text);
  if (!isKnown)
    findings.push(wrong(place, `is not what the recorder wrote for jobs ${row.jobs.join(', ')} or with any other job`));
  return findings;
}

function checkRow(sources: AuditSources, row: PlacedRow, metric: string): Finding[] {
  const place = `${row.path}:${row.line}`;
  const width = resultsHeader(metric).length;
  const cells = row.text.split('\t').length;
  if (cells !== width) return [wrong(place, `has ${cells} cells, expected ${width}`)];
  const [number, ...others] = row.jobs;
  if (number === undefined) return [note(place, 'names no job: no run folder stands behind it')];
  if (others.length > 0) return checkMean(sources, row, metric);
  const audited = sources.jobs.get(number);
  return audited === undefined ? [checkMissingJob(sources, place, number)] : checkSingle(sources, row, audited, metric);
}

function checkTable(file: MainFile): Finding[] {
  const findings: Finding[] = [];
  if (parseOwnHeader(file.text) === null && file.text.trim() !== '')
    findings.push(
      note(`${file.path}:1`, "has not the lab's own header: its rows come from another tool and cannot be checked"),
    );
  const broken = Buffer.from(file.text, 'utf8').equals(file.bytes) ? -1 : file.text.indexOf('\ufffd');
  if (broken !== -1)
    findings.push(wrong(`${file.path}:${file.text.slice(0, broken).split('\n').length}`, 'is not UTF-8 text'));
  return findings;
}

/** The check. */
export function checkRows(sources: AuditSources): CheckResult {
  const findings: Finding[] = [];
  const seen = new Map<number, string>();
  let checked = 0;
  for (const file of sources.files.filter(({ path }) => isTable(path))) {
    findings.push(...checkTable(file));
    const metric = parseOwnHeader(file.text) ?? '';
    for (const row of listRows(file)) {
      checked += 1;
      const place = `${row.path}:${row.line}`;
      const [number, ...others] = row.jobs;
      const earlier = number === undefined || others.length > 0 ? undefined : seen.get(number);
      if (earlier !== undefined)
        findings.push(wrong(place, `is a second row of job ${number}, the first is ${earlier}`));
      if (number !== undefined && others.length === 0 && earlier === undefined) seen.set(number, place);
      findings.push(...checkRow(sources, row, metric));
    }
  }
  return { name: 'rows', checked, findings };
}
