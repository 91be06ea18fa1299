import { expect, test } from 'vitest';
import { trialsOfSession } from '../trial-rows.ts';
import { makeRatchetRows } from '../trial-rows-for-tests.ts';
import { renderTerminalChart } from './terminal-chart.ts';

test.each([0, 1, 2, 20, 99, 500])('the chart of %i rows keeps to its columns and has no colour', (count) => {
  for (const columns of [40, 100, 140]) {
    const text = renderTerminalChart(trialsOfSession(makeRatchetRows(count)), 'val_bpb', 'lower', columns);
    expect(text).not.toMatch(/NaN|undefined/);
    expect(text).not.toContain('\u001b');
    const widths = text
      .split('\n')
      .filter((line) => !line.includes('rows'))
      .map((line) => line.length);
    expect(Math.max(...widths)).toBeLessThanOrEqual(columns);
  }
});

test('one row shows its own value and not a rounded one', () => {
  expect(renderTerminalChart(trialsOfSession(makeRatchetRows(1)), 'val_bpb', 'lower', 100)).toContain('0.997900 ┼─');
});

test('under the line each column says the most of its rows: a keep before a crash before a discard', () => {
  const row = { commit: 'abc1234', memoryGb: 1, description: 'x' };
  const rows = trialsOfSession([
    { ...row, metric: 2, status: 'keep' },
    { ...row, metric: null, memoryGb: null, status: 'crash' },
    { ...row, metric: 3, status: 'discard' },
    { ...row, metric: 1, status: 'keep' },
  ]);
  expect(renderTerminalChart(rows, 'm', 'lower', 100)).toContain('KKKKKKKKxxxxxxxx........KKKKKKKK\n');
  const many = Array.from({ length: 100 }, (_, index) => ({ ...(rows[index % 4] ?? rows[0]), row: index + 1 }));
  const text = renderTerminalChart(many as typeof rows, 'm', 'lower', 37);
  expect(text).toContain(`${'K'.repeat(25)}\n`);
  expect(text).toContain('about 4.0 to a column');
});

test('crashes alone have no line and still a mark each', () => {
  const rows = trialsOfSession(
    makeRatchetRows(3).map((row) => ({ ...row, status: 'crash', metric: null, memoryGb: null })),
  );
  const text = renderTerminalChart(rows, 'val_bpb', 'lower', 100);
  expect(text).toContain('no row has one');
  expect(text).toContain('xxxxxxxx');
});
