import { expect, test } from 'vitest';
import { LabError } from '../src/errors/lab-error.ts';
import { expectedChange, formatExpectation, parseExpectation, parseLabel } from './label.ts';

test.each([
  ['Q: does order 5 help? H: saves 0.2 bpb', 'does order 5 help?', 'saves 0.2 bpb'],
  ['q: a h: b', 'a', 'b'],
  ['why: slow start resolve: a warm-up fixes it', 'slow start', 'a warm-up fixes it'],
  ['H: +0.05 f1 Q: does X help?', 'does X help?', '+0.05 f1'],
  ['Q: spread\n over lines H:\tyes', 'spread over lines', 'yes'],
])('%j is read as a question and a hypothesis', (text, question, hypothesis) => {
  expect(parseLabel(text, 'lower')).toMatchObject({ question, hypothesis });
});

test.each([
  ['Q: does X help?', 'lacks H:'],
  ['H: +0.05', 'lacks Q:'],
  ['just a note', 'lacks Q: and H:'],
  ['', 'lacks Q: and H:'],
  ['Q: H: yes', 'empty question'],
  ['Q: why? H:', 'empty hypothesis'],
])('%j is refused with a hint that shows how to write a label', (text, message) => {
  const attempt = () => parseLabel(text, 'lower');
  expect(attempt).toThrow(message);
  try {
    attempt();
  } catch (error) {
    expect(error).toBeInstanceOf(LabError);
    expect((error as LabError).hints[0]).toContain('Q: does order 5 help?');
  }
});

test.each([
  ['+0.05 f1', { kind: 'change', amount: 0.05, unit: 'f1' }],
  ['expect +0.05', { kind: 'change', amount: 0.05, unit: '' }],
  ['-0.003', { kind: 'change', amount: -0.003, unit: '' }],
  ['−0.003 bpb', { kind: 'change', amount: -0.003, unit: 'bpb' }],
  ['saves 0.1 bpb', { kind: 'change', amount: -0.1, unit: 'bpb' }],
  ['saves about 0.1 bpb because order matters', { kind: 'change', amount: -0.1, unit: 'bpb' }],
  ['lowers loss by 2 %', { kind: 'change', amount: -2, unit: '%' }],
  ['raises accuracy by 0.02', { kind: 'change', amount: 0.02, unit: '' }],
  ['improves by 0.1', { kind: 'change', amount: -0.1, unit: '' }],
  ['saves 1e-3 bpb', { kind: 'change', amount: -0.001, unit: 'bpb' }],
  ['expect 0.93', { kind: 'value', value: 0.93, unit: '' }],
  ['reaches 0.93 f1', { kind: 'value', value: 0.93, unit: 'f1' }],
  ['2x batch size', { kind: 'factor', factor: 2, quantity: 'batch size' }],
  ['1.5× throughput, same loss', { kind: 'factor', factor: 1.5, quantity: 'throughput' }],
  ['no change', { kind: 'none' }],
  ['order 5 helps', { kind: 'none' }],
])('the hypothesis %j expects %j', (text, expected) => {
  expect(parseExpectation(text, 'lower')).toEqual(expected);
});

test('"improves by" means up where higher is better', () => {
  expect(parseExpectation('improves by 0.1', 'higher')).toEqual({ kind: 'change', amount: 0.1, unit: '' });
});

test('a target value and a per cent become a change only against a base', () => {
  expect(expectedChange({ kind: 'value', value: 0.9, unit: '' }, 1.1)).toBeCloseTo(-0.2);
  expect(expectedChange({ kind: 'value', value: 0.9, unit: '' }, null)).toBeNull();
  expect(expectedChange({ kind: 'change', amount: -2, unit: '%' }, 1.5)).toBeCloseTo(-0.03);
  expect(expectedChange({ kind: 'factor', factor: 2, quantity: 'batch' }, 1)).toBeNull();
});

test('an expectation is written as a signed change with its unit', () => {
  expect(formatExpectation({ kind: 'change', amount: -0.2, unit: 'bpb' })).toBe('-0.2 bpb');
  expect(formatExpectation({ kind: 'change', amount: 2, unit: '%' })).toBe('+2%');
  expect(formatExpectation({ kind: 'none' })).toBe('');
});
