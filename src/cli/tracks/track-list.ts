/**
 * What is known of every track: when it was first seen, what changed against the one before, and per device model its baseline and
 * champion. Tracks of which only runs or rows tell (older labs, a clone) are there too, without parts. Pure.
 */
import { trackOf } from '../../../queue/job-book.ts';
import type { StoredJob } from '../../../queue/job-store.ts';
import { listScoredRuns } from '../../../workers/recorder/decide-job.ts';
import type { ParsedResult } from '../../lab/results-tsv.ts';
import { listTrackChanges } from '../../rules/track-changes.ts';
import type { StoredTrack } from '../../rules/track-store.ts';
import type { TrackParts } from '../../rules/tracks.ts';
import type { Judging } from '../../stats/against-baseline.ts';
import type { Noise } from '../../stats/noise.ts';
import { type TrackView, viewTrack } from '../../stats/track-view.ts';

/** One track on one device model. */
export interface TrackOnModel {
  model: string;
  baseline: Noise | null;
  champion: TrackView['champion'];
}

/** One track. */
export interface TrackSummary {
  /** 8 hex digits. */
  id: string;
  isPresent: boolean;
  /** ISO 8601 with offset: its first job, or its oldest row; null where nothing ran under it yet. */
  firstSeen: string | null;
  /** Name and direction of its metric; null where neither its parts nor a run tell. */
  metric: { name: string; direction: 'lower' | 'higher' } | null;
  models: TrackOnModel[];
  /** Jobs that ran under it or wait to, removed ones left out. */
  jobs: number;
  rows: number;
  /** Numbers of the jobs that are bound to it and have not run. */
  waiting: number[];
  /** Those of them that are held. */
  held: number[];
  /** Names of the parts that differ from the track before; null where they are not known of both. */
  changes: string[] | null;
  parts: TrackParts | null;
}

/** What the list is made from. */
export interface TrackSources {
  present: { id: string; parts: TrackParts };
  stored: StoredTrack[];
  jobs: StoredJob[];
  rows: Pick<ParsedResult, 'track' | 'date'>[];
  confidence: number;
}

/** Every known track, the oldest first; the present one is always there. */
export function listTracks(sources: TrackSources): TrackSummary[] {
  const { present, stored, rows } = sources;
  const jobs = sources.jobs.filter(({ run, entry }) => run !== null || entry.removedAt === null);
  const ids = new Set([
    ...stored.map(({ id }) => id),
    ...jobs.map(ranUnder),
    ...rows.map(({ track }) => track).filter((track) => /^[0-9a-f]{8}$/.test(track)),
    present.id,
  ]);
  const summaries = [...ids].map((id) => summarise(id, jobs, sources));
  // A track that nothing ran under yet is the present one, and the newest.
  const momentOf = ({ firstSeen }: TrackSummary) =>
    firstSeen === null ? Number.POSITIVE_INFINITY : Date.parse(firstSeen);
  summaries.sort((a, b) => momentOf(a) - momentOf(b));
  return summaries.map((summary, index) => {
    const before = summaries[index - 1];
    return { ...summary, changes: changesOf(summary, before) };
  });
}

/** The metric and confidence by which values of a track are judged; `fallback` where the track itself does not tell its direction. */
export function judgingOfTrack(summary: Pick<TrackSummary, 'metric'>, fallback: Judging): Judging {
  return { ...fallback, ...(summary.metric ? { direction: summary.metric.direction } : {}) };
}

const ranUnder = (stored: StoredJob): string => stored.run?.track ?? trackOf(stored);

function summarise(id: string, jobs: StoredJob[], { present, stored, rows, confidence }: TrackSources): TrackSummary {
  const kept = stored.find((track) => track.id === id);
  const parts = id === present.id ? present.parts : (kept?.parts ?? null);
  const own = jobs.filter((job) => ranUnder(job) === id);
  const ownRows = rows.filter(({ track }) => track === id);
  const dates = [...own.map(({ job }) => job.queuedAt), ...ownRows.map(({ date }) => date)].filter(
    (date) => !Number.isNaN(Date.parse(date)),
  );
  const oldest = dates.sort((a, b) => Date.parse(a) - Date.parse(b))[0];
  const waiting = own.filter((job) => job.run === null && job.attempts.length === 0);
  const measuredBy = own.findLast(({ run }) => run?.measuredBy != null)?.run?.measuredBy;
  const metric = parts?.metric ?? (measuredBy ? { name: measuredBy.name, direction: measuredBy.direction } : null);
  const runs = listScoredRuns(jobs).filter(({ track }) => track === id);
  const direction = metric?.direction ?? present.parts.metric.direction;
  return {
    id,
    isPresent: id === present.id,
    firstSeen: kept?.firstSeen ?? oldest ?? null,
    metric,
    models: [...new Set(runs.map(({ deviceModel }) => deviceModel))].map((model) => {
      const { baseline, champion } = viewTrack(runs, id, model, { direction, confidence });
      return { model, baseline: baseline?.noise ?? null, champion };
    }),
    jobs: own.length,
    rows: ownRows.length,
    waiting: waiting.map(({ job }) => job.number),
    held: waiting.filter(({ entry }) => entry.hold !== null).map(({ job }) => job.number),
    changes: null,
    parts,
  };
}

function changesOf({ parts }: TrackSummary, before: TrackSummary | undefined): string[] | null {
  if (before === undefined || parts === null || before.parts === null) return null;
  return listTrackChanges(before.parts, parts);
}

/** The track that a word names: its id or an unambiguous beginning of it. A word gives its problem as text. */
export function findTrack<Track extends { id: string }>(tracks: Track[], word: string): Track | string {
  const prefix = word.toLowerCase();
  if (!/^[0-9a-f]{1,8}$/.test(prefix)) return `"${word}" is no track, expected up to 8 hex digits`;
  const found = tracks.filter(({ id }) => id.startsWith(prefix));
  const [only] = found;
  if (only === undefined) return `there is no track ${word}, expected one of: ${tracks.map(({ id }) => id).join(', ')}`;
  return found.length === 1
    ? only
    : `${word} is the beginning of several tracks: ${found.map(({ id }) => id).join(', ')}`;
}
