import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { RunFate } from '../../src/domain/run.ts';
import { classifyRun, type StepEnd } from './classify.ts';
import { type LogReading, parseLog } from './parse-log.ts';

const exited = (exitCode: number): StepEnd => ({
  exitCode,
  signal: null,
  timedOut: false,
  interrupted: false,
  killed: false,
});

function readSample(name: string): Buffer {
  return readFileSync(new URL(`./samples/${name}.log`, import.meta.url));
}

function read(text: string, metric = 'val_bpb'): LogReading {
  return parseLog(Buffer.from(text), { metric });
}

function formatFate(fate: RunFate): string {
  return fate.kind === 'done' ? 'done' : `${fate.failure}: ${fate.detail}`;
}

/** Sample, how it exited, the metric's name, the metric, the fate (its start). */
const samples: [string, number | string, string, number | null, string | RegExp][] = [
  ['completed-carriage-returns', 0, 'val_bpb', 0.912345, 'done'],
  ['completed-cpu-crlf', 0, 'val_bpb', 1.1533, 'done'],
  ['completed-harmless-traceback', 0, 'val_bpb', 0.912345, 'done'],
  ['completed-two-blocks', 0, 'val_bpb', 0.94, 'done'],
  ['completed-plain-line', 0, 'val_f1', 0.68, 'done'],
  ['completed-metric-lines', 0, 'val_f1', 0.88, 'done'],
  ['completed-glued-separator', 0, 'val_bpb', 0.71, 'done'],
  ['completed-colours', 0, 'val_bpb', 0.5, 'done'],
  ['out-of-memory-cuda', 1, 'val_bpb', null, /^out-of-memory: torch\.OutOfMemoryError: CUDA out of memory/],
  ['out-of-memory-glued', 1, 'val_bpb', null, /^out-of-memory: RuntimeError: MPS backend out of memory/],
  ['out-of-memory-killer', 'SIGKILL', 'val_bpb', null, /^out-of-memory: slurmstepd: error: Detected 1 oom-kill/],
  ['out-of-memory-abort', 134, 'val_bpb', null, /^out-of-memory: .*bad_alloc/],
  ['nan-fail', 1, 'val_bpb', null, /^nan: FAIL after step 00017 \(8\.5%\) \| loss: 104\.5/],
  ['nan-loss', 0, 'val_bpb', null, /^nan: the loss is not a number: step 40\/40 \| loss: nan/],
  ['nan-metric', 0, 'val_bpb', null, 'nan: val_bpb is nan'],
  ['nan-exception', 1, 'val_bpb', null, 'nan: FloatingPointError: loss became non-finite in layer 3'],
  ['exception-import', 1, 'val_bpb', null, "exception: ModuleNotFoundError: No module named 'flashy'"],
  ['exception-chained', 1, 'val_bpb', null, 'exception: IndexError: list index out of range'],
  ['exception-ranks', 1, 'val_bpb', null, 'exception: ValueError: heads must divide width, got 7 and 64'],
  ['exception-syntax', 1, 'val_bpb', null, 'exception: SyntaxError: invalid syntax'],
  ['killed-signal-text', 1, 'val_bpb', null, 'killed: launch.SignalException: Process 4711 got signal: 15'],
  ['killed-by-shell', 137, 'val_bpb', null, /^killed: ended by SIGKILL .*out-of-memory killer.*31337 Killed/],
  ['killed-silent', 137, 'val_bpb', null, /^killed: ended by SIGKILL .*out-of-memory killer.*last line: mapping 91 GB/],
  ['killed-silent', 'SIGTERM', 'val_bpb', null, /^killed: ended by SIGTERM; last line/],
  ['killed-silent', 139, 'val_bpb', null, /^killed: ended by SIGSEGV/],
  ['command-not-found', 127, 'val_bpb', null, 'command-not-found: bash: line 1: uv: command not found'],
  ['command-not-found-dash', 0, 'val_bpb', null, 'command-not-found: sh: 1: uvx: not found'],
  ['command-not-found-bwrap', 1, 'val_bpb', null, /^command-not-found: bwrap: execvp uv/],
  ['truncated', 0, 'val_bpb', null, /^truncated: .*step 00033 \(16\.5%\)/],
  ['truncated-out-of-memory-survived', 0, 'val_bpb', null, /^truncated: .*step 3\/90/],
  ['truncated-out-of-memory-survived', 1, 'val_bpb', null, /^out-of-memory: CUDA out of memory at batch 64/],
  ['truncated-out-of-memory-survived', 'SIGKILL', 'val_bpb', null, /^killed: ended by SIGKILL/],
  ['no-metric-start-only', 0, 'val_bpb', null, 'no-metric: no val_bpb in the log; last line: using device cpu'],
  ['no-metric-start-only', 126, 'val_bpb', null, /^command-not-found: exit code 126/],
  ['no-metric-start-only', 3, 'val_bpb', null, /^exception: exit code 3; last line: using device cpu/],
  ['no-metric-other-summary', 0, 'val_bpb', null, /^no-metric: .*its summary holds mean_reward, num_steps$/],
  ['no-metric-hint', 0, 'val_bpb', null, /^no-metric:/],
  ['score-refused', 1, 'val_bpb', null, 'score-refused: REFUSED: distribution 17 sums to 1.25, expected 1'],
];

test.each(samples)('sample %s with exit %s: %s is %s', (name, exit, metric, value, fate) => {
  const reading = parseLog(readSample(name), { metric });
  const step = typeof exit === 'number' ? exited(exit) : { ...exited(0), exitCode: null, signal: exit };
  expect(reading.metric).toBe(value);
  const text = formatFate(classifyRun(reading, step));
  if (typeof fate === 'string') expect(text).toBe(fate);
  else expect(text).toMatch(fate);
});

test.each([
  ['UTF-16LE with mark', (text: string) => Buffer.from(`\ufeff${text}`, 'utf16le')],
  ['UTF-16LE without mark', (text: string) => Buffer.from(text, 'utf16le')],
  ['UTF-16BE with mark', (text: string) => Buffer.from(`\ufeff${text}`, 'utf16le').swap16()],
  ['UTF-16BE without mark', (text: string) => Buffer.from(text, 'utf16le').swap16()],
  ['UTF-16LE cut in the middle of a unit', (text: string) => Buffer.from(`\ufeff${text}!`, 'utf16le').subarray(0, -1)],
  ['UTF-8 with mark', (text: string) => Buffer.from(`\ufeff${text}`)],
  [
    'UTF-8 with UTF-16 appended',
    (text: string) =>
      Buffer.concat([Buffer.from('started by hand at noon\n'.repeat(400)), Buffer.from(text, 'utf16le')]),
  ],
  [
    'UTF-8 with broken bytes',
    (text: string) => Buffer.concat([Buffer.from([0xc3, 0x28, 0xff, 0x0a]), Buffer.from(text)]),
  ],
])('a summary in %s gives the same figures as in UTF-8', (_name, encode) => {
  const text = readSample('completed-carriage-returns').toString();
  const reading = parseLog(encode(text), { metric: 'val_bpb' });
  expect(reading.metrics).toEqual(read(text).metrics);
  expect(reading.metric).toBe(0.912345);
});

test('the last block holds figures with units, signs and separators, and a key stated twice counts as stated last', () => {
  const reading = parseLog(readSample('completed-two-blocks'), { metric: 'val_bpb' });
  expect(reading.metrics).toEqual({
    val_bpb: 0.94,
    'val-top/5': 68.6,
    tokens_per_second: 1234567.5,
    seconds: 116.4,
    learning_rate: 0.001,
    bias: -0.5,
    gain: 0.5,
    peak_vram_mb: 1843.2,
  });
  expect(reading.flagsTrue).toEqual(['leak']);
  expect(reading.summaryFound).toBe(true);
});

test('peak memory that the last block leaves out is taken from where it was stated last', () => {
  expect(parseLog(readSample('completed-two-blocks'), { metric: 'val_bpb' }).peakVramMib).toBe(1843.2);
});

test('METRIC lines give every number by name, and words are left out', () => {
  const reading = parseLog(readSample('completed-metric-lines'), { metric: 'val_f1' });
  expect(reading.metrics).toEqual({ accuracy: 0.913, val_f1: 0.88, recall: 91.5 });
  expect(reading.summaryFound).toBe(false);
});

test('peak memory of 0.0 is missing, not zero', () => {
  expect(parseLog(readSample('completed-cpu-crlf'), { metric: 'val_bpb' }).peakVramMib).toBeNull();
  expect(parseLog(readSample('completed-carriage-returns'), { metric: 'val_bpb' }).peakVramMib).toBe(1843.2);
});

test.each([
  ['val_bpb: 1e-3', 0.001],
  ['val_bpb: 1.5E+2', 150],
  ['val_bpb:\t-0.5', -0.5],
  ['val_bpb: +.5', 0.5],
  ['val_bpb: 3.', 3],
  ['val_bpb: \u22120.5', -0.5],
  ['val_bpb: 1_000', 1000],
  ['val_bpb: 1,234', 1234],
  ['val_bpb: 0.98 ± 0.01', 0.98],
  ['val_bpb: 0.98,', 0.98],
  ['val_bpb: 12.5 tok/s', 12.5],
  ['val_bpb: 0,98', null],
  ['val_bpb: 0,912', null],
  ['val_bpb: 1.2.3', null],
  ['val_bpb: 5/100', null],
  ['val_bpb: 12:30', null],
  ['val_bpb: 2026-01-01', null],
  ['val_bpb: 1.5e-', null],
  ['val_bpb: 1.5e', null],
  ['val_bpb: 0x10', null],
  ['val_bpb: FAILED', null],
  ['val_bpb: ', null],
  ['val_bpb: None', null],
  ['best val_bpb: 0.5', null],
  ['val_bpb_ema: 0.5', null],
  ['val_bpb: 0.5\nval_bpb: FAILED', null],
])('the plain line %j reads as %s', (line, value) => {
  expect(read(`start\n${line}\n`).metric).toBe(value);
  expect(read(`start\n---\n${line}\nnum_steps: 3\n`).metric).toBe(value);
});

test.each(['nan', 'NaN', '-inf', 'Infinity', '1e999'])(
  'a metric of %s is missing, and the run failed with nan',
  (value) => {
    const reading = read(`---\nval_bpb: ${value}\nother: 1\n`);
    expect(reading.metric).toBeNull();
    expect(reading.metrics).toEqual({ other: 1 });
    expect(reading.failure?.failure).toBe('nan');
  },
);

test('a block that lacks the metric does not hide the plain line after it', () => {
  expect(read('---\nlr: 0.1\nseed: 3\ntraining begins\nstep 1/2\nstep 2/2\nval_bpb: 0.75\n').metric).toBe(0.75);
});

test('keys that name parts of an object are figures like any other', () => {
  const reading = read('---\n__proto__: 3\nconstructor: 4\nval_bpb: 0.5\n');
  expect(Object.entries(reading.metrics)).toEqual([
    ['__proto__', 3],
    ['constructor', 4],
    ['val_bpb', 0.5],
  ]);
  expect(read('---\nloss: 1\n', 'constructor').metric).toBeNull();
});

test('a metric with a name that no key may have is found by that name', () => {
  expect(read('---\nF1 (macro): 0.5\n', 'F1 (macro)').metric).toBe(0.5);
});

test('the loss of the validation alone, or a gradient norm, does not make a run nan', () => {
  expect(read('step 1 | train_loss: 2.1 | val_loss: nan\n').failure).toBeNull();
  expect(read("{'loss': 2.1, 'grad_norm': nan, 'epoch': 0.1}\n").failure).toBeNull();
  expect(read("{'loss': nan, 'grad_norm': nan, 'epoch': 0.1}\n").failure?.failure).toBe('nan');
  expect(read('step 1 | loss: nan\nstep 2 | loss: 3.1\n').failure).toBeNull();
  expect(read('loss: information follows\n').failure).toBeNull();
});

test('an empty log is read as one that says nothing', () => {
  expect(read('')).toMatchObject({ metric: null, metrics: {}, failure: null, lastLine: '', sawProgress: false });
});

test('random bytes never make the reader throw, and what it gives keeps its limits', () => {
  const piece = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc
      .constantFrom(
        '---\n',
        'val_bpb: ',
        '0.5',
        'nan',
        '\n',
        '\r',
        '\u001b[',
        '\u001b]',
        'METRIC a=',
        'Traceback (most recent call last):\n',
        '  File',
        'step 5/9 ',
        'FAIL',
        'out of memory',
        '    ',
      )
      .map((text) => new TextEncoder().encode(text)),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
      const reading = parseLog(Buffer.concat(pieces), { metric: 'val_bpb' });
      expect(reading.metric === null || Number.isFinite(reading.metric)).toBe(true);
      expect(Object.values(reading.metrics).every(Number.isFinite)).toBe(true);
      const fate = classifyRun(reading, exited(1));
      if (fate.kind === 'failed') {
        expect(Array.from(fate.detail).length).toBeLessThanOrEqual(300);
        expect(fate.detail).not.toMatch(/[\r\n]/);
      }
    }),
    { numRuns: 500 },
  );
});
