import { expect, test } from 'vitest';
import { type TrialRow, trialsOfSession } from '../../analysis/trial-rows.ts';
import { makeRatchetRows } from '../../analysis/trial-rows-for-tests.ts';
import { estimateNoise, findRepeats, judgeKeeps } from './judge-gains.ts';

interface Short {
  status?: TrialRow['status'];
  commit?: string;
  memoryGb?: number;
  description?: string;
  category?: string;
}

const make = (entries: [metric: number | null, rest?: Short][]): TrialRow[] =>
  entries.map(([metric, rest = {}], index) => ({
    ...{
      row: index + 1,
      commit: null,
      metric,
      memoryGb: null,
      status: 'keep',
      description: 'change',
      category: 'other',
    },
    ...{ atMs: null, ...rest },
  }));

test('a known noise asks of one run 2.33 of its standard deviations, one from two runs far more', () => {
  expect(estimateNoise(0.0005, null, '--noise').needed).toBeCloseTo(1.6449 * Math.SQRT2 * 0.0005, 6);
  expect(estimateNoise(1, 1, 'x').needed).toBeCloseTo(6.3138 * Math.SQRT2, 3);
});

test('keeps are told apart by the noise: what they won, not where they stand', () => {
  const rows = make([[1], [0.99], [0.9895], [0.9896, { status: 'discard' }], [0.99]]);
  const { keeps } = judgeKeeps(rows, 'lower', estimateNoise(0.001, null, '--noise'));
  expect(keeps.map(({ row, verdict }) => [row, verdict])).toEqual([
    [1, 'start'],
    [2, 'genuine'],
    [3, 'within noise'],
    [5, 'no gain'],
  ]);
  expect(judgeKeeps(rows, 'lower', null).keeps[1]?.verdict).toBe('unjudged');
});

test('runs of the same code again give the noise, whatever their commit says elsewhere', () => {
  const rows = make([
    [1.0, { commit: 'aaaaaaa', description: 'baseline', category: 'baseline' }],
    [1.2, { commit: 'aaaaaaa', description: 'baseline, seed 2', category: 'baseline', status: 'discard' }],
    // The commit that discarded changes were made from, as agents of the field write it.
    [3, { commit: 'aaaaaaa', description: 'deeper', status: 'discard' }],
    [5, { commit: 'aaaaaaa', description: 'wider', status: 'discard' }],
    [0.5, { commit: 'bbbbbbb', description: 'halve batch' }],
    [0.7, { commit: 'bbbbbbb', description: 're-run: halve batch, seed 3', status: 'discard' }],
    // The same row written twice is no second run; HEAD is no commit.
    [0.4, { commit: 'ccccccc', description: 'x' }],
    [0.4, { commit: 'ccccccc', description: 'x' }],
    [0.1, { commit: 'HEAD', description: 'y' }],
    [0.9, { commit: 'HEAD', description: 'y', status: 'discard' }],
  ]);
  const noise = findRepeats(rows, 'lower');
  expect(noise?.sd).toBeCloseTo(Math.sqrt(0.02), 6);
  expect(noise?.degrees).toBe(2);
  expect(noise?.from).toContain('rows 1, 2, 5, 6');
  expect(findRepeats(rows.slice(2, 5), 'lower')).toBeNull();
});

test.each([
  ['halve batch', 'halve batch, run 2'],
  ['halve batch', 'halve batch (seed=1337)'],
  ['halve batch run_1', 'halve batch #2'],
  ['halve batch', '2nd run: halve batch'],
  ['try 1: halve batch', 'repeat 3: halve batch'],
])('"%s" and "%s" of one commit are the same code', (one, other) => {
  const rows = make([one, other].map((description, index) => [1 + index, { commit: 'aaaaaaa', description }]));
  expect(findRepeats(rows, 'lower')?.from).toContain('rows 1, 2');
});

test.each([
  ['depth 8', 'depth 12'],
  ['lr 0.04', 'lr 0.05'],
  ['softcap 15', 'softcap 30'],
  ['no warmup', 'warmup'],
  ['drop 2nd layer', 'drop 3rd layer'],
  ['try 8 heads', 'try 16 heads'],
  ['run 12 layers', 'run 10 layers'],
  ['try 0.5', 'try 0.6'],
  ['seed 3, 12 layers', 'seed 3, 8 layers'],
  ['bias -2', 'bias 2'],
])('"%s" and "%s" under one base commit are two experiments, and no noise', (one, other) => {
  const rows = make(
    [one, other].map((description, index) => [1 + index, { commit: 'aaaaaaa', description, status: 'discard' }]),
  );
  expect(findRepeats(rows, 'lower')).toBeNull();
});

test('a jump that no later row comes near is an anomaly, and what follows is held against the best before it', () => {
  const rows = make([
    [154],
    [160],
    [155, { status: 'discard' }],
    [4713],
    [161],
    [162],
    [158, { status: 'discard' }],
    [165],
  ]);
  const { keeps, trusted } = judgeKeeps(rows, 'higher', estimateNoise(0.1, null, '--noise'));
  expect(keeps.find(({ row }) => row === 4)).toMatchObject({ verdict: 'anomaly' });
  expect(keeps.filter(({ verdict }) => verdict === 'genuine').map(({ row }) => row)).toEqual([2, 5, 6, 8]);
  expect(trusted[3]?.status).toBe('other');
});

test('a large first step that later rows start from is none', () => {
  const rows = make([
    [2.5],
    [1.5],
    [1.49],
    [1.51, { status: 'discard' }],
    [1.48],
    [1.52, { status: 'discard' }],
    [1.47],
  ]);
  expect(judgeKeeps(rows, 'lower', null).keeps.some(({ verdict }) => verdict === 'anomaly')).toBe(false);
  for (const seed of [1, 2, 3, 4, 5])
    expect(
      judgeKeeps(trialsOfSession(makeRatchetRows(200, seed)), 'lower', null).keeps.filter(
        ({ verdict }) => verdict === 'anomaly',
      ),
    ).toEqual([]);
});

test('a kept zero among other numbers, and memory of another order, are anomalies with their reason', () => {
  const zero = make([[1], [0.9], [0], [0.95, { status: 'discard' }], [0.89]]);
  expect(judgeKeeps(zero, 'lower', null).keeps.find(({ row }) => row === 3)?.reason).toContain('exactly 0');
  const memory = make([
    [1, { memoryGb: 44 }],
    [0.99, { memoryGb: 44.5 }],
    [0.98, { memoryGb: 140 }],
    [0.97, { memoryGb: 3 }],
    [0.96, { memoryGb: 44 }],
  ]);
  expect(
    judgeKeeps(memory, 'lower', null)
      .keeps.filter(({ verdict }) => verdict === 'anomaly')
      .map(({ row }) => row),
  ).toEqual([3, 4]);
});

test('a table of zeros, of one row and of none is judged without an anomaly', () => {
  for (const rows of [make([[0], [0], [0], [0], [0]]), make([[1]]), []])
    expect(judgeKeeps(rows, 'lower', null).keeps.filter(({ verdict }) => verdict === 'anomaly')).toEqual([]);
});
