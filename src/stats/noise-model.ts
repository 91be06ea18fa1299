/**
 * How far two runs of the same code lie apart on one track and device model: the pooled variance inside commits, over all commits that ran
 * more than once, with its degrees of freedom. Robust: a run far from the others of its commit is named and left out, instead of widening
 * the noise of all or being hidden in it. Pure; scores in any unit, higher is better.
 *
 * Method: pooled one-way layout; outliers by the generalised extreme studentised deviate test, which is not fooled when one outlier hides
 * another (Rosner, Technometrics 25, 1983), on deleted residuals (Cook and Weisberg, Residuals and Influence, 1982, chapter 2).
 */
import { studentTCdf } from './student-t.ts';

/** The runs of one commit that ran under the same track on the same device model. */
export interface Repeats {
  commit: string;
  scores: readonly number[];
}

/** A run that does not belong to the others of its commit. */
export interface Outlier {
  commit: string;
  /** Place in the commit's scores. */
  index: number;
  score: number;
  /** `worse`: a seed that diverged; `better`: too good to be the same distribution, worth a look. */
  side: 'worse' | 'better';
}

/** The noise of a track on one device model. */
export interface NoiseModel {
  /** Standard deviation of one ordinary run; null where no commit has two of them. 0 where runs repeat to the digit. */
  sd: number | null;
  /** Runs that the deviation rests on less the means estimated from them; 0 where it is unknown. */
  degrees: number;
  /** All runs looked at, outliers included. */
  runs: number;
  outliers: Outlier[];
  /**
   * The probability that luck alone would make the most extreme ordinary run look as far out; null where it cannot be told (fewer than two
   * degrees of freedom). A small one that is not yet an outlier asks for one more repeat.
   */
  doubt: number | null;
}

/** Chance of calling a run of a normal track an outlier, over all its runs together. */
const falseAlarm = 0.005;

/** Pools the repeats. Commits with a single run add nothing. */
export function poolNoise(groups: readonly Repeats[]): NoiseModel {
  const runs = groups.reduce((sum, { scores }) => sum + scores.length, 0);
  const left = new Set(
    groups.flatMap(({ scores }, group) => (scores.length > 1 ? scores.map((_, index) => `${group}:${index}`) : [])),
  );
  const removed: { outlier: Outlier; key: string; chance: number }[] = [];
  // At most a quarter may be outliers: with more there is no bulk that they could lie outside of.
  const most = Math.floor(left.size / 4);
  let doubt: number | null = null;
  for (let step = 0; step <= most; step++) {
    const worst = findMostExtreme(groups, left);
    if (worst === null) break;
    if (step === most) break;
    removed.push(worst);
    left.delete(worst.key);
  }
  // Rosner's rule: the last step that is significant decides, so that two that hide each other are both found.
  const count = removed.findLastIndex(({ chance }) => chance < falseAlarm) + 1;
  for (const { key } of removed.slice(count)) left.add(key);
  doubt = findMostExtreme(groups, left)?.chance ?? null;
  const { sum, degrees } = squares(groups, left);
  return {
    ...{ runs, degrees, doubt },
    sd: degrees > 0 ? Math.sqrt(sum / degrees) : null,
    outliers: removed.slice(0, count).map(({ outlier }) => outlier),
  };
}

/** The scores of a commit without its outliers. */
export function ordinaryScores(model: NoiseModel, { commit, scores }: Repeats): number[] {
  const out = new Set(model.outliers.filter((outlier) => outlier.commit === commit).map(({ index }) => index));
  return scores.filter((_, index) => !out.has(index));
}

function findMostExtreme(groups: readonly Repeats[], left: ReadonlySet<string>) {
  const { sum, degrees, means } = squares(groups, left);
  if (degrees < 2) return null;
  let worst: { outlier: Outlier; key: string; chance: number } | null = null;
  let top = 0;
  for (const [group, { commit, scores }] of groups.entries()) {
    const { mean, n } = means[group] ?? { mean: 0, n: 0 };
    if (n < 2) continue;
    for (const [index, score] of scores.entries()) {
      const key = `${group}:${index}`;
      if (!left.has(key)) continue;
      const residual = score - mean;
      const spread = 1 - 1 / n;
      const rest = Math.max((sum - (residual * residual) / spread) / (degrees - 1), 0);
      const t = residual === 0 ? 0 : Math.abs(residual) / Math.sqrt(rest * spread);
      // Of two runs of a commit either may be the odd one: the worse is taken, since runs diverge downwards.
      const isTie = Math.abs(t - top) <= 1e-9 * top && worst !== null && score < worst.outlier.score;
      if (t <= top && !isTie) continue;
      top = t;
      const chance = Number.isFinite(t) ? Math.min(1, 2 * left.size * (1 - studentTCdf(t, degrees - 1))) : 0;
      worst = { key, chance, outlier: { commit, index, score, side: residual < 0 ? 'worse' : 'better' } };
    }
  }
  return worst;
}

function squares(groups: readonly Repeats[], left: ReadonlySet<string>) {
  let sum = 0;
  let degrees = 0;
  const means = groups.map(({ scores }, group) => {
    const own = scores.filter((_, index) => left.has(`${group}:${index}`));
    const [first = Number.NaN] = own;
    // The mean of equal numbers would be off in its last bit, and runs that repeat to the digit would seem to have some noise.
    const isEqual = own.every((score) => score === first);
    const mean = isEqual ? first : own.reduce((total, score) => total + score, 0) / own.length;
    if (own.length > 1) {
      sum += own.reduce((total, score) => total + (score - mean) ** 2, 0);
      degrees += own.length - 1;
    }
    return { mean, n: own.length };
  });
  return { sum, degrees, means };
}
