/** The one pass over the lines of a table: what is a header, a row, a continuation of the row above, or nothing. Pure; single rows are read in field-row.ts. */
import type { FieldNote, FieldRow } from '../../domain/field-table.ts';
import { isHashLike } from './commit-cells.ts';
import { type FieldLayout, parseFieldHeader } from './field-columns.ts';
import { type Direction, parseDirectionComment } from './field-direction.ts';
import { describeLayout, type Guess } from './field-guess.ts';
import { type FieldLine, quote } from './field-lines.ts';
import { continueRow, endsWithText, type ReadRow, readRow } from './field-row.ts';
import {
  findSeparator,
  isRuling,
  type Separator,
  splitCells,
  splitGaps,
  splitTabStops,
  splitWords,
} from './field-split.ts';
import { describeHeader } from './header-notes.ts';
import { createLineGroups } from './line-groups.ts';

/** What a pass over the lines found. */
export interface Scan {
  rows: FieldRow[];
  notes: FieldNote[];
  /** Every layout that lines were read by, in order; none: the file is no table. */
  layouts: FieldLayout[];
  /** What a comment says of the direction. */
  stated: { direction: Direction; line: number } | null;
}

/** Lines below a header that are looked at to tell its columns of figures from its columns of words. */
const sampleLines = 20;

function isAsWide(content: string, layout: FieldLayout | undefined): boolean {
  return layout?.separator === 'tab' && layout.width > 2 && splitCells(content, 'tab').length === layout.width;
}

/** Reads the lines of a table. `asked` is the name of the metric's column that was asked for; null: the header says. */
export function scanLines(lines: FieldLine[], asked: string | null): Scan {
  const scan: Scan = { rows: [], notes: [], layouts: [], stated: null };
  const groups = createLineGroups(lines);
  const lineOfRow = new Map<string, number>();
  let layout: FieldLayout | null = null;
  let open: { row: FieldRow; layout: FieldLayout } | null = null;
  let pending: FieldLine[] = [];
  let near: Guess['near'] = null;

  const interpret = (line: number, text: string) => scan.notes.push({ line, kind: 'interpreted', text });
  const skip = (line: number, text: string) => scan.notes.push({ line, kind: 'skipped', text });

  /** Lines that were neither header nor row: words of the row above, or nothing. `isBetween`: a row of the same table follows. */
  const settle = (isBetween: boolean) => {
    // Words of a row begin right below it; what stands apart is a remark of its writer.
    const isBelow = (pending[0]?.content ?? '').trim() !== '';
    const above = open?.layout;
    const canContinue = isBelow && above !== undefined && /tab|comma/.test(above.separator) && endsWithText(above);
    const isEnd = ({ content }: FieldLine) =>
      isRuling(content) || (!isBetween && content.trim() === '') || isAsWide(content, above);
    const cut = canContinue ? pending.findIndex(isEnd) : 0;
    const own = cut === -1 ? pending : pending.slice(0, cut);
    const filled = own.filter(({ content }) => content.trim() !== '');
    if (open !== null && filled.length > 0) {
      continueRow(open.row, own.map(({ content }) => content.trimEnd()).join('\n'), open.layout);
      for (const { number } of filled)
        interpret(number, `more of the description of line ${open.row.line}: joined to it`);
    }
    for (const { number, content } of cut === -1 ? [] : pending.slice(cut)) {
      if (isRuling(content)) skip(number, 'a ruling: skipped');
      else if (content.trim() !== '') skip(number, `neither a header nor a row: skipped ${quote(content)}`);
    }
    pending = [];
  };

  const takeHeader = (found: FieldLayout, remarks: string[]) => {
    settle(false);
    const first = scan.layouts.find((other) => other.headerLine !== null);
    const line = found.headerLine ?? 1;
    const isSame =
      first !== undefined && first.names.join('\t') === found.names.join('\t') && first.separator === found.separator;
    if (isSame) skip(line, 'the header again: skipped');
    else {
      if (first !== undefined) remarks.unshift('another header: the rows below are read by it');
      for (const text of [...remarks, ...describeHeader(found, metricAsked())]) interpret(line, text);
    }
    layout = isSame ? first : found;
    if (!isSame) scan.layouts.push(found);
    open = null;
  };

  // Below a second header the metric stays what it was: figures of another column do not compare.
  const metricAsked = () => asked ?? scan.layouts.find((other) => other.metricName !== null)?.metricName ?? null;

  const readSample = (after: number, separator: Separator) => () => {
    const sample: string[][] = [];
    for (let i = after + 1; i < lines.length && i <= after + 3 * sampleLines && sample.length < sampleLines; i++) {
      const content = lines[i]?.content ?? '';
      if (content.trim() === '' || isRuling(content) || content.startsWith('#')) continue;
      const own = findSeparator(content);
      if (separator === 'spaces') sample.push(splitWords(content, 60));
      else if (own === separator || (own === null && content.includes(separator === 'comma' ? ',' : ';')))
        sample.push(splitCells(content, separator));
    }
    return sample;
  };

  const findHeader = (content: string, index: number): FieldLayout | null => {
    if (content.length > 20_000) return null;
    const own = findSeparator(content);
    const announced = own === null ? /^\s*(?:columns|header|fields)\s*:\s*(.*)$/i.exec(content)?.[1] : undefined;
    const text = announced ?? content;
    const separators: Separator[] =
      own !== null ? [own] : text.includes(',') ? ['comma'] : text.includes(';') ? ['semicolon', 'spaces'] : ['spaces'];
    for (const separator of separators) {
      const search = {
        separator,
        line: index + 1,
        readSample: readSample(index, separator),
        asked: metricAsked(),
        isSecond: layout !== null,
      };
      const found = parseFieldHeader(splitCells(text, separator), search);
      if (found !== null) return found;
    }
    return null;
  };

  const takeRow = ({ row, remarks }: ReadRow, by: FieldLayout, how: string[]) => {
    settle(open !== null && open.layout.separator === by.separator);
    const key = JSON.stringify([row.commit, row.metric, row.statusWord]);
    const before = lineOfRow.get(key);
    if (by.separator === 'bar' && before !== undefined) {
      skip(row.line, `repeats line ${before} in a drawn table: skipped`);
      return;
    }
    // Only what was read from the plain lines: two equal rows of one drawn table are two rows.
    if (by.separator !== 'bar') lineOfRow.set(key, before ?? row.line);
    for (const text of [...how, ...remarks]) interpret(row.line, text);
    scan.rows.push(row);
    if (row.metric !== null)
      near = {
        least: Math.min(near?.least ?? row.metric, row.metric),
        most: Math.max(near?.most ?? row.metric, row.metric),
      };
    open = { row, layout: by };
  };

  /** The row in a line by a layout, whatever separates its cells. */
  const readAs = (content: string, line: number, by: FieldLayout): { read: ReadRow; how: string[] } | null => {
    const own = findSeparator(content);
    const isOwn = own === by.separator || (own === null && (by.separator === 'comma' || by.separator === 'semicolon'));
    if (isOwn) {
      const read = readRow(splitCells(content, by.separator), line, by);
      return read === null ? null : { read, how: [] };
    }
    if (own !== null) {
      // Separated otherwise than the header is: only where the cells are one for one.
      const cells = splitCells(content, own);
      const read = own === 'tab' && cells.length >= by.width ? readRow(cells, line, { ...by, separator: own }) : null;
      return read === null ? null : { read, how: ['cells are separated by tabs and not as in the header'] };
    }
    const commas = by.separator === 'tab' && content.includes(',') ? splitCells(content, 'comma') : [];
    const byCommas = commas.length >= by.width ? readRow(commas, line, { ...by, separator: 'comma' }) : null;
    if (byCommas !== null && isHashLike(byCommas.row.commit ?? ''))
      return { read: byCommas, how: ['cells are separated by commas and not as in the header'] };
    const spaced = { ...by, separator: 'spaces' as const };
    const splits = [splitWords(content, by.width), splitTabStops(content, by.width), splitGaps(content)];
    const reads = splits
      .filter((cells) => cells.length === by.width || by.separator === 'spaces')
      .flatMap((cells) => readRow(cells, line, spaced) ?? []);
    const read = reads.find(({ remarks }) => remarks.length === 0) ?? reads[0];
    return read === undefined
      ? null
      : { read, how: by.separator === 'spaces' ? [] : ['cells are separated by spaces and not as in the header'] };
  };

  const takeGuess = (content: string, line: number): boolean => {
    const guessed = groups.guess(content, layout === null, near);
    const found = guessed === null ? null : readAs(content, line, guessed);
    if (guessed === null || found === null) return false;
    const what =
      layout === null || layout === guessed
        ? 'no header'
        : `${guessed.width} cells, unlike the header's ${layout.width}`;
    takeRow(found.read, guessed, [`${what}: read by content, ${describeLayout(guessed)}`, ...found.how]);
    if (!scan.layouts.includes(guessed)) scan.layouts.push(guessed);
    layout ??= guessed;
    return true;
  };

  const noHeader = (by: FieldLayout) => `no header: read by content, ${describeLayout(by)}`;

  const takeComment = ({ content, number }: FieldLine, index: number) => {
    const direction = parseDirectionComment(content);
    if (direction !== null && scan.stated === null) {
      scan.stated = { direction, line: number };
      interpret(number, `a comment: ${direction} is better`);
      return;
    }
    const bare = content.replace(/^\s*(#+|\/\/)/, '').trim();
    const header = layout === null ? (findHeader(content, index) ?? findHeader(bare, index)) : null;
    if (header === null) skip(number, `a comment: skipped ${quote(bare)}`);
    else takeHeader(header, ['the header stands in a comment']);
  };

  /** True where the line is a row by the present layout or by a header before it. */
  const takeByLayouts = ({ content, number }: FieldLine): boolean => {
    for (const by of layout === null
      ? []
      : [layout, ...scan.layouts.filter((other) => other !== layout && other.headerLine !== null).slice(-3)]) {
      const found = readAs(content, number, by);
      if (found === null) continue;
      takeRow(found.read, by, [...(by.headerLine === null ? [noHeader(by)] : []), ...found.how]);
      return true;
    }
    return false;
  };

  for (const [index, line] of lines.entries()) {
    const { content, number } = line;
    if (content.trim() === '' || isRuling(content)) {
      pending.push(line);
      continue;
    }
    const isComment = /^\s*(#|\/\/)/.test(content.slice(0, 200));
    const header = isComment ? null : findHeader(content, index);
    if (header !== null) takeHeader(header, []);
    else if (isComment && (layout === null || !content.includes('\t'))) takeComment(line, index);
    else if (!takeByLayouts(line) && !takeGuess(content, number)) {
      if (isComment) takeComment(line, index);
      else pending.push(line);
    }
  }
  settle(false);
  return scan;
}
