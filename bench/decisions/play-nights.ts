/** Plays many nights of one kind with one rule and adds up what came of them, against the truth that the rule never saw. */

import { mixSeed } from '../../src/stats/seeded-random.ts';
import type { Mix } from './mixes.ts';
import { openWorld, type Player } from './world.ts';

/** What a rule's nights of one kind add up to. Gains in noise widths. */
export interface Tally {
  nights: number;
  /** Sum of the final champions' true gains. */
  gain: number;
  /** Nights that claim a gain, and those of them whose true gain is not above zero. */
  claims: number;
  falseClaims: number;
  /** Sums over the nights that claim: what was claimed, and the true gain of the code it was claimed for. */
  claimed: number;
  claimedTrue: number;
  /** Nights that state an interval, those whose interval holds the truth, and on which side the others miss. */
  intervals: number;
  covered: number;
  tooHigh: number;
  tooLow: number;
  /** Keeps in the final champions, and those that do not help. */
  keeps: number;
  falseKeeps: number;
  confirmingRuns: number;
}

/** Nothing played yet. */
export const emptyTally: Tally = {
  ...{ nights: 0, gain: 0, claims: 0, falseClaims: 0, claimed: 0, claimedTrue: 0, intervals: 0, covered: 0 },
  ...{ tooHigh: 0, tooLow: 0, keeps: 0, falseKeeps: 0, confirmingRuns: 0 },
};

/** Plays `nights` nights from `firstSeed` on. Every rule meets the same ideas; `kind` keeps the kinds of nights apart. */
export function playNights(mix: Mix, kind: number, player: Player, nights: number, firstSeed: number): Tally {
  const tally = { ...emptyTally };
  for (let night = 0; night < nights; night++) {
    const world = openWorld(mix, mixSeed(firstSeed + night, kind));
    const ending = player(world);
    const truth = world.worth(ending.measured);
    tally.nights++;
    const gain = world.worth(ending.champion);
    tally.gain += gain;
    tally.keeps += ending.champion.length;
    tally.falseKeeps += ending.champion.filter((idea) => {
      // What the champion would lose without it; rounding must not make a useless one look useful.
      const without = world.worth(ending.champion.filter((other) => other !== idea));
      return gain - without <= 1e-9;
    }).length;
    tally.confirmingRuns += ending.confirmingRuns;
    if (ending.claimed !== null) {
      tally.claims++;
      tally.claimed += ending.claimed;
      tally.claimedTrue += truth;
      if (truth <= 0) tally.falseClaims++;
    }
    if (ending.interval !== null) {
      tally.intervals++;
      if (truth < ending.interval.low) tally.tooHigh++;
      else if (truth > ending.interval.high) tally.tooLow++;
      else tally.covered++;
    }
  }
  return tally;
}

/** Two tallies as one. */
export function addTallies(left: Tally, right: Tally): Tally {
  const sum = { ...left };
  for (const key of Object.keys(sum) as (keyof Tally)[]) sum[key] += right[key];
  return sum;
}
