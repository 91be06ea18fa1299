import { expect, test } from 'vitest';
import type { ReportFacts, ReportProse } from '../../domain/report.ts';
import { createRefusedFacts, createReportFacts } from '../../lab/report-facts-fixture.ts';
import { checkNumbers } from '../../lab/report-numbers.ts';
import { recordedImplementations } from './implementations.ts';
import { composeProse, readingOf } from './prose.ts';

const gain = createReportFacts();
const loss = createReportFacts({
  ...{ decision: 'discard', evidence: '', metric: 1.378, observed: 0.2247, noiseWidths: -249.7 },
  interval: { low: 0.22, high: 0.23, confidence: 0.95 },
});
const draw = createReportFacts({
  ...{ decision: 'discard', evidence: '', metric: 1.1524, observed: -0.0009, noiseWidths: 1 },
  interval: { low: -0.0054, high: 0.0036, confidence: 0.95 },
});
const crash = createReportFacts({
  ...{ decision: 'crash', evidence: '', metric: null, observed: null, interval: null, noiseWidths: null, n: 0 },
  logTail: 'IndexError: list index out of range',
});
const unknownNoise = createReportFacts({ interval: null, noise: null, noiseWidths: null, baseRuns: 1 });
const noBase = createReportFacts({ baseMetric: null, baseRuns: 0, observed: null, interval: null, noiseWidths: null });
const leak = createReportFacts({ decision: 'discard', flags: ['leak'] });
const failed = createRefusedFacts({ decision: 'failed' });
const all = { gain, loss, draw, crash, unknownNoise, noBase, leak, refused: createRefusedFacts(), failed };

test.each([
  ['gain', 'better'],
  ['loss', 'worse'],
  ['draw', 'within'],
  ['crash', 'unmeasured'],
  ['unknownNoise', 'better'],
  ['noBase', 'incomparable'],
  ['leak', 'leaking'],
  ['refused', 'unmeasured'],
  ['failed', 'unmeasured'],
] as const)('a record of a %s reads as %s', (name, reading) => {
  expect(readingOf(all[name])).toBe(reading);
});

test('where higher is better, a rise reads as better', () => {
  expect(readingOf({ ...loss, direction: 'higher' })).toBe('better');
});

test.each(Object.entries(all))('no prose on a %s holds a number that is not in the record', (_name, facts) => {
  for (const { prose } of recordedImplementations) expect(checkNumbers(prose(facts), facts, [])).toEqual([]);
});

test.each(Object.entries(all))('on a %s every report has a change, an inference and a summary', (_name, facts) => {
  for (const { slug, prose } of recordedImplementations) {
    const { changed, inferences, next, summary } = prose(facts);
    for (const text of [changed, inferences, next, summary]) expect(text, slug).toMatch(/^[A-Z].+[.?]$/);
  }
});

test('gain, loss and draw are read differently for every idea', () => {
  for (const { slug, prose } of recordedImplementations) {
    const readings = [gain, loss, draw].map((facts) => prose(facts).inferences);
    expect(new Set(readings).size, slug).toBe(3);
  }
});

const claimsGain = (prose: ReportProse): boolean => /\b(?:gain|better|saves?|helps?)\b/i.test(prose.summary);

test.each(['loss', 'crash', 'refused', 'failed', 'noBase'] as const)('the summary of a %s claims no gain', (name) => {
  for (const { prose } of recordedImplementations) expect(claimsGain(prose(all[name]))).toBe(false);
  expect(recordedImplementations.every(({ prose }) => claimsGain(prose(gain)))).toBe(true);
});

test('a gain on one run is told as one that fresh seeds have to bear out, a refuted one as none', () => {
  const inferences = (facts: ReportFacts) => composeProse(null, facts).inferences;
  expect(inferences(gain)).toContain('fresh seeds have to bear it out');
  expect(inferences({ ...gain, n: 3, evidence: 'confirmed' })).toContain('Fresh seeds bore it out');
  expect(inferences({ ...gain, n: 3, evidence: 'refuted', decision: 'discard' })).toContain('does not count as a gain');
});

test('an effect against its expectation is called that, and one larger than expected too', () => {
  expect(composeProse(null, loss).inferences).toContain('opposite of the expected one');
  expect(composeProse(null, { ...gain, expected: '-0.010 val_bpb' }).inferences).toContain('larger than expected');
  expect(composeProse(null, { ...gain, expected: '-0.900 val_bpb' }).inferences).toContain('overrated');
  expect(composeProse(null, { ...gain, expected: '' }).inferences).not.toMatch(/expect/);
});

test('an idea without recorded code gets a report that speaks of no change', () => {
  expect(composeProse(null, failed).changed).toBe('No file was changed.');
});
