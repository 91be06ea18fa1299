import { expect, test } from 'vitest';
import { summariseTable } from '../../analysis/field-summary.ts';
import { readFieldTable } from '../../analysis/field-table/read-field-table.ts';
import { formatLines, renderNotes } from './group-notes.ts';
import { renderFieldTable } from './render-field-table.ts';

const brief = { isWhole: false, hasAllNotes: false };

function render(text: string, view = brief): string {
  const table = readFieldTable(text, { metric: null, direction: null });
  return renderFieldTable('results.tsv', table, summariseTable(table), view);
}

test('a table is shown with its counts, its best, its rows and what was read into it', () => {
  const text = [
    'commit\tval_bpb\tmemory_gb\tstatus\tdescription',
    '3fa9c21\t1.204500\t41.2\tkeep\tbaseline',
    '9b07e4d\t1.198300\t41.2\tdiscard\twider heads',
    '77aa012\t1.210000\t41.2\tKEEP\tsimpler',
    '8812cd0\t0.000000\t0.0\tcrash\tOOM\u001b[31m',
  ].join('\n');
  expect(render(text).split('\n')).toEqual([
    'results.tsv: 4 rows: 2 keep, 1 discard, 1 crash',
    'metric val_bpb, lower is better (the name val_bpb)',
    'best kept: 1.2045 at 3fa9c21, line 2',
    '1 keep was no improvement on the running best: line 4',
    '1 discard was better than the running best: line 3',
    '',
    'line  commit   val_bpb    best    GB  status   description',
    '   2  3fa9c21   1.2045  1.2045  41.2  keep     baseline',
    '   3  9b07e4d   1.1983  1.2045  41.2  discard  wider heads',
    '   4  77aa012   1.2100  1.2045  41.2  keep     simpler',
    '   5  8812cd0           1.2045   0.0  crash    OOM\ufffd[31m',
    '',
    'not taken as it stood (1 note):',
    '  line 4: status "KEEP" read as keep',
    '',
  ]);
});

test('of many rows the last are shown, and all of them where all are asked for', () => {
  const rows = Array.from(
    { length: 30 },
    (_, index) => `3fa9c2${String.fromCharCode(97 + (index % 6))}\t${30 - index}\tkeep`,
  );
  const text = ['commit\tloss\tstatus', ...rows].join('\n');
  expect(render(text)).toContain('the last 20 of 30 rows: --all shows every one');
  expect(
    render(text)
      .split('\n')
      .filter((line) => line.endsWith('  keep')),
  ).toHaveLength(20);
  expect(
    render(text, { ...brief, isWhole: true })
      .split('\n')
      .filter((line) => line.endsWith('  keep')),
  ).toHaveLength(30);
});

test('rows without a commit are shown by the column that names them', () => {
  expect(render('exp_id\tloss\tstatus\nE07\t0.5\tkeep\n')).toMatch(/line {2}exp_id .*\n +2 {2}E07 /);
});

test('a table without keeps says so', () => {
  expect(render('commit\tloss\tstatus\n')).toBe(
    'results.tsv: 0 rows\nmetric loss, lower is better (the name loss)\nbest kept: none; no row says keep\n',
  );
});

test('many notes are joined by what they say, and few are not', () => {
  const notes = Array.from({ length: 14 }, (_, index) => ({
    line: index + 2,
    kind: 'interpreted' as const,
    text: index === 6 ? 'no commit' : `status "KEEP${index % 2}" read as keep`,
  }));
  expect(renderNotes(notes, false)).toBe(
    '  lines 2-7, 9-15: status "KEEP0" read as keep (and 1 like it)\n  line 8: no commit\n',
  );
  expect(renderNotes(notes, true).split('\n')).toHaveLength(15);
  expect(renderNotes(notes.slice(0, 3), false).split('\n')).toHaveLength(4);
});

test('line numbers are shown as ranges, and beyond ten ranges counted', () => {
  expect(formatLines([3, 2, 9, 4, 4])).toBe('lines 2-4, 9');
  expect(formatLines([7])).toBe('line 7');
  expect(formatLines(Array.from({ length: 15 }, (_, index) => index * 2))).toBe(
    'lines 0, 2, 4, 6, 8, 10, 12, 14, 16, 18 and 5 more',
  );
});
