import { expect, test } from 'vitest';
import { readFieldTable } from './read-field-table.ts';

const plain = { metric: null, direction: null };
const read = (text: string | Buffer) => readFieldTable(text, plain);
const header = 'commit\tval_bpb\tmemory_gb\tstatus\tdescription';
const first = '3fa9c21\t1.204500\t41.2\tkeep\tbaseline';
const second = '9b07e4d\t1.198300\t41.2\tdiscard\twider heads';
/** The rows as one string each: what a person would compare. */
const rowsOf = (text: string | Buffer) =>
  read(text).rows.map(({ line, commit, metric, memoryGb, status, description }) =>
    [line, commit, metric, memoryGb, status, description].join(' | '),
  );
const twoRows = [
  '2 | 3fa9c21 | 1.2045 | 41.2 | keep | baseline',
  '3 | 9b07e4d | 1.1983 | 41.2 | discard | wider heads',
];
const notesOf = (text: string | Buffer) => read(text).notes.map(({ line, text: said }) => `${line}: ${said}`);

test('a table just as autoresearch writes it is read without a note', () => {
  const table = read(`${[header, first, second].join('\n')}\n`);
  expect(rowsOf(`${[header, first, second].join('\n')}\n`)).toEqual(twoRows);
  expect(table).toMatchObject({
    metricName: 'val_bpb',
    direction: 'lower',
    directionFrom: 'the name val_bpb',
    notes: [],
  });
});

test('a mark at the front, UTF-16, CRLF, old line ends and a missing last one change no row', () => {
  const text = [header, first, second].join('\n');
  const wide = Buffer.from(text, 'utf16le');
  const big = Buffer.from(text, 'utf16le').swap16();
  for (const bytes of [
    Buffer.from(text),
    Buffer.from(`\ufeff${text}`),
    Buffer.from(text.replaceAll('\n', '\r\n')),
    Buffer.from(text.replaceAll('\n', '\r')),
    wide,
    Buffer.concat([Buffer.from([0xff, 0xfe]), wide]),
    Buffer.concat([Buffer.from([0xfe, 0xff]), big]),
    big,
  ])
    expect(rowsOf(bytes)).toEqual(twoRows);
  expect(notesOf(Buffer.concat([Buffer.from([0xff, 0xfe]), wide]))).toEqual([
    "1: the file's bytes are UTF-16, little endian",
  ]);
  expect(notesOf(`${header}\n${first}\r\n${second}\n`)).toEqual([
    '2: 1 of 3 lines end with CRLF, the others with LF: read alike',
  ]);
});

test('bytes that are no UTF-8 are read and said', () => {
  const bytes = Buffer.concat([Buffer.from(`${header}\n3fa9c21\t1.2\t41.2\tkeep\tcaf`), Buffer.from([0xe9, 0x0a])]);
  expect(rowsOf(bytes)).toEqual(['2 | 3fa9c21 | 1.2 | 41.2 | keep | café']);
  expect(notesOf(bytes)).toEqual(["1: the file's bytes are no UTF-8: Windows-1252 was assumed"]);
});

test('columns are found by their names, under other names too, and others go to extra', () => {
  const text = [
    'run\tdate\tsha\taxis\tval_acc\tpeak_vram_mb\tdecision\tnotes\tlr',
    '7\t2026-05-01\t3fa9c21\toptimiser\t0.81\t2048\tKEEP\tadam\t0.3',
  ].join('\n');
  const table = read(text);
  expect(table.rows).toEqual([
    {
      line: 2,
      commit: '3fa9c21',
      metric: 0.81,
      memoryGb: 2,
      status: 'keep',
      statusWord: 'KEEP',
      description: 'adam',
      category: 'optimiser',
      at: '2026-05-01',
      extra: { run: '7', lr: '0.3' },
    },
  ]);
  expect(table).toMatchObject({ metricName: 'val_acc', direction: 'higher', directionFrom: 'the name val_acc' });
  expect(notesOf(text)).toContain('1: memory from "peak_vram_mb", divided by 1024');
});

test('without a header the columns are found by content, and every line says so', () => {
  expect(rowsOf([first, second].join('\n'))).toEqual(
    twoRows.map((row) => row.replace(/^\d/, (line) => `${Number(line) - 1}`)),
  );
  expect(notesOf(first)[0]).toBe(
    '1: no header: read by content, column 1 as commit, 2 as metric, 3 as memory in GB, 4 as status, 5 as description',
  );
  const many = [
    'HEAD\tmodel-a\t12\t3.30\tkeep\tfirst try',
    'HEAD\tmodel-a\t12\t4.10\tdiscard\tsecond try',
    'HEAD\tmodel-a\t12\t5.25\tkeep\tthird try',
    'HEAD\tmodel-a\t12\t5.75\tkeep\tfourth try',
  ].join('\n');
  const table = read(many);
  expect(table.rows.map(({ metric, status }) => [metric, status])).toEqual([
    [3.3, 'keep'],
    [4.1, 'discard'],
    [5.25, 'keep'],
    [5.75, 'keep'],
  ]);
  expect(table).toMatchObject({ metricName: null, directionFrom: 'nothing: lower was assumed' });
  expect(notesOf(many)).toContain(
    '1: lower is better was taken, but of 2 steps between kept rows 2 go up: --direction higher?',
  );
  expect(readFieldTable(many, { metric: 'tok_per_sec', direction: null })).toMatchObject({
    metricName: 'tok_per_sec',
    direction: 'higher',
  });
});

test('comment lines give the direction or a header, or are skipped by name', () => {
  const text = ['# metric_direction: higher_is_better', '# begun on a Tuesday', header, first].join('\n');
  expect(read(text)).toMatchObject({ direction: 'higher', directionFrom: 'the header line 1' });
  expect(notesOf(text)).toEqual(['1: a comment: higher is better', '2: a comment: skipped "begun on a Tuesday"']);
  const commented = read(`# ${header}\n${first}\n`);
  expect(commented.rows).toHaveLength(1);
  expect(commented.notes.map(({ text: said }) => said)).toEqual(['the header stands in a comment']);
});

test('cells too many or too few are placed by the status, and what is uncertain is not taken', () => {
  const text = [
    header,
    '3fa9c21\t1.20\t4.0\tkeep\ta tab\tin the text',
    '9b07e4d\t1.19\t4.0\tanneal_0.67\tdiscard\tpushed aside',
    '77aa012\t1.18\tkeep\tmemory forgotten',
    '8812cd0\t1.17\t4.0\tkeep',
    '90f1e2a\t1.16\t4.0\tkeep\tempty ones behind\t\t',
  ].join('\n');
  expect(rowsOf(text)).toEqual([
    '2 | 3fa9c21 | 1.2 | 4 | keep | a tab in the text',
    '3 | 9b07e4d | 1.19 | 4 | discard | pushed aside',
    '4 | 77aa012 | 1.18 |  | keep | memory forgotten',
    '5 | 8812cd0 | 1.17 | 4 | keep | ',
    '6 | 90f1e2a | 1.16 | 4 | keep | empty ones behind',
  ]);
  expect(notesOf(text).map((note) => note.slice(0, 38))).toEqual([
    '2: 6 cells where the header has 5: the',
    '3: 6 cells where the header has 5: pla',
    '4: 4 cells where the header has 5: pla',
    '5: 4 cells where the header has 5: the',
    '6: 7 cells where the header has 5: the',
  ]);
  expect(read(text).rows[1]?.extra).toEqual({ 'cell 4': 'anneal_0.67' });
});

test('lines of a description that runs on belong to their row, and remarks between rows to none', () => {
  const text = [
    'commit\tmetric_before\tmetric_after\tdelta\tstatus\tdescription',
    'none\t0.50\t0.48\t-0.02\tkeep\ttry this:',
    'def step(x):',
    '',
    '\treturn x * 2',
    '"""',
    'none\t0.48\t0.49\t+0.01\trejected\tnothing',
    '',
    '========',
    'Second week',
    '========',
    '',
    'none\t0.48\t0.47\t-0.01\tkeep\tlast',
    '',
    'That was all.',
  ].join('\n');
  expect(rowsOf(text)).toEqual([
    '2 | none | 0.48 |  | keep | try this:\ndef step(x):\n\n\treturn x * 2\n"""',
    '7 | none | 0.49 |  | discard | nothing',
    '13 | none | 0.47 |  | keep | last',
  ]);
  const notes = read(text).notes;
  expect(notes.filter(({ text: said }) => said.startsWith('more of the')).map(({ line }) => line)).toEqual([3, 5, 6]);
  expect(notes.filter(({ kind }) => kind === 'skipped').map(({ line }) => line)).toEqual([9, 10, 11, 15]);
});

test('a copy from a terminal with spaces for tabs and a drawn table below it gives each row once', () => {
  const text = [
    'commit  val_bpb memory_gb       status  description',
    '3fa9c21 1.204500        41.2    keep    the start of it',
    '9b07e4d 1.198300        41.2    discard wider heads, slower',
    '',
    'Both runs are done:',
    '┌─────────┬──────────┬─────────┐',
    '│ commit  │ val_bpb  │ status  │',
    '├─────────┼──────────┼─────────┤',
    '│ 3fa9c21 │ 1.204500 │ keep    │',
    '│ 77aa012 │ 1.190000 │ keep    │',
    '└─────────┴──────────┴─────────┘',
  ].join('\n');
  expect(rowsOf(text)).toEqual([
    '2 | 3fa9c21 | 1.2045 | 41.2 | keep | the start of it',
    '3 | 9b07e4d | 1.1983 | 41.2 | discard | wider heads, slower',
    '10 | 77aa012 | 1.19 |  | keep | ',
  ]);
  expect(notesOf(text)).toContain('9: repeats line 2 in a drawn table: skipped');
  expect(notesOf(text)).toContain('5: neither a header nor a row: skipped "Both runs are done:"');
});

test('a table in markdown, with commas, or with semicolons is read', () => {
  const cells = [header, first, second].map((line) => line.split('\t'));
  expect(rowsOf(cells.map((line) => line.join(',')).join('\n'))).toEqual(twoRows);
  expect(rowsOf(cells.map((line) => line.join(';')).join('\n'))).toEqual(twoRows);
  expect(rowsOf(cells.map((line) => line.map((cell) => `"${cell}"`).join(', ')).join('\n'))).toEqual(twoRows);
  const [top = '', ...below] = cells.map((line) => `| ${line.join(' | ')} |`);
  expect(rowsOf([top, '|---|---|---|---|---|', ...below].join('\n'))).toEqual([
    '3 | 3fa9c21 | 1.2045 | 41.2 | keep | baseline',
    '4 | 9b07e4d | 1.1983 | 41.2 | discard | wider heads',
  ]);
});

test('a file whose form drifts is read to its end by the headers and lines that it has', () => {
  const text = [
    header,
    first,
    '2026-08-03\twarm_01\t1.2011\t157\t253911\t30.24\t1302.6\tshorter warm-up',
    '2026-08-04\tdecay_20\t1.1990\t156\t253911\t30.07\t1302.6\tmore decay, WIN',
    '',
    '================',
    'Third part, by hand',
    '================',
    'Columns: date, tag, val_bpb, steps, peak_vram_mb, status, description',
    '',
    '2026-09-03, part_a, 1.150000, 250, 1024.0, ADOPTED-WIN, new start, with a comma',
    '2026-09-04, part_b, FAILED, 0, -, infra-fail, no container',
    '2026-09-04, part_c, n/a, -, -, NEUTRAL, nothing came of it',
  ].join('\n');
  expect(rowsOf(text)).toEqual([
    '2 | 3fa9c21 | 1.2045 | 41.2 | keep | baseline',
    '3 |  | 1.2011 |  | other | shorter warm-up',
    '4 |  | 1.199 |  | other | more decay, WIN',
    '11 |  | 1.15 | 1 | keep | new start, with a comma',
    '12 |  |  |  | crash | no container',
    '13 |  |  |  | other | nothing came of it',
  ]);
  expect(notesOf(text)).toContain(
    "3: 8 cells, unlike the header's 5: read by content, column 1 as time, 3 as metric, 8 as description",
  );
  expect(notesOf(text)).toContain('9: another header: the rows below are read by it');
});

test('below a second header with another metric the rows have no metric, so that no two measures are compared', () => {
  const text = [header, first, 'commit\ttok_per_sec\tstatus\tdescription', '9b07e4d\t0.1\tkeep\tfaster'].join('\n');
  const table = read(text);
  expect(table.rows[1]).toMatchObject({ metric: null, extra: { tok_per_sec: '0.1' } });
  expect(notesOf(text)).toContain('3: no column is called "val_bpb": these rows have no metric');
  expect(notesOf([header, first, header, second].join('\n'))).toEqual(['3: the header again: skipped']);
});

test('lines of JSON are read by their keys, with what their first line says of the metric', () => {
  const text = [
    '{"type":"config","name":"x","metricName":"seconds_saved","bestDirection":"higher"}',
    '{"run":1,"commit":"3fa9c21","metric":4.5,"metrics":{"mem":2},"status":"keep","description":"first","timestamp":1767225600000}',
    '{"type":"hook","event":"after"}',
    '{"run":2,"commit":"9b07e4d","metric":0,"status":"crash","description":"broke"}',
    '{"run":3,"commit":"77aa012","metric":9,"status":"checks_failed"',
    '{"run":3,"commit":"77aa012","metric":9,"status":"checks_failed","description":"wrong output"}',
  ].join('\n');
  expect(read(text)).toMatchObject({
    metricName: 'seconds_saved',
    direction: 'higher',
    directionFrom: 'the header line 1',
    isTable: true,
  });
  expect(rowsOf(text)).toEqual([
    '2 | 3fa9c21 | 4.5 |  | keep | first',
    '4 | 9b07e4d |  |  | crash | broke',
    '6 | 77aa012 | 9 |  | discard | wrong output',
  ]);
  expect(read(text).rows[0]).toMatchObject({
    at: '2026-01-01T00:00:00.000Z',
    extra: { run: '1', metrics: '{"mem":2}' },
  });
  expect(notesOf(text).map((note) => note.slice(0, 24))).toEqual([
    '1: lines of JSON and no ',
    '3: an object without met',
    '5: no object of JSON: sk',
    '6: status "checks_failed',
  ]);
  expect(readFieldTable(text, { metric: 'mem', direction: null }).rows[0]?.metric).toBe(2);
});

test('a header alone is a table without rows, and prose, code and nothing are no table', () => {
  expect(read(`${header}\n\n`)).toMatchObject({ isTable: true, rows: [], metricName: 'val_bpb' });
  for (const text of [
    '',
    '\n\n',
    'The status of the commit and its description.\n',
    'import torch\nx = [1, 2, 3]\n',
    '{"a": 1}\n',
    '# A page\n\nSome words, and more.\n',
  ])
    expect(read(text)).toMatchObject({ isTable: false, rows: [] });
});
