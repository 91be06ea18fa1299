import { expect, test } from 'vitest';
import { trialsOfSession } from '../../analysis/trial-rows.ts';
import { makeRatchetRows } from '../../analysis/trial-rows-for-tests.ts';
import { reviewResults } from '../../ratchet/results-mode.ts';
import { renderReview } from './render-review.ts';

async function render(count: number, picture: string | null): Promise<string> {
  const metric = { name: 'val_bpb', direction: 'lower' as const };
  const rows = trialsOfSession(makeRatchetRows(count));
  const review = await reviewResults({ tag: 'mar5', beganAt: '', metric, rows, noise: null, program: '' });
  return renderReview(review, { title: 'x', metric, picture }, { columns: 200, top: 10, isAll: false });
}

test('a review of a session says which experiment of the loop a row is, and one of another table speaks of rows alone', async () => {
  const session = await render(20, '/x/progress.png');
  expect(session).toContain('row 1 is the baseline, row 2 experiment 1 of the loop');
  const [, row, experiment] = /^best \S+ in row (\d+) \(experiment (\d+)\)/m.exec(session) ?? [];
  expect(Number(row) - Number(experiment)).toBe(1);
  const other = await render(20, null);
  expect(other).toMatch(/^best \S+ in row \d+(?! \()/m);
  expect(other).not.toContain('of the loop');
});
