/**
 * Puts results and journal entries on the main branch, each once however often it is asked. Rows and entries are keyed by
 * job; what somebody's old buffer dropped is put back. What a record says is decided elsewhere.
 */
import type { ExperimentEntry } from '../../src/domain/record.ts';
import { LabError } from '../../src/errors/lab-error.ts';
import { type CommitOutcome, commitByPlumbing, type PathEdit } from '../../src/git/plumbing-commit.ts';
import { readBlob } from '../../src/git/repository.ts';
import { runGit } from '../../src/git/run-git.ts';
import { insertJournalEntry, parseJournalJobs } from '../../src/lab/journal.ts';
import { insertResultRows, type ParsedResult, parseOwnHeader, parseResults } from '../../src/lab/results-tsv.ts';
import { insertExperimentEntries } from './experiment-entries.ts';

/** The shared results, relative to the lab's root. */
export const resultsPath = 'results.tsv';
/** The journal, relative to the lab's root. */
export const journalPath = 'RESEARCH_JOURNAL.md';

/** What one job leaves in the records, as text, so that recording again writes the same bytes. */
export interface JobRecord {
  job: number;
  /** From formatResultRow; null for a job that adds no row. */
  row: string | null;
  /** From formatJournalEntry; null for a job that adds no entry. */
  entry: string | null;
}

/** What main is to hold. Oldest first. */
interface WantedRecords {
  records: JobRecord[];
  experiments: ExperimentEntry[];
}

/** A row that is to be in the table. */
interface WantedRow {
  job: number;
  text: string;
  /** Jobs the row stands for: more than one for a confirmation. */
  jobs: number[];
}

function parseRow(text: string, metric: string): ParsedResult | null {
  return parseResults(insertResultRows(null, [text], metric)).rows[0] ?? null;
}

/**
 * True where one of these rows is the wanted one. A claim's row lists the champion's fresh runs: it does not stand for rows of their own, and
 * the job that it was recorded with may be none of them (the baseline's last run).
 */
function includesRow(rows: ParsedResult[], wanted: WantedRow): boolean {
  if (wanted.jobs.length > 1) return rows.some((row) => row.jobs.join() === wanted.jobs.join());
  return rows.some((row) => row.jobs.length === 1 && row.jobs.includes(wanted.job));
}

/** Rows of earlier metrics live in results.<track>.tsv; their paths on the branch, with the text. */
async function readArchives(root: string, branch: string): Promise<Map<string, string>> {
  const names = (await runGit(root, ['ls-tree', '-z', '--name-only', '--full-tree', `refs/heads/${branch}`])).split(
    '\0',
  );
  const archives = new Map<string, string>();
  for (const name of names.filter((path) => /^results\..+\.tsv$/.test(path))) {
    const blob = await readBlob(root, `refs/heads/${branch}`, name);
    if (blob !== null) archives.set(name, blob.toString('utf8'));
  }
  return archives;
}

/** Where the table goes that a new primary metric replaces; null where the table can stay. */
async function findArchivePath(
  root: string,
  branch: string,
  metric: string,
  archives: Map<string, string>,
  previousTrack: string | null,
): Promise<string | null> {
  const text = (await readBlob(root, `refs/heads/${branch}`, resultsPath))?.toString('utf8') ?? null;
  const found = text === null ? null : parseOwnHeader(text);
  if (text === null || found === null || found === metric) return null;
  const track = previousTrack ?? (parseResults(text).rows.at(-1)?.track || found);
  const name = track.replace(/[^\w.-]+/g, '_');
  let path = `results.${name}.tsv`;
  for (let count = 2; archives.has(path); count += 1) path = `results.${name}-${count}.tsv`;
  return path;
}

function createEdits(
  { records, experiments }: WantedRecords,
  metric: string,
  archivePath: string | null,
  archives: Map<string, string>,
): PathEdit[] {
  const rows: WantedRow[] = records.flatMap(({ job, row }) =>
    row === null ? [] : [{ job, text: row, jobs: parseRow(row, metric)?.jobs ?? [] }],
  );
  const entries = records.flatMap(({ job, entry }) => (entry === null ? [] : [{ job, entry }]));
  const archived = [...archives.values()].flatMap((text) => parseResults(text).rows);
  let replaced: string | null = null;
  const editResults = (old: string | null): string | null => {
    // Reset, because a branch that moved meanwhile makes git ask again.
    replaced = null;
    const present = parseResults(old ?? '').rows;
    const missing = rows.filter((row) => !includesRow(present, row) && !includesRow(archived, row));
    if (missing.length === 0) return null;
    const texts = missing.map((row) => row.text);
    if (archivePath === null) return insertResultRows(old, texts, metric);
    replaced = old;
    return insertResultRows(null, texts, metric);
  };
  const editJournal = (old: string | null): string | null => {
    let text = old;
    const present = parseJournalJobs(old ?? '');
    for (const { job, entry } of entries) {
      if (!present.has(job)) text = insertJournalEntry(text, entry);
    }
    return insertExperimentEntries(text, experiments) ?? text;
  };
  const edits: PathEdit[] = [];
  if (rows.length > 0) edits.push({ path: resultsPath, edit: editResults });
  // After editResults, which says what was replaced.
  if (archivePath !== null) edits.push({ path: archivePath, edit: () => replaced });
  if (entries.length + experiments.length > 0) edits.push({ path: journalPath, edit: editJournal });
  return edits;
}

async function commitRecords(
  root: string,
  branch: string,
  metric: string,
  wanted: WantedRecords,
  message: string,
  previousTrack: string | null,
): Promise<CommitOutcome> {
  if (/[\t\r\n]/.test(metric) || metric === '')
    throw new LabError('config', `'${metric}' is no name for a metric column`);
  const archives = await readArchives(root, branch);
  const archivePath = await findArchivePath(root, branch, metric, archives, previousTrack);
  return await commitByPlumbing(root, { branch, message, edits: createEdits(wanted, metric, archivePath, archives) });
}

function formatMessage(record: JobRecord, metric: string): string {
  const row = record.row === null ? null : parseRow(record.row, metric);
  const heading = /^## [^:]*: (.*) \(([^()]*)\)\r?$/m.exec(record.entry ?? '');
  const words = [...(row?.description || heading?.[1] || '')].slice(0, 100).join('');
  return `recorder: job ${record.job} ${row?.status ?? heading?.[2] ?? 'no result'}${words === '' ? '' : `: ${words}`}\n`;
}

/**
 * Adds a job's row at the end of results.tsv and its entry at the top of the journal, in one commit on `branch`. A second
 * call gives `unchanged`. Where the table's primary metric is another one, the old table is kept as
 * `results.<previousTrack>.tsv` (null: the track of its last row) and a new one begins. Throws LabError where the table has
 * a foreign header or git cannot write; nothing is recorded then, and the same call can be made again.
 */
export async function appendRecords(
  root: string,
  branch: string,
  metric: string,
  record: JobRecord,
  options: { previousTrack?: string | null } = {},
): Promise<CommitOutcome> {
  return await commitRecords(
    root,
    branch,
    metric,
    { records: [record], experiments: [] },
    formatMessage(record, metric),
    options.previousTrack ?? null,
  );
}

/**
 * Puts back, in one commit, the rows and entries of these jobs and experiments that the branch lacks, because an editor saved an old
 * buffer and that was committed. Records oldest first. What is there stays as it is, the user's own text included. Rows
 * of an earlier metric count as there where an archive has them; records of a metric that was never the table's do not belong here.
 */
export async function restoreRecords(
  root: string,
  branch: string,
  metric: string,
  records: JobRecord[],
  experiments: ExperimentEntry[] = [],
): Promise<CommitOutcome> {
  const jobs = records.map((record) => record.job).join(', ') || 'none';
  const slugs = experiments.map((entry) => entry.slug).join(', ') || 'none';
  return await commitRecords(
    root,
    branch,
    metric,
    { records, experiments },
    `recorder: put back lost records\n\nChecked: job ${jobs}; experiment ${slugs}\n`,
    null,
  );
}
