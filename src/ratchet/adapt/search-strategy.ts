/** What the rows of a session say about how to search on: memory that is left, how long nothing was gained, how much is kept, what was not tried. Pure. */
import { type Direction, gainOver } from '../../analysis/trial-rows.ts';
import type { RatchetRow } from '../../domain/ratchet.ts';
import { countFamilies, type FamilyCount, familyNames } from '../program/families.ts';

/** What is known of a session besides its rows. */
export interface StrategyInput {
  tag: string;
  direction: Direction;
  /** In file order; the first keep is the unmodified baseline. */
  rows: readonly (RatchetRow & { category?: string })[];
  /** Memory above which a run is a crash, GiB; null: none. */
  ceilingGb: number | null;
  /** What training may take of the card, GiB; null where it is not known. */
  cardGb: number | null;
}

/** What was counted, and what follows from it. */
export interface Strategy {
  tag: string;
  /** Without the baseline. */
  experiments: number;
  keeps: number;
  crashes: number;
  /** Experiments since the last gain: since the best, for a keep that is no better than it won nothing. */
  stalled: number;
  /** The best keep, the first of equal ones; null where none has a metric. */
  best: { commit: string; metric: number; memoryGb: number | null } | null;
  /** GiB between the best and the lower of ceiling and card; null where one of them is not known. */
  headroomGb: number | null;
  families: FamilyCount[];
  /** One sentence each, the most pressing first. */
  advice: string[];
}

/** Fewer experiments say nothing about rates. */
const fewest = 5;

/** Reads a session's rows. */
export function readStrategy(input: StrategyInput): Strategy {
  const { tag, rows, ceilingGb, cardGb, direction } = input;
  const firstKeep = rows.findIndex(({ status }) => status === 'keep');
  const tried = rows.filter((_, index) => index !== firstKeep);
  let best: Strategy['best'] = null;
  let bestIndex = -1;
  for (const [index, { status, commit, metric, memoryGb }] of rows.entries()) {
    if (status !== 'keep' || metric === null) continue;
    if (best !== null && gainOver(metric, best.metric, direction) <= 0) continue;
    best = { commit, metric, memoryGb };
    bestIndex = index;
  }
  const limits = [ceilingGb, cardGb].filter((limit) => limit !== null);
  const headroomGb = best?.memoryGb == null || limits.length === 0 ? null : Math.min(...limits) - best.memoryGb;
  const facts = {
    tag,
    experiments: tried.length,
    keeps: tried.filter(({ status }) => status === 'keep').length,
    crashes: tried.filter(({ status }) => status === 'crash').length,
    stalled: rows.length - 1 - bestIndex,
    best,
    headroomGb,
    families: countFamilies(tried),
  };
  return { ...facts, advice: advise(facts, limits.length === 0 ? null : Math.min(...limits)) };
}

function advise(facts: Omit<Strategy, 'advice'>, limitGb: number | null): string[] {
  const { experiments, keeps, crashes, stalled, headroomGb, families } = facts;
  if (experiments < fewest)
    return [`${experiments} experiments are too few to read a strategy from; go on by program.md's directions`];
  const advice: string[] = [];
  const share = (part: number) => `${part} of ${experiments}`;
  if (crashes / experiments >= 0.25)
    advice.push(`${share(crashes)} crashed: smaller steps, and changes that keep the shapes of tensors`);
  const untried = familyNames.filter((name) => families.every((family) => family.name !== name));
  const lately = families[0];
  if (stalled >= 20)
    advice.push(
      `nothing was gained in ${stalled} experiments: combine near misses, or take a part out as a whole; not tried yet: ${untried.slice(0, 4).join(', ') || 'every family was'}`,
    );
  else if (stalled >= 8)
    advice.push(
      `nothing was gained in ${stalled} experiments: leave ${lately?.name ?? 'this family'} (${lately?.tries ?? 0} tries) for ${untried.slice(0, 3).join(', ') || 'the one with the best yield'}`,
    );
  if (keeps / experiments < 0.05 && experiments >= 20)
    advice.push(
      `${share(keeps)} kept: the hypotheses are too near to each other, or the noise hides small gains (\`lab autoresearch results\`)`,
    );
  else if (keeps / experiments > 0.4)
    advice.push(
      `${share(keeps)} kept: so many are rarely all real; \`lab autoresearch results\` holds them against the noise, \`--confirm\` asks for more than luck`,
    );
  const [yielding] = families
    .filter((family) => family.keeps > 0 && family.name !== 'other')
    .sort((a, b) => b.keeps / b.tries - a.keeps / a.tries);
  if (yielding !== undefined && stalled < 20)
    advice.push(`best yield: ${yielding.name}, ${yielding.keeps} of ${yielding.tries} kept`);
  if (headroomGb !== null && limitGb !== null) advice.push(adviseMemory(headroomGb, limitGb));
  return advice;
}

function adviseMemory(headroomGb: number, limitGb: number): string {
  const room = `${Math.max(0, headroomGb).toFixed(1)} GB below the limit of ${limitGb.toFixed(1)} GB`;
  if (headroomGb >= 0.5 * limitGb)
    return `memory: ${room}; a deeper or wider model, or a larger DEVICE_BATCH_SIZE with fewer accumulation steps, has room`;
  if (headroomGb >= 0.15 * limitGb) return `memory: ${room}; one step of size at a time`;
  return `memory: ${room}; changes that take none, or first one that frees some (smaller batch, shorter windows)`;
}
