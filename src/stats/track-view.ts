/**
 * What a track knows so far on one device model: the baseline with its noise, the champion, and what any commit scored. Derived from
 * runs and their decisions each time; nothing of it is stored. Pure.
 */
import type { JobKind } from '../domain/job.ts';
import type { Status } from '../domain/result.ts';
import { type Noise, summarise } from './noise.ts';

/** One scored run, as far as the track needs it. */
export interface ScoredRun {
  job: number;
  kind: JobKind;
  commit: string;
  metric: number;
  track: string;
  deviceModel: string;
  leak: boolean;
  /** Null while it is not decided, and for baseline jobs. */
  status: Status | null;
}

/** What a commit scored and on how many runs that rests. */
export interface Standing {
  commit: string;
  value: number;
  runs: number;
  jobs: number[];
}

/** A track on one device model. */
export interface TrackView {
  /** Mean and noise of the newest commit that baseline jobs ran; null before the first. */
  baseline: (Standing & { noise: Noise }) | null;
  /** The kept experiment that new ones start from, else the baseline; null before both. */
  champion: Standing | null;
}

/**
 * Derives the view. `deviceModel` null takes the runs of any device; values of two models are never averaged by a caller that names one.
 * Jobs queued by hand never move the champion.
 */
export function viewTrack(runs: ScoredRun[], track: string, deviceModel: string | null): TrackView {
  const own = runs.filter((run) => run.track === track && (deviceModel === null || run.deviceModel === deviceModel));
  const baselineRuns = own.filter((run) => run.kind === 'baseline');
  const newest = baselineRuns.at(-1);
  const baseline = newest ? standingOf(baselineRuns, newest.commit) : null;
  const noise = newest
    ? summarise(baselineRuns.filter((run) => run.commit === newest.commit).map((run) => run.metric))
    : null;
  const kept = own.filter((run) => run.kind === 'experiment' && run.status === 'keep').at(-1);
  return {
    baseline: baseline && noise ? { ...baseline, noise } : null,
    champion: kept ? standingOf([kept], kept.commit) : baseline,
  };
}

/** Mean value of a commit over the runs given; null where none ran it. */
export function standingOf(runs: ScoredRun[], commit: string): Standing | null {
  const own = runs.filter((run) => run.commit === commit);
  const summary = summarise(own.map((run) => run.metric));
  return summary === null ? null : { commit, value: summary.mean, runs: summary.n, jobs: own.map((run) => run.job) };
}
