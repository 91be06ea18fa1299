import { expect, test } from 'vitest';
import type { TrackParts } from '../../rules/tracks.ts';
import { renderTracks } from './render-tracks.ts';
import { findTrack, listTracks, type TrackSources } from './track-list.ts';

const parts = (blob: string, wallSeconds = 60): TrackParts => ({
  files: [{ path: 'eval.py', blob, role: 'evaluator' }],
  commands: { prepare: '', train: 'train', score: 'score', model: '' },
  metric: { name: 'score', direction: 'lower' },
  wallSeconds,
  scoreSeed: null,
  data: [],
});

const sources: TrackSources = {
  present: { id: 'cccccccc', parts: parts('2', 90) },
  stored: [
    { schema: 1, id: 'bbbbbbbb', parts: parts('1'), firstSeen: '2026-01-02T00:00:00+00:00' },
    { schema: 1, id: 'cccccccc', parts: parts('2', 90), firstSeen: '2026-01-03T00:00:00+00:00' },
  ],
  jobs: [],
  rows: [
    { track: 'aaaaaaaa', date: '2026-01-01T00:00:00+00:00' },
    { track: 'bbbbbbbb', date: '2026-01-02T00:00:00+00:00' },
    { track: '', date: '' },
  ],
  confidence: 0.95,
};

test('tracks come oldest first, those known from rows alone too, each with what changed against the one before', () => {
  const list = listTracks(sources);
  expect(list.map(({ id, isPresent, changes, rows }) => [id, isPresent, changes, rows])).toEqual([
    ['aaaaaaaa', false, null, 1],
    ['bbbbbbbb', false, null, 1],
    ['cccccccc', true, ['eval.py', 'run.wallSeconds'], 0],
  ]);
  const shown = renderTracks(list);
  expect(shown).toMatch(/^ {2}aaaaaaaa .* not recorded$/m);
  expect(shown).toMatch(/^ {2}bbbbbbbb .* the one before is not recorded$/m);
  expect(shown).toMatch(/^\* cccccccc .* eval\.py, run\.wallSeconds$/m);
});

test('a present track that nothing ran under is listed, last', () => {
  const list = listTracks({ ...sources, present: { id: 'dddddddd', parts: parts('3', 90) } });
  expect(list.at(-1)).toMatchObject({ id: 'dddddddd', isPresent: true, firstSeen: null, changes: ['eval.py'] });
});

test('a track is found by a beginning that only it has', () => {
  const tracks = [{ id: 'aabbccdd' }, { id: 'aabb0000' }];
  expect(findTrack(tracks, 'AABBC')).toEqual({ id: 'aabbccdd' });
  expect(findTrack(tracks, 'aabb')).toContain('several tracks');
  expect(findTrack(tracks, 'ff')).toContain('there is no track ff');
  expect(findTrack(tracks, 'HEAD')).toContain('is no track');
});
