/** How wide a session searches: each run of experiments without a gain widens it by a step. Pure. */
import { type DecidedIteration, type Iteration, isDecided, metricOf } from './iteration.ts';

/** The steps, from narrow to wide; `ask` goes into the agent's task. */
export const explorationSteps: readonly { name: string; ask: string }[] = [
  { name: 'near what works', ask: 'Search near what has worked so far.' },
  {
    name: 'another category',
    ask: 'The search has stalled. Take another category than the last experiments did: architecture, optimizer, data, loss, schedule, regularisation, simplification.',
  },
  {
    name: 'bolder changes',
    ask: 'The search has stalled for long. Be bolder: a change of structure in place of a constant, a factor of two in place of a tenth, a part taken out as a whole.',
  },
  {
    name: 'near misses combined',
    ask: 'Small steps have failed. Combine near misses: changes that were thrown away for a hair may help together. {{inbox}}/near-misses.md has them with their diffs.',
  },
  {
    name: 'papers named in the code',
    ask: 'Everything near has been tried. Go back to where the code comes from: read the papers and projects that the code and program.md name, take one idea from them that is not in here yet, and try it; {{inbox}}/near-misses.md may still help.',
  },
];

/** Experiments since the last gain. The baseline is one. */
export function countStalled(iterations: readonly Iteration[]): number {
  const decided = iterations.filter(isDecided);
  const last = decided.findLastIndex(({ decision }) => decision.status === 'keep');
  return decided.length - 1 - last;
}

/** The step that the next experiment is made in: one wider for each `stallAfter` experiments without a gain. */
export function chooseExploration(iterations: readonly Iteration[], stallAfter: number): number {
  return Math.min(explorationSteps.length - 1, Math.floor(Math.max(0, countStalled(iterations)) / stallAfter));
}

/** Discarded experiments with a number, the nearest to the best first. */
export function listNearMisses(
  iterations: readonly Iteration[],
  direction: 'lower' | 'higher',
  most: number,
): DecidedIteration[] {
  const scoreOf = (one: Iteration): number => metricOf(one) ?? Number.NaN;
  return iterations
    .filter(isDecided)
    .filter((one) => one.decision.status === 'discard' && metricOf(one) !== null)
    .sort((a, b) => (direction === 'lower' ? scoreOf(a) - scoreOf(b) : scoreOf(b) - scoreOf(a)))
    .slice(0, most);
}
