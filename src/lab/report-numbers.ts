/**
 * Holds the prose of a report to the record: every number in it must be one that the lab measured, or stand in the idea or the change.
 * Pure. It knows numbers, not meanings: a true figure in a false sentence passes.
 */
import type { ReportFacts, ReportProse } from '../domain/report.ts';
import { parseExpectedChange } from './expectation-verdict.ts';
import { kindOfUnit, type NumberKind, type NumberToken, parseNumbers } from './number-tokens.ts';

/** A figure of the record with the unit under which prose may name it. */
interface Quantity {
  kind: NumberKind;
  value: number;
}

// Counting words ("orders 4 and 5", "two of 12 rows") are language, not measurements.
const largestCount = 12;

function ratio(part: number | null, whole: number | null): number {
  return part === null || whole === null || whole === 0 ? Number.NaN : part / whole;
}

/** All figures of the record. Every one may be named without a unit too, shares and factors excepted. */
function listQuantities(facts: ReportFacts): Quantity[] {
  const { metric, baseMetric, observed, interval, noise, minutes, memoryGb } = facts;
  const expected = parseExpectedChange(facts);
  const own = facts.unit === '' ? 'metric' : kindOfUnit(facts.unit);
  const make = (kind: NumberKind, values: (number | null | undefined)[]): Quantity[] =>
    values.flatMap((value) => (value == null || !Number.isFinite(value) ? [] : [{ kind, value: Math.abs(value) }]));
  const figures = [metric, baseMetric, observed, expected, interval?.low, interval?.high, noise?.std];
  const added = facts.files.flatMap((file) => file.added ?? []);
  const removed = facts.files.flatMap((file) => file.removed ?? []);
  const sum = (values: number[]) => values.reduce((total, value) => total + value, 0);
  return [
    ...make('metric', figures),
    ...(own === 'metric' ? [] : make(own, figures)),
    ...make(
      'percent',
      [
        ratio(observed, baseMetric),
        ratio(observed, expected),
        ratio(expected, baseMetric),
        ratio(metric, baseMetric),
        interval?.confidence,
        // An accuracy of 0.686 is 68.6 % to most people.
        ...(facts.unit === '' ? [metric, baseMetric, observed] : []),
      ].map((share) => (share == null ? null : 100 * share)),
    ),
    ...make('factor', [ratio(metric, baseMetric), ratio(baseMetric, metric)]),
    ...make('factor', [ratio(observed, expected), ratio(expected, observed), facts.noiseWidths]),
    ...make('widths', [facts.noiseWidths]),
    ...make('seconds', [minutes === null ? null : minutes * 60]),
    ...make('minutes', [minutes]),
    ...make('hours', [minutes === null ? null : minutes / 60]),
    ...make('gigabytes', [memoryGb]),
    ...make('megabytes', [memoryGb === null ? null : memoryGb * 1024]),
    ...make('job', facts.jobs),
    ...make('bare', [facts.n, facts.baseRuns, noise?.n, facts.seed, facts.files.length]),
    ...make('bare', [...added, ...removed, sum(added), sum(removed), sum(added) + sum(removed)]),
    ...Object.entries(facts.metrics).flatMap(([name, value]) => make(kindOfMetric(name), [value])),
  ];
}

/** The unit that the name of a further metric tells: "train_seconds", "peak_vram_mb". */
function kindOfMetric(name: string): NumberKind {
  const last = name.toLowerCase().split(/[_\s]/).at(-1) ?? '';
  if (/^(?:pct|percent|acc|accuracy|mfu|util)$/.test(last)) return 'percent';
  const kind = kindOfUnit(last);
  if (kind !== 'metric') return kind;
  return /bpb|loss|score/i.test(name) ? 'metric' : 'bare';
}

/** True where the figure, rounded to the precision with which the token is written, is the token. At least one of its own digits has to be left. */
function isRounded(token: NumberToken, figure: number): boolean {
  if (figure === 0 || token.value === 0) return figure === token.value;
  const firstDigit = 10 ** Math.floor(Math.log10(figure) + 1e-12);
  // "570,000" is written to the ten thousands; "700,000" could be exact.
  const zeros = token.isWhole ? (/0*$/.exec(String(Math.round(token.value)))?.[0].length ?? 0) : 0;
  const isRoundNumber = zeros > 0 && token.value / 10 ** zeros >= 10;
  return [token.step, ...(isRoundNumber ? [10 ** zeros] : [])].some(
    (step) => step <= firstDigit * (1 + 1e-9) && Math.abs(token.value - figure) <= (step / 2) * (1 + 1e-6) + 1e-12,
  );
}

function fits(token: NumberToken, kind: NumberKind): boolean {
  if (token.kind === kind) return true;
  return token.kind === 'bare' && kind !== 'percent' && kind !== 'factor' && kind !== 'job';
}

/** The texts of the record in which a number may stand; what reviewers and reporters wrote is not among them. */
function listTexts(facts: ReportFacts): string[] {
  return [
    ...[facts.slug, facts.title, facts.date, facts.reason, facts.expected, facts.question, facts.hypothesis],
    ...[facts.refutedBy, facts.track, facts.device, facts.command ?? '', facts.logTail, facts.branch],
    ...[...facts.choice, ...facts.returns, ...facts.flags, ...facts.authors, ...facts.files.map((file) => file.path)],
    ...Object.keys(facts.metrics),
    // Versions alone: counts and sizes of the machine would let any figure pass.
    ...[facts.provenance?.python.version ?? '', facts.provenance?.device.driver ?? ''],
  ];
}

/** A source without the line numbers and hashes that a diff carries: they are no content of the change. */
function cutDiffHeaders(source: string): string {
  return source.replace(/^(?:@@ -\d.*? @@|index [0-9a-f]+\.\.[0-9a-f]+.*$)/gm, '');
}

/** The tokens of the record and the sources, to be asked for one. The same value counts however it is written, with the same unit. */
function createKnown(texts: string[], metricWords: string[]): (token: NumberToken) => boolean {
  const keyOf = (kind: string, value: number) => `${kind} ${value.toPrecision(9)}`;
  const keys = new Set<string>();
  for (const token of texts.flatMap((text) => parseNumbers(text, metricWords))) {
    if (token.kind === 'word') keys.add(`word ${token.text.toLowerCase()}`);
    else keys.add(keyOf(token.kind, token.value));
    // Without a unit a number may repeat one that has a unit, but not the other way round.
    if (token.kind !== 'word' && token.kind !== 'job') keys.add(keyOf('bare', token.value));
  }
  return ({ kind, text, value }) => keys.has(kind === 'word' ? `word ${text.toLowerCase()}` : keyOf(kind, value));
}

/** True for what needs no record: a small whole number without a unit, and names whose digits are such ("python3"). */
function isLanguage(token: NumberToken): boolean {
  if (token.kind === 'bare') return token.isWhole && token.value <= largestCount;
  if (/^[0-9a-f]{7,}$/i.test(token.text)) return false;
  const digits = token.kind === 'word' ? /^[\p{L}_]+(\d+)[\p{L}_]*$/u.exec(token.text)?.[1] : undefined;
  return digits !== undefined && Number(digits) <= largestCount;
}

/** True where the hash begins the change's or the base's. */
function isHash(token: NumberToken, facts: ReportFacts): boolean {
  const text = token.text.toLowerCase();
  return text.length >= 7 && [facts.commit ?? '', facts.base, facts.start ?? ''].some((hash) => hash.startsWith(text));
}

/**
 * What is wrong with the numbers of the prose, one sentence for each that is in no record; none where all are. A number may be a figure
 * of `facts` rounded as it is written (signs do not count; shares of the base and of the expected change are figures too), stand with the
 * same unit in one of `sources` (the idea, the diff), or be a whole number up to 12 without a unit. A job's number has to be one of the facts' jobs.
 */
export function checkNumbers(prose: ReportProse, facts: ReportFacts, sources: string[]): string[] {
  const metricWords = [facts.metricName, facts.unit, facts.metricName.split('_').at(-1) ?? ''].map((word) =>
    word.trim(),
  );
  const quantities = listQuantities(facts);
  const isKnown = createKnown([...listTexts(facts), ...sources.map(cutDiffHeaders)], metricWords);
  const problems = (Object.entries(prose) as [keyof ReportProse, string][]).flatMap(([name, text]) =>
    parseNumbers(text, metricWords)
      .filter(
        (token) =>
          !isLanguage(token) &&
          !isHash(token, facts) &&
          !quantities.some(({ kind, value }) => fits(token, kind) && isRounded(token, value)) &&
          !isKnown(token),
      )
      .map(
        (token) => `${name}: "${token.text}" is in no record; write a figure as record.json has it, or say it in words`,
      ),
  );
  return [...new Set(problems)];
}
