/** The list of tracks as a table, and what it says of jobs that wait under an old one. Pure but for the terminal's colour. */
import { disarmLine } from '../page.ts';
import { renderTable } from '../render.ts';
import type { TrackOnModel, TrackSummary } from './track-list.ts';

/** The table, with a line for each track and device model, and the hints below it. */
export function renderTracks(tracks: TrackSummary[]): string {
  const present = tracks.find(({ isPresent }) => isPresent);
  const rows = tracks.flatMap((track, index) => {
    const models: (TrackOnModel | null)[] = track.models.length === 0 ? [null] : track.models;
    return models.map((on, line) => [
      ...(line === 0 ? [`${track.isPresent ? '* ' : '  '}${track.id}`, formatMoment(track.firstSeen)] : ['', '']),
      disarmLine(on?.model ?? ''),
      on === null ? '' : formatBaseline(track, on, present),
      on === null ? '' : formatChampion(on),
      ...(line === 0
        ? [String(track.jobs), String(track.rows), disarmLine(formatChanges(track, index))]
        : ['', '', '']),
    ]);
  });
  const header = ['  track', 'first seen', 'device', 'baseline', 'champion', 'jobs', 'rows', 'what changed'];
  const table = renderTable(header, rows, new Set([5, 6]));
  return `${table}* the present track; values of two tracks, or of two device models, are not comparable\n${renderWaiting(tracks)}`;
}

const formatMoment = (moment: string | null): string =>
  moment === null ? 'no job yet' : moment.slice(0, 16).replace('T', ' ');

function formatBaseline(
  { metric }: TrackSummary,
  { baseline }: TrackOnModel,
  present: TrackSummary | undefined,
): string {
  if (baseline === null) return 'none';
  const name = metric !== null && metric.name !== present?.metric?.name ? `${disarmLine(metric.name)} ` : '';
  const spread = baseline.std === null ? '' : ` ± ${baseline.std.toFixed(6)}`;
  return `${name}${baseline.mean.toFixed(6)}${spread} (${baseline.n})`;
}

function formatChampion({ champion }: TrackOnModel): string {
  if (champion === null) return 'none';
  const from = champion.source === 'experiment' ? '' : ` (${champion.source === 'bridge' ? 'bridged' : 'baseline'})`;
  return `${champion.commit.slice(0, 7)} ${champion.value.toFixed(6)}${from}`;
}

function formatChanges({ parts, changes }: TrackSummary, index: number): string {
  if (parts === null) return 'not recorded';
  if (index === 0) return 'the first';
  if (changes === null) return 'the one before is not recorded';
  return changes.join(', ');
}

function renderWaiting(tracks: TrackSummary[]): string {
  const present = tracks.find(({ isPresent }) => isPresent);
  return tracks
    .filter(({ isPresent, waiting }) => !isPresent && waiting.length > 0)
    .flatMap(({ id, waiting, held }) => {
      const later = waiting.filter((number) => !held.includes(number));
      const count = (numbers: number[]) => `${numbers.length} ${numbers.length === 1 ? 'job' : 'jobs'} of track ${id}`;
      const [heldList, laterList] = [held.join(' '), later.join(' ')];
      return [
        held.length === 0
          ? ''
          : `${count(held)} held: \`lab enqueue ${heldList}\` runs under ${present?.id ?? 'the present track'}, \`lab kill ${heldList}\` drops\n`,
        later.length === 0
          ? ''
          : `${count(later)} in the queue, to be held when the turn comes: \`lab kill ${laterList}\` drops\n`,
      ];
    })
    .join('');
}
