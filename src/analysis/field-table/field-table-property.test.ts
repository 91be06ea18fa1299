import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { FieldStatus } from '../../domain/field-table.ts';
import { summariseTable } from '../field-summary.ts';
import { readFieldTable } from './read-field-table.ts';

const plain = { metric: null, direction: null };

interface Row {
  commit: string;
  metric: number;
  memoryGb: number;
  status: FieldStatus;
  description: string;
}

const words: Record<FieldStatus, string[]> = {
  keep: ['keep', 'KEEP', 'kept', 'NEW_BEST', '保留', 'keep (small)'],
  discard: ['discard', 'Discard', 'rejected', 'REVERTED:slow', '回滚'],
  crash: ['crash', 'CRASH', 'OOM', 'infra-fail', 'timeout'],
  baseline: ['baseline', 'BASELINE', '基线'],
  other: ['contender', 'pending', 'neutral'],
};
const word = fc.stringMatching(/^[a-z]{2,9}$/);
const arbitraryRow: fc.Arbitrary<Row> = fc.record({
  commit: fc.stringMatching(/^[0-9a-f]{3}[a-f][0-9a-f]{3}$/),
  metric: fc.integer({ min: 1, max: 9_999_999 }).map((value) => value / 1e6),
  memoryGb: fc.integer({ min: 1, max: 900 }).map((value) => value / 10),
  status: fc.constantFrom<FieldStatus>('keep', 'discard', 'crash', 'baseline', 'other'),
  description: fc.array(word, { minLength: 1, maxLength: 6 }).map((parts) => `try ${parts.join(' ')}`),
});

// What may stand between two rows without being one. Each leaves the rows as they are.
const between = fc.constantFrom(
  '',
  '# a remark',
  '# another, with words',
  '=======',
  '\n-----\nSecond evening\n-----',
  '\nSome words apart.\n',
);
const noise = fc.record({
  order: fc.shuffledSubarray(['commit', 'val_bpb', 'memory', 'status', 'description', 'lr'], { minLength: 6 }),
  memory: fc.constantFrom('memory_gb', 'peak_vram_mb', 'Memory (GB)'),
  ends: fc.array(fc.constantFrom('\n', '\r\n'), { minLength: 1, maxLength: 5 }),
  hasEnd: fc.boolean(),
  isAgain: fc.boolean(),
  encoding: fc.constantFrom('plain', 'marked', 'little', 'big'),
  separator: fc.constantFrom('\t', ','),
  seed: fc.nat(1000),
  gaps: fc.array(between, { minLength: 1, maxLength: 6 }),
});

type Noise = typeof noise extends fc.Arbitrary<infer Value> ? Value : never;

function writeTable(
  rows: Row[],
  { order, memory, ends, hasEnd, isAgain, encoding, separator, seed, gaps }: Noise,
): Buffer {
  const header = order.map((name) => (name === 'memory' ? memory : name)).join(separator);
  const lines = [header];
  rows.forEach((row, index) => {
    const cells: Record<string, string> = {
      commit: row.commit,
      val_bpb: row.metric.toFixed(6),
      memory: memory.endsWith('mb') ? String(row.memoryGb * 1024) : String(row.memoryGb),
      status: words[row.status][(seed + index) % words[row.status].length] ?? '',
      description: row.description,
      lr: '0.04',
    };
    lines.push(order.map((name) => cells[name]).join(separator));
    const gap = gaps[(seed + index) % gaps.length] ?? '';
    lines.push(...gap.split('\n'));
    if (isAgain && index === 1) lines.push(header);
  });
  const text = lines
    .map((line, index) => line + (index < lines.length - 1 || hasEnd ? (ends[index % ends.length] ?? '\n') : ''))
    .join('');
  if (encoding === 'plain') return Buffer.from(text);
  if (encoding === 'marked') return Buffer.from(`\ufeff${text}`);
  const wide = Buffer.from(`\ufeff${text}`, 'utf16le');
  return encoding === 'little' ? wide : wide.swap16();
}

test('a table with irregularities of every kind gives the rows that were written', () => {
  fc.assert(
    fc.property(fc.array(arbitraryRow, { minLength: 1, maxLength: 8 }), noise, (rows, how) => {
      const table = readFieldTable(writeTable(rows, how), plain);
      expect(table.metricName).toBe('val_bpb');
      expect(
        table.rows.map(({ commit, metric, status, description, extra }) => ({
          commit,
          metric,
          status,
          description,
          extra,
        })),
      ).toEqual(
        rows.map(({ commit, metric, status, description }) => ({
          commit,
          metric: status === 'crash' ? null : metric,
          status,
          description,
          extra: { lr: '0.04' },
        })),
      );
      table.rows.forEach((row, index) => {
        expect(row.memoryGb).toBeCloseTo(rows[index]?.memoryGb ?? Number.NaN, 6);
      });
    }),
    { numRuns: 300 },
  );
});

test('no text and no bytes make the reader throw, and every row and note has a line of the file', () => {
  const piece = fc.oneof(
    fc.string({ unit: 'grapheme', maxLength: 20 }),
    fc.constantFrom(
      ...[
        'commit',
        'val_bpb',
        'memory_gb',
        'status',
        'description',
        'keep',
        'discard',
        'crash',
        '3fa9c21',
        '0.98',
        '0',
        '68%',
      ],
      ...[
        '\t',
        '\t',
        '\t',
        ',',
        ';',
        '|',
        '\u2502',
        '  ',
        '"',
        '""',
        '#',
        '\n',
        '\n',
        '\r',
        '\r\n',
        '\u0000',
        '\ufeff',
        '====',
        '2026-05-01',
      ],
      ...[
        '__proto__',
        'constructor',
        '# metric_direction: higher',
        'Columns: commit, loss, status',
        '0,5',
        '\u00b1',
        'NaN',
        '1e999',
        '-',
      ],
    ),
  );
  const check = (source: string | Buffer) => {
    const table = readFieldTable(source, plain);
    const count = (typeof source === 'string' ? source : source.toString('latin1')).split(/\n|\r/).length + 1;
    for (const { line } of [...table.rows, ...table.notes]) {
      expect(Number.isInteger(line) && line >= 1 && line <= count).toBe(true);
    }
    expect(new Set(table.rows.map(({ line }) => line)).size).toBe(table.rows.length);
    const summary = summariseTable(table);
    expect(summary.runningBest).toHaveLength(table.rows.length);
    expect(
      table.rows.every(
        ({ status, metric }) => (status !== 'crash' || metric === null) && (metric === null || Number.isFinite(metric)),
      ),
    ).toBe(true);
  };
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 60 }), (pieces) => check(pieces.join(''))),
    { numRuns: 1500 },
  );
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => check(Buffer.from(bytes))),
    { numRuns: 500 },
  );
});

test.each([
  ['tabs, commas and quotes', 'x\ty, "z '],
  ['open brackets', '('],
  ['quotes', '"'],
  ['spaces before a sign', `${' '.repeat(50)}=`],
  ['digits', '1'],
  ['bars', '| a '],
])('one line of ten megabytes of %s is read to its end', (_, part) => {
  const line = part.repeat(Math.ceil(1e7 / part.length));
  const start = 'commit\tval_bpb\tmemory_gb\tstatus\tdescription\n';
  // Alone, as the text of a row, as its metric, and below a row.
  expect(readFieldTable(line, plain).rows).toEqual([]);
  expect(readFieldTable(`${start}3fa9c21\t0.9\t4\tkeep\t${line.replaceAll('\t', ' ')}\n`, plain).rows).toHaveLength(1);
  expect(readFieldTable(`${start}3fa9c21\t${line.replaceAll('\t', ' ')}\t4\tkeep\tx\n`, plain).rows[0]?.metric).toBe(
    null,
  );
  expect(
    readFieldTable(`${start}3fa9c21\t0.9\t4\tkeep\tx\n${line}\n9b07e4d\t0.8\t4\tkeep\ty\n`, plain).rows,
  ).toHaveLength(2);
});
