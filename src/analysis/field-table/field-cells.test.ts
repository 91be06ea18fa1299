import { expect, test } from 'vitest';
import { summariseTable } from '../field-summary.ts';
import { readFieldTable } from './read-field-table.ts';

const plain = { metric: null, direction: null };
const read = (text: string | Buffer) => readFieldTable(text, plain);
const header = 'commit\tval_bpb\tmemory_gb\tstatus\tdescription';
const first = '3fa9c21\t1.204500\t41.2\tkeep\tbaseline';
const notesOf = (text: string | Buffer) => read(text).notes.map(({ line, text: said }) => `${line}: ${said}`);

test('memory takes its unit from the cell, the name or, where both are silent, from its size', () => {
  const of = (name: string, cell: string) =>
    read(`commit\tval_bpb\t${name}\tstatus\n3fa9c21\t1\t${cell}\tkeep\n`).rows[0]?.memoryGb;
  expect(of('memory (MB)', '1024')).toBe(1);
  expect(of('memory', '45056')).toBe(44);
  expect(of('memory', '44.0')).toBe(44);
  expect(of('memory_gb', '512 MB')).toBe(0.5);
  expect(of('peak_vram_mb', '3 GiB')).toBe(3);
});

test.each([
  ['val_bpb', 'lower'],
  ['accuracy', 'higher'],
  ['test_f1', 'higher'],
  ['mfu', 'higher'],
  ['tok_per_sec', 'higher'],
  ['mean_reward', 'higher'],
  ['val_score', 'higher'],
  ['brier_score', 'lower'],
  ['error_rate', 'lower'],
  ['r2', 'higher'],
  ['latency_ms', 'lower'],
  ['quality (higher is better)', 'higher'],
  ['badness \u2193', 'lower'],
])('%s says that %s is better', (name, direction) => {
  expect(read(`commit\t${name}\tstatus\n3fa9c21\t1\tkeep\n`).direction).toBe(direction);
});

test.each([
  ['KEEP', 'keep'],
  ['NEW_BEST', 'keep'],
  ['keep (reworked)', 'keep'],
  ['keep (crash mended)', 'keep'],
  ['保留✔✔', 'keep'],
  ['REVERTED:too_eager', 'discard'],
  ['revert (feature mismatch)', 'discard'],
  ['回滚(太少)', 'discard'],
  ['verworfen', 'discard'],
  ['checks_failed', 'discard'],
  ['no improvement', 'discard'],
  ['infra-fail', 'crash'],
  ['OOM', 'crash'],
  ['基线', 'baseline'],
  ['BASELINE', 'baseline'],
  ['contender', 'other'],
  ['not kept', 'other'],
  ['NOT_ACCEPTED', 'other'],
  ['not_kept', 'other'],
  ['no_keep', 'other'],
  ['never_kept', 'other'],
  ['was not kept', 'other'],
  ["wasn't accepted", 'other'],
  ['not_approved', 'other'],
  ['not ✔', 'other'],
  ['не_сохранено', 'other'],
  ['не принято', 'other'],
  ['NOT_KEPT_REVERTED', 'discard'],
  ['no_improvement', 'discard'],
  ['accepted_no_crash', 'keep'],
  ['未保留', 'other'],
])('status %s is read as %s, and said', (word, status) => {
  const table = read(`${header}\n3fa9c21\t1.2\t4\t${word}\tsomething\n`);
  expect(table.rows[0]).toMatchObject({ status, statusWord: word });
  expect(table.notes.map(({ text }) => text).join()).toContain(`status "${word}"`);
});

test('yes and no stand for keep and discard under "kept" alone', () => {
  const of = (name: string) =>
    read(`commit\tval_bpb\t${name}\n3fa9c21\t1\tYES\n9b07e4d\t2\tno\n`).rows.map((row) => row.status);
  expect(of('kept')).toEqual(['keep', 'discard']);
  expect(of('status')).toEqual(['other', 'other']);
});

test('a crash has no metric whatever stands there, and a zero is the best only where a keep says so', () => {
  const text = [header, first, '9b07e4d\t0.000000\t0.0\tcrash\tOOM', '77aa012\t0.9\t3\tcrash\ttoo slow'].join('\n');
  const table = read(text);
  expect(table.rows.map((row) => row.metric)).toEqual([1.2045, null, null]);
  expect(summariseTable(table).best).toEqual({ commit: '3fa9c21', metric: 1.2045, line: 2 });
  expect(notesOf(text)).toEqual(['4: a crash with the metric "0.9": not taken']);
  const zero = `${header}\n${first}\n9b07e4d\t0.0000\t3\tkeep\toverfit\n77aa012\t0.0000\t3\tdiscard\taborted\n`;
  expect(summariseTable(read(zero)).best).toEqual({ commit: '9b07e4d', metric: 0, line: 3 });
  expect(notesOf(zero)).toEqual([
    '3: metric "0.0000" on a keep: taken, though a zero is suspicious',
    '4: metric "0.0000" without a crash: taken, though it looks like a run without a number',
  ]);
});

test.each([
  ['68.6%', 68.6],
  ['116.4s', 116.4],
  ['\u22120.5', -0.5],
  ['0,9979', 0.9979],
  ['12,345', 12345],
  ['0.9979 \u00b1 0.0003', 0.9979],
  ['1e-3', 0.001],
  ['FAILED', null],
  ['3_div,avg=13.5c', null],
  ['NaN', null],
  ['inf', null],
])('the metric %s is read as %s', (cell, value) => {
  const table = read(`${header}\n3fa9c21\t${cell}\t4\tdiscard\tsomething\n`);
  expect(table.rows[0]?.metric).toBe(value);
  // Only what stands there just so needs no word.
  expect(table.notes.length).toBe(cell === '1e-3' ? 0 : 1);
});

test('commits that are none, and rows and commits that stand twice, are kept and said', () => {
  const text = [
    header,
    'a1b2c3d\t1.20\t4\tkeep\tone',
    'e2f3g4h\t1.19\t4\tkeep\ttwo',
    'HEAD\t1.18\t4\tkeep\tthree',
    '\t1.17\t4\tkeep\tfour',
    'n/a\t1.16\t4\tkeep\tfive',
    'exp003\t1.15\t4\tkeep\tsix',
    '9b07e4d\t1.14\t4\tkeep\tseven',
    '9b07e4d\t1.13\t4\tkeep\teight',
    '9b07e4d\t1.13\t4\tkeep\teight',
  ].join('\n');
  expect(read(text).rows.map((row) => row.commit)).toEqual([
    'a1b2c3d',
    'e2f3g4h',
    'HEAD',
    null,
    'n/a',
    'exp003',
    '9b07e4d',
    '9b07e4d',
    '9b07e4d',
  ]);
  expect(notesOf(text)).toEqual([
    '2: commit "a1b2c3d" runs like an example and not like a hash: invented?',
    '3: commit "e2f3g4h" runs like an example and not like a hash: invented?',
    '4: commit "HEAD" names no one commit',
    '5: no commit',
    '6: commit "n/a": none',
    '7: commit "exp003" is a name, not a hash',
    '9: commit "9b07e4d" stands on line 8 too: taken as another run',
    '10: the same row as on line 9: counted again',
  ]);
});

test('the metric is the column that was asked for, or said where several could be it', () => {
  const text = 'commit\tval_loss\tval_acc\tstatus\n3fa9c21\t0.4\t0.9\tkeep\n';
  expect(read(text)).toMatchObject({ metricName: 'val_loss', direction: 'lower' });
  expect(notesOf(text)).toEqual(['1: metric from "val_loss"; "val_acc" could be it too: --metric chooses']);
  const asked = readFieldTable(text, { metric: 'VAL_ACC', direction: null });
  expect(asked).toMatchObject({
    metricName: 'val_acc',
    direction: 'higher',
    rows: [{ metric: 0.9, extra: { val_loss: '0.4' } }],
  });
  const wrong = readFieldTable(text, { metric: 'val_f1', direction: null });
  expect(wrong).toMatchObject({
    metricName: null,
    columns: ['commit', 'val_loss', 'val_acc', 'status'],
    rows: [{ metric: null }],
  });
});

test('where no column holds the status, a description that begins with one gives it', () => {
  const table = read('commit\trmse\tdescription\n3fa9c21\t2.1\tkeep \u2014 deeper\n9b07e4d\t2.4\tkeeps more memory\n');
  expect(table.rows.map((row) => row.status)).toEqual(['keep', 'other']);
});

test('quotes are letters, but where a CSV writer put them', () => {
  const text = `${header}\n3fa9c21\t1\t4\tkeep\t"wide" heads "again"\n9b07e4d\t2\t4\tkeep\t"args=""--wide"" seed=1"\n`;
  expect(read(text).rows.map((row) => row.description)).toEqual(['"wide" heads "again"', 'args="--wide" seed=1']);
  expect(notesOf(text)).toEqual(['3: the description is quoted as in CSV: its quotes were taken off']);
});

test('a best kept number out of all proportion is pointed at', () => {
  const values = [150.1, 152.4, 4713.2, 153.9, 154.2];
  const text = ['commit\ttok_per_sec\tstatus', ...values.map((value, index) => `3fa9c2${index}\t${value}\tkeep`)].join(
    '\n',
  );
  expect(notesOf(text)).toContain(
    '4: the best kept metric is 30.6 times better than the next: another measure, or an artefact?',
  );
});
