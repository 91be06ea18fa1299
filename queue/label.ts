/**
 * Reads the label of a job: `Q: <question> H: <hypothesis>`, or the older words `why: … resolve: …`, and the expectation that the
 * hypothesis states in figures. Pure text; it does not judge whether the expectation is sensible.
 */
import type { Expectation, Label } from '../src/domain/label.ts';
import { LabError } from '../src/errors/lab-error.ts';

const how = 'write --label "Q: does order 5 help? H: saves 0.2 bpb" (Q: the question, H: the expected answer)';

/**
 * Parses a label. `direction` is the metric's better direction; it gives "improves by 0.1" its sign.
 * Throws LabError (usage) that says how to write one where Q or H is missing or empty.
 */
export function parseLabel(text: string, direction: 'lower' | 'higher'): Label {
  const line = text.replace(/\s+/g, ' ').trim();
  const parts =
    splitParts(line, /(?:^|\s)Q:/i, /(?:^|\s)H:/i) ?? splitParts(line, /(?:^|\s)why:/i, /(?:^|\s)resolve:/i);
  if (parts === null) {
    const missing = /(?:^|\s)(?:Q|why):/i.test(line)
      ? 'H: (the hypothesis)'
      : /(?:^|\s)(?:H|resolve):/i.test(line)
        ? 'Q: (the question)'
        : 'Q: and H:';
    throw new LabError('usage', `the label "${line}" lacks ${missing}`, { hints: [how] });
  }
  const { question, hypothesis } = parts;
  if (question === '' || hypothesis === '') {
    throw new LabError('usage', `the label "${line}" has an empty ${question === '' ? 'question' : 'hypothesis'}`, {
      hints: [how],
    });
  }
  return { text: line, question, hypothesis, expected: parseExpectation(hypothesis, direction) };
}

function splitParts(line: string, first: RegExp, second: RegExp): { question: string; hypothesis: string } | null {
  const a = first.exec(line);
  const b = second.exec(line);
  if (a === null || b === null) return null;
  const afterA = a.index + a[0].length;
  const afterB = b.index + b[0].length;
  return a.index < b.index
    ? { question: line.slice(afterA, b.index).trim(), hypothesis: line.slice(afterB).trim() }
    : { question: line.slice(afterA).trim(), hypothesis: line.slice(afterB, a.index).trim() };
}

const figure = '(\\d+(?:\\.\\d+)?(?:e[+-]?\\d+)?|\\.\\d+)';
const unitAfter = '\\s*(%|[A-Za-z][\\w/]*)?';
const about = '(?:by\\s+)?(?:about\\s+|around\\s+|roughly\\s+|~\\s*|≈\\s*|at least\\s+|up to\\s+|>=?\\s*|<=?\\s*)?';
const down = 'saves?|saving|lowers?|reduces?|cuts?|drops?|decreases?|loses?|falls?|shaves?(?:\\s+off)?|minus';
const up = 'raises?|increases?|adds?|rises?|grows?|costs?|hurts?|plus';
const better = 'improves?|improvement(?:\\s+of)?|gains?|wins?|helps?';
// Words that follow a figure without being its unit.
const noUnits = new Set([
  'or',
  'and',
  'on',
  'in',
  'at',
  'to',
  'of',
  'with',
  'from',
  'for',
  'but',
  'if',
  'when',
  'the',
  'a',
  'more',
  'less',
  'better',
  'worse',
  'over',
  'than',
  'as',
  'by',
  'because',
  'since',
  'after',
  'without',
  'against',
  'compared',
  'versus',
  'vs',
  'lower',
  'higher',
  'absolute',
  'that',
  'this',
  'which',
  'while',
  'so',
  'due',
  'through',
  'via',
  'until',
  'within',
]);

/** The change, value or factor that a hypothesis states; `none` where it states no figure. The first statement counts. */
export function parseExpectation(hypothesis: string, direction: 'lower' | 'higher'): Expectation {
  const text = hypothesis.replaceAll('−', '-').replaceAll('–', '-');
  const found: { index: number; expectation: Expectation }[] = [];
  const take = (pattern: RegExp, make: (match: RegExpExecArray) => Expectation) => {
    const match = pattern.exec(text);
    if (match) found.push({ index: match.index, expectation: make(match) });
  };
  const unit = (word: string | undefined) => (word && !noUnits.has(word.toLowerCase()) ? word : '');
  take(new RegExp(`(?:^|[^\\w.])([+-])\\s?${figure}${unitAfter}`, 'i'), (m) => ({
    kind: 'change',
    amount: Number(m[2]) * (m[1] === '-' ? -1 : 1),
    unit: unit(m[3]),
  }));
  for (const [words, sign] of [
    [down, -1],
    [up, 1],
    [better, direction === 'lower' ? -1 : 1],
  ] as const) {
    take(
      new RegExp(`\\b(?:${words})\\b\\s+(?:[A-Za-z_]+\\s+(?=by\\s))?${about}${figure}(?!\\s?[x×])${unitAfter}`, 'i'),
      (m) => ({
        kind: 'change',
        amount: Number(m[1]) * sign,
        unit: unit(m[2]),
      }),
    );
  }
  take(
    new RegExp(
      `\\b(?:expect(?:s|ed|ing)?|reach(?:es)?|hits?|gets?(?:\\s+to)?|lands?(?:\\s+at)?|ends?(?:\\s+at)?|becomes?|below|under|above)\\s+${about}(?:a\\s+)?${figure}(?!\\s?[x×])${unitAfter}`,
      'i',
    ),
    (m) => ({
      kind: 'value',
      value: Number(m[1]),
      unit: unit(m[2]),
    }),
  );
  take(new RegExp(`(?:^|[^\\w.])${figure}\\s?[x×]\\s*([A-Za-z][\\w -]*?)?(?=$|[,.;:()])`, 'i'), (m) => ({
    kind: 'factor',
    factor: Number(m[1]),
    quantity: (m[2] ?? '').trim(),
  }));
  // "expect +0.05" is found both as a value and as a signed change; the sign decides.
  found.sort((a, b) => a.index - b.index || (a.expectation.kind === 'change' ? -1 : 1));
  return found[0]?.expectation ?? { kind: 'none' };
}

/** "-0.2 bpb", "to 0.93", "2x batch size" or "" for people and for the `expected` column. */
export function formatExpectation(expected: Expectation): string {
  switch (expected.kind) {
    case 'change':
      return `${expected.amount < 0 ? '-' : '+'}${Math.abs(expected.amount)}${expected.unit === '%' ? '%' : expected.unit ? ` ${expected.unit}` : ''}`;
    case 'value':
      return `to ${expected.value}${expected.unit ? ` ${expected.unit}` : ''}`;
    case 'factor':
      return `${expected.factor}x${expected.quantity ? ` ${expected.quantity}` : ''}`;
    case 'none':
      return '';
  }
}

/** The words by which a hypothesis can mean the metric. */
export interface MetricWords {
  /** "val_bpb". */
  name: string;
  /** "bpb", "%"; "" where the metric has none. */
  unit: string;
}

const percent = /^(?:%|percent\b|pct\b)/i;
// Points of a metric that is a percentage.
const points = /^(?:pp|points?)$/i;

/**
 * True where the expectation states a change or a value of this metric: without a unit, in the metric's own, with its name or the last part
 * of it ("bpb" for val_bpb), or a change in per cent. A figure of something else ("-30 s") is none, and neither is a factor.
 */
export function concernsMetric(expected: Expectation, metric: MetricWords): boolean {
  if (expected.kind !== 'change' && expected.kind !== 'value') return false;
  const unit = expected.unit.toLowerCase();
  if (unit === '') return true;
  // "reaches 98 %" of something that is no percentage says nothing that can be compared.
  if (percent.test(unit)) return expected.kind === 'change' || percent.test(metric.unit);
  if (points.test(unit) && percent.test(metric.unit)) return true;
  const name = metric.name.toLowerCase();
  const own = metric.unit.trim().toLowerCase();
  // A unit is read as one word: "f1" is what is left of f1-score, "bits" of "bits per byte".
  const firstWord = (text: string) => /^[a-z][\w/]*/.exec(text)?.[0] ?? '';
  return [name, firstWord(name), name.split(/[_./-]/).at(-1), own, firstWord(own)].includes(unit);
}

/**
 * The expectation as a signed change of the metric, in its own unit, against `base`. A per cent is a share of the base, where the metric
 * itself is a percentage a point of it. Null where it states none that can be compared: no figure, a factor, a figure of something else
 * than the metric, a share or a target value without a base.
 */
export function expectedChange(expected: Expectation, base: number | null, metric: MetricWords): number | null {
  if (!concernsMetric(expected, metric)) return null;
  if (expected.kind === 'value') return base === null ? null : expected.value - base;
  if (expected.kind !== 'change') return null;
  if (!percent.test(expected.unit) || percent.test(metric.unit)) return expected.amount;
  // Of the size of the base: "-2 %" is a fall also where the metric is negative.
  return base === null ? null : (Math.abs(base) * expected.amount) / 100;
}
