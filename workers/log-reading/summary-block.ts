/**
 * The figures that a log states: the last summary block (`---` and `key: value` lines), `METRIC name=value` lines, and the
 * primary metric as a plain line. Pure. It reads what is written; whether that may be believed is the caller's.
 */
import { formatView } from './log-text.ts';

/** The key of the summary block that holds peak memory of the device, in MiB. */
const peakVramKey = 'peak_vram_mb';

/** So many records that are no pair, in a row, end a block; fewer are warnings that came between. */
const foreignInRow = 3;

/** Everything that a log states in figures. */
export interface LogFigures {
  /** The primary metric as printed; NaN or an infinity where that is printed; null where it is not there. */
  stated: number | null;
  /** Every finite number by name, the primary metric included. */
  metrics: Record<string, number>;
  /** Keys of the block whose value is the word true. */
  flagsTrue: string[];
  /** Peak device memory in MiB; null where it is missing or 0.0, which is what a run without CUDA prints. */
  peakVramMib: number | null;
  /** True where a block with at least one figure or truth value was found. */
  summaryFound: boolean;
}

const numberPattern =
  /^[-+]?(?:[1-9]\d{0,2}(?:,\d{3}){1,8}(?!\d)(?:\.\d{0,40})?|\d{1,40}(?:_\d{1,40}){0,8}(?:\.\d{0,40})?|\.\d{1,40})(?:[eE][-+]?\d{1,9})?/;

/** What may follow a number: nothing, a percent sign, a unit, or other words after a blank. A digit or a lone "e" may not. */
const afterNumberPattern = /^(?:%|(?![eE](?:[\s,;)]|$))[A-Za-zµ°][A-Za-zµ°²³/·%]{0,15})?(?:[,;)]?(?:\s|$)|±)/;

/**
 * The number that a value starts with: 1e-3, +.5, 1,234.5, 1_000, 68.6%, 116.4s, -0.5 (old -0.4). Units and percent signs
 * are left away and the number is not rescaled. "nan" and "inf" give NaN and the infinities. Null for anything else:
 * 0,98 (a decimal comma cannot be told from a thousands separator), 5/100, 12:30, 1.2.3, "1.5e-" cut off.
 */
export function parseFigure(value: string): number | null {
  const text = value.slice(0, 120).trim().replace('\u2212', '-');
  const word = /^([-+]?)(nan|inf(?:inity)?)(?![A-Za-z\d_])/i.exec(text);
  if (word !== null) {
    if (word[2]?.toLowerCase() === 'nan') return Number.NaN;
    return word[1] === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  }
  const match = numberPattern.exec(text);
  if (match === null || !afterNumberPattern.test(text.slice(match[0].length))) return null;
  return Number(match[0].replaceAll(/[,_]/g, ''));
}

interface Pair {
  key: string;
  value: string;
}

/** `key: value` at the start of a record; null for anything else. The configured metric may have any name. */
function parsePair(record: string, metric: string): Pair | null {
  const isMetric = metric !== '' && record.startsWith(`${metric}:`);
  const colon = isMetric ? metric.length : record.slice(0, 130).indexOf(':');
  if (colon < 1) return null;
  const key = record.slice(0, colon);
  if (!isMetric && !/^\d{0,9}[A-Za-z_][\w./@-]{0,119}$/.test(key)) return null;
  const rest = record.slice(colon + 1, colon + 401);
  return /^[ \t]/.test(rest) ? { key, value: rest.trim() } : null;
}

function isTruth(value: string): boolean {
  return /^(?:true|false)$/i.test(value);
}

function isSummaryPair(record: string | undefined, metric: string): boolean {
  const pair = record === undefined ? null : parsePair(record, metric);
  return pair !== null && (isTruth(pair.value) || parseFigure(pair.value) !== null);
}

/** Index of the `---` of the last block, one that figures follow; -1 where there is none. A closing `---` opens nothing. */
function findBlock(records: readonly string[], metric: string): number {
  for (let i = records.length - 1; i >= 0; i--) {
    if (records[i] !== '---') continue;
    for (let k = i + 1; k <= i + foreignInRow && records[k] !== '---'; k++) {
      if (isSummaryPair(records[k], metric)) return i;
    }
  }
  return -1;
}

/**
 * Reads the figures of a log. A key that is stated twice counts as stated last, also where that is no number. The primary
 * metric and the peak memory are taken from their last plain line where neither the last block nor a METRIC line has them.
 */
export function parseFigures(records: readonly string[], metric: string): LogFigures {
  const named = new Map<string, number | null>();
  const plain = new Map<string, number | null>();
  const truths = new Map<string, boolean>();
  const block = findBlock(records, metric);
  let inBlock = false;
  let foreign = 0;
  for (const [i, record] of records.entries()) {
    if (i === block) {
      inBlock = true;
      continue;
    }
    if (record.startsWith('METRIC') && /^METRIC[ \t]/.test(record)) {
      for (const pair of parseMetricLine(record)) named.set(pair.key, parseFigure(pair.value));
      continue;
    }
    const pair = parsePair(record, metric);
    if (pair === null) {
      foreign++;
      if (foreign >= foreignInRow || record === '---') inBlock = false;
      continue;
    }
    foreign = 0;
    if (inBlock) {
      named.set(pair.key, parseFigure(pair.value));
      truths.set(pair.key, pair.value.toLowerCase() === 'true');
    } else if (pair.key === metric || pair.key === peakVramKey) {
      plain.set(pair.key, parseFigure(pair.value));
    }
  }
  for (const [key, value] of plain) if (!named.has(key)) named.set(key, value);

  const peak = named.get(peakVramKey) ?? null;
  return {
    stated: named.get(metric) ?? null,
    metrics: Object.fromEntries([...named].filter((entry): entry is [string, number] => Number.isFinite(entry[1]))),
    flagsTrue: [...truths].filter(([, isTrue]) => isTrue).map(([key]) => key),
    peakVramMib: peak !== null && Number.isFinite(peak) && peak > 0 ? peak : null,
    summaryFound: block >= 0,
  };
}

/** The pairs of `METRIC name=value [name=value …]`. */
function parseMetricLine(record: string): Pair[] {
  const pairs: Pair[] = [];
  for (const match of formatView(record).matchAll(/(?<=\s)([A-Za-z_][\w./@-]{0,119})[ \t]?=[ \t]?(\S{1,64})/g)) {
    pairs.push({ key: match[1] ?? '', value: match[2] ?? '' });
  }
  return pairs;
}
