import { expect, test } from 'vitest';
import type { FieldRow, FieldTable } from '../../domain/field-table.ts';
import { type TrialRow, trialsOfSession, trialsOfTable } from '../trial-rows.ts';
import { makeRatchetRows } from '../trial-rows-for-tests.ts';
import { findTop, followKeepRate, groupByStatus, yieldPerCategory } from './frame-groups.ts';

function makeRow(row: number, change: Partial<TrialRow>): TrialRow {
  return {
    ...{ row, commit: null, metric: null, memoryGb: null, status: 'discard', description: '', category: 'other' },
    ...{ atMs: null, ...change },
  };
}

test('a missing metric counts as a row of its status and never as zero in a mean', async () => {
  const rows = [
    makeRow(1, { status: 'keep', metric: 2 }),
    makeRow(2, { status: 'keep', metric: null }),
    makeRow(3, { status: 'keep', metric: 1 }),
    makeRow(4, { status: 'crash' }),
  ];
  expect(await groupByStatus(rows, 'lower')).toEqual([
    { status: 'keep', rows: 3, measured: 2, meanMetric: 1.5, bestMetric: 1 },
    { status: 'crash', rows: 1, measured: 0, meanMetric: null, bestMetric: null },
  ]);
  expect((await groupByStatus(rows, 'higher'))[0]?.bestMetric).toBe(2);
});

test('the top holds kept rows alone, the best first, of equals the earlier, in either direction', async () => {
  const rows = [
    makeRow(1, { status: 'baseline', metric: 3 }),
    makeRow(2, { status: 'discard', metric: 0.5 }),
    makeRow(3, { status: 'keep', metric: 1 }),
    makeRow(4, { status: 'keep', metric: 1 }),
    makeRow(5, { status: 'keep', metric: 2 }),
  ];
  expect((await findTop(rows, 3, 'lower')).map(({ row }) => row)).toEqual([3, 4, 5]);
  expect((await findTop(rows, 2, 'higher')).map(({ row }) => row)).toEqual([1, 5]);
  expect(await findTop([], 2, 'higher')).toEqual([]);
  expect(await findTop([makeRow(1, { status: 'crash' })], 2, 'lower')).toEqual([]);
});

test('without times the keep rate goes by ten rows, the first row being no try', async () => {
  const rates = await followKeepRate(trialsOfSession(makeRatchetRows(26)));
  expect(rates.map(({ span, tries }) => ({ span, tries }))).toEqual([
    { span: 'rows 2 to 11', tries: 10 },
    { span: 'rows 12 to 21', tries: 10 },
    { span: 'rows 22 to 26', tries: 5 },
  ]);
  const keeps = makeRatchetRows(26).filter(({ status }) => status === 'keep').length - 1;
  expect(rates.reduce((sum, rate) => sum + rate.keeps, 0)).toBe(keeps);
});

test('with a time in every row the keep rate goes by the hour, and hours without a try are left out', async () => {
  const at = (minutes: number) => Date.parse('2026-03-05T22:00:00Z') + minutes * 60_000;
  const rows = [
    makeRow(1, { status: 'baseline', metric: 1, atMs: at(0) }),
    makeRow(2, { status: 'keep', metric: 0.9, atMs: at(10) }),
    makeRow(3, { status: 'discard', metric: 1, atMs: at(59) }),
    makeRow(4, { status: 'keep', metric: 0.8, atMs: at(200) }),
  ];
  expect(await followKeepRate(rows)).toEqual([
    { span: 'hour 1', tries: 2, keeps: 1, rate: 0.5 },
    { span: 'hour 4', tries: 1, keeps: 1, rate: 1 },
  ]);
  const untimed = rows.map((row) => (row.row === 3 ? { ...row, atMs: null } : row));
  expect((await followKeepRate(untimed)).map(({ span }) => span)).toEqual(['rows 2 to 4']);
});

test('the yield of a category is what its keeps won over the best before them; a keep without gain wins nothing', async () => {
  const rows = [
    makeRow(1, { status: 'keep', metric: 10, category: 'baseline' }),
    makeRow(2, { status: 'keep', metric: 8, category: 'attention-window' }),
    makeRow(3, { status: 'keep', metric: 9, category: '1e5' }),
    makeRow(4, { status: 'keep', metric: 7.5, category: 'attention-window' }),
    makeRow(5, { status: 'crash', category: 'attention-window' }),
    makeRow(6, { status: 'discard', metric: 20, category: '1e5' }),
  ];
  expect(await yieldPerCategory(rows, 'lower')).toEqual([
    { category: 'attention-window', tries: 3, keeps: 2, crashes: 1, rate: 2 / 3, totalGain: 2.5, lastRow: 5 },
    { category: '1e5', tries: 2, keeps: 1, crashes: 0, rate: 0.5, totalGain: 0, lastRow: 6 },
  ]);
});

test('no rows, one row and crashes alone give empty or plain groups', async () => {
  expect(await yieldPerCategory([], 'lower')).toEqual([]);
  expect(await followKeepRate([])).toEqual([]);
  expect(await groupByStatus([], 'lower')).toEqual([]);
  expect(await yieldPerCategory(trialsOfSession(makeRatchetRows(1)), 'lower')).toEqual([]);
  const crashes = [1, 2].map((row) => makeRow(row, { status: 'crash', category: 'batch' }));
  expect(await yieldPerCategory(crashes, 'lower')).toMatchObject([{ category: 'batch', tries: 2, crashes: 2 }]);
});

test("a table's own category goes before the words of its description, and its time is read", () => {
  const row: FieldRow = {
    ...{ line: 2, commit: 'abc1234', metric: 1, memoryGb: null, statusWord: 'keep' },
    status: 'keep',
    ...{ description: 'halve the batch size', category: 'Throughput', at: '2026-03-05T22:00:00Z', extra: {} },
  };
  const table: FieldTable = {
    ...{ metricName: 'val_bpb', direction: 'lower', directionFrom: 'the name val_bpb', notes: [] },
    rows: [row, { ...row, category: null, at: 'yesterday' }, { ...row, status: 'crash', metric: 3 }],
  };
  expect(trialsOfTable(table).map(({ category, atMs, metric }) => [category, atMs, metric])).toEqual([
    ['throughput', Date.parse('2026-03-05T22:00:00Z'), 1],
    ['batch size', null, 1],
    ['throughput', Date.parse('2026-03-05T22:00:00Z'), null],
  ]);
});
