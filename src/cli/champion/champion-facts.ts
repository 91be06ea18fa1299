/** What `lab champion` shows: what the champion is made of and what all runs of the track say each part is worth. Reads the ledger, no daemon. */
import type { LabConfig } from '../../config/schema.ts';
import type { Change } from '../../domain/change.ts';
import type { EffectPosterior } from '../../stats/effect-prior.ts';
import { chooseSolid, studyTrack } from '../../stats/track-history.ts';
import type { Ledger } from '../ledger.ts';

/** A change and what it is worth, in the metric's own sign. */
export interface ChangeFacts extends Change {
  /** Null where no repeats tell the noise. */
  worth: { change: number; sd: number; helps: number } | null;
  /** Experiments' runs with it and without it since it first ran. */
  runsWith: number;
  runsWithout: number;
  /** Whether a claim would leave it out: all runs together do not bear it out (decision.pruneWeight). Near misses always are. */
  isDoubtful: boolean;
}

/** The champion in figures. Changes of the metric are signed as the metric is. */
export interface ChampionFacts {
  track: string;
  model: string | null;
  commit: string;
  source: string;
  /** What it is worth by all runs; null where nothing says it. */
  value: { metric: number; sd: number | null } | null;
  /** The number that it was chosen by, and how much of it was luck; null where its very code never ran by itself. */
  chosenBy: { metric: number; luck: number } | null;
  /** Over the code without any of the changes; null where nothing was kept or the noise is unknown. */
  gain: { change: number; sd: number } | null;
  noise: { sd: number | null; degrees: number; runs: number; leftOut: number };
  changes: ChangeFacts[];
  near: ChangeFacts[];
}

/** Gathers the facts; null before there is a champion. */
export function gatherChampion(ledger: Ledger, config: LabConfig): ChampionFacts | null {
  const { champion } = ledger.view;
  if (champion === null) return null;
  const { track, model } = ledger;
  const runs = ledger.runs.filter((run) => run.track === track && run.deviceModel === model);
  const known = studyTrack(runs, config.metric.direction);
  const { posterior, sign, noise } = known;
  const root = known.changesOf(champion.state?.root ?? champion.commit) ?? [];
  const changes = champion.state?.changes ?? [];
  const names = changes.map(({ commit }) => commit);
  // First, because it judges all changes again: what is read below then fits together.
  const solid = chooseSolid(known, changes, config.decision.pruneWeight);
  const level = posterior?.levelOf([...root, ...names]) ?? null;
  const gain = posterior === null || names.length === 0 ? null : posterior.gainOf(names);
  const metric = level === null ? champion.value : sign * level.mean;
  const chosenBy = champion.state?.chosenBy ?? null;
  const describe = (change: Change): ChangeFacts => {
    const first = runs.findIndex((run) => known.changesIn(run)?.includes(change.commit) === true);
    const since = first < 0 ? [] : runs.slice(first).filter(({ kind }) => kind !== 'baseline' && kind !== 'plain');
    const runsWith = since.filter((run) => known.changesIn(run)?.includes(change.commit) === true).length;
    const worth = readWorth(posterior?.effectOf(change.commit) ?? null, sign);
    const isDoubtful = !solid.includes(change);
    return { ...change, worth, runsWith, runsWithout: since.length - runsWith, isDoubtful };
  };
  return {
    ...{ track, model, commit: champion.commit, source: champion.source },
    value: { metric, sd: level === null ? null : Math.sqrt(level.variance) },
    chosenBy: chosenBy === null ? null : { metric: chosenBy, luck: chosenBy - metric },
    gain: gain === null ? null : { change: sign * gain.mean, sd: Math.sqrt(gain.variance) },
    noise: { sd: noise.sd, degrees: noise.degrees, runs: noise.runs, leftOut: noise.outliers.length },
    changes: changes.map(describe),
    near: (champion.state?.near ?? []).map(describe),
  };
}

function readWorth(effect: EffectPosterior | null, sign: number): ChangeFacts['worth'] {
  if (effect === null) return null;
  return { change: sign * effect.mean, sd: Math.sqrt(effect.variance), helps: effect.helpful };
}
