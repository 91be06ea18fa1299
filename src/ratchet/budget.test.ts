import { expect, test } from 'vitest';
import type { RatchetBudget } from '../domain/ratchet.ts';
import { compareBudgets, findBudgetEdits, readConstants } from './budget.ts';

test('constants are read as Python would have them, and nothing else is', () => {
  const text = [
    'import os',
    'TIME_BUDGET = 5 * 60  # seconds',
    'MAX_SEQ_LEN: int = 2**11',
    'EVAL_TOKENS = 40 * 524_288',
    'BATCH = MAX_SEQ_LEN // 3',
    'RATE = -1.5e-3',
    'NAME = "text"',
    'COMPUTED = len(NAME)',
    'UNKNOWN = SOMETHING * 2',
    'ZERO = 1 / 0',
    '    INDENTED = 4',
    'if TIME_BUDGET == 300:',
    'TWICE = 1',
    'TWICE = (2 + 3) * 2',
    'GONE = 1',
    'GONE = os.cpu_count()',
  ].join('\r\n');
  expect(readConstants(text)).toEqual({
    TIME_BUDGET: 300,
    MAX_SEQ_LEN: 2048,
    EVAL_TOKENS: 20_971_520,
    BATCH: 682,
    RATE: -0.0015,
    TWICE: 10,
  });
});

test('names that every object has are no constants', () => {
  expect(readConstants('A = constructor\nB = toString * 2')).toEqual({});
});

test.each([
  ['TIME_BUDGET = 600', ['TIME_BUDGET']],
  ['prepare.TIME_BUDGET = 600', ['TIME_BUDGET']],
  ['TIME_BUDGET += 60', ['TIME_BUDGET']],
  ['setattr(prepare, "EVAL_TOKENS", 1)', ['EVAL_TOKENS']],
  ['from other import LENGTH as MAX_SEQ_LEN', ['MAX_SEQ_LEN']],
  ['from prepare import MAX_SEQ_LEN as LENGTH', []],
  ['if TIME_BUDGET == 600: pass', []],
  ['rows = MAX_SEQ_LEN * 2', []],
  ['# TIME_BUDGET is 300', []],
  ['globals()["TIME_BUDGET"] = 600', ['TIME_BUDGET']],
  ['TIME_BUDGET: int = 600', ['TIME_BUDGET']],
  ['config = build(sequence_len=MAX_SEQ_LEN, vocab_size=vocab_size)', []],
  ['rows = torch.zeros(B, MAX_SEQ_LEN, device=d)', []],
  ['print(f"{TIME_BUDGET}s", flush=True)', []],
  ['TIME_BUDGETS = 600', []],
])('"%s" in an edited file changes %j', (line, names) => {
  expect(findBudgetEdits('ORDER = 2\n', `ORDER = 2\n${line}\n`)).toEqual(names);
});

test('what stood in the file before is no edit', () => {
  const text = 'MAX_SEQ_LEN = 512\nORDER = 2\n';
  expect(findBudgetEdits(text, text.replace('ORDER = 2', 'ORDER = 3'))).toEqual([]);
});

test('every difference of two budgets is told with both values', () => {
  const before: RatchetBudget = {
    trainingSeconds: 300,
    wallSeconds: 600,
    constants: { MAX_SEQ_LEN: 2048 },
    command: 'uv run train.py',
    frozen: { 'prepare.py': 'a', 'uv.lock': 'b' },
  };
  expect(compareBudgets(before, structuredClone(before))).toEqual([]);
  const now = {
    ...before,
    trainingSeconds: null,
    wallSeconds: 900,
    constants: { EVAL_TOKENS: 5 },
    frozen: { 'prepare.py': 'c', 'eval.py': 'd' },
  };
  expect(compareBudgets(before, now)).toEqual([
    'the training budget (TIME_BUDGET) was 300, and is not there',
    'the hard limit (run.wallSeconds) was 600, and is 900',
    'MAX_SEQ_LEN was 2048, and is not there',
    'EVAL_TOKENS was not there, and is 5',
    'prepare.py was changed',
    'uv.lock is gone',
    'eval.py is new',
  ]);
});
