/** Which runs of a lab the metric check looks at. */
import { expect, test } from 'vitest';
import type { JobKind } from '../domain/job.ts';
import type { Run, RunFate } from '../domain/run.ts';
import { gatherMetricRuns, type MetricJob } from './metric-runs.ts';

interface Given {
  kind?: JobKind;
  seed?: number | null;
  commit?: string;
  replays?: number | null;
  metric?: number | null;
  track?: string;
  model?: string;
  fate?: RunFate;
  /** No outcome yet, or none ever. */
  isOpen?: boolean;
  isRemoved?: boolean;
}

function jobOf(number: number, given: Given): MetricJob {
  const {
    kind = 'baseline',
    seed = number,
    commit = 'a'.repeat(40),
    replays = null,
    metric = 1 + number / 100,
  } = given;
  const { track = 'aaaaaaaa', model = 'Test GPU', fate = { kind: 'done' }, isOpen = false, isRemoved = false } = given;
  const steps = [
    { name: 'prepare' as const, exitCode: 0, signal: null, seconds: 100 },
    { name: 'train' as const, exitCode: 0, signal: null, seconds: 300 },
    { name: 'score' as const, exitCode: 0, signal: null, seconds: 20 },
  ];
  const run: Run = {
    ...{ schema: 1, job: number, attempt: 1, fate, metric, measuredBy: null, metrics: {}, steps, trainSeconds: 300 },
    ...{ peakMemoryMib: 1000 + number, memorySource: 'nvidia-smi', flags: [], track },
    device: { id: 'gpu0', class: 'gpu', model },
    startedAt: `2026-11-21T10:${10 + number}:00+00:00`,
    endedAt: `2026-11-21T10:${10 + number}:30+00:00`,
  };
  return { job: { number, kind, seed, replays, commit, track }, run: isOpen || isRemoved ? null : run, isRemoved };
}

test('seeds, the repeat of the first one, seconds of train and score, and the highest peak', () => {
  const jobs = [
    jobOf(1, {}),
    jobOf(2, {}),
    jobOf(3, {}),
    jobOf(4, { kind: 'replay', replays: 1, seed: 1, metric: 1.5 }),
  ];
  expect(gatherMetricRuns(jobs, 'aaaaaaaa')).toEqual({
    device: { id: 'gpu0', class: 'gpu', model: 'Test GPU' },
    runs: {
      seeds: [1, 2, 3].map((seed) => ({ seed, value: 1 + seed / 100 })),
      repeats: [{ seed: 1, first: 1.01, again: 1.5 }],
      seconds: [320, 320, 320],
      peakMemoryMib: 1003,
    },
    first: 1,
    again: [4],
    pending: [],
    hasExperiment: false,
  });
});

test('other tracks, devices, commits and kinds, crashes and runs without a number do not count', () => {
  const jobs = [
    jobOf(1, {}),
    jobOf(2, { track: 'bbbbbbbb' }),
    jobOf(3, { kind: 'plain' }),
    jobOf(4, { metric: null }),
    jobOf(5, { fate: { kind: 'failed', failure: 'nan', detail: '' } }),
    jobOf(6, { isOpen: true }),
    jobOf(7, { isRemoved: true }),
    jobOf(8, { model: 'Other GPU' }),
    jobOf(9, { commit: 'b'.repeat(40) }),
    jobOf(10, { kind: 'replay', replays: 3 }),
    jobOf(11, {}),
  ];
  const { runs, first, device } = gatherMetricRuns(jobs, 'aaaaaaaa');
  expect(runs.seeds.map(({ seed }) => seed)).toEqual([1, 11]);
  expect(runs.repeats).toEqual([]);
  expect([first, device?.model]).toEqual([1, 'Test GPU']);
});

test('the newest baseline run says which commit and device it is about', () => {
  const jobs = [jobOf(1, {}), jobOf(2, { commit: 'b'.repeat(40) }), jobOf(3, { commit: 'b'.repeat(40) })];
  expect(gatherMetricRuns(jobs, 'aaaaaaaa')).toMatchObject({ first: 2, runs: { seeds: [{ seed: 2 }, { seed: 3 }] } });
});

test('a seed that two baseline jobs ran is a repeat, and counts once for the noise', () => {
  const { runs } = gatherMetricRuns([jobOf(1, {}), jobOf(2, {}), jobOf(3, { seed: 1 })], 'aaaaaaaa');
  expect(runs.seeds).toHaveLength(2);
  expect(runs.repeats).toEqual([{ seed: 1, first: 1.01, again: 1.03 }]);
});

test('a repeat on its way is pending, one that failed is over without a number', () => {
  const failed = { kind: 'replay' as const, replays: 1, seed: 1, metric: null };
  const jobs = [
    jobOf(1, {}),
    jobOf(2, failed),
    jobOf(3, { ...failed, isOpen: true }),
    jobOf(4, { ...failed, isRemoved: true }),
  ];
  expect(gatherMetricRuns(jobs, 'aaaaaaaa')).toMatchObject({ again: [2, 3, 4], pending: [3], runs: { repeats: [] } });
});

test('a measured experiment of the track is seen, one of another track or without a number is not', () => {
  const experiment = { kind: 'experiment' as const, commit: 'c'.repeat(40) };
  const seen = (given: Given) => gatherMetricRuns([jobOf(1, {}), jobOf(2, given)], 'aaaaaaaa').hasExperiment;
  expect(seen(experiment)).toBe(true);
  expect(seen({ ...experiment, track: 'bbbbbbbb' })).toBe(false);
  expect(seen({ ...experiment, metric: null })).toBe(false);
});

test('without any run there is nothing to repeat', () => {
  expect(gatherMetricRuns([], 'aaaaaaaa')).toMatchObject({
    device: null,
    first: null,
    runs: { seeds: [], peakMemoryMib: null },
  });
});
