/** Results that a tool writes as lines of JSON, one object a run: the metric, status and words of each as a row. Pure; tables are read in scan-lines.ts. */
import type { FieldNote, FieldRow } from '../../domain/field-table.ts';
import { describeCommit } from './commit-cells.ts';
import type { Direction } from './field-direction.ts';
import { type FieldLine, quote } from './field-lines.ts';
import { readStatus } from './field-status.ts';

/** What lines of JSON hold. */
export interface JsonLines {
  rows: FieldRow[];
  notes: FieldNote[];
  /** As the file says it; null where it does not. */
  metricName: string | null;
  stated: { direction: Direction; line: number } | null;
}

function parseObject(content: string): Record<string, unknown> | null {
  if (!content.startsWith('{')) return null;
  try {
    const value: unknown = JSON.parse(content);
    return typeof value === 'object' && value !== null ? { ...value } : null;
  } catch {
    return null;
  }
}

function readText(value: unknown): string {
  if (typeof value === 'string') return value;
  return value === null || value === undefined ? '' : JSON.stringify(value);
}

// A run has a metric or a status; a line of settings or of a hook has neither.
const ownKeys = new Set(['commit', 'metric', 'status', 'description', 'category', 'timestamp']);

function readRun(entry: Record<string, unknown>, line: number, asked: string | null, remarks: string[]): FieldRow {
  const { commit, status, description, category, timestamp } = entry;
  const metrics: Record<string, unknown> =
    typeof entry.metrics === 'object' && entry.metrics !== null ? { ...entry.metrics } : {};
  const found = asked === null ? entry.metric : (metrics[asked] ?? entry[asked]);
  const read = readStatus(readText(status), 'status');
  if (!read.isKnown)
    remarks.push(`status ${quote(readText(status))} says neither keep, discard, crash nor baseline: counted as other`);
  else if (!read.isPlain) remarks.push(`status ${quote(readText(status))} read as ${read.status}`);
  const isNumber = typeof found === 'number' && Number.isFinite(found);
  if (!isNumber && found !== null && found !== undefined)
    remarks.push(`metric ${quote(readText(found))} is no number: read as none`);
  if (isNumber && found !== 0 && read.status === 'crash') remarks.push(`a crash with the metric "${found}": not taken`);
  if (isNumber && found === 0 && read.status !== 'crash')
    remarks.push('metric "0" without a crash: taken, though a zero is suspicious');
  const oddCommit = describeCommit(readText(commit));
  if (oddCommit !== null) remarks.push(oddCommit);
  const isTime = typeof timestamp === 'number' && Math.abs(timestamp) < 8e15;
  return {
    line,
    commit: readText(commit) === '' ? null : readText(commit),
    metric: isNumber && read.status !== 'crash' ? found : null,
    memoryGb: null,
    status: read.status,
    statusWord: readText(status),
    description: readText(description),
    category: readText(category) === '' ? null : readText(category),
    at: isTime ? new Date(timestamp).toISOString() : readText(timestamp) === '' ? null : readText(timestamp),
    extra: Object.fromEntries(
      Object.entries(entry)
        .filter(([key]) => !ownKeys.has(key))
        .map(([key, value]) => [key, readText(value)]),
    ),
  };
}

/** Reads lines of JSON; null where the first line that is not empty is no object with a run or its settings in it. `asked`: a name among `metrics`. */
export function readJsonLines(lines: readonly FieldLine[], asked: string | null): JsonLines | null {
  const first = lines.find(({ content }) => content.trim() !== '');
  const opening = first === undefined ? null : parseObject(first.content.trim());
  if (opening === null || !['metric', 'metricName', 'status'].some((key) => Object.hasOwn(opening, key))) return null;
  const read: JsonLines = { rows: [], notes: [], metricName: asked, stated: null };
  const say = (line: number, kind: FieldNote['kind'], text: string) => read.notes.push({ line, kind, text });
  if (first !== undefined)
    say(
      first.number,
      'interpreted',
      'lines of JSON and no table: read by the keys commit, metric, status, description',
    );
  for (const { number, content } of lines) {
    if (content.trim() === '') continue;
    const entry = parseObject(content.trim());
    if (entry === null) say(number, 'skipped', `no object of JSON: skipped ${quote(content)}`);
    else if (Object.hasOwn(entry, 'status') || Object.hasOwn(entry, 'metric')) {
      const remarks: string[] = [];
      read.rows.push(readRun(entry, number, asked, remarks));
      for (const text of remarks) say(number, 'interpreted', text);
    } else if (typeof entry.metricName === 'string') {
      read.metricName ??= entry.metricName;
      const direction =
        entry.bestDirection === 'higher' || entry.bestDirection === 'lower' ? entry.bestDirection : null;
      if (direction !== null && asked === null) read.stated ??= { direction, line: number };
    } else say(number, 'skipped', `an object without metric and status: skipped ${quote(content)}`);
  }
  return read;
}
