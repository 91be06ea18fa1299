/**
 * A result table of the field, whoever wrote it, as rows: any columns, words, separators and line ends, prose between the rows, no header.
 * Whatever was not taken as it stood is a note with its line. Pure, linear in the text, and never throws.
 */
import type { FieldNote, FieldTable } from '../../domain/field-table.ts';
import { type Direction, findNameDirection } from './field-direction.ts';
import { quote, splitLines } from './field-lines.ts';
import { remarkDirection, remarkOutlier, remarkRepeats } from './field-remarks.ts';
import { readJsonLines } from './json-lines.ts';
import { scanLines } from './scan-lines.ts';

/** What the reader is told beforehand. */
export interface FieldTableOptions {
  /** Name of the metric's column, in any case; null: the header says. Where there is no header it only names the metric. */
  metric: string | null;
  /** Null: what the file says, or its metric's name. */
  direction: Direction | null;
}

/** A table with what a caller needs to tell an empty table from none, and a wrong name from a right one. */
export interface FieldReading extends FieldTable {
  /** Something in the file was a header or a row. */
  isTable: boolean;
  /** Names of all columns of all headers, as written; [] where there is no header. */
  columns: string[];
}

function findDirection(
  options: FieldTableOptions,
  stated: { direction: Direction; line: number } | null,
  metricName: string | null,
): { direction: Direction; from: string; isAssumed: boolean } {
  if (options.direction !== null) return { direction: options.direction, from: '--direction', isAssumed: false };
  if (stated !== null) return { direction: stated.direction, from: `the header line ${stated.line}`, isAssumed: false };
  const named = metricName === null ? null : findNameDirection(metricName);
  if (named !== null) return { direction: named, from: `the name ${metricName}`, isAssumed: false };
  return { direction: 'lower', from: 'nothing: lower was assumed', isAssumed: true };
}

/** Reads the text or the bytes of a result table. What is no table at all has no rows and `isTable` false. */
export function readFieldTable(text: string | Buffer, options: FieldTableOptions): FieldReading {
  const { lines, notes: ofLines } = splitLines(text);
  const json = readJsonLines(lines, options.metric);
  if (json !== null) return finishReading({ ...json, ofLines, options, firstLine: 1, isTable: true, columns: [] });
  const { rows, notes, layouts, stated } = scanLines(lines, options.metric);
  const headers = layouts.filter((layout) => layout.headerLine !== null);
  const found = headers.find((layout) => layout.metricName !== null)?.metricName ?? null;
  return finishReading({
    ...{ rows, notes, ofLines, stated, options },
    metricName: found ?? (headers.length === 0 ? options.metric : null),
    firstLine: headers[0]?.headerLine ?? 1,
    isTable: layouts.length > 0,
    columns: [...new Set(headers.flatMap(({ names }) => names))],
  });
}

interface Unfinished extends Pick<FieldReading, 'rows' | 'notes' | 'metricName' | 'isTable' | 'columns'> {
  /** Notes on the file as a whole. */
  ofLines: FieldNote[];
  stated: { direction: Direction; line: number } | null;
  options: FieldTableOptions;
  /** Where something on the table as a whole is said that has no rows. */
  firstLine: number;
}

/** The direction, and what is odd about the rows seen together. */
function finishReading({ rows, ofLines, stated, options, firstLine, ...found }: Unfinished): FieldReading {
  const { metricName } = found;
  const { direction, from, isAssumed } = findDirection(options, stated, metricName);
  const first = rows[0]?.line ?? firstLine;
  const notes: FieldNote[] = [
    ...ofLines,
    ...found.notes,
    ...remarkRepeats(rows),
    ...remarkOutlier(rows, direction),
    ...(options.direction === null ? remarkDirection(rows, direction, first) : []),
  ];
  if (isAssumed && rows.length > 0) {
    const of =
      metricName === null ? 'the metric has no name' : `the name ${quote(metricName)} says nothing of a direction`;
    notes.push({ line: first, kind: 'interpreted', text: `${of}: lower was assumed to be better` });
  }
  // Sorting is stable: of one line the notes stay in the order in which they were made.
  notes.sort((left, right) => left.line - right.line);
  return { ...found, direction, directionFrom: from, rows, notes };
}
