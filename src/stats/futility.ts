/**
 * Whether a claim that is under way can hardly be confirmed any more, so that the runs it has left are better spent on exploring. Pure.
 *
 * Method: stochastic curtailment (Lan, Simon and Halperin, Sequential Analysis 1, 1982) by conditional power (Lan and Wittes, Biometrics 44,
 * 1988), taken at the effect of the interval that favours the claim most; Jennison and Turnbull, Group Sequential Methods, 2000, chapter 10.
 * It does not bind: the bounds of the looks stay as if nobody ever stopped for it, so that it spends no error and gains none, and claims that
 * are not there can only become fewer.
 */
import { stagewiseChance } from './group-sequential.ts';

/** A look, and those to come. */
export interface CurtailedTest {
  /** Runs of each code at this look. */
  at: number;
  /** The looks to come: runs of each code, rising, and the statistic that confirms there. */
  later: readonly { runs: number; bound: number }[];
  /** The gain in its standard errors, as at this look. */
  t: number;
}

/** Conditional power below which a test is not gone on with. */
export const futilityLimit = 0.01;

/**
 * The chance to be confirmed at one of the looks to come, given the runs so far, where the true gain is `gain` (in standard errors as at this look).
 * The noise is taken as it is known now.
 */
export function conditionalPower({ at, later, t }: CurtailedTest, gain: number): number {
  // What is added from here on is a test of its own, whose bounds are what the runs so far still lack.
  const information = later.map(({ runs }) => runs - at);
  const bounds = later.map(({ runs, bound }) => (bound * Math.sqrt(runs) - t * Math.sqrt(at)) / Math.sqrt(runs - at));
  const last = bounds.at(-1);
  if (last === undefined) return 0;
  const design = { information, bounds, alpha: 0 };
  return Math.min(1, Math.max(0, stagewiseChance(design, bounds.length - 1, last, gain / Math.sqrt(at))));
}

/** Whether not even the upper end of the interval (`highest`, in standard errors as at this look) would be confirmed one time in a hundred. */
export function isFutile(test: CurtailedTest, highest: () => number): boolean {
  // Most tests are far from it: where the gain as measured reaches the last look, nobody has to work the interval out.
  const rough = conditionalPower({ ...test, later: test.later.slice(-1) }, test.t);
  return rough < futilityLimit && conditionalPower(test, highest()) < futilityLimit;
}
