/**
 * Whether two codes should be compared seed by seed: worth it where the same seed pushes both the same way. Decided before a test, from pairs of
 * earlier ones; a test that chose its own way would choose the luckier. Pure.
 *
 * Method: lower bound of the correlation by Fisher's z (Fisher, Metron 1, 1921).
 */
import { normalQuantile } from './normal.ts';

/** Scores of two codes with the same seed. */
export type SeedPair = readonly [baseline: number, champion: number];

/** Least correlation that pays for the degrees of freedom that pairing gives up at four to six pairs. */
const leastCorrelation = 0.5;

/** What the pairs of one earlier test say. Pairs of different codes are given as separate tests: their levels differ. */
export interface PairingVerdict {
  isPaired: boolean;
  /** Pooled correlation within tests; null where there are too few pairs. */
  correlation: number | null;
  /** Its lower bound, one-sided 90 %; null likewise. */
  low: number | null;
  pairs: number;
}

/** Judges the pairs of earlier tests. */
export function judgePairing(tests: readonly (readonly SeedPair[])[]): PairingVerdict {
  let products = 0;
  let squaresLeft = 0;
  let squaresRight = 0;
  let degrees = 0;
  const used = tests.filter((pairs) => pairs.length > 1);
  for (const pairs of used) {
    const left = average(pairs.map(([baseline]) => baseline));
    const right = average(pairs.map(([, champion]) => champion));
    for (const [baseline, champion] of pairs) {
      products += (baseline - left) * (champion - right);
      squaresLeft += (baseline - left) ** 2;
      squaresRight += (champion - right) ** 2;
    }
    degrees += pairs.length - 1;
  }
  const pairs = used.reduce((sum, { length }) => sum + length, 0);
  const scale = Math.sqrt(squaresLeft * squaresRight);
  // Fisher's z has variance 1 / (degrees - 2): one degree more than nothing is needed.
  if (degrees < 3 || scale === 0) return { isPaired: false, correlation: null, low: null, pairs };
  const correlation = Math.max(-1, Math.min(1, products / scale));
  const low = Math.tanh(Math.atanh(Math.min(correlation, 0.999999)) - normalQuantile(0.9) / Math.sqrt(degrees - 2));
  return { isPaired: low > leastCorrelation, correlation, low, pairs };
}

function average(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
