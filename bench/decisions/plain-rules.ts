/** The rules that are compared with ours, as their authors describe them. Each plays a whole night; scores are in noise widths, higher is better. */
import { mean, median, sampleStandardDeviation } from 'simple-statistics';
import type { Ending, Player, World } from './world.ts';

/** "Lower wins": whatever beats the best number seen is kept; the gain is the best number against the one baseline run. */
export const playStrict: Player = (world) => climb(world, world.run([]) ?? 0, 0, 0);

/** The floor is measured first; a change counts from two standard deviations on. */
export const playTwoSigma: Player = (world) => {
  const floor = runs(world, [], 4);
  return climb(world, mean(floor), 2 * sampleStandardDeviation(floor), floor.length - 1);
};

/**
 * Lower wins, and a confidence score says whether to believe it: |best - first| over the median absolute deviation of all numbers of the
 * session; from 2.0 on "likely real".
 */
export const playMadConfidence: Player = (world) => {
  const first = world.run([]) ?? 0;
  const all = [first];
  const ending = climb({ ...world, run: (ideas) => note(all, world.run(ideas)) }, first, 0, 0);
  const centre = median(all);
  const deviation = median(all.map((value) => Math.abs(value - centre)));
  const confidence = ending.claimed === null ? 0 : ending.claimed / deviation;
  return { ...ending, claimed: confidence >= 2 ? ending.claimed : null };
};

/** Every idea runs with three seeds; the middle one counts. */
export const playBestOfThree: Player = (world) => {
  const first = median(runs(world, [], 3));
  const champion: number[] = [];
  let best = first;
  while (world.left() >= 3) {
    const candidate = [...champion, world.nextIdea()];
    const value = median(runs(world, candidate, 3));
    if (value <= best) continue;
    best = value;
    champion.splice(0, champion.length, ...candidate);
  }
  return end(champion, best - first, Math.floor((world.budget * 2) / 3));
};

/** What wins on one run is measured again with `seeds` fresh ones before anything goes on from it; its mean must beat the champion's by luck's reach. */
export function createConfirmEveryKeep(seeds: number, widths: number): Player {
  return (world) => {
    const floor = runs(world, [], seeds);
    const first = mean(floor);
    const champion: number[] = [];
    let best = first;
    let confirming = floor.length - 1;
    while (world.left() > 0) {
      const candidate = [...champion, world.nextIdea()];
      const value = world.run(candidate);
      if (value === null || value <= best) continue;
      const again = runs(world, candidate, seeds);
      confirming += again.length;
      if (again.length < seeds || mean(again) <= best + widths * Math.sqrt(2 / seeds)) continue;
      best = mean(again);
      champion.splice(0, champion.length, ...candidate);
    }
    return end(champion, best - first, confirming);
  };
}

/** Keeps what beats the best number by more than the margin. */
function climb(world: Pick<World, 'run' | 'nextIdea' | 'left'>, first: number, margin: number, confirming: number) {
  const champion: number[] = [];
  let best = first;
  while (world.left() > 0) {
    const idea = world.nextIdea();
    const value = world.run([...champion, idea]);
    if (value === null || value <= best + margin) continue;
    best = value;
    champion.push(idea);
  }
  return end(champion, best - first, confirming);
}

function end(champion: number[], gain: number, confirmingRuns: number): Ending {
  return { champion, measured: champion, claimed: champion.length > 0 ? gain : null, interval: null, confirmingRuns };
}

/** As many runs of the code as are left, at most `count`. */
function runs(world: World, ideas: readonly number[], count: number): number[] {
  return Array.from({ length: count }, () => world.run(ideas)).filter((value) => value !== null);
}

function note(all: number[], value: number | null): number | null {
  if (value !== null) all.push(value);
  return value;
}
