import { expect, test } from 'vitest';
import { type TrialRow, trialsOfSession } from '../analysis/trial-rows.ts';
import { makeRatchetRows } from '../analysis/trial-rows-for-tests.ts';
import type { RatchetRow } from '../domain/ratchet.ts';
import { estimateNoise } from './results/judge-gains.ts';
import { type ResultsSubject, reviewResults } from './results-mode.ts';

const subject = (rows: readonly TrialRow[], change: Partial<ResultsSubject> = {}): ResultsSubject => ({
  ...{ tag: 'mar5', beganAt: '2026-03-05T22:00:00Z', metric: { name: 'val_bpb', direction: 'lower' }, rows },
  ...{ noise: null, program: '', ...change },
});

let commits = 0x2000000;
const row = (status: RatchetRow['status'], metric: number | null, description: string): RatchetRow => ({
  ...{ commit: (commits++).toString(16), status, metric, memoryGb: metric === null ? null : 1, description },
});

const session = trialsOfSession([
  row('keep', 1, 'baseline'),
  row('keep', 0.98, 'raise the learning rate'),
  row('crash', null, 'fp8 matmuls everywhere'),
  row('crash', null, 'fp8 matmuls, fused'),
  row('discard', 0.9805, 'dropout 0.1'),
  row('crash', null, 'fp8 matmuls, compiled'),
  row('keep', 0.9795, 'longer warmup'),
  row('discard', 0.9796, 'longer cooldown'),
  row('discard', 1.2, 'dropout 0.1'),
]);

test('a review counts, names the best, and sorts gains by what they won with the first row after them', async () => {
  const review = await reviewResults(subject(session, { noise: estimateNoise(0.001, null, '--noise') }));
  expect(review.counts).toEqual({ keep: 3, crash: 3, discard: 3 });
  expect(review.best).toMatchObject({ row: 7, metric: 0.9795, first: 1 });
  expect(review.best?.won).toBeCloseTo(0.0205, 9);
  expect(review.gains.map(({ row: number, verdict }) => [number, verdict])).toEqual([
    [2, 'genuine'],
    [7, 'within noise'],
    [1, 'start'],
  ]);
  expect(review.top.map(({ row: number }) => number)).toEqual([7, 2, 1]);
});

test('what crashed or was discarded again and again is named once, by its change, its kind or its words', async () => {
  const { failures } = await reviewResults(subject(session));
  expect(failures.map(({ kind, what, crashes, discards, rows }) => ({ kind, what, crashes, discards, rows }))).toEqual([
    { kind: 'category', what: 'precision and speed', crashes: 3, discards: 0, rows: [3, 4, 6] },
    { kind: 'same change', what: 'dropout 0.1', crashes: 0, discards: 2, rows: [5, 9] },
  ]);
});

test('a change that was also kept is no repeated failure', async () => {
  const rows = trialsOfSession([
    row('keep', 1, 'baseline'),
    row('discard', 1.1, 'depth 10'),
    row('discard', 1.1, 'depth 10'),
    row('discard', 1.1, 'depth 10'),
    row('keep', 0.9, 'depth 10'),
  ]);
  expect((await reviewResults(subject(rows))).failures).toEqual([]);
});

test('lines for program.md say what is in doubt, leave out what the program names, and have no line for the baseline again', async () => {
  const again = trialsOfSession([
    row('keep', 1, 'baseline'),
    row('keep', 0.98, 'raise the learning rate'),
    row('discard', 1.001, 'baseline, seed 2'),
    row('keep', 0.9799, 'longer warmup'),
  ]);
  const noise = estimateNoise(0.001, null, '--noise');
  const lines = (await reviewResults(subject(again, { noise }))).tried.filter((line) => line.startsWith('- '));
  expect(lines).toHaveLength(2);
  expect(lines[0]).toMatch(/longer warmup \[mar5 \w{7}\] \(within noise\)$/);
  expect(lines[1]).toMatch(/raise the learning rate \[mar5 \w{7}\]$/);
  const known = await reviewResults(subject(again, { noise, program: 'We did raise the learning rate.' }));
  expect(known.tried.join('\n')).not.toContain('raise the learning rate');
});

test('rows without a commit are named by their number, so that none counts as known already', async () => {
  const rows = session.map((one) => ({ ...one, commit: one.row % 2 === 0 ? null : 'none' }));
  const { tried } = await reviewResults(subject(rows, { program: 'none of this was tried' }));
  expect(tried.join('\n')).toContain('[mar5 row2]');
  expect(tried.filter((line) => line.startsWith('- keep'))).toHaveLength(2);
});

test('the next family is the one that won most a try and has not run dry, then near misses, then what was not tried', async () => {
  const { next, nearMisses } = await reviewResults(subject(session, { noise: estimateNoise(0.001, null, 'x') }));
  expect(next[0]?.family).toBe('learning rate');
  expect(nearMisses.map(({ row: number }) => number)).toEqual([8, 5]);
  expect(next.at(-1)?.reason).toBe('not tried yet');
  const dry = trialsOfSession([
    row('keep', 1, 'baseline'),
    row('keep', 0.9, 'raise the learning rate'),
    ...[1, 2, 3, 4].map((step) => row('discard', 1.5, `learning rate times ${step}`)),
    row('keep', 0.89, 'depth 9'),
  ]);
  expect((await reviewResults(subject(dry))).next[0]?.family).toBe('depth and width');
});

test.each([0, 1, 2, 20, 500])('%i rows are reviewed whole', async (count) => {
  const rows = trialsOfSession(makeRatchetRows(count));
  const review = await reviewResults(subject(rows));
  expect(review.rows).toBe(count);
  expect(Object.values(review.counts).reduce((sum, one) => sum + one, 0)).toBe(count);
  expect(review.gains).toHaveLength(rows.filter(({ status }) => status === 'keep').length);
  expect(JSON.stringify(review)).not.toContain('NaN');
});

test('crashes alone have no best, no gain and no next family but what was not tried', async () => {
  const rows = trialsOfSession([1, 2, 3, 4].map(() => row('crash', null, 'fp8 matmuls')));
  const review = await reviewResults(subject(rows));
  expect(review).toMatchObject({ best: null, gains: [], top: [], noise: null });
  expect(review.failures).toMatchObject([{ kind: 'same change', crashes: 4 }]);
  expect(review.next.map(({ reason }) => reason)).toEqual(['not tried yet']);
});
