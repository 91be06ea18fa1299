/** What became of an expectation: the change that an idea expected beside the one that was measured. Pure; keep and discard are decided in stats/. */
import { expectedChange, parseExpectation } from '../../queue/label.ts';
import type { ReportFacts } from '../domain/report.ts';
import { luckBound } from '../stats/noise.ts';

/** What can become of an expectation. */
export const expectationVerdicts = [
  'as expected',
  'right direction but smaller',
  'not told apart from luck',
  'the other way',
  'unanswered',
] as const;
/** One of expectationVerdicts. */
export type ExpectationVerdict = (typeof expectationVerdicts)[number];

/** The facts that the verdict rests on. */
export type ExpectationFacts = Pick<
  ReportFacts,
  'metricName' | 'unit' | 'direction' | 'baseMetric' | 'baseRuns' | 'observed' | 'expected' | 'noise' | 'interval' | 'n'
>;

/**
 * The stated expectation as a signed change of the metric ("-2 %" of a base of 1.5 is -0.03); null where it states no figure, one of
 * something else than the metric ("-3 s"), or one that needs a base that is missing.
 */
export function parseExpectedChange(facts: ExpectationFacts): number | null {
  const metric = { name: facts.metricName, unit: facts.unit };
  return expectedChange(parseExpectation(facts.expected, facts.direction), facts.baseMetric, metric);
}

/** The largest change that luck explains at the configured confidence, one-sided as the decision counts it; null where the noise is unknown. */
function boundOfLuck(facts: ExpectationFacts): number | null {
  const { noise, interval, n, baseRuns } = facts;
  if (noise === null || interval === null || n < 1 || baseRuns < 1 || noise.n < 2) return null;
  return luckBound({ mean: 0, std: noise.std, n: noise.n }, n, baseRuns, interval.confidence);
}

/**
 * Compares. A change that luck explains is never called a success; one that is told apart from luck is as expected where it reaches
 * the expected change, or misses it by no more than luck. `detail` is a half sentence with the reason and the figures.
 */
export function judgeExpectation(facts: ExpectationFacts): { verdict: ExpectationVerdict; detail: string } {
  const { observed } = facts;
  if (observed === null) return { verdict: 'unanswered', detail: 'there is no measured change' };
  const expected = parseExpectedChange(facts);
  if (expected === null) {
    const words = facts.expected.trim() === '' ? 'states no figure' : 'states no change of the metric';
    return { verdict: 'unanswered', detail: `the idea ${words}` };
  }
  const bound = boundOfLuck(facts);
  const isLuck = bound === null ? observed === 0 : Math.abs(observed) <= bound;
  if (expected === 0) {
    if (bound === null) return { verdict: 'unanswered', detail: 'no change was expected, and the noise is unknown' };
    if (isLuck) return { verdict: 'as expected', detail: 'no change that is told apart from luck' };
    const isBetter = facts.direction === 'lower' ? observed < 0 : observed > 0;
    return isBetter
      ? { verdict: 'as expected', detail: 'no loss was expected, and it became better' }
      : { verdict: 'the other way', detail: 'no change was expected, and it became worse' };
  }
  const share = `${Math.round((100 * observed) / expected)} % of the expected change`;
  const limit = bound === null ? '; the noise is unknown' : '';
  if (isLuck) return { verdict: 'not told apart from luck', detail: share };
  if (Math.sign(observed) !== Math.sign(expected)) return { verdict: 'the other way', detail: `${share}${limit}` };
  const missing = Math.abs(expected) - Math.abs(observed);
  const verdict = missing <= (bound ?? 0) ? 'as expected' : 'right direction but smaller';
  return { verdict, detail: `${share}${limit}` };
}
