/** The seeds of a baseline or a bridge. Pure. */
import type { LabConfig } from '../config/schema.ts';

/** The first `count` of run.seeds, going on after the highest one where more are asked for; null: all of run.seeds. */
export function listSeeds({ run }: Pick<LabConfig, 'run'>, count: number | null): number[] {
  const highest = Math.max(...run.seeds);
  return Array.from(
    { length: count ?? run.seeds.length },
    (_, index) => run.seeds[index] ?? highest + 1 + index - run.seeds.length,
  );
}
