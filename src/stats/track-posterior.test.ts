import { expect, test } from 'vitest';
import { createRandom } from './seeded-random.ts';
import { createTrackPosterior, usualOptions } from './track-posterior.ts';

const known = { ...usualOptions, sd: 1, degrees: Number.POSITIVE_INFINITY };

test('repeats of the baseline alone give their mean and its error', () => {
  const track = createTrackPosterior<string>(known);
  for (const score of [10, 12, 11, 11]) track.observe([], score);
  const level = track.levelOf([]);
  expect(level.mean).toBeCloseTo(11, 3);
  expect(level.variance).toBeCloseTo(1 / 4, 3);
});

test('a lucky keep is worth less than its number, and less still when what follows disappoints', () => {
  const track = createTrackPosterior<string>(known);
  for (const score of [0, 0.2, -0.2, 0]) track.observe([], score);
  const first = track.observe(['lucky'], 2.5);
  expect(first?.mean).toBeGreaterThan(0);
  expect(first?.mean).toBeLessThan(2.5);
  for (let i = 0; i < 12; i++) {
    track.observe(['lucky', `idea ${i}`], (i % 3) / 4 - 0.3);
    track.forget(`idea ${i}`);
  }
  track.refine();
  const later = track.effectOf('lucky');
  expect(later?.mean).toBeLessThan((first?.mean ?? 0) / 2);
  expect(track.gainOf(['lucky']).mean).toBeCloseTo(later?.mean ?? Number.NaN, 1);
});

test('leaving a keep out of a base says what it is worth without a run of its own', () => {
  const play = (isLeftOut: boolean) => {
    const random = createRandom(5);
    const track = createTrackPosterior<string>(known);
    for (let i = 0; i < 4; i++) track.observe([], random.normal());
    track.observe(['useless'], 1.8);
    for (let i = 0; i < 40; i++) {
      const base = isLeftOut && i % 2 === 0 ? [] : ['useless'];
      track.observe([...base, `idea ${i}`], random.normal());
      track.forget(`idea ${i}`);
    }
    track.refine();
    return track.gainOf(['useless']).variance;
  };
  expect(play(true)).toBeLessThan(play(false));
});

test("the champion's estimated gain is neither lucky nor modest over many nights of keeping what looks good", () => {
  let [error, naive, nights] = [0, 0, 60];
  for (let night = 0; night < nights; night++) {
    const random = createRandom(100 + night);
    const track = createTrackPosterior<number>(known);
    for (let i = 0; i < 4; i++) track.observe([], random.normal());
    const kept: number[] = [];
    let [truth, best] = [0, 0];
    for (let idea = 0; idea < 60; idea++) {
      const kind = random.uniform();
      const effect = kind < 0.45 ? -2 * random.exponential() : kind < 0.8 ? 0 : 2 * random.exponential();
      const score = truth + effect + random.normal();
      const seen = track.observe([...kept, idea], score);
      if ((seen?.mean ?? 0) > 0) {
        kept.push(idea);
        truth += effect;
        best = score;
      } else track.forget(idea);
    }
    track.refine();
    error += track.gainOf(kept).mean - truth;
    naive += best - truth;
  }
  nights = 60;
  expect(Math.abs(error / nights)).toBeLessThan(0.3);
  expect(naive / nights).toBeGreaterThan(0.4);
});

test('useless changes teach the noise where few repeats are there, and not where it is known', () => {
  const sdAfter = (degrees: number) => {
    const random = createRandom(8);
    const track = createTrackPosterior<number>({ ...usualOptions, sd: 2, degrees });
    for (let i = 0; i < 4; i++) track.observe([], random.normal());
    for (let i = 0; i < 150; i++) {
      track.observe([i], random.normal());
      track.forget(i);
    }
    return track.sd();
  };
  expect(sdAfter(3)).toBeLessThan(1.4);
  expect(sdAfter(Number.POSITIVE_INFINITY)).toBe(2);
});

test('a forgotten change is unknown, and the rest keeps its estimate', () => {
  const track = createTrackPosterior<string>(known);
  track.observe([], 0);
  track.observe(['a'], 3);
  track.observe(['a', 'b'], 2);
  const before = track.gainOf(['a']);
  track.forget('b');
  expect(track.effectOf('b')).toBeNull();
  expect(track.gainOf(['a'])).toEqual(before);
});

test('two new changes in one run are refused: their effects cannot be told apart', () => {
  const track = createTrackPosterior<string>(known);
  track.observe([], 0);
  expect(() => track.observe(['a', 'b'], 1)).toThrow(/2 changes that never ran before/);
  expect(() => createTrackPosterior<string>({ ...known, sd: 0 })).toThrow(/noise of one run is 0/);
});
