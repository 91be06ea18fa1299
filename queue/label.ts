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

/**
 * The expectation as a signed change of the metric against `base`; null where it states none that can be compared
 * (no figure, a factor of something else, a per cent or a target value without a base).
 */
export function expectedChange(expected: Expectation, base: number | null): number | null {
  if (expected.kind === 'value') return base === null ? null : expected.value - base;
  if (expected.kind !== 'change') return null;
  if (expected.unit !== '%') return expected.amount;
  return base === null ? null : (base * expected.amount) / 100;
}
