/**
 * The prose of a recorded report: parts written beforehand, put together by what the record says. It holds no figure, since the lab fills
 * those in, and it claims no gain that the record does not show. The parts of each idea stand with its code.
 */
import type { ReportProse } from '../../domain/report.ts';
import { judgeExpectation, parseExpectedChange } from '../../lab/expectation-verdict.ts';
import { luckBound } from '../../stats/noise.ts';
import type { ProseFacts, ProseParts } from './implementation.ts';

/** How a record is to be read: what the numbers allow to say, apart from what the lab decided. */
export type Reading = 'better' | 'worse' | 'within' | 'unmeasured' | 'incomparable' | 'leaking';

/**
 * Reads a record. `unmeasured`: no metric; `incomparable`: a metric, but no number of the base to hold it against; `leaking`: better than the
 * data allows; `within`: luck alone may explain the change, by the same bound as the decision uses, or, where the noise is unknown, there is none.
 */
export function readingOf(record: ProseFacts): Reading {
  const { metric, observed, direction } = record;
  if (metric === null) return 'unmeasured';
  if (record.flags.includes('leak')) return 'leaking';
  if (observed === null) return 'incomparable';
  const bound = boundOfLuck(record) ?? 0;
  if (Math.abs(observed) <= bound) return 'within';
  return observed < 0 === (direction === 'lower') ? 'better' : 'worse';
}

/** The largest change that luck explains; null where the noise is unknown. */
function boundOfLuck({ noise, interval, n, baseRuns }: ProseFacts): number | null {
  if (noise === null || interval === null || noise.n < 2 || n < 1 || baseRuns < 1) return null;
  return luckBound({ mean: 0, ...noise }, n, baseRuns, interval.confidence);
}

/** One sentence on expectation and result; "" where either is missing. */
function compareWithExpectation(record: ProseFacts): string {
  const expected = parseExpectedChange(record);
  if (expected === null || record.observed === null) return '';
  switch (judgeExpectation(record).verdict) {
    case 'unanswered':
      return '';
    case 'not told apart from luck':
      return 'The expected change is not to be seen: what is left of it does not stand out from the scatter between seeds.';
    case 'the other way':
      return expected === 0
        ? 'No change was expected, and there is one.'
        : 'The sign is the opposite of the expected one, so the hypothesis is wrong as it stands.';
    case 'right direction but smaller':
      return 'The sign is as expected, the size is not: the idea overrated its mechanism.';
    case 'as expected':
      if (expected === 0) return 'No loss was expected, and none is to be seen.';
      return record.observed / expected > 1.5
        ? 'The effect is clearly larger than expected: the mechanism reaches further than the idea assumed.'
        : 'That bears the expectation out in sign and size.';
  }
}

/** What the number of runs behind the metric allows to say. */
function weighEvidence(record: ProseFacts, reading: Reading): string {
  if (record.evidence === 'refuted')
    return 'Fresh seeds did not bear the first result out, so it does not count as a gain.';
  if (record.evidence === 'confirmed') return 'Fresh seeds bore it out.';
  if (boundOfLuck(record) === null) return 'The noise of this track is not known yet, so the reading is preliminary.';
  if (record.n !== 1) return '';
  return reading === 'within'
    ? 'A single run cannot tell such a difference from luck.'
    : 'It rests on one run; fresh seeds have to bear it out.';
}

/** Reading of a run that gave no number. */
function inferFromFailure(parts: ProseParts | null, record: ProseFacts): string {
  if (record.decision === 'refused')
    return 'The lab turned the change away before it was measured. This says nothing about the hypothesis, only about the way it was put into code.';
  if (record.decision === 'failed')
    return 'Nothing was measured, because the change never became a run. The hypothesis is as open as before.';
  const general = 'The run ended without a number: the hypothesis was not tested, neither for nor against.';
  return parts === null || parts.broken === '' ? general : `${general} ${parts.broken}`;
}

function composeInferences(parts: ProseParts | null, record: ProseFacts, reading: Reading): string {
  if (reading === 'unmeasured') return inferFromFailure(parts, record);
  if (reading === 'leaking')
    return 'The score is better than the data allows. Something leaks, or something is broken; nothing else can be read from it.';
  if (reading === 'incomparable')
    return 'The base has no number in this track, so the score cannot be read as a gain or a loss.';
  const general = { better: 'The change helps.', worse: 'The change hurts.', within: 'No effect can be seen.' };
  return [
    parts === null ? general[reading] : parts[reading],
    compareWithExpectation(record),
    weighEvidence(record, reading),
  ]
    .filter((sentence) => sentence !== '')
    .join(' ');
}

function composeNext(parts: ProseParts | null, record: ProseFacts, reading: Reading): string {
  if (reading === 'leaking')
    return 'Find out where the model sees what it is to predict, before anything is built on this change.';
  if (record.decision === 'refused')
    return 'Bring the idea back as a change that the rules allow; what the lab objected to is in the reason of the decision.';
  if (record.decision === 'failed')
    return 'Leave it until somebody can put it into code, or word it so that it names the lines to be edited.';
  if (parts === null) return '';
  return record.decision === 'keep' ? parts.afterKeep : parts.afterDiscard;
}

function composeSummary(record: ProseFacts, reading: Reading): string {
  if (record.decision === 'refused') return 'Turned away by the lab before it ran; the hypothesis is untested.';
  if (record.decision === 'failed') return 'Never became a run; the hypothesis is untested.';
  if (record.decision === 'crash') return 'Ended without a number; the hypothesis is untested.';
  const end = record.decision === 'keep' ? 'kept' : 'not kept';
  switch (reading) {
    case 'unmeasured':
      return 'Decided without a number; the hypothesis is untested.';
    case 'leaking':
      return 'Better than the data allows, so a leak or a bug and no result.';
    case 'incomparable':
      return `Measured, but with no number of its base to compare with; ${end}.`;
    default:
      return `${boundOfLuck(record) === null ? namePlainly(record) : nameAgainstNoise[reading]}; ${end}.`;
  }
}

const nameAgainstNoise = {
  better: 'A gain that luck alone does not explain',
  worse: 'A loss that luck alone does not explain',
  within: 'No difference that can be told from luck',
};

/** The change where the noise is unknown, so that not even its sign is sure. */
function namePlainly({ observed, direction }: ProseFacts): string {
  if (observed === null || observed === 0) return 'Equal to its base, the noise being unknown';
  const isBetter = observed < 0 === (direction === 'lower');
  return `${isBetter ? 'Better' : 'Worse'} than its base, the noise being unknown`;
}

/** The change in words, as far as there is one. */
function describeChange(parts: ProseParts | null, record: ProseFacts): string {
  if (parts !== null && record.decision === 'refused' && record.files.length === 0)
    return `${parts.changed} None of it was committed.`;
  if (record.files.length === 0) return 'No file was changed.';
  return parts?.changed ?? `Changed: ${record.files.map((file) => `\`${file.path}\``).join(', ')}.`;
}

/** The prose of a report; parts null: an idea that the recording has no code for. */
export function composeProse(parts: ProseParts | null, record: ProseFacts): ReportProse {
  const reading = readingOf(record);
  return {
    changed: describeChange(parts, record),
    inferences: composeInferences(parts, record, reading),
    claims: parts?.claims ?? '',
    next: composeNext(parts, record, reading),
    summary: composeSummary(record, reading),
  };
}
