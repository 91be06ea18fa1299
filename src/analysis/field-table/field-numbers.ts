/** Figures in cells of the field: with units, percent signs, commas, an error after them, and words for none. Pure. */
import { parseNumberCell } from '../../lab/results-cells.ts';

/** A figure and how it was come by. */
export interface ReadNumber {
  /** Null: there is none. */
  value: number | null;
  /** What was done to it, as the end of a sentence ("read as 68.6"); null where it was taken as it stood. */
  how: string | null;
}

const nothing = new Set([
  '',
  '-',
  '--',
  '---',
  '\u2013',
  '\u2014',
  'n/a',
  'na',
  'none',
  'null',
  'nil',
  'tbd',
  '?',
  '.',
  '...',
  '\u2026',
  '*',
  'x',
  '/',
]);

/** True for a cell that says that there is no value: empty, a dash, n/a, none. */
export function isNothing(cell: string): boolean {
  return nothing.has(cell.trim().toLowerCase());
}

/** The figure in a cell. Anything that was dropped from it is said. */
export function readNumber(cell: string): ReadNumber {
  const text = cell.trim();
  if (isNothing(text)) return { value: null, how: null };
  if (text.length > 64) return { value: null, how: 'is no number: read as none' };
  const plain = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text);
  if (plain) {
    const value = Number(text);
    return Number.isFinite(value) ? { value, how: null } : { value: null, how: 'is no finite number: read as none' };
  }
  // "0,9979" and "12,5": a comma of a language that writes decimals so. "1,234" is taken for thousands below.
  const comma = /^([+-]?\d+),(\d+)\s*(%?)$/.exec(text);
  if (comma !== null && (comma[2]?.length !== 3 || /^[+-]?0*$/.test(comma[1] ?? ''))) {
    const value = Number(`${comma[1]}.${comma[2]}`);
    return { value, how: `read as ${value}, its comma for a decimal point` };
  }
  // "0.9979 ± 0.0003", "0.9979+-0.0003", "0.9979 (0.0003)": the figure, and its spread dropped.
  const spread = /^([^\u00b1(]{1,40}?)\s*(?:\u00b1|\+\/?-|\()/.exec(text);
  const first = spread?.[1] ?? text;
  const value = parseNumberCell(first.replaceAll(/\*+|`+|^"|"$/g, '').trim());
  if (value === null) return { value: null, how: 'is no number: read as none' };
  if (!Number.isFinite(value)) return { value: null, how: 'is no finite number: read as none' };
  return { value, how: `read as ${value}` };
}

/** Memory in GB (GiB where it came in MB): the unit in the cell before the column's. */
export function readMemory(cell: string, columnUnit: 'gb' | 'mb'): ReadNumber {
  const own = /^([^a-z]{1,40}?)\s*(gib|gb|g|mib|mb|m)$/i.exec(cell.trim().slice(0, 64));
  const read = readNumber(own?.[1] ?? cell);
  if (read.value === null) return read;
  const unit = own === null ? columnUnit : (own[2] ?? '').toLowerCase().startsWith('m') ? 'mb' : 'gb';
  const value = unit === 'mb' ? read.value / 1024 : read.value;
  return { value, how: own === null ? read.how : `read as ${Number(value.toFixed(3))} GB` };
}
