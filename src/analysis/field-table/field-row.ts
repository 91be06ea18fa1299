/** One line of a table as a row: its cells put under their columns, and everything that had to be read into them said. Pure. */
import type { FieldRow } from '../../domain/field-table.ts';
import { type ColumnRole, plainName } from './column-roles.ts';
import { describeCommit, isHashLike } from './commit-cells.ts';
import type { FieldLayout } from './field-columns.ts';
import { isDateLike } from './field-guess.ts';
import { quote } from './field-lines.ts';
import { isNothing, readMemory, readNumber } from './field-numbers.ts';
import { mostCells } from './field-split.ts';
import { type ReadStatus, readStatus } from './field-status.ts';
import { isStatusAt, type Placed, placeCells } from './place-cells.ts';

/** A row with what was made of it, one sentence each. */
export interface ReadRow {
  row: FieldRow;
  remarks: string[];
}

/** True for a short word that can name a commit or a row: no sentence, no date. */
function isToken(cell: string): boolean {
  return (
    cell.length > 0 && cell.length <= 40 && !/\s/.test(cell) && !isDateLike(cell) && !/^[^\p{L}\p{N}]+$/u.test(cell)
  );
}

/** How many of commit, metric and status a placed line shows, and how many it could. */
function countEvidence(cells: string[], layout: FieldLayout): { found: number; possible: number; strong: number } {
  let found = 0;
  let possible = 0;
  let strong = 0;
  const commit = layout.roles.get('commit');
  const status = layout.roles.get('status');
  if (commit !== undefined) {
    possible++;
    const cell = cells[commit] ?? '';
    if (isHashLike(cell)) strong++;
    if (isToken(cell)) found++;
  }
  if (layout.metric !== -1) {
    possible++;
    const cell = cells[layout.metric] ?? '';
    const { value } = readNumber(cell);
    if (value !== null) strong++;
    if (value !== null || (cell !== '' && isNothing(cell))) found++;
  }
  const at = layout.roles.get('at');
  if (at !== undefined) {
    possible++;
    if (isDateLike(cells[at] ?? '')) {
      found++;
      strong++;
    }
  }
  if (status !== undefined) {
    possible++;
    if (isStatusAt(cells, status, plainName(layout.names[status] ?? ''))) {
      found++;
      strong++;
    }
  }
  return { found, possible, strong };
}

/** True where the cells are a row and no words that happen to stand below one. */
function isRow(cells: string[], placed: Placed, layout: FieldLayout): boolean {
  const { found, possible, strong } = countEvidence(placed.cells, layout);
  if (layout.separator === 'spaces') return strong >= Math.min(2, possible);
  const filled = cells.filter((cell) => cell !== '').length;
  if (filled < 2) return false;
  if (cells.length === layout.width && layout.width >= 4) {
    // A date where the commit should stand: another kind of line, of the same width.
    const commit = layout.roles.get('commit');
    if (commit !== undefined && isDateLike(cells[commit] ?? '')) return strong >= 2;
    // A heading in the form of a row has a text and dashes.
    return found >= 1 && (strong >= 1 || cells.filter((cell) => !isNothing(cell)).length >= 3);
  }
  return strong >= 1 && found >= Math.min(2, possible);
}

/** The row in the cells of a line; null where they are none under this layout. */
export function readRow(cells: string[], line: number, layout: FieldLayout): ReadRow | null {
  const placed = placeCells(cells, layout);
  if (!isRow(cells, placed, layout)) return null;
  const remarks = placed.remark === null ? [] : [placed.remark];
  if (cells.length >= mostCells) remarks.push(`more than ${mostCells} cells: the line was read up to there`);
  const text = (role: ColumnRole): string => {
    const index = layout.roles.get(role);
    return index === undefined ? '' : (placed.cells[index] ?? '');
  };
  const statusColumn = layout.roles.get('status');
  const statusWord = text('status');
  const read =
    statusColumn === undefined
      ? readToldStatus(text('description'), remarks)
      : readStatus(statusWord, plainName(layout.names[statusColumn] ?? ''));
  if (statusColumn !== undefined) {
    if (statusWord === '') remarks.push('no status: counted as other');
    else if (!read.isKnown)
      remarks.push(`status ${quote(statusWord)} says neither keep, discard, crash nor baseline: counted as other`);
    else if (!read.isPlain) remarks.push(`status ${quote(statusWord)} read as ${read.status}`);
  }
  const metric = readMetric(placed.cells[layout.metric] ?? '', layout, read.status, remarks);
  const memory = readMemory(text('memory'), layout.memoryUnit);
  if (memory.how !== null) remarks.push(`memory ${quote(text('memory'))} ${memory.how}`);
  const written = text('description');
  const description = unquote(written);
  if (description !== written) remarks.push('the description is quoted as in CSV: its quotes were taken off');
  const extra = [...readExtra(placed.cells, layout), ...placed.surplus];
  const commit = text('commit');
  const oddCommit = layout.roles.has('commit') ? describeCommit(commit) : null;
  if (oddCommit !== null) remarks.push(oddCommit);
  return {
    remarks,
    row: {
      line,
      commit: commit === '' ? null : commit,
      metric,
      memoryGb: memory.value,
      status: read.status,
      statusWord,
      description,
      category: text('category') === '' ? null : text('category'),
      at: text('at') === '' ? null : text('at'),
      // From entries, so that a column called __proto__ is a column.
      extra: Object.fromEntries(extra),
    },
  };
}

/** A cell that a CSV writer quoted (quotes around it, those inside doubled), plain. Quotes that only stand there are letters. */
function unquote(cell: string): string {
  if (cell.length < 4 || !cell.startsWith('"') || !cell.endsWith('"')) return cell;
  const inner = cell.slice(1, -1);
  return inner.includes('""') && !inner.replaceAll('""', '').includes('"') ? inner.replaceAll('""', '"') : cell;
}

/** Where no column holds the status, the description may begin with it: "keep — deeper model". */
function readToldStatus(description: string, remarks: string[]): ReadStatus {
  const word = /^([a-z]{3,12})\s*[—–:|-]\s/i.exec(description)?.[1] ?? '';
  const read = readStatus(word, 'status');
  if (read.isKnown)
    remarks.push(`no status column, and the description begins with ${quote(word)}: read as ${read.status}`);
  return read;
}

function readMetric(cell: string, layout: FieldLayout, status: FieldRow['status'], remarks: string[]): number | null {
  if (layout.metric === -1) return null;
  const { value, how } = readNumber(cell);
  if (status === 'crash') {
    // The zero of a crash is how the field writes "none".
    if (value !== null && value !== 0) remarks.push(`a crash with the metric ${quote(cell)}: not taken`);
    return null;
  }
  if (how !== null) remarks.push(`metric ${quote(cell)} ${how}`);
  if (value === null && how === null && status === 'keep')
    remarks.push('a keep without a metric: it can not be the best');
  if (value === 0 && status === 'keep')
    remarks.push(`metric ${quote(cell)} on a keep: taken, though a zero is suspicious`);
  if (value === 0 && status !== 'keep')
    remarks.push(`metric ${quote(cell)} without a crash: taken, though it looks like a run without a number`);
  return value;
}

function readExtra(cells: string[], layout: FieldLayout): [string, string][] {
  const named = new Set([...layout.roles].filter(([role]) => role !== 'id').map(([, index]) => index));
  const seen = new Map<string, number>();
  return layout.names.flatMap((written, index) => {
    if (index === layout.metric || named.has(index)) return [];
    const name = written === '' ? `column ${index + 1}` : written;
    const count = (seen.get(name) ?? 0) + 1;
    seen.set(name, count);
    return [[count === 1 ? name : `${name} (${count})`, cells[index] ?? ''] as [string, string]];
  });
}

/** True where a line that is no row can be more of the text that a row of this layout ends with. */
export function endsWithText(layout: FieldLayout): boolean {
  const last = layout.width - 1;
  const roles = [...layout.roles].filter(([, index]) => index === last).map(([role]) => role);
  return last !== layout.metric && roles.every((role) => role === 'description');
}

/** Adds the words of a continuation line to the text that its row ends with. */
export function continueRow(row: FieldRow, words: string, layout: FieldLayout): void {
  const last = layout.width - 1;
  const name = layout.names[last] ?? '';
  if (layout.roles.get('description') === last || !Object.hasOwn(row.extra, name))
    row.description = `${row.description}\n${words}`.trim();
  else row.extra[name] = `${row.extra[name]}\n${words}`.trim();
}
