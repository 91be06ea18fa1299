/**
 * The code that an experiment runs on: its own commit, with doubtful changes of the champion left out and near misses put in by lot, so that
 * its run also says what those are worth. The lot is the experiment's own: asked again it falls the same way. What a run says is the
 * recorder's business.
 */
import { readStoredJobs } from '../../queue/job-store.ts';
import { listScoredRuns } from '../../workers/recorder/decide-job.ts';
import type { LabConfig } from '../config/schema.ts';
import type { ChampionState, Change, Variant } from '../domain/change.ts';
import { composeCommit } from '../git/compose-commit.ts';
import { chooseRiders, usualNearMisses } from '../stats/near-misses.ts';
import { chooseLeftOut, usualPruning } from '../stats/prune.ts';
import { createRandom, mixSeed } from '../stats/seeded-random.ts';
import { studyTrack } from '../stats/track-history.ts';
import type { ScoredRun } from '../stats/track-view.ts';
import type { PipelineContext } from './context.ts';

/** What runs for an experiment. */
export interface Drawn {
  /** Full hash of what runs. */
  commit: string;
  /** Null where it is the experiment's own commit. */
  variant: Variant | null;
  /** LAB_SEED; null where the command's own default counts. */
  seed: number | null;
}

/** An experiment that was built. */
export interface BuiltExperiment {
  slug: string;
  attempt: number;
  base: string;
  start: string;
  commit: string;
}

/** Seeds below are people's: `run.seeds`, and what they type. */
const firstSeed = 1000;
const seedCount = 2 ** 31 - firstSeed;

/**
 * Draws seed and variant of an experiment. `asBuilt` runs its own commit, whatever the lot says. Under the strict rule every experiment runs as
 * it was built, with the first of `run.seeds`, as the ratchet's authors do it. Throws LabError where git does.
 */
export async function drawVariant(
  { paths, config }: Pick<PipelineContext, 'paths' | 'config'>,
  built: BuiltExperiment,
  track: string,
  asBuilt: boolean,
): Promise<Drawn> {
  const own = { commit: built.commit, variant: null };
  if (config.decision.rule === 'strict') return { ...own, seed: config.run.seeds[0] ?? null };
  const lot = createRandom(mixSeed(Number.parseInt(built.commit.slice(0, 8), 16), built.attempt, asBuilt ? 1 : 0));
  // Runs that share a seed would share its luck: each change would seem to help that started from a lucky one.
  const seed = firstSeed + Math.floor(lot.uniform() * seedCount);
  if (asBuilt) return { ...own, seed };
  const runs = listScoredRuns(readStoredJobs(paths.runs));
  const { leftOut, riders } = drawChanges(runs, { config, built, track }, lot.uniform);
  if (leftOut.length + riders.length === 0) return { ...own, seed };
  const steps = [
    ...[...leftOut].reverse().map((change) => ({ kind: 'revert' as const, change })),
    ...riders.map((change) => ({ kind: 'apply' as const, change })),
  ];
  const message = `nightlab: ${built.slug} ${[...leftOut.map(({ slug }) => `without ${slug}`), ...riders.map(({ slug }) => `with ${slug}`)].join(', ')}\n`;
  const { commit, skipped } = await composeCommit(paths.root, built.commit, steps, { message, atMs: 0 });
  const isMade = ({ commit: name }: Change) => !skipped.some((change) => change.commit === name);
  const variant = { of: built.commit, leftOut: leftOut.filter(isMade), riders: riders.filter(isMade) };
  return variant.leftOut.length + variant.riders.length === 0 || commit === built.commit
    ? { ...own, seed }
    : { commit, variant, seed };
}

interface Asked {
  config: Pick<LabConfig, 'decision' | 'metric'>;
  built: BuiltExperiment;
  track: string;
}

/** What the lot takes out of the experiment's base and puts in. */
function drawChanges(
  runs: ScoredRun[],
  { config, built, track }: Asked,
  dice: () => number,
): { leftOut: Change[]; riders: Change[] } {
  const { leaveOut, nearMisses } = config.decision;
  const ofTrack = runs.filter((run) => run.track === track);
  const state = stateOf(ofTrack, built.base);
  if (state === null) return { leftOut: [], riders: [] };
  const own = ofTrack.filter((run) => run.deviceModel === state.deviceModel);
  const { posterior } = studyTrack(own, config.metric.direction);
  if (posterior === null) return { leftOut: [], riders: [] };
  const { changes, near } = state.champion;
  const judged = changes.map((change) => ({ change, effect: posterior.effectOf(change.commit) }));
  const leftOut = chooseLeftOut(judged, leaveOut, usualPruning.isSureFrom, dice);
  const others = near.slice(0, nearMisses).filter(({ slug, commit }) => slug !== built.slug && commit !== built.commit);
  return { leftOut, riders: chooseRiders(others, usualNearMisses.share, dice) };
}

/** The champion that an experiment was built on, with the model that it was measured on; near misses are today's. */
function stateOf(runs: ScoredRun[], base: string): { champion: ChampionState; deviceModel: string } | null {
  const built = runs.findLast(({ champion }) => champion?.commit === base);
  if (!built?.champion) return null;
  const newest = runs.findLast((run) => run.deviceModel === built.deviceModel && run.champion !== null)?.champion;
  const isIn = ({ commit }: Change) => built.champion?.changes.some((change) => change.commit === commit) === true;
  const near = (newest?.near ?? []).filter((change) => !isIn(change));
  return { champion: { ...built.champion, near }, deviceModel: built.deviceModel };
}
