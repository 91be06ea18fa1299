import { expect, test } from 'vitest';
import { createDecided, createIteration } from './iterations-for-tests.ts';
import { decideByNoise, doSeedsMove, findDoubtfulKeeps, formatDoubtfulKeep } from './judge-noise.ts';

const budget = { trainingSeconds: 300, wallSeconds: 600, constants: {}, command: '', frozen: {} };
const session = { metric: { name: 'val_bpb', direction: 'lower' as const }, budget };
const limits = { memoryFactor: 2, tieWidths: 0 };
const runs = (...metrics: number[]) => metrics.map((metric, index) => ({ metric, job: 100 + index, seed: index }));
const noisy = createDecided(0, 'keep', { runs: runs(1.0, 1.004, 0.996, 1.002, 0.998) });

test('a loss far beyond the noise is thrown away and a gain far beyond it is kept, with what it is worth', () => {
  const better = decideByNoise(session, [noisy], createIteration(1, { runs: [{ metric: 0.9, job: 1 }] }), limits);
  expect(better).toMatchObject({ kind: 'decided', status: 'keep' });
  if (better.kind === 'decided') expect(better.reason).toMatch(/it is worth -0\.\d{6}, and helps with (?:9\d|100) %$/);
  const worse = decideByNoise(session, [noisy], createIteration(1, { runs: [{ metric: 1.1, job: 1 }] }), limits);
  expect(worse).toMatchObject({ status: 'discard' });
});

test('crashes and slips are left to the plain rule', () => {
  const slip = createIteration(1, { runs: [{ failure: 'exception', job: 1 }] });
  expect(decideByNoise(session, [noisy], slip, limits)).toMatchObject({ kind: 'fix' });
  const memory = createIteration(1, { runs: [{ metric: 0.9, memoryMib: 9000, job: 1 }] });
  expect(decideByNoise(session, [noisy], memory, limits)).toMatchObject({ status: 'crash' });
});

test('a keep of "lower wins" that no rule of noise would make is named, and one that all runs bear out is not', () => {
  const base = noisy.tries[0]?.commit ?? '';
  const great = createDecided(1, 'keep', { base, runs: [{ metric: 0.9, job: 1 }] });
  // One lucky run of a change that then cost three times as much as it had seemed to win, measured in what was built on it.
  const lucky = createDecided(2, 'keep', { base: great.tries[0]?.commit ?? '', runs: [{ metric: 0.899, job: 2 }] });
  const onLucky = [3, 4, 5, 6].map((number) =>
    createDecided(number, 'discard', { base: lucky.tries[0]?.commit ?? '', runs: [{ metric: 0.91, job: number }] }),
  );
  const { doubtful, strictKeeps, sd } = findDoubtfulKeeps(session.metric, [noisy, great, lucky, ...onLucky]);
  expect(sd).toBeGreaterThan(0);
  expect(strictKeeps).toBe(2);
  expect(doubtful.map(({ iteration }) => iteration.number)).toEqual([2]);
});

test('a doubtful keep is told with its worth and its chance', () => {
  const iteration = createDecided(4, 'keep', { description: 'halve the warm-up' });
  if (iteration.decision === null) throw new Error('not decided');
  const keep = { ...iteration, decision: iteration.decision };
  expect(formatDoubtfulKeep({ iteration: keep, worth: -0.00021, helpful: 0.21 })).toBe(
    'experiment 4 (halve the warm-up): worth -0.000210, helps with 21 %',
  );
});

test('seeds that change nothing tell no noise, so that the plain rule decides', () => {
  const still = createDecided(0, 'keep', { runs: runs(1, 1, 1, 1) });
  const verdict = decideByNoise(
    session,
    [still],
    createIteration(1, { runs: [{ metric: 0.9999999, job: 1 }] }),
    limits,
  );
  expect(doSeedsMove([still])).toBe(false);
  expect(doSeedsMove([noisy])).toBe(true);
  if (verdict.kind !== 'decided') throw new Error('not decided');
  expect(verdict).toMatchObject({ status: 'keep' });
  expect(verdict.reason).not.toContain('by all runs');
});
