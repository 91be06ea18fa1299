import { expect, test } from 'vitest';
import { fitEvalTokens, planSequence } from './sequence-edit.ts';

const prepare = `# constants
MAX_SEQ_LEN = 2048       # context length
TIME_BUDGET = 300
EVAL_TOKENS = 40 * 524288  # tokens of the evaluation

def f():
    MAX_SEQ_LEN = 1
`;
const train = 'DEVICE_BATCH_SIZE = 128\nTOTAL_BATCH_SIZE = 2**19\n';

test('both constants change in their own form, and every other byte stays', () => {
  const { text, changes, notes } = planSequence(prepare, train, 512);
  expect(text).toBe(prepare.replace('= 2048 ', '= 512 ').replace('40 * 524288', '40 * 131072'));
  expect(changes).toEqual([
    { name: 'MAX_SEQ_LEN', before: 2048, after: 512 },
    { name: 'EVAL_TOKENS', before: 40 * 524_288, after: 40 * 131_072 },
  ]);
  expect(notes).toEqual([]);
});

test('the same length changes nothing, and CRLF stays', () => {
  expect(planSequence(prepare, train, 2048)).toEqual({ text: prepare, changes: [], notes: [] });
  const crlf = prepare.replaceAll('\n', '\r\n');
  expect(planSequence(crlf, train, 256).text).toBe(planSequence(prepare, train, 256).text.replaceAll('\n', '\r\n'));
});

test('the evaluation reads whole batches of as many sequences as before', () => {
  expect(fitEvalTokens(40 * 524_288, 2048, 512, 128)).toBe(10_240 * 512);
  // 1000 sequences are 7 batches of 128 and a rest, which the evaluator would leave out.
  expect(fitEvalTokens(1000 * 64, 64, 32, 128)).toBe(7 * 128 * 32);
  expect(fitEvalTokens(4096, 64, 32, null)).toBe(2048);
  expect(fitEvalTokens(10, 64, 32, 128)).toBe(32);
});

test('an EVAL_TOKENS that follows by itself, is not there, or does not divide is told', () => {
  const follows = planSequence('MAX_SEQ_LEN = 64\nEVAL_TOKENS = 10 * MAX_SEQ_LEN\n', '', 32);
  expect(follows.text).toBe('MAX_SEQ_LEN = 32\nEVAL_TOKENS = 10 * MAX_SEQ_LEN\n');
  expect(follows.notes[0]).toMatch(/follows by itself/);
  expect(planSequence('MAX_SEQ_LEN = 64\n', '', 32).notes[0]).toMatch(/no plain EVAL_TOKENS/);
  expect(planSequence(prepare, train, 768).notes.join()).toMatch(/no multiple of DEVICE_BATCH_SIZE 128 x 768/);
});

test('of two assignments the last counts; without a plain one it is refused', () => {
  expect(planSequence('MAX_SEQ_LEN = 8\nMAX_SEQ_LEN: int = 64  # here\n', '', 32).text).toBe(
    'MAX_SEQ_LEN = 8\nMAX_SEQ_LEN: int = 32  # here\n',
  );
  expect(() => planSequence('MAX_SEQ_LEN = int(os.environ["N"])\n', '', 32)).toThrow(/no line such as/);
  expect(() => planSequence('def f():\n    MAX_SEQ_LEN = 64\n', '', 32)).toThrow(/no line such as/);
});
