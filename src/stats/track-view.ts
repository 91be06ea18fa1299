/**
 * What a track knows so far on one device model: the baseline with its noise, the champion, and what any commit scored. Derived from
 * runs and their decisions each time; nothing of it is stored. Pure.
 */
import type { ChampionState, TestRun, Variant } from '../domain/change.ts';
import type { JobKind } from '../domain/job.ts';
import type { Status } from '../domain/result.ts';
import type { DeviceClass } from '../domain/run.ts';
import { compareWithBaseline, type Judging } from './against-baseline.ts';
import { type Noise, summarise } from './noise.ts';

/** One scored run, as far as the track needs it. */
export interface ScoredRun {
  job: number;
  kind: JobKind;
  commit: string;
  metric: number;
  track: string;
  deviceClass: DeviceClass;
  deviceModel: string;
  leak: boolean;
  /** Null while it is not decided, and for baseline and bridge jobs. */
  status: Status | null;
  /** Wall time from start to end, seconds. */
  seconds: number | null;
  /** LAB_SEED; null where the command's own default counted. */
  seed: number | null;
  /** Slug of the experiment; null for any other job. */
  slug: string | null;
  /** Whether it ran in place (`--here`): what ran is in no commit, so that it says nothing of one. */
  here: boolean;
  /** As the job has them. */
  base: string | null;
  start: string | null;
  variant: Variant | null;
  test: TestRun | null;
  /** The champion after the job's decision; null where the job says nothing of it, as in labs from before there were states. */
  champion: ChampionState | null;
}

/** What a commit scored and on how many runs that rests. */
export interface Standing {
  commit: string;
  value: number;
  runs: number;
  jobs: number[];
}

/** What new experiments start from. `value` allows for having been chosen where `state` is known, else it is the mean of `runs` runs. */
export interface Champion extends Standing {
  source: 'experiment' | 'bridge' | 'baseline';
  /** What it is made of; null where nothing was kept, and in labs from before there were states. */
  state: ChampionState | null;
}

/** A track on one device model. */
export interface TrackView {
  /** Mean and noise of the newest commit that baseline jobs ran; null before the first. */
  baseline: (Standing & { noise: Noise }) | null;
  /**
   * What new experiments start from: the last kept experiment, else a champion of another track that a bridge showed to be better than
   * the baseline here, else the baseline; null before there is one of them.
   */
  champion: Champion | null;
}

/**
 * Derives the view. `deviceModel` null takes the runs of any device; values of two models are never averaged by a caller that names one.
 * Jobs queued by hand never move the champion.
 */
export function viewTrack(runs: ScoredRun[], track: string, deviceModel: string | null, judging: Judging): TrackView {
  const own = runs.filter((run) => run.track === track && (deviceModel === null || run.deviceModel === deviceModel));
  const baselineRuns = own.filter((run) => run.kind === 'baseline');
  const newest = baselineRuns.at(-1);
  const standing = newest ? standingOf(baselineRuns, newest.commit) : null;
  const noise = newest ? noiseOf(baselineRuns, newest.commit) : null;
  const baseline = standing && noise ? { ...standing, noise } : null;
  return { baseline, champion: findChampion(own, baseline, judging) };
}

function findChampion(own: ScoredRun[], baseline: TrackView['baseline'], judging: Judging): TrackView['champion'] {
  const state = own.findLast((run) => run.champion !== null)?.champion ?? null;
  // A champion whose changes were all taken back is the code that it began with.
  if (state !== null && state.changes.length > 0) {
    const ran = standingOf(own, state.commit);
    const standing = { commit: state.commit, value: state.value, runs: ran?.runs ?? 0, jobs: ran?.jobs ?? [] };
    return { ...standing, source: 'experiment', state };
  }
  // In labs from before there were states the champion is the last kept experiment, and the root of what came after.
  const isOld = (run: ScoredRun) => run.kind === 'experiment' && run.status === 'keep' && run.champion === null;
  const kept = own.findLast((run) => isOld(run) && (state === null || run.commit === state.root));
  const experiment = kept && standingOf([kept], kept.commit);
  if (experiment) return { ...experiment, source: 'experiment', state };
  if (baseline === null) return null;
  const { noise, ...standing } = baseline;
  const bridged = findBridged(own, noise, judging);
  return bridged ? { ...bridged, source: 'bridge', state } : { ...standing, source: 'baseline', state };
}

/** The best of the bridged commits that are better than the baseline by more than luck; null where none is. */
function findBridged(own: ScoredRun[], baseline: Noise, judging: Judging): Standing | null {
  const runs = own.filter((run) => run.kind === 'bridge');
  let best: Standing | null = null;
  for (const commit of new Set(runs.map((run) => run.commit))) {
    const ofCommit = runs.filter((run) => run.commit === commit);
    const noise = noiseOf(ofCommit, commit);
    const standing = standingOf(ofCommit, commit);
    // One leak says that none of the commit's numbers can be trusted.
    if (noise === null || standing === null || ofCommit.some((run) => run.leak)) continue;
    if (compareWithBaseline(noise, baseline, judging).verdict !== 'better') continue;
    const isBest =
      best === null || (judging.direction === 'lower' ? standing.value <= best.value : standing.value >= best.value);
    if (isBest) best = standing;
  }
  return best;
}

/** Mean value of a commit over the runs given; null where none ran it. */
export function standingOf(runs: ScoredRun[], commit: string): Standing | null {
  const own = runs.filter((run) => run.commit === commit);
  const summary = summarise(own.map((run) => run.metric));
  return summary === null ? null : { commit, value: summary.mean, runs: summary.n, jobs: own.map((run) => run.job) };
}

/** Mean and spread of a commit over the runs given; null where none ran it. */
export function noiseOf(runs: ScoredRun[], commit: string): Noise | null {
  return summarise(runs.filter((run) => run.commit === commit).map((run) => run.metric));
}

/**
 * The device model that views and decisions of a track are about: the model of the newest scored run on that class of device, as long as
 * `present` names it or is empty; else the first of `present`. Null where nothing ran and nothing is present.
 */
export function chooseModel(
  runs: ScoredRun[],
  track: string,
  deviceClass: DeviceClass,
  present: readonly string[],
): string | null {
  const newest = runs.findLast(
    (run) =>
      run.track === track &&
      run.deviceClass === deviceClass &&
      (present.length === 0 || present.includes(run.deviceModel)),
  );
  return newest?.deviceModel ?? present[0] ?? null;
}
