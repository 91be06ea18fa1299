/**
 * A simulated night: ideas with a true worth that no rule sees, and runs that show it with noise. Scores are in noise widths, higher is
 * better, the baseline is worth 0. Worths add up, but in nights where pairs of ideas
 * interact: a champion is worth the sum of its kept ideas and of their pairs.
 */

import { createRandom, mixSeed } from '../../src/stats/seeded-random.ts';
import { drawEffect, type Mix } from './mixes.ts';

/** A night as a rule sees it. */
export interface World {
  /** Runs that are left. */
  left: () => number;
  /** Runs of the whole night. */
  budget: number;
  /** A new idea: its number. Ideas come in the same order for every rule. */
  nextIdea: () => number;
  /** Runs the baseline with these ideas built in; null where no run is left. A seed that was used before gives what it shares with other code. */
  run: (ideas: readonly number[], seed?: number) => number | null;
  /** A seed that was not used before. */
  freshSeed: () => number;
  /** Whether git cannot take this idea out of later code, or put it onto it, by itself. An agent that prunes the champion can. */
  isEntangled: (idea: number) => boolean;
  /** Numbers in [0, 1) for rules that draw lots. */
  dice: () => number;
  /** The true worth of a set of ideas: for the judge, not for rules. */
  worth: (ideas: readonly number[]) => number;
}

/** Opens a night. The same seed has the same ideas for every rule. */
export function openWorld(mix: Mix, seed: number): World {
  const ideaStream = createRandom(mixSeed(seed, 1));
  const noise = createRandom(mixSeed(seed, 2));
  const effects: number[] = [];
  const shared = Math.sqrt(mix.seedCorrelation);
  const own = Math.sqrt(1 - mix.seedCorrelation);
  let used = 0;
  let seeds = 0;
  const { interaction } = mix;
  const pairs = new Map<number, number>();
  const pairWorth = (left: number, right: number) => {
    if (interaction === null) return 0;
    const key = Math.min(left, right) * 4096 + Math.max(left, right);
    const known = pairs.get(key);
    if (known !== undefined) return known;
    const stream = createRandom(mixSeed(seed, 6, key));
    const value = stream.uniform() < interaction.share ? interaction.sd * stream.normal() : 0;
    pairs.set(key, value);
    return value;
  };
  const worth = (ideas: readonly number[]) => {
    let sum = 0;
    for (const [index, idea] of ideas.entries()) {
      sum += effects[idea] ?? 0;
      if (interaction !== null) for (const other of ideas.slice(0, index)) sum += pairWorth(idea, other);
    }
    return sum;
  };
  return {
    budget: mix.budget,
    left: () => mix.budget - used,
    nextIdea: () => effects.push(drawEffect(mix, effects.length / mix.budget, ideaStream)) - 1,
    run: (ideas, runSeed) => {
      if (used >= mix.budget) return null;
      used++;
      const ofSeed = shared === 0 ? 0 : createRandom(mixSeed(seed, 3, runSeed ?? ++seeds)).normal();
      let score = worth(ideas) + shared * ofSeed + own * noise.normal();
      if (mix.diverge !== null && noise.uniform() < mix.diverge.share)
        score -= mix.diverge.widths * (0.5 + noise.uniform());
      return score;
    },
    freshSeed: () => ++seeds,
    isEntangled: (idea) => createRandom(mixSeed(seed, 5, idea)).uniform() < mix.entangled,
    dice: createRandom(mixSeed(seed, 4)).uniform,
    worth,
  };
}

/** What a rule says at the end of its night, in noise widths. */
export interface Ending {
  /** The ideas in its last champion. */
  champion: number[];
  /** The gain that it reports as real; null where it claims none. */
  claimed: number | null;
  /** The interval that it states for the gain of `measured`; null where it states none. */
  interval: { low: number; high: number } | null;
  /** The ideas in the code that the claim and the interval are about. */
  measured: number[];
  /** Runs that measured again what was measured before, baseline repeats included. */
  confirmingRuns: number;
}

/** A rule plays a whole night. */
export type Player = (world: World) => Ending;
