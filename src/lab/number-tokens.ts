/**
 * Finds the numbers in prose, code and diffs, with the unit that each carries and the precision with which it is written. Pure. Whether a
 * number is true is asked in report-numbers.ts; number words ("half", "twice") are no numbers here.
 */

/** What a number counts. `bare`: no unit; `job`: a job's number; `word`: a name with digits, a version, a fraction, a date or a hash. */
export type NumberKind =
  | 'bare'
  | 'percent'
  | 'factor'
  | 'seconds'
  | 'minutes'
  | 'hours'
  | 'gigabytes'
  | 'megabytes'
  | 'widths'
  | 'metric'
  | 'other'
  | 'job'
  | 'word';

/** One number as written. */
export interface NumberToken {
  /** With sign and unit, for messages: "-30.4 %". */
  text: string;
  kind: NumberKind;
  /** Without its sign; NaN for a word. */
  value: number;
  /** Value of the last digit that is written: 0.01 for "0.77", 1000 for "40k"; NaN for a word. */
  step: number;
  /** True for digits alone: no point, exponent or multiplier. */
  isWhole: boolean;
}

const units: [kind: NumberKind, scale: number, words: string][] = [
  ['percent', 1, '%|per ?cents?\\b|percentage points?\\b|percentage\\b|pp\\b'],
  ['other', 1, 'orders? of magnitude\\b|‰|bytes?\\b|[kK]i?B\\b|TB\\b|TiB\\b|days?\\b|[$€£]'],
  ['factor', 1, '[x×](?![\\p{L}\\p{N}_])|times\\b|-?fold\\b'],
  ['seconds', 0.001, 'ms\\b|milliseconds?\\b'],
  ['seconds', 1, 's\\b|secs?\\b|seconds?\\b'],
  ['minutes', 1, 'mins?\\b|minutes?\\b'],
  ['hours', 1, 'h\\b|hrs?\\b|hours?\\b'],
  ['gigabytes', 1, 'Gi?B\\b|gb\\b|gigabytes?\\b'],
  ['megabytes', 1, 'Mi?B\\b|mb\\b|megabytes?\\b'],
  ['widths', 1, '(?:noise )?widths?\\b|sigmas?\\b|σ|sds?\\b|standard deviations?\\b'],
];
const multipliers: Record<string, number> = {
  k: 1e3,
  K: 1e3,
  M: 1e6,
  B: 1e9,
  G: 1e9,
  thousand: 1e3,
  million: 1e6,
  billion: 1e9,
};

function escapePattern(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');
}

/** The kind of a unit as lab.yaml names it; `metric` for one that is no unit of time, memory or share. */
export function kindOfUnit(unit: string): NumberKind {
  const found = units.find(([, , words]) => new RegExp(`^(?:${words})$`, 'u').test(unit.trim()));
  return found?.[0] ?? 'metric';
}

/** Digits, dashes and powers of ten in one spelling. */
function normalise(text: string): string {
  return text
    .replace(/(\d)[\u00a0\u2009\u202f'’](?=\d{3}(?!\d))/g, '$1_')
    .replace(/[\u2070\u00b9\u00b2\u00b3\u2074-\u2079\u207a\u207b]+/g, (power) => `^${power.normalize('NFKC')}`)
    .normalize('NFKC')
    .replaceAll('\u2044', '/')
    .replace(/[\u2010-\u2015\u2212]/g, '-')
    .replace(/(\d)\s*[x×*·]\s*10(?:\^|\*\*)\{?([+-]?\d+)\}?/g, '$1e$2')
    .replace(/(?<![\p{L}\p{N}_.])10(?:\^|\*\*)\{?([+-]?\d+)\}?/gu, '1e$1');
}

const numberPattern = new RegExp(
  [
    '(?<word>\\d{4}-\\d{2}-\\d{2}(?!\\d)',
    '(?<![\\p{L}\\p{N}_])(?=[0-9a-f]*[a-f])(?=[0-9a-f]*\\d)(?!\\d+e\\d+(?![\\p{L}\\p{N}_]))[0-9a-f]{7,64}(?![\\p{L}\\p{N}_])',
    '0[xX][0-9a-fA-F]+',
    '(?<![\\p{L}_])(?![x×]\\d)[\\p{L}_]+\\d[\\p{L}\\p{N}_]*(?:\\.\\d+)*',
    '\\d+(?:\\.\\d+){2,}',
    '\\d+(?:\\.\\d+)?\\s?/\\s?\\d+(?:\\.\\d+)?)',
    '(?<times>(?<![\\p{L}\\p{N}_])[x×](?=\\d))?(?<number>(?:[1-9]\\d{0,2}(?:[,_]\\d{3})+(?!\\d)|\\d+(?:_\\d+)*)(?:\\.\\d+)?(?:[eE][+-]?\\d+)?|\\.\\d+(?:[eE][+-]?\\d+)?)',
    '(?<foreign>\\p{Nd}+)',
  ].join('|'),
  'gu',
);

/** A unit as it may stand behind a number. */
interface UnitPattern {
  kind: NumberKind;
  scale: number;
  pattern: RegExp;
}

function createUnitPatterns(metricWords: string[]): UnitPattern[] {
  const own = metricWords
    .filter((word) => word !== '' && kindOfUnit(word) === 'metric')
    .map((word): (typeof units)[number] => ['metric', 1, `${escapePattern(word)}(?![\\p{L}\\p{N}_])`]);
  // The metric's own words first: a lab may measure in "s of audio".
  return [...own, ...units].map(([kind, scale, words]) => ({
    ...{ kind, scale },
    pattern: new RegExp(`^(?:-|\\s)?(?:${words})`, 'u'),
  }));
}

function readUnit(rest: string, patterns: UnitPattern[]): { kind: NumberKind; scale: number; length: number } {
  for (const { kind, scale, pattern } of patterns) {
    const found = pattern.exec(rest);
    if (found !== null) return { kind, scale, length: found[0].length };
  }
  return { kind: 'bare', scale: 1, length: 0 };
}

// How much of the text around a number says what it is; without a limit a long text would be read once for each number.
const reach = 120;

/** All numbers of a text in their order. `metricWords` are the names and units that make a number one of the metric ("val_bpb", "bpb"). */
export function parseNumbers(text: string, metricWords: string[]): NumberToken[] {
  const line = normalise(text);
  const wanted = createUnitPatterns(metricWords);
  return [...line.matchAll(numberPattern)].map((found): NumberToken => {
    const groups = found.groups ?? {};
    if (groups.number === undefined) {
      return { text: found[0], kind: 'word', value: Number.NaN, step: Number.NaN, isWhole: false };
    }
    const end = found.index + found[0].length;
    const before = line.slice(Math.max(0, found.index - reach), found.index);
    let rest = line.slice(end, end + reach);
    const multiplied = /^(?:([kKMBG])(?![\p{L}\p{N}_])|\s(thousand|million|billion)\b)/u.exec(rest);
    const multiplier = multipliers[multiplied?.[1] ?? multiplied?.[2] ?? ''] ?? 1;
    rest = rest.slice(multiplied?.[0].length ?? 0);
    let unit = readUnit(rest, wanted);
    // "3 to 5 %" claims 3 % as well.
    const range = unit.kind === 'bare' ? /^\s?(?:-|to\b)\s?[+-]?\d[\d.,_]*/.exec(rest)?.[0] : undefined;
    if (range !== undefined) unit = { ...readUnit(rest.slice(range.length), wanted), length: 0 };
    const digits = groups.number.replace(/[,_]/g, '');
    const [mantissa = '', exponent = '0'] = digits.toLowerCase().split('e');
    const scale = unit.scale * multiplier;
    const decimals = mantissa.split('.')[1]?.length ?? 0;
    const sign = /(?<![\p{L}\p{N}_)\]])[+-]\s?$/u.exec(before)?.[0].trim() ?? '';
    const isJob = /\bjobs?\s*#?(?:\d+\s*(?:,|and|&)\s*#?)*$/i.test(before);
    const isMoney = /[$€£]\s?$/.test(before);
    return {
      text: `${sign}${found[0]}${multiplied?.[0] ?? ''}${rest.slice(0, unit.length)}`,
      kind: isJob ? 'job' : groups.times !== undefined ? 'factor' : isMoney ? 'other' : unit.kind,
      value: Number(digits) * scale,
      step: 10 ** (Number(exponent) - decimals) * scale,
      isWhole: /^\d+$/.test(digits) && multiplier === 1,
    };
  });
}
