/**
 * Our rule: explore on one run by the posterior mean, leave doubtful keeps out of some bases, prune by what all runs say, and claim only what
 * fresh seeds show. It plays with the functions of src/stats that the lab decides with.
 */
import { advance } from '../../src/stats/advance.ts';
import {
  alphaOfTry,
  type ClaimVerdict,
  judgeClaim,
  planClaim,
  runsForClaim,
  usualClaim,
} from '../../src/stats/claim.ts';
import { chooseRiders, reviewNearMisses, usualNearMisses } from '../../src/stats/near-misses.ts';
import { ordinaryScores, poolNoise } from '../../src/stats/noise-model.ts';
import { chooseLeftOut, chooseReverts, type KeptChange, usualPruning } from '../../src/stats/prune.ts';
import { confirmRuns, type SpendRule, spendRun, usualSpending } from '../../src/stats/spend-run.ts';
import { createTrackPosterior, type TrackPosterior, usualOptions } from '../../src/stats/track-posterior.ts';
import type { Ending, Player, World } from './world.ts';

/** What can be tuned. */
export interface OurOptions extends SpendRule {
  /** Share of the doubtful keeps that an exploring run leaves out of its base; 0: none. */
  leaveOut: number;
  /** At most so many are left out of one base. */
  leaveOutMost: number;
  /** Largest number of near misses remembered, how near they must be (widths of one run), and their share in a base; 0: none. */
  nearMost: number;
  nearWidths: number;
  nearShare: number;
  /** What a useless change left in is worth avoiding, in widths of one run. */
  pruneWeight: number;
  /** One-sided chance of a false claim in a night. */
  alpha: number;
  /** Two-sided, of the stated interval. */
  confidence: number;
  /** Whether runs of useless changes add to what is known of the noise (for exploring, never for claims). */
  learnNoise: boolean;
}

/** The point that was chosen on the tuning seeds. */
export const chosenOptions: OurOptions = {
  ...usualSpending,
  ...usualClaim,
  leaveOut: usualPruning.leaveOut,
  leaveOutMost: Number.POSITIVE_INFINITY,
  nearMost: usualNearMisses.most,
  nearWidths: usualNearMisses.withinWidths,
  nearShare: usualNearMisses.share,
  pruneWeight: usualPruning.weight,
  learnNoise: true,
};

/** How often the keeps are judged again, in runs. */
const refineEvery = 10;

/** A player of the rule. */
export function createOurPlayer(options: OurOptions): Player {
  return (world) => {
    const floor = measureFloor(world, options);
    const baseline = floor.scores;
    const noise = poolNoise([floor]);
    const degrees = options.learnNoise ? noise.degrees : Number.POSITIVE_INFINITY;
    const posterior = createTrackPosterior<number>({ ...usualOptions, sd: noise.sd ?? 1, degrees });
    for (const score of ordinaryScores(noise, floor)) posterior.observe([], score);
    const most = confirmRuns(world, options);
    let champion: number[] = [];
    let near: number[] = [];
    let explored = 0;
    const explore = () => {
      const idea = exploreOnce(world, posterior, champion, near, options);
      if (idea?.isKept) champion.push(idea.change);
      else if (idea && !world.isEntangled(idea.change)) near.push(idea.change);
      else if (idea) posterior.forget(idea.change);
      const isDue = ++explored % refineEvery === 0;
      if (isDue) {
        const before = champion;
        champion = prune(posterior, champion, 0);
        near.push(...before.filter((change) => !champion.includes(change) && !world.isEntangled(change)));
      }
      if (near.length === 0) return;
      const rule = { withinWidths: options.nearWidths, most: options.nearMost, share: options.nearShare };
      const review = reviewNearMisses(judge(posterior, near), posterior.sd(), rule);
      near = isDue ? review.stay : [...review.promote, ...review.stay];
      if (isDue) champion = [...champion, ...review.promote];
      for (const change of review.drop) posterior.forget(change);
    };
    let ending: Ending | null = null;
    while (world.left() > 0) {
      // The need is looked at anew every few runs: it moves slowly and judging all keeps costs time.
      const isLooked = ending === null && world.left() <= most && (explored % 2 === 0 || world.left() <= 6);
      const solid = isLooked ? prune(posterior, champion, options.pruneWeight) : champion;
      const expected = posterior.gainOf(solid);
      const alpha = alphaOfTry(options.alpha, 1);
      const need =
        isLooked && solid.length > 0 ? runsForClaim(expected, posterior.sd(), noise.degrees, alpha, most) : null;
      const claim = ending === null ? 'none' : 'ended';
      if (spendRun({ ...standing(world, baseline), noise, claim, need }, options) === 'confirm') {
        champion = solid;
        ending = confirm(world, posterior, champion, baseline, options);
      } else explore();
    }
    champion = prune(posterior, champion, options.pruneWeight);
    const confirmingRuns = baseline.length - 1 + (ending?.confirmingRuns ?? 0);
    if (ending === null) return { champion, measured: champion, claimed: null, interval: null, confirmingRuns };
    return { ...ending, champion, confirmingRuns };
  };
}

/** Repeats the baseline until the noise is known well enough. */
function measureFloor(world: World, options: OurOptions): { commit: string; scores: number[] } {
  const floor = { commit: 'baseline', scores: [] as number[] };
  const use = () =>
    spendRun({ ...standing(world, floor.scores), noise: poolNoise([floor]), claim: 'none', need: null }, options);
  while (use() === 'measure-noise') {
    const score = world.run([]);
    if (score !== null) floor.scores.push(score);
  }
  return floor;
}

function standing(world: World, baseline: readonly number[]) {
  return { left: world.left(), budget: world.budget, hasExperiment: true, baselineRuns: baseline.length };
}

function exploreOnce(
  world: World,
  posterior: TrackPosterior<number>,
  champion: readonly number[],
  near: readonly number[],
  options: OurOptions,
): { change: number; isKept: boolean } | null {
  const left = new Set(
    options.leaveOut > 0
      ? chooseLeftOut(judge(posterior, champion), options.leaveOut, usualPruning.isSureFrom, world.dice)
          .filter((kept) => !world.isEntangled(kept))
          .slice(0, options.leaveOutMost)
      : [],
  );
  const change = world.nextIdea();
  const code = [
    ...champion.filter((kept) => !left.has(kept)),
    ...chooseRiders(near, options.nearShare, world.dice),
    change,
  ];
  const score = world.run(code);
  if (score === null) return null;
  const effect = posterior.observe(code, score);
  if (effect === null) return null;
  return { change, isKept: advance({ effect, sd: posterior.sd(), linesAdded: null, tieWidths: 0 }).isKept };
}

function judge(posterior: TrackPosterior<number>, champion: readonly number[]): KeptChange<number>[] {
  return champion.map((change) => ({ change, effect: posterior.effectOf(change) }));
}

function prune(posterior: TrackPosterior<number>, champion: readonly number[], weight: number): number[] {
  posterior.refine();
  const out = new Set(chooseReverts(judge(posterior, champion), weight, posterior.sd()));
  return champion.filter((change) => !out.has(change));
}

/** The claim test on fresh seeds, at most to the end of the night. What it measures teaches the posterior, too. */
function confirm(
  world: World,
  posterior: TrackPosterior<number>,
  champion: readonly number[],
  floor: readonly number[],
  options: OurOptions,
): Ending {
  const plan = planClaim({
    runs: world.left(),
    alpha: alphaOfTry(options.alpha, 1),
    confidence: options.confidence,
    isPaired: false,
  });
  const fresh = { baseline: [] as number[], champion: [] as number[] };
  const otherRepeats = [{ commit: 'baseline', scores: floor }];
  const expected = posterior.gainOf(champion).mean;
  let verdict: ClaimVerdict | null = null;
  let confirmingRuns = 0;
  while (plan !== null && (verdict === null || verdict.state === 'open')) {
    const seen: ClaimVerdict['runs'] = verdict?.runs ?? { baseline: 0, champion: 0 };
    const side = seen.baseline < seen.champion ? 'baseline' : 'champion';
    const score = world.run(side === 'baseline' ? [] : champion);
    if (score !== null) {
      fresh[side].push(score);
      confirmingRuns++;
    }
    verdict = judgeClaim(plan, { ...fresh, otherRepeats, expected }, score === null || world.left() === 0);
  }
  const noise = poolNoise([
    { commit: 'fresh baseline', scores: fresh.baseline },
    { commit: 'fresh champion', scores: fresh.champion },
    ...otherRepeats,
  ]);
  for (const score of ordinaryScores(noise, { commit: 'fresh baseline', scores: fresh.baseline }))
    posterior.observe([], score);
  for (const score of ordinaryScores(noise, { commit: 'fresh champion', scores: fresh.champion }))
    posterior.observe(champion, score);
  const claimed = verdict?.state === 'confirmed' ? verdict.gain : null;
  return {
    ...{ claimed, confirmingRuns, interval: verdict?.interval ?? null },
    ...{ champion: [...champion], measured: [...champion] },
  };
}
