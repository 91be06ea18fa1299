import { expect, test } from 'vitest';
import type { RatchetSession } from '../domain/ratchet.ts';
import { createDecided } from './iterations-for-tests.ts';
import { allowedPerHour, formatRate, ratePerHour, summariseSession } from './summary.ts';

const session: RatchetSession = {
  ...{
    schema: 1,
    tag: 'mar5',
    branch: 'autoresearch/mar5',
    desc: '',
    worktree: '/w',
    start: '',
    table: '',
    track: '12345678',
    beganAt: '',
  },
  ...{ metric: { name: 'val_bpb', direction: 'lower' }, edits: ['train.py'], device: 'gpu', deviceId: null },
  ...{ rule: 'strict', max: null, agent: null },
  budget: { trainingSeconds: 300, wallSeconds: 600, constants: {}, command: '', frozen: {} },
};
const time = (minutes: number) => new Date(Date.UTC(2026, 10, 21, 22, minutes)).toISOString();
/** Each takes six minutes, whatever lies between two of them. */
const at = (minutes: number) => ({ beganAt: time(minutes - 6), endedAt: time(minutes) });
const night = [
  createDecided(0, 'keep', { ...at(0), runs: [1.0], description: 'baseline' }),
  createDecided(1, 'keep', { ...at(6), runs: [0.98], description: 'wider', category: 'architecture' }),
  createDecided(2, 'crash', { ...at(12), runs: [{ failure: 'out-of-memory' }], description: 'twice as wide' }),
  createDecided(3, 'discard', {
    ...at(18),
    runs: [0.985],
    description: 'no warm-up',
    next: ['wider', 'longer warm-up'],
  }),
  createDecided(4, 'keep', { ...at(24), runs: [0.97], description: 'halve the rate' }),
  createDecided(5, 'discard', { ...at(630), runs: [0.9701], description: 'rate again' }),
];

test('the rate counts the time at work without the baseline and without pauses, and stands beside what the budget allows', () => {
  expect(ratePerHour(night)).toBeCloseTo(10, 9);
  expect(allowedPerHour(session)).toBe(12);
  expect(formatRate(ratePerHour(night), allowedPerHour(session))).toBe('10 experiments an hour (the budget allows 12)');
  expect(ratePerHour(night.slice(0, 1))).toBeNull();
  expect(formatRate(null, 12)).toBe('');
  expect(allowedPerHour({ budget: { ...session.budget, trainingSeconds: null } })).toBeNull();
});

test('the best is the newest keep, and a crash’s zero is nothing', () => {
  const summary = summariseSession(session, night);
  expect(summary).toMatchObject({
    total: 5,
    counts: { keep: 2, discard: 2, crash: 1 },
    best: { number: 4, metric: 0.97 },
    baseline: 1,
    doubtful: null,
  });
});

test('the trajectory is three to five sentences with the gain, the largest step and the usual crash', () => {
  const { trajectory } = summariseSession(session, night);
  expect(trajectory).toEqual([
    'the unmodified code has val_bpb 1.000000; experiment 4 has 0.970000 (-0.030000)',
    '2 of 5 experiments were kept, 2 thrown away, 1 crashed',
    'the largest step was experiment 1: wider (-0.020000)',
    'the last experiment brought no gain',
    'most crashes were of the kind out-of-memory (1 of 1)',
  ]);
});

test('next are the agent’s own ideas that were not tried, then near misses', () => {
  expect(summariseSession(session, night).next).toEqual([
    'longer warm-up',
    'again, on the present best: rate again (experiment 5 missed it by a little)',
    'again, on the present best: no warm-up (experiment 3 missed it by a little)',
  ]);
});

test('a session without a number says so and offers something', () => {
  const summary = summariseSession(session, []);
  expect(summary).toMatchObject({ total: 0, best: null, baseline: null, perHour: null });
  expect(summary.next).toHaveLength(3);
});
