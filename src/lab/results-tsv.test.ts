import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Result } from '../domain/result.ts';
import { formatResultRow, insertResultRows, parseOwnHeader, parseResults, resultsHeader } from './results-tsv.ts';

const result: Result = {
  commit: 'abc1234',
  metric: 0.8912345678,
  memoryGb: 1.26,
  status: 'keep',
  description: 'orders 1-5,\twith\r\na "word" feature',
  idea: 'order-5',
  question: 'does order 5 help?',
  hypothesis: 'saves 0.2 bpb',
  expected: '-0.2 bpb',
  observed: '-0.2247 bpb',
  evidence: 'provisional',
  std: null,
  n: 1,
  seconds: 12.34,
  device: 'Intel Xeon',
  track: '1a2b3c4d',
  jobs: [7],
  date: '2026-11-21T03:44:34+00:00',
  flags: ['self-reported', 'unsandboxed'],
  metrics: { val_bpb: 0.8912345678, train_bpb: 0.81, 'odd name;=': 1e-7 },
};

test('a row has the columns of the design in their order and form', () => {
  expect(resultsHeader('val_bpb').join(' ')).toBe(
    'commit val_bpb memory_gb status description idea question hypothesis expected observed evidence std n seconds device track jobs date flags metrics',
  );
  expect(formatResultRow(result, 'val_bpb').split('\t')).toEqual([
    ...['abc1234', '0.891235', '1.3', 'keep', 'orders 1-5, with a "word" feature', 'order-5'],
    ...['does order 5 help?', 'saves 0.2 bpb', '-0.2 bpb', '-0.2247 bpb', 'provisional', '', '1', '12.3', 'Intel Xeon'],
    ...['1a2b3c4d', '7', '2026-11-21T03:44:34+00:00', 'self-reported,unsandboxed', 'train_bpb=0.81;odd_name_=1e-7'],
  ]);
});

test('a crash has zeros, and is read without a metric', () => {
  const row = formatResultRow({ ...result, status: 'crash', metric: Number.NaN, memoryGb: 3 }, 'val_bpb');
  expect(row.split('\t').slice(0, 4)).toEqual(['abc1234', '0.000000', '0.0', 'crash']);
  expect(parseResults(insertResultRows(null, [row], 'val_bpb')).rows[0]?.metric).toBe(null);
});

test('a metric that is no number is refused unless the run crashed', () => {
  expect(() => formatResultRow({ ...result, metric: Number.NaN }, 'val_bpb')).toThrow(/val_bpb of a result is NaN/);
});

const word = fc.string({ unit: 'grapheme', maxLength: 30 });
const name = fc.stringMatching(/^[a-z_][a-z0-9_.]{0,10}$/);
const arbitraryResult: fc.Arbitrary<Result> = fc.record({
  commit: fc.stringMatching(/^[0-9a-f]{7}$/),
  metric: fc.double({ min: -1e9, max: 1e9, noNaN: true }),
  memoryGb: fc.option(fc.double({ min: 0, max: 1e4, noNaN: true })),
  status: fc.constantFrom('keep', 'discard', 'crash'),
  description: word,
  idea: name,
  question: word,
  hypothesis: word,
  expected: word,
  observed: word,
  evidence: fc.constantFrom('', 'provisional', 'confirmed', 'refuted'),
  std: fc.option(fc.double({ min: 0, max: 1e3, noNaN: true }), { nil: null }),
  n: fc.integer({ min: 1, max: 20 }),
  seconds: fc.option(fc.double({ min: 0, max: 1e6, noNaN: true })),
  device: word,
  track: fc.stringMatching(/^[0-9a-f]{8}$/),
  jobs: fc.array(fc.integer({ min: 1, max: 1e6 }), { minLength: 1, maxLength: 4 }),
  date: fc.constant('2026-11-21T03:44:34+00:00'),
  flags: fc.uniqueArray(fc.stringMatching(/^[a-z][a-z-]{0,10}$/), { maxLength: 3 }),
  metrics: fc.dictionary(name, fc.double({ noNaN: true, noDefaultInfinity: true }), { maxKeys: 4 }),
});

test('every row that the lab writes is read back as it was written', () => {
  fc.assert(
    fc.property(fc.array(arbitraryResult, { minLength: 1, maxLength: 5 }), (results) => {
      const rows = results.map((one) => formatResultRow(one, 'val_bpb'));
      const text = insertResultRows(null, rows, 'val_bpb');
      expect(parseOwnHeader(text)).toBe('val_bpb');
      const parsed = parseResults(text);
      expect(parsed.problems).toEqual([]);
      expect(parsed.metric).toBe('val_bpb');
      parsed.rows.forEach((row, index) => {
        const one = results[index] as Result;
        const isCrash = one.status === 'crash';
        expect(row).toMatchObject({ commit: one.commit, status: one.status, evidence: one.evidence, n: one.n });
        expect(row).toMatchObject({
          idea: one.idea,
          track: one.track,
          jobs: one.jobs,
          date: one.date,
          flags: one.flags,
        });
        if (isCrash) expect(row.metric).toBe(null);
        else expect(row.metric).toBeCloseTo(one.metric, 5);
        if (isCrash) expect(row.memoryGb).toBe(0);
        else if (one.memoryGb === null) expect(row.memoryGb).toBeNull();
        else expect(row.memoryGb).toBeCloseTo(one.memoryGb, 0);
        expect(row.std === null).toBe(one.std === null || one.n === 1);
        const { val_bpb: _, ...further } = one.metrics;
        expect(Object.keys(row.metrics).sort()).toEqual(Object.keys(further).sort());
        for (const [key, value] of Object.entries(further)) expect(row.metrics[key]).toBeCloseTo(value, 9);
      });
      expect(parsed.rows).toHaveLength(results.length);
      // Once read, text is stable: formatting it again changes nothing.
      const again = parsed.rows.map((row, index) => {
        const one = results[index] as Result;
        return formatResultRow({ ...one, description: row.description, question: row.question }, 'val_bpb');
      });
      expect(again).toEqual(rows);
    }),
    { numRuns: 300 },
  );
});

test('the reader throws at nothing and finds every line at most once', () => {
  const cell = fc.oneof(
    word,
    fc.constantFrom('commit', 'status', 'keep', '\t', '\t\t', '0.9', '68.6%', '#', '\r\n', '\n', '"'),
  );
  fc.assert(
    fc.property(fc.array(cell, { maxLength: 40 }), (cells) => {
      const { rows } = parseResults(cells.join(''));
      expect(new Set(rows.map((row) => row.line)).size).toBe(rows.length);
    }),
    { numRuns: 500 },
  );
});

test('rows go to the end, old bytes stay, and a foreign header is refused', () => {
  const row = formatResultRow(result, 'val_bpb');
  const one = insertResultRows(null, [row], 'val_bpb');
  expect(insertResultRows(one.trimEnd(), [row], 'val_bpb')).toBe(`${one}${row}\n`);
  const field = 'commit\tval_bpb\tmemory_gb\tstatus\tdescription\n';
  expect(() => insertResultRows(field, [row], 'val_bpb')).toThrow(/expected the lab's own header/);
  expect(() => insertResultRows(one, [row], 'accuracy')).toThrow(/accuracy/);
  expect(parseOwnHeader(field)).toBe(null);
});

test('a field table with a BOM, mixed line ends, comments, blank lines and loud words is read', () => {
  const text = [
    '\ufeff# run of Tuesday\r',
    'commit\tval_bpb\tmemory_gb\tstatus\tdescription\r',
    'a1b2c3d\t0.9979\t44.0\tKEEP\tbaseline\r',
    '',
    'b2c3d4e\t0.9931\t44,100.5\tREVERTED:too_eager\tmore\tdepth',
    'c3d4e5f\t1.25\t0.0\tcrash\t',
    '\t0.99\tNA\t保留✔✔',
    'd4e5f6a\t−0.5%\t12GB\tbaseline\tsigned',
  ].join('\n');
  const { metric, rows, problems } = parseResults(text);
  expect(metric).toBe('val_bpb');
  expect(rows.map((row) => [row.commit, row.metric, row.memoryGb, row.status, row.description])).toEqual([
    ['a1b2c3d', 0.9979, 44, 'keep', 'baseline'],
    ['b2c3d4e', 0.9931, 44100.5, 'discard', 'more depth'],
    ['c3d4e5f', null, 0, 'crash', ''],
    ['', 0.99, null, 'keep', ''],
    ['d4e5f6a', -0.5, 12, null, 'signed'],
  ]);
  expect(rows[4]?.statusText).toBe('baseline');
  expect(problems.map((problem) => problem.line)).toEqual([5, 7]);
});

test('other headers, no header, columns of spaces and a kept column are read', () => {
  const other = 'date\texp\tdecision\tval_f1\tpeak_vram_mb\tnotes\n2026-01-02\tx1\tAccepted\t68.6%\t2048\tbigger\n';
  expect(parseResults(other)).toMatchObject({
    metric: 'val_f1',
    rows: [{ metric: 68.6, memoryGb: 2, status: 'keep', description: 'bigger' }],
  });
  const bare = 'abc1234\t0.95\t1.0\tkeep\tfirst\nabc1235\tFAILED\t0\tinfra-fail\tsecond\n';
  expect(parseResults(bare)).toMatchObject({ metric: '', rows: [{ metric: 0.95 }, { metric: null, status: 'crash' }] });
  const spaces = 'commit   score   status   description\nabc1234  12.5    keep     one two\n\nSome prose.\n┌──┬──┐\n';
  expect(parseResults(spaces)).toMatchObject({ metric: 'score', rows: [{ metric: 12.5, description: 'one two' }] });
  const kept = 'commit\tloss\tkept\nabc1234\t0.5\tYES\nabc1235\t0.6\tNO\n';
  expect(parseResults(kept).rows.map((row) => row.status)).toEqual(['keep', 'discard']);
});

test.each([
  ['NOT_ACCEPTED', null],
  ['not_kept', null],
  ['no_keep', null],
  ['was_never_kept', null],
  ["wasn't kept", null],
  ['не keep', null],
  ['not reverted', null],
  ['not_kept_reverted', 'discard'],
  ['no gain: reverted', 'discard'],
  ['no_crash', null],
  ['NEW_BEST', 'keep'],
  ['kept_no_crash', 'keep'],
])('the status "%s" is read as %s', (word, status) => {
  expect(parseResults(`commit\tval_bpb\tstatus\nabc1234\t0.5\t${word}\n`).rows[0]?.status).toBe(status);
});

test('continuation lines of a description are skipped and named, a zero that was kept stays', () => {
  const text =
    'commit\tval_bpb\tmemory_gb\tstatus\tdescription\nnone\t0.0000\t1\tkeep\t"""\ndef f():\n    return 1\n"""\nnone\t2\t1\trejected\tx\n';
  const { rows, problems } = parseResults(text);
  expect(rows.map((row) => [row.metric, row.status])).toEqual([
    [0, 'keep'],
    [2, 'discard'],
  ]);
  expect(problems.map((problem) => problem.line)).toEqual([3, 4, 5]);
});

test('a table with a header only has no rows and no problems', () => {
  expect(parseResults('commit\tval_bpb\tmemory_gb\tstatus\tdescription\n\n')).toEqual({
    metric: 'val_bpb',
    rows: [],
    problems: [],
  });
  expect(parseResults('')).toEqual({ metric: '', rows: [], problems: [] });
});
