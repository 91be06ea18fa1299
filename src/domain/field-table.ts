/** A result table as it was found in the field, read: rows by meaning, and everything that was not taken as it stood. Types only. */

/** What a row says became of its change. `baseline`: the unmodified code; `other`: a word that says neither. */
export type FieldStatus = 'keep' | 'discard' | 'crash' | 'baseline' | 'other';

/** One data row. */
export interface FieldRow {
  /** Line of the file it begins at, from 1. */
  line: number;
  /** As written; null where the cell is empty or there is no such column. */
  commit: string | null;
  /** Null where there is none, and for a crash, whatever number stands there. */
  metric: number | null;
  memoryGb: number | null;
  status: FieldStatus;
  /** The word as written; "" where there is no such column. */
  statusWord: string;
  description: string;
  /** Category of the change where the file has such a column (axis, category, kind); null else. */
  category: string | null;
  /** ISO 8601 or as written, where the file has a time column; null else. */
  at: string | null;
  /** Every other cell by its column's name. */
  extra: Record<string, string>;
}

/** Something that was not taken as it stood. */
export interface FieldNote {
  /** From 1. */
  line: number;
  kind: 'skipped' | 'interpreted';
  /** What it was and what was made of it, one sentence. */
  text: string;
}

/** A whole table. */
export interface FieldTable {
  /** Name of the metric's column; null where the file has no header and none was given. */
  metricName: string | null;
  direction: 'lower' | 'higher';
  /** What the direction rests on, for a person: "--direction", "the header line 2", "the name val_bpb", "nothing: lower was assumed". */
  directionFrom: string;
  rows: FieldRow[];
  notes: FieldNote[];
}
