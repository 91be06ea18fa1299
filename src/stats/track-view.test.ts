import { expect, test } from 'vitest';
import { compareWithBaseline } from './against-baseline.ts';
import { chooseModel, type ScoredRun, viewTrack } from './track-view.ts';

let job = 0;
const run = (kind: ScoredRun['kind'], commit: string, metric: number, more: Partial<ScoredRun> = {}): ScoredRun => ({
  job: ++job,
  kind,
  commit,
  metric,
  track: 'aaaaaaaa',
  deviceClass: 'gpu',
  deviceModel: 'H100',
  leak: false,
  ...{
    seconds: null,
    seed: null,
    slug: null,
    base: null,
    start: null,
    variant: null,
    test: null,
    champion: null,
    here: false,
  },
  status: null,
  ...more,
});

const lower = { direction: 'lower', confidence: 0.95 } as const;
const baseline = [1.0, 1.01, 0.99].map((metric) => run('baseline', 'base', metric));
const champion = (runs: ScoredRun[], judging: Parameters<typeof viewTrack>[3] = lower, model = 'H100') =>
  viewTrack(runs, 'aaaaaaaa', model, judging).champion;

test.each([
  ['better by more than luck', [0.9, 0.9], {}, 'old'],
  ['better, but within luck', [0.99], {}, 'base'],
  ['worse', [1.2, 1.2], {}, 'base'],
  ['better by a leak in one of its runs', [0.9, 0.1], { leak: true }, 'base'],
  ['better on another device model', [0.9, 0.9], { deviceModel: 'A100' }, 'base'],
  ['better under another track', [0.9, 0.9], { track: 'bbbbbbbb' }, 'base'],
] as [string, number[], Partial<ScoredRun>, string][])(
  'with a bridged commit that is %s the champion is %s',
  (_, metrics, more, expected) => {
    const bridges = metrics.map((metric) => run('bridge', 'old', metric, more));
    expect(champion([...baseline, ...bridges])?.commit).toBe(expected);
  },
);

test('a bridged champion stands on all its bridge runs, and the best of two comes first', () => {
  const bridges = [run('bridge', 'old', 0.9), run('bridge', 'old', 0.8), run('bridge', 'other', 0.7)];
  expect(champion([...baseline, ...bridges.slice(0, 2)])).toMatchObject({
    value: expect.closeTo(0.85),
    runs: 2,
    source: 'bridge',
  });
  expect(champion([...baseline, ...bridges])?.commit).toBe('other');
  expect(
    champion([...baseline, run('bridge', 'old', 1.2), run('bridge', 'other', 1.1)], { ...lower, direction: 'higher' })
      ?.commit,
  ).toBe('old');
});

test('a kept experiment of the track comes before a bridge, a bridge before no baseline counts for nothing', () => {
  const kept = run('experiment', 'new', 0.95, { status: 'keep' });
  expect(champion([...baseline, run('bridge', 'old', 0.5), kept])).toMatchObject({
    commit: 'new',
    source: 'experiment',
  });
  expect(champion([run('bridge', 'old', 0.5)])).toBeNull();
});

test('with one baseline run the noise is unknown and any gain of a bridge counts', () => {
  const [only] = baseline;
  if (!only) throw new Error('there is one');
  expect(champion([only, run('bridge', 'old', 0.999)])?.commit).toBe('old');
  expect(champion([only, run('bridge', 'old', 1.0)])?.commit).toBe('base');
});

test('the model of a view is one that is present where there is one, else that of the newest run', () => {
  const runs = [
    run('plain', 'a', 1, { deviceModel: 'A100' }),
    run('plain', 'a', 1, { deviceClass: 'cpu', deviceModel: 'EPYC' }),
  ];
  expect(chooseModel(runs, 'aaaaaaaa', 'gpu', [])).toBe('A100');
  expect(chooseModel(runs, 'aaaaaaaa', 'gpu', ['H100'])).toBe('H100');
  expect(chooseModel(runs, 'aaaaaaaa', 'gpu', ['H100', 'A100'])).toBe('A100');
  expect(chooseModel(runs, 'bbbbbbbb', 'gpu', [])).toBeNull();
});

test('a difference is counted in the widths of its own baseline, with a sign that says whether it is good', () => {
  const noise = { mean: 10, std: 0.5, n: 3 };
  const value = { mean: 14, std: null, n: 1 };
  expect(compareWithBaseline(value, noise, lower)).toMatchObject({ difference: 4, noiseWidths: -8, verdict: 'worse' });
  expect(compareWithBaseline(value, noise, { ...lower, direction: 'higher' })).toMatchObject({
    noiseWidths: 8,
    verdict: 'better',
  });
  expect(compareWithBaseline(value, { mean: 10, std: 0, n: 3 }, lower).noiseWidths).toBe(Number.NEGATIVE_INFINITY);
  expect(compareWithBaseline({ mean: 10, std: null, n: 1 }, { mean: 10, std: 0, n: 3 }, lower)).toMatchObject({
    noiseWidths: 0,
    verdict: 'within-luck',
  });
});
