/** What replaying a track's runs says: of its noise, of what is in which code, and of what survives odd tracks. */
import { expect, test } from 'vitest';
import type { ChampionState, Change } from '../domain/change.ts';
import { createRandom } from './seeded-random.ts';
import { chooseSolid, studyTrack } from './track-history.ts';
import { type ScoredRun, viewTrack } from './track-view.ts';

let nextJob = 0;
const scored = (more: Partial<ScoredRun>): ScoredRun => {
  const job = ++nextJob;
  return {
    ...{
      job,
      kind: 'experiment',
      commit: `c${job}`,
      metric: 1,
      track: 'aaaaaaaa',
      deviceClass: 'gpu',
      deviceModel: 'H100',
    },
    ...{
      leak: false,
      status: null,
      seconds: 1,
      seed: job,
      slug: null,
      base: 'root',
      start: 'root',
      variant: null,
      test: null,
    },
    ...{ champion: null, here: false },
    ...more,
  };
};
const baseline = (metrics: number[], commit = 'root') =>
  metrics.map((metric) => scored({ kind: 'baseline', commit, metric, base: null, start: null }));
const change = (name: string): Change => ({ slug: name, commit: name, start: 'root' });
const stateOf = (commit: string, root: string, names: string[], near: string[] = []): ChampionState => ({
  ...{ commit, root, changes: names.map(change), near: near.map(change) },
  ...{ value: 0.9, sd: 0.001, chosenBy: null },
});
const judging = { direction: 'lower', confidence: 0.95 } as const;

test('what was left out and what rode along says what those are worth, without a run of their own', () => {
  const runs = baseline([1, 1.002, 0.998, 1.001]);
  runs.push(scored({ commit: 'one', metric: 0.9, champion: stateOf('one', 'root', ['one'], ['two']) }));
  runs.push(scored({ commit: 'two', metric: 1.001, champion: stateOf('one', 'root', ['one'], ['two']) }));
  const before = studyTrack(runs, 'lower').posterior?.effectOf('one')?.variance ?? 0;
  const variant = { of: 'three', leftOut: [change('one')], riders: [change('two')] };
  const mixed = scored({ commit: 'mixed', base: 'one', start: 'one', metric: 0.999, variant });
  runs.push(mixed);
  const known = studyTrack(runs, 'lower');
  expect(known.changesIn(mixed)).toEqual(['two', 'three']);
  expect(known.changesOf('three')).toEqual(['one', 'three']);
  expect(known.posterior?.effectOf('one')?.variance).toBeLessThan(before);
  expect(known.posterior?.effectOf('one')?.mean).toBeCloseTo(0.1, 2);
  expect(known.unplaced).toEqual([]);
});

test('a run that repeats seed and code adds nothing: neither certainty of the noise nor of a change', () => {
  const first = baseline([1, 1.004]);
  const [one] = first;
  if (one === undefined) throw new Error('no baseline');
  const echo = { ...one, job: 900 };
  expect(studyTrack([...first, echo], 'lower').noise).toEqual(studyTrack(first, 'lower').noise);
  const run = scored({ commit: 'one', metric: 0.999 });
  const once = studyTrack([...first, run], 'lower').posterior?.effectOf('one');
  expect(studyTrack([...first, run, { ...run, job: 901 }], 'lower').posterior?.effectOf('one')).toEqual(once);
});

test('an experiment without a base teaches nothing, and does not keep the same code and seed with a base from being heard', () => {
  const runs = baseline([1, 1.002, 0.998, 1.001]);
  const lost = scored({ commit: 'one', base: null, start: null, metric: 0.9, seed: 7 });
  const alone = studyTrack([...runs, lost], 'lower');
  expect([alone.unplaced, alone.posterior?.effectOf('one')]).toEqual([[lost.job], null]);
  const found = scored({ commit: 'one', metric: 0.9, seed: 7 });
  const both = studyTrack([...runs, lost, found], 'lower');
  expect(both.unplaced).toEqual([]);
  expect(both.posterior?.effectOf('one')).toEqual(studyTrack([...runs, found], 'lower').posterior?.effectOf('one'));
});

test.each([
  ['printed with all digits', 0.8537372612309132, 0],
  ['of a large scale', 2.5e9, 1e7],
  ['of a tiny scale', 3e-7, 1e-9],
])('a metric %s is judged by figures, not by NaN', (_, level, noise) => {
  const lot = createRandom(7);
  const runs = baseline([1, 2, 3, 4].map(() => level + noise * lot.normal()));
  for (let place = 0; place < 60; place++) {
    const commit = `x${place}`;
    runs.push(
      scored({ commit, metric: level + noise * lot.normal() + (place % 3 === 0 ? 0 : 1e-3 * level * lot.normal()) }),
    );
    const { posterior } = studyTrack(runs, 'lower');
    const effect = posterior?.effectOf(commit);
    expect(Number.isFinite(effect?.mean)).toBe(true);
    expect(effect?.variance).toBeGreaterThanOrEqual(0);
    expect(Number.isFinite(posterior?.levelOf([commit]).mean)).toBe(true);
  }
});

test('the level of a champion on a bridged root does not jump where somebody runs the baseline again', () => {
  const runs = baseline([1, 1.002, 0.998, 1.001]);
  for (const metric of [0.88, 0.881, 0.879])
    runs.push(scored({ kind: 'bridge', commit: 'bridged', metric, base: null }));
  const state = stateOf('one', 'bridged', ['one']);
  runs.push(scored({ commit: 'one', base: 'bridged', start: 'bridged', metric: 0.86, champion: state }));
  runs.push(scored({ commit: 'other', base: 'root', metric: 1.02, champion: state }));
  runs.push(scored({ commit: 'more', base: 'root', metric: 1.03, champion: state }));
  const { posterior, changesOf } = studyTrack(runs, 'lower');
  expect(-(posterior?.levelOf(changesOf('one') ?? []).mean ?? 0)).toBeCloseTo(0.86, 2);
});

test('in a lab from before there were states the champion outlives a discard on it', () => {
  const runs = baseline([1, 1.002, 0.998, 1.001]);
  runs.push(scored({ commit: 'old', metric: 0.95, status: 'keep' }));
  expect(viewTrack(runs, 'aaaaaaaa', 'H100', judging).champion).toMatchObject({ commit: 'old', source: 'experiment' });
  const state = stateOf('old', 'old', [], ['worse']);
  runs.push(scored({ commit: 'worse', base: 'old', start: 'old', metric: 0.951, status: 'discard', champion: state }));
  expect(viewTrack(runs, 'aaaaaaaa', 'H100', judging).champion).toMatchObject({ commit: 'old', source: 'experiment' });
});

test('a run in place says nothing of the commit that it stood on', () => {
  const runs = baseline([1, 1.002, 0.998, 1.001]);
  const before = studyTrack(runs, 'lower');
  const after = studyTrack([...runs, scored({ commit: 'head', metric: 0.5, here: true })], 'lower');
  expect(after.posterior?.effectOf('head')).toBeNull();
  expect(after.explored).toBe(before.explored);
});

test('what all runs bear out may be claimed, what one lucky run showed may not', () => {
  const runs = baseline([1, 1.002, 0.998, 1.001]);
  runs.push(scored({ commit: 'real', metric: 0.9, champion: stateOf('real', 'root', ['real']) }));
  runs.push(scored({ commit: 'luck', base: 'real', start: 'real', metric: 0.899 }));
  const solid = chooseSolid(studyTrack(runs, 'lower'), ['real', 'luck'].map(change), 0.7);
  expect(solid.map(({ slug }) => slug)).toEqual(['real']);
});
