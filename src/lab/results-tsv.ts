/**
 * Result tables as text. The writer makes the lab's own rows and accepts only its own header; the reader takes what the
 * field writes too and never throws. Pure; committing rows is the recorder's work.
 */
import type { Evidence, Result, Status } from '../domain/result.ts';
import { LabError } from '../errors/lab-error.ts';
import { parseNumberCell, parseStatusCell } from './results-cells.ts';
import { bareLayout, type Layout, parseHeader, splitCells } from './results-layout.ts';

/** A row as read. Null means that the cell is missing, empty or no such value; "" stands for missing text. */
export interface ParsedResult {
  /** Line in the file, from 1. */
  line: number;
  commit: string;
  /** Null for a crash too, whatever its cell says: a crash has no metric. */
  metric: number | null;
  memoryGb: number | null;
  /** Null where the word means neither keep, discard nor crash ("baseline"). */
  status: Status | null;
  /** The word as written. */
  statusText: string;
  description: string;
  idea: string;
  question: string;
  hypothesis: string;
  expected: string;
  observed: string;
  evidence: Evidence;
  std: number | null;
  n: number | null;
  /** Wall seconds of train. */
  seconds: number | null;
  device: string;
  track: string;
  jobs: number[];
  date: string;
  flags: string[];
  metrics: Record<string, number>;
}

/** A table as read. */
export interface ParsedResults {
  /** Name of the metric column; "" where the file names none. */
  metric: string;
  rows: ParsedResult[];
  /** What was skipped or guessed, by line. */
  problems: { line: number; message: string }[];
}

const afterMetric = [
  'memory_gb',
  'status',
  'description',
  'idea',
  'question',
  'hypothesis',
  'expected',
  'observed',
  'evidence',
  'std',
  'n',
];
const lastColumns = ['seconds', 'device', 'track', 'jobs', 'date', 'flags', 'metrics'];

/** The lab's columns in order, with the metric's name as the second. */
export function resultsHeader(metric: string): string[] {
  return ['commit', metric, ...afterMetric, ...lastColumns];
}

function formatText(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what would break a row.
  return text.replace(/[\u0000-\u001f\u007f\u0085\u2028\u2029]+/g, ' ').trim();
}

function formatFixed(value: number, digits: number, what: string): string {
  if (!Number.isFinite(value))
    throw new LabError('internal', `${what} of a result is ${value}; expected a finite number`);
  const text = value.toFixed(digits);
  return /^-0\.?0*$/.test(text) ? text.slice(1) : text;
}

/**
 * One row, without a line end. `metric` is the primary metric's name, which `metrics` does not repeat. Throws LabError
 * where a figure is not finite: a result without a metric is a crash.
 */
export function formatResultRow(result: Result, metric: string): string {
  const isCrash = result.status === 'crash';
  const metrics = Object.entries(result.metrics)
    .filter(([name]) => name !== metric)
    .map(([name, value]) => `${formatText(name).replace(/[=;\s]+/g, '_')}=${value}`);
  return [
    formatText(result.commit).slice(0, 7),
    isCrash ? '0.000000' : formatFixed(result.metric, 6, metric),
    isCrash ? '0.0' : result.memoryGb === null ? '' : formatFixed(result.memoryGb, 1, 'memory_gb'),
    result.status,
    ...[result.description, result.idea, result.question, result.hypothesis].map(formatText),
    ...[result.expected, result.observed, result.evidence].map(formatText),
    result.std === null || result.n === 1 ? '' : formatFixed(result.std, 6, 'std'),
    String(result.n),
    result.seconds === null ? '' : formatFixed(result.seconds, 1, 'seconds'),
    formatText(result.device),
    formatText(result.track),
    result.jobs.join(','),
    formatText(result.date),
    result.flags.map((flag) => formatText(flag).replace(/[,\s]+/g, '-')).join(','),
    metrics.join(';'),
  ].join('\t');
}

/** The metric's name in a text that begins with the lab's own header; null for any other text. */
export function parseOwnHeader(text: string): string | null {
  const first = (text.split('\n', 1)[0] ?? '').replace(/^\ufeff/, '').replace(/\r$/, '');
  const metric = first.split('\t')[1] ?? '';
  return metric !== '' && first === resultsHeader(metric).join('\t') ? metric : null;
}

/**
 * The text with rows (from formatResultRow) at its end; a missing or empty text gets the header. Old text stays byte for
 * byte. Throws LabError where the text has another header.
 */
export function insertResultRows(text: string | null, rows: string[], metric: string): string {
  const added = rows.map((row) => `${row}\n`).join('');
  if (text === null || text === '') return `${resultsHeader(metric).join('\t')}\n${added}`;
  if (parseOwnHeader(text) !== metric) {
    const found = (text.split('\n', 1)[0] ?? '').slice(0, 120);
    throw new LabError('user', `results.tsv begins with '${found}'; expected the lab's own header for ${metric}`, {
      hints: [
        '`git mv results.tsv results.old.tsv` and commit that: the lab starts a new one',
        'lab results    reads tables of other makes',
      ],
    });
  }
  return `${text}${text.endsWith('\n') ? '' : '\n'}${added}`;
}

function parseMetrics(cell: string): Record<string, number> {
  const metrics: [string, number][] = [];
  for (const part of cell.split(';')) {
    const at = part.indexOf('=');
    const value = at < 1 ? null : parseNumberCell(part.slice(at + 1));
    if (value !== null) metrics.push([part.slice(0, at).trim(), value]);
  }
  // fromEntries, so that a metric called __proto__ is a metric.
  return Object.fromEntries(metrics);
}

const hashLike = /^[0-9a-f]{7,40}$/i;

function parseRow(cells: string[], line: number, layout: Layout): ParsedResult | null {
  const text = (column: string): string => (cells[layout.columns.get(column) ?? -1] ?? '').trim();
  const number = (column: string): number | null => parseNumberCell(text(column));
  const list = (column: string): string[] =>
    text(column)
      .split(/[,\s]+/)
      .filter((part) => part !== '');
  const metric = parseNumberCell(cells[layout.metricIndex] ?? '');
  const status = parseStatusCell(text('status'), layout.statusName);
  if (cells.length < 2 || (metric === null && status === null && !hashLike.test(text('commit')))) return null;
  const at = layout.columns.get('description');
  // Tabs inside a last column shift nothing; they belong to the text.
  const description =
    at === layout.width - 1 && cells.length > layout.width ? cells.slice(at).join(' ').trim() : text('description');
  const megabytes = number('memory_mb');
  const evidence = text('evidence').toLowerCase();
  return {
    line,
    commit: text('commit'),
    metric: status === 'crash' ? null : metric,
    memoryGb: number('memory_gb') ?? (megabytes === null ? null : megabytes / 1024),
    status,
    statusText: text('status'),
    description,
    idea: text('idea'),
    question: text('question'),
    hypothesis: text('hypothesis'),
    expected: text('expected'),
    observed: text('observed'),
    evidence: evidence === 'provisional' || evidence === 'confirmed' || evidence === 'refuted' ? evidence : '',
    std: number('std'),
    n: number('n'),
    seconds: number('seconds'),
    device: text('device'),
    track: text('track'),
    jobs: list('jobs')
      .map(Number)
      .filter((job) => Number.isSafeInteger(job) && job > 0),
    date: text('date'),
    flags: list('flags'),
    metrics: parseMetrics(text('metrics')),
  };
}

/**
 * Reads a result table by its header's names: the lab's own, or one of the field with other columns, words, units, line
 * ends, missing or surplus cells, comments, no header. What is no row is skipped and named in `problems`. Never throws.
 */
export function parseResults(text: string): ParsedResults {
  const lines = text
    .replace(/^\ufeff/, '')
    .split(/\r\n|\n|\r/)
    .map((content, index) => ({ content, number: index + 1 }));
  const filled = lines.filter(({ content }) => content.trim() !== '' && !/^\s*#/.test(content));
  const sample = filled.slice(1, 21).map(({ content }) => splitCells(content));
  const results: ParsedResults = { metric: '', rows: [], problems: [] };
  let layout: Layout | null = null;
  for (const { content, number } of filled) {
    const cells = splitCells(content);
    const header = parseHeader(cells, sample);
    if (header !== null) {
      if (layout === null) results.metric = header.metric;
      else if (header.metric !== layout.metric)
        results.problems.push({ line: number, message: `a second header, with metric '${header.metric}'` });
      layout = header;
      continue;
    }
    if (layout === null) {
      if (cells.length < 4 || parseRow(cells, number, bareLayout) === null) {
        results.problems.push({ line: number, message: 'neither a header nor a row; skipped' });
        continue;
      }
      layout = bareLayout;
      results.problems.push({
        line: number,
        message: 'no header; read as commit, metric, memory_gb, status, description',
      });
    }
    const row = parseRow(cells, number, layout);
    if (row === null)
      results.problems.push({ line: number, message: 'not a row (no status, metric or commit); skipped' });
    else results.rows.push(row);
    if (row !== null && cells.length !== layout.width) {
      results.problems.push({ line: number, message: `${cells.length} cells, and the header has ${layout.width}` });
    }
  }
  return results;
}
