/**
 * What the scored runs of one track on one device model say together: the noise of a run, which changes are in which code, and what each change
 * is worth. Derived by replaying the runs in the order in which they were recorded; nothing of it is stored. Pure. It decides nothing
 * (advance.ts) and knows no git.
 */
import { type NoiseModel, poolNoise, type Repeats } from './noise-model.ts';
import { chooseReverts } from './prune.ts';
import { createTrackPosterior, type TrackPosterior, usualOptions } from './track-posterior.ts';
import type { ScoredRun } from './track-view.ts';

/** How often all keeps are judged anew, in runs of experiments. */
export const refineEvery = 10;

/** What is known of a track on one device model. Scores are oriented: higher is better. */
export interface TrackKnowledge {
  /** 1 where higher is better, -1 where lower is: score = sign * metric. */
  sign: 1 | -1;
  noise: NoiseModel;
  /** What changes are worth, by their commits; null where no repeats tell the noise. */
  posterior: TrackPosterior<string> | null;
  /** Standard deviation of one run to explore with; null where no repeats tell it. */
  sd: number | null;
  /** Runs of experiments that the posterior took in. */
  explored: number;
  /** Job numbers of runs that it could not place: it is not known what is in their code. */
  unplaced: number[];
  /**
   * Value of the newest run's code without its own change, as all runs before it say; null where the newest run is no experiment or cannot be
   * placed. Without the run itself: a surprising one would draw the level of its own base along.
   */
  levelBefore: { job: number; level: number } | null;
  /** The changes in a commit, by their commits; null where that is not known. */
  changesOf: (commit: string) => readonly string[] | null;
  /** The changes in the code that a run ran; null where that is not known. */
  changesIn: (run: ScoredRun) => readonly string[] | null;
}

/** Whether a run repeats code that was not chosen by this very run, so that it says how far luck carries a score. */
const isRepeat = ({ kind }: ScoredRun): boolean =>
  kind === 'baseline' || kind === 'bridge' || kind === 'confirm' || kind === 'ablation';

/**
 * Replays the runs, all of one track and device model, in their order. Runs by hand say nothing of the champion and are left out, as are
 * leaks; of repeats that the noise model calls outliers the posterior hears nothing.
 */
export function studyTrack(all: readonly ScoredRun[], direction: 'lower' | 'higher'): TrackKnowledge {
  const sign = direction === 'lower' ? -1 : 1;
  const runs = dropEchoes(
    all.filter(
      (run) => !run.leak && run.status !== 'crash' && (isRepeat(run) || (run.kind === 'experiment' && !run.here)),
    ),
  );
  const { changesOf, changesIn } = placeChanges(runs);
  const groups = new Map<string, { scores: number[]; jobs: number[] }>();
  for (const run of runs.filter(isRepeat)) {
    const group = groups.get(run.commit) ?? { scores: [], jobs: [] };
    group.scores.push(sign * run.metric);
    group.jobs.push(run.job);
    groups.set(run.commit, group);
  }
  const repeats: Repeats[] = [...groups].map(([commit, { scores }]) => ({ commit, scores }));
  const noise = poolNoise(repeats);
  const outliers = new Set(noise.outliers.map(({ commit, index }) => groups.get(commit)?.jobs[index]));
  const sd = noise.sd === null ? null : Math.max(noise.sd, noise.sd === 0 ? halfDigit(runs) : 0, leastSd(runs));
  const known: TrackKnowledge = {
    ...{ sign, noise, sd, changesOf, changesIn },
    ...{ posterior: null, explored: 0, unplaced: [], levelBefore: null },
  };
  if (sd === null) return known;
  // Runs that repeat to the digit leave nothing to learn of the noise from changes that look useless.
  const degrees = noise.sd === 0 ? Number.POSITIVE_INFINITY : noise.degrees;
  const posterior = createTrackPosterior<string>({ ...usualOptions, sd, degrees });
  const stays = listStaying(runs, changesOf);
  const lastUse = new Map<string, number>();
  for (const [index, run] of runs.entries()) for (const change of changesIn(run) ?? []) lastUse.set(change, index);
  const seen = new Set<string>();
  const held = new Set<string>();
  for (const [index, run] of runs.entries()) {
    if (outliers.has(run.job)) continue;
    const changes = changesIn(run);
    if (changes === null || changes.filter((change) => !seen.has(change)).length > 1) {
      known.unplaced.push(run.job);
      continue;
    }
    for (const change of changes) {
      seen.add(change);
      held.add(change);
    }
    if (index === runs.length - 1 && run.kind === 'experiment') {
      const own = run.variant?.of ?? run.commit;
      const { mean } = posterior.levelOf(changes.filter((change) => change !== own));
      known.levelBefore = { job: run.job, level: mean };
    }
    posterior.observe(changes, sign * run.metric);
    if (run.kind !== 'experiment') continue;
    known.explored += 1;
    if (known.explored % refineEvery === 0) posterior.refine();
    // What no later run and no champion has in it would only make every step slower; its run has had its say.
    for (const change of held) {
      if ((lastUse.get(change) ?? index) >= index || stays.has(change)) continue;
      posterior.forget(change);
      held.delete(change);
    }
  }
  return { ...known, posterior, sd: posterior.sd() };
}

/**
 * Without runs that repeat a seed of the same code: they say the same again, and would count as a second opinion. Of two the first stays, but for
 * an experiment without a base, of which nobody knows what is in it.
 */
function dropEchoes(runs: readonly ScoredRun[]): ScoredRun[] {
  const keyOf = ({ commit, seed }: ScoredRun) => `${commit} ${seed}`;
  const isKnown = ({ kind, base }: ScoredRun) => kind !== 'experiment' || base !== null;
  const known = new Set(runs.filter(isKnown).map(keyOf));
  const seen = new Set<string>();
  return runs.filter((run) => {
    if (run.seed === null) return true;
    const key = keyOf(run);
    if (seen.has(key) || (!isKnown(run) && known.has(key))) return false;
    seen.add(key);
    return true;
  });
}

/** Below this a double has no room for the sums that the posterior makes of such scores. */
function leastSd(runs: readonly ScoredRun[]): number {
  return 1e-9 * runs.reduce((most, { metric }) => Math.max(most, Math.abs(metric)), 0);
}

/** What is in the newest champion, its root included, what is remembered beside it, and what is in the newest baseline and bridge. */
function listStaying(
  runs: readonly ScoredRun[],
  changesOf: (commit: string) => readonly string[] | null,
): ReadonlySet<string> {
  const state = runs.findLast((run) => run.champion !== null)?.champion ?? null;
  const made = state === null ? [] : [...state.changes, ...state.near].map(({ commit }) => commit);
  const roots = [
    state?.root,
    runs.findLast(({ kind }) => kind === 'baseline')?.commit,
    runs.findLast(({ kind }) => kind === 'bridge')?.commit,
  ].flatMap((commit) => (commit === undefined ? [] : (changesOf(commit) ?? [])));
  return new Set([...made, ...roots]);
}

/** Half the last digit that the scores are printed with: what may hide between two runs that are equal to the digit. */
function halfDigit(runs: readonly ScoredRun[]): number {
  const decimals = runs.map(({ metric }) => {
    const [, fraction = '', exponent = '0'] = /^-?\d+(?:\.(\d+))?(?:e([+-]\d+))?$/.exec(String(metric)) ?? [];
    return fraction.length - Number(exponent);
  });
  return 0.5 * 10 ** -Math.max(0, ...decimals);
}

/**
 * Which changes are in which code. The first baseline is the code without any; another baseline and a bridged champion are a change of their
 * own. An experiment has its base's changes and its own, less what was left out, and with what rode along.
 */
function placeChanges(runs: readonly ScoredRun[]): Pick<TrackKnowledge, 'changesOf' | 'changesIn'> {
  const byCommit = new Map<string, readonly string[]>();
  const byTest = new Map<number, readonly string[]>();
  const changesOf = (commit: string) => byCommit.get(commit) ?? null;
  const place = (commit: string, changes: readonly string[]) => {
    if (!byCommit.has(commit)) byCommit.set(commit, changes);
  };
  for (const run of runs) {
    const root = run.test === null ? null : changesOf(run.test.root);
    if (run.test !== null && root !== null) place(run.commit, [...root, ...run.test.changes]);
    if (run.kind === 'baseline' || run.kind === 'bridge') place(run.commit, byCommit.size === 0 ? [] : [run.commit]);
    if (run.kind === 'experiment') {
      const own = run.variant?.of ?? run.commit;
      const base = run.base === null ? null : changesOf(run.base);
      if (base !== null) {
        place(own, [...base, own]);
        if (run.variant !== null) {
          const out = new Set(run.variant.leftOut.map(({ commit }) => commit));
          const riders = run.variant.riders.map(({ commit }) => commit);
          byTest.set(run.job, [...base.filter((change) => !out.has(change)), ...riders, own]);
        }
      }
    }
    if (run.champion !== null) {
      const root = changesOf(run.champion.root);
      if (root !== null) place(run.champion.commit, [...root, ...run.champion.changes.map(({ commit }) => commit)]);
    }
  }
  return {
    changesOf,
    changesIn: (run) => (run.variant === null ? changesOf(run.commit) : (byTest.get(run.job) ?? null)),
  };
}

/**
 * The changes of a champion that may be claimed: those that all runs bear out, weighed against what leaving a useless one in costs (`weight`, in
 * widths of one run; prune.ts). All of them where no repeats tell the noise.
 */
export function chooseSolid<C extends { commit: string }>(
  known: TrackKnowledge,
  changes: readonly C[],
  weight: number,
): C[] {
  const { posterior, sd } = known;
  if (posterior === null || sd === null) return [...changes];
  posterior.refine();
  const judged = changes.map((change) => ({ change, effect: posterior.effectOf(change.commit) }));
  const out = new Set(chooseReverts(judged, weight, sd));
  return changes.filter((change) => !out.has(change));
}
