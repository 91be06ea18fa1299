/** Each finding of the metric check, with figures as labs have them. */
import { expect, test } from 'vitest';
import { checkMetric, isMetricFit, isSeedIgnored } from './metric-check.ts';
import type { MetricFinding, MetricRuns, MetricWishes } from './metric-finding.ts';

const wishes: MetricWishes = {
  name: 'val_bpb',
  direction: 'lower',
  smallestEffect: 0.005,
  minMinutes: 5,
  maxMinutes: 40,
  alpha: 0.012,
  confirmShare: 0.1,
};

/** A baseline of ten-minute runs with these values for the seeds 1, 2, 3 …; seed 1 came out as `again` the second time. */
function runsOf(values: readonly number[], again: number | null = values[0] ?? null): MetricRuns {
  return {
    seeds: values.map((value, index) => ({ seed: index + 1, value })),
    repeats: again === null ? [] : [{ seed: 1, first: values[0] ?? 0, again }],
    seconds: values.map(() => 600),
    peakMemoryMib: 8_000,
    deviceMemoryMib: 80_000,
  };
}

const starter = [1.102574, 1.103051, 1.101251];

function find(name: MetricFinding['name'], runs: MetricRuns, other: Partial<MetricWishes> = {}): MetricFinding {
  const found = checkMetric(runs, { ...wishes, ...other }).find((finding) => finding.name === name);
  if (found === undefined) throw new Error(`no finding ${name}`);
  return found;
}

test('a metric with little noise, a seed that works and runs of ten minutes passes in every point', () => {
  const findings = checkMetric(runsOf(starter), wishes);
  expect(findings.map(({ state }) => state)).toEqual(['pass', 'pass', 'pass', 'pass', 'pass', 'pass']);
  expect(findings.every(({ advice }) => advice === '')).toBe(true);
  expect(isMetricFit(findings)).toBe(true);
});

test('every finding that does not pass says what to do', () => {
  const bad = { ...runsOf([1, 1.2, 0.9], 1.1), seconds: [3], peakMemoryMib: 79_000 };
  const findings = [
    ...checkMetric(bad, { ...wishes, direction: 'higher' }),
    ...checkMetric({ ...runsOf([], null), peakMemoryMib: null }, { ...wishes, smallestEffect: null }),
  ];
  for (const finding of findings.filter(({ state }) => state !== 'pass'))
    expect(finding.advice, finding.name).not.toBe('');
});

test.each([
  [[299], 'fail', '5.0 min'],
  [[300, 301], 'pass', '5.0 min'],
  [[20, 600, 610], 'pass', '10.0 min'],
  [[20, 25, 610], 'fail', '25.0 s'],
  [[2400], 'pass', '40.0 min'],
  [[2401], 'fail', '40.0 min'],
  [[], 'unknown', 'no run'],
] as const)('runs of %j seconds: the time is a %s, by the median', (seconds, state, says) => {
  expect(find('time', { ...runsOf(starter), seconds })).toMatchObject({
    state,
    measured: expect.stringContaining(says),
    wanted: '5 to 40 min',
  });
});

test('a repeat equal to the digit passes, one within the seed noise is a warning with its share of it', () => {
  expect(find('repeat', runsOf(starter)).state).toBe('pass');
  // 0.0004 / sqrt 2 is 30 % of the 0.00093 between the seeds.
  expect(find('repeat', runsOf(starter, 1.102974))).toMatchObject({
    state: 'warn',
    measured: 'seed 1 came out 0.0004 apart: noise of a repeat about 30 % of the seed noise',
    advice: expect.stringContaining('has it in it already'),
  });
  expect(find('repeat', runsOf(starter, 1.1042))).toMatchObject({
    state: 'warn',
    advice: expect.stringContaining('do not pair'),
  });
  expect(find('repeat', runsOf(starter, null)).state).toBe('unknown');
});

test('a repeat far outside of what seeds do fails: the spread between seeds is then not the noise', () => {
  expect(find('repeat', runsOf(starter, 1.2))).toMatchObject({
    state: 'fail',
    measured: expect.stringContaining('further than seeds lie apart'),
  });
  // Two seeds know so little of the noise that even this may be luck.
  expect(find('repeat', runsOf([1.1026, 1.1031], 1.12)).state).toBe('warn');
});

test('LAB_SEED is called ignored where two seeds and the repeat give equal digits, and nowhere else', () => {
  const ignored = checkMetric(runsOf([0.97, 0.97]), wishes);
  expect(isSeedIgnored(ignored)).toBe(true);
  expect(isMetricFit(ignored)).toBe(true);
  expect(ignored.find(({ name }) => name === 'seeds')).toMatchObject({
    state: 'warn',
    measured: 'seeds 1, 2 all gave 0.97, and so did the repeat: the train step ignores LAB_SEED',
    advice: expect.stringContaining('claims are off until LAB_SEED works'),
  });
  expect(ignored.find(({ name }) => name === 'noise')?.state).toBe('unknown');
  for (const runs of [runsOf([0.97, 0.97], null), runsOf([0.97, 0.97], 0.98), runsOf([0.97]), runsOf([])])
    expect(find('seeds', runs).state).toBe('unknown');
  expect(find('seeds', runsOf([0.97, 0.97, 0.98])).state).toBe('pass');
});

test('noise that hides the smallest effect fails, and says from which effect on it would not', () => {
  // Apple MLX in the field: two runs of one train.py 0.03 apart.
  const noisy = find('noise', runsOf([2.534, 2.564, 2.551]));
  expect(noisy).toMatchObject({ state: 'fail', wanted: 'a claim of 0.005 needs at most 6 runs of each code' });
  expect(noisy.measured).toMatch(/^sd of one run 0\.015 \(2 degrees of freedom\)/);
  const reach = Number(/only ([\d.]+) or more can be shown/.exec(noisy.advice)?.[1]);
  expect(reach).toBeGreaterThan(2 * 0.015);
  expect(find('noise', runsOf([2.534, 2.564, 2.551]), { smallestEffect: reach * 1.02 }).state).toBe('pass');
  expect(find('noise', runsOf([2.534, 2.564, 2.551]), { smallestEffect: reach * 0.97 }).state).toBe('fail');
});

test('fast runs may take more of a night for a claim than slow ones', () => {
  const runs = runsOf([1.1, 1.104, 1.107]);
  expect(find('noise', runs).state).toBe('fail');
  const fast = find('noise', { ...runs, seconds: [60] });
  expect(fast).toMatchObject({ state: 'pass', wanted: 'a claim of 0.005 needs at most 24 runs of each code' });
  expect(find('noise', { ...runs, seconds: [60] }, { confirmShare: 0 }).state).toBe('fail');
});

test('where only the noise is known too badly, more seeds are the advice', () => {
  const known = find('noise', runsOf([1.1, 1.1031]));
  expect(known).toMatchObject({ state: 'fail', measured: expect.stringContaining('(1 degree of freedom)') });
  expect(known.advice).toContain('`lab baseline --seeds 7` may do');
  expect(find('noise', runsOf([1.1, 1.2])).advice).not.toContain('may do');
});

test('without a smallest effect the noise is told and nothing fails', () => {
  const finding = find('noise', runsOf(starter), { smallestEffect: null });
  expect(finding).toMatchObject({ state: 'unknown', measured: expect.stringContaining('0.000933') });
  expect(finding.advice).toMatch(/metric\.smallestEffect .*; 0\.00\d+ or more can be shown here/);
});

test('one diverged seed of a heavy-tailed baseline is named and left out; with few seeds it is in doubt', () => {
  // FID in the field: 248 on average, seed 77 at 430.
  const many = runsOf([247.1, 248.3, 249.0, 248.6, 247.7, 248.9, 430.4, 247.5]);
  const finding = find('noise', many, { smallestEffect: 3 });
  expect(finding).toMatchObject({ state: 'warn', measured: expect.stringContaining('seed 7 came out at 430.4') });
  expect(finding.measured).toMatch(/^sd of one run 0\.\d+ \(6 degrees/);
  const few = find('noise', runsOf([267.9, 271.8, 430.4]), { smallestEffect: 3 });
  expect(few).toMatchObject({ state: 'fail', measured: expect.stringContaining('sd of one run 92.7') });
  expect(few.advice).toContain('one seed lies far from the others: `lab baseline --seeds 6`');
});

test('a metric of two digits is not taken for one without noise', () => {
  const accuracy = { name: 'accuracy', direction: 'higher' as const };
  // Rounding to 0.01 alone spreads by 0.0029.
  expect(find('noise', runsOf([0.91, 0.91, 0.92]), { ...accuracy, smallestEffect: 0.03 }).state).toBe('pass');
  expect(find('noise', runsOf([0.91, 0.91, 0.92]), { ...accuracy, smallestEffect: 0.005 })).toMatchObject({
    state: 'fail',
    measured: 'values are printed in steps of 0.01',
    advice: expect.stringContaining('print more digits'),
  });
  const almost = runsOf([0.91, 0.91, 0.91, 0.91, 0.91, 0.91, 0.91, 0.92]);
  expect(find('noise', almost, { ...accuracy, smallestEffect: 0.03 })).toMatchObject({
    state: 'pass',
    measured: expect.not.stringContaining('left out'),
  });
  const same = runsOf([0.91, 0.91, 0.91], 0.92);
  expect(find('seeds', same, accuracy)).toMatchObject({ state: 'unknown', advice: expect.stringContaining('digits') });
  expect(find('repeat', same, accuracy).state).toBe('warn');
});

test.each([
  ['val_loss', 'higher', 'warn'],
  ['valLoss', 'higher', 'warn'],
  ['val_bpb', 'lower', 'pass'],
  ['test.perplexity', 'higher', 'warn'],
  ['top1/error', 'higher', 'warn'],
  ['accuracy', 'lower', 'warn'],
  ['macro-f1', 'lower', 'warn'],
  ['AUC', 'lower', 'warn'],
  ['BLEU', 'higher', 'pass'],
  ['accuracy_loss', 'higher', 'pass'],
  ['score', 'lower', 'pass'],
  ['glossary', 'higher', 'pass'],
] as const)('%s with direction %s: a %s', (name, direction, state) => {
  expect(find('direction', runsOf(starter), { name, direction }).state).toBe(state);
});

test.each([
  [76_000, 80_000, 'pass'],
  [76_100, 80_000, 'fail'],
  [76_100, null, 'unknown'],
  [null, 80_000, 'unknown'],
] as const)('a peak of %s MiB on a device of %s MiB: a %s', (peakMemoryMib, deviceMemoryMib, state) => {
  expect(find('memory', { ...runsOf(starter), peakMemoryMib, deviceMemoryMib }).state).toBe(state);
});

test('values with more digits than a number holds, and equal ones with an outlier, come to an end', () => {
  const thirds = [1 / 3, 1 / 7, 1 / 9];
  expect(find('noise', runsOf(thirds)).state).toBe('fail');
  const flat = [1 / 3, 1 / 3, 1 / 3, 1 / 3, 1 / 3, 1 / 3, 1 / 3, 1 / 7];
  expect(find('noise', runsOf(flat)).state).toBe('warn');
});
