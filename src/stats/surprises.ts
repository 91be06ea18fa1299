/**
 * Which results nobody expected: far from what was stated, by more than luck. They are where somebody's picture of the problem is wrong, so
 * they are worth a second look. Pure; changes are oriented so that higher is better.
 *
 * An effect that is there and was not expected comes before one that was expected and is not there: most ideas promise too much, which is no
 * news. Among a hundred cases about one surprise is luck (`luckChance`), so a surprise is a question and no finding.
 */
import { boundOfLuck, type CalibrationCase, type MeasuredCase, readMeasured } from './calibration.ts';

/** Why a case is a surprise. */
export const surpriseKinds = ['the other way', 'much more', 'none expected', 'nothing of it'] as const;
/** One of surpriseKinds. */
export type SurpriseKind = (typeof surpriseKinds)[number];

/** A surprise. */
export interface Surprise<Case extends CalibrationCase = CalibrationCase> {
  of: Case & MeasuredCase;
  kind: SurpriseKind;
  /** How far the observed change lies from the nearest one that would be none, in widths of its noise. */
  widths: number;
}

/** One-sided chance with which luck alone makes a case a surprise. */
const luckChance = 0.01;
/** How many times the expected change is much more. */
const much = 2;

/** The surprises, the strongest first. A case whose noise is unknown is never one. */
export function findSurprises<Case extends CalibrationCase>(cases: readonly Case[]): Surprise<Case>[] {
  return cases
    .flatMap((one) => readMeasured(one).flatMap((measured) => judge({ ...one, ...measured }) ?? []))
    .sort((a, b) => rankOf(a) - rankOf(b) || b.widths - a.widths || a.of.job - b.of.job);
}

function rankOf({ kind }: Surprise): number {
  return kind === 'nothing of it' ? 1 : 0;
}

function judge<Case extends CalibrationCase>(one: Case & MeasuredCase): Surprise<Case> | null {
  const { expected, observed, sd } = one;
  if (sd === null) return null;
  const bound = boundOfLuck(one, 1 - luckChance);
  const size = Math.abs(expected);
  const toward = expected < 0 ? -observed : observed;
  const found = (kind: SurpriseKind, distance: number): Surprise<Case> => ({ of: one, kind, widths: distance / sd });
  if (expected === 0) return Math.abs(observed) > bound ? found('none expected', Math.abs(observed)) : null;
  if (toward < -bound) return found('the other way', -toward);
  if (toward >= much * size && toward - size > bound) return found('much more', toward - size);
  // Beyond luck below what was expected, and within luck of nothing at all.
  if (Math.abs(toward) <= bound && size - toward > 2 * bound) return found('nothing of it', size - toward);
  return null;
}
