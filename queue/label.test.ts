import { expect, test } from 'vitest';
import { LabError } from '../src/errors/lab-error.ts';
import { concernsMetric, expectedChange, formatExpectation, parseExpectation, parseLabel } from './label.ts';

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

const bpb = { name: 'val_bpb', unit: 'bpb' };
const share = { name: 'accuracy', unit: '%' };
const plain = { name: 'eval/acc', unit: '' };

test.each<[string, { name: string; unit: string }, number | null, number | null]>([
  ['expect 0.9', bpb, 1.1, -0.2],
  ['expect 0.9', bpb, null, null],
  ['-2 %', bpb, 1.5, -0.03],
  ['-2 percent', bpb, 1.5, -0.03],
  ['-2 %', bpb, null, null],
  ['-2 %', { name: 'log_likelihood', unit: 'nats' }, -50, -1],
  ['reaches 98 %', bpb, 1.5, null],
  ['2x batch size', bpb, 1, null],
  ['no change', bpb, 1, null],
  // Per cent of a metric that is itself a percentage are points of it.
  ['+2 %', share, 70, 2],
  ['+2 %', share, null, 2],
  ['+2', share, 70, 2],
  ['+2 points', share, 70, 2],
  ['reaches 72 %', share, 70, 2],
  // Every way to mean the metric.
  ['-0.1', bpb, null, -0.1],
  ['-0.1 bpb', bpb, null, -0.1],
  ['-0.1 BPB', bpb, null, -0.1],
  ['-0.1 val_bpb', bpb, null, -0.1],
  ['-0.1 bpb', { name: 'val_bpb', unit: '' }, null, -0.1],
  ['-0.1 bits', { name: 'val_bpb', unit: 'bits per byte' }, null, -0.1],
  ['+0.1 f1-score', { name: 'f1-score', unit: '' }, null, 0.1],
  ['+0.1 acc', plain, null, 0.1],
  ['+0.1 eval/acc', plain, null, 0.1],
  ['0.1 lower', bpb, null, null],
  ['drops 0.1 while it learns', bpb, null, -0.1],
  // Figures of something else.
  ['-30 s', bpb, 1.5, null],
  ['-30 s', plain, 0.7, null],
  ['-2 GB', share, 70, null],
  ['takes 30 s, reaches 0.9 GB', bpb, 1.5, null],
  ['+2 points', plain, 0.7, null],
  ['-30 s', { name: 'train_time', unit: 's' }, 300, -30],
])('%j of %j at a base of %s is a change of %s', (text, metric, base, change) => {
  const found = expectedChange(parseExpectation(text, 'lower'), base, metric);
  if (change === null) expect(found).toBeNull();
  else expect(found).toBeCloseTo(change, 9);
});

test('whether a figure is one of the metric is told without a base', () => {
  const concerns = (text: string) => concernsMetric(parseExpectation(text, 'lower'), bpb);
  expect(['-2 %', 'expect 0.9', '-0.1 bpb'].map(concerns)).toEqual([true, true, true]);
  expect(['-30 s', 'reaches 98 %', '2x batch size', 'no change'].map(concerns)).toEqual([false, false, false, false]);
});

test('an expectation is written as a signed change with its unit', () => {
  expect(formatExpectation({ kind: 'change', amount: -0.2, unit: 'bpb' })).toBe('-0.2 bpb');
  expect(formatExpectation({ kind: 'change', amount: 2, unit: '%' })).toBe('+2%');
  expect(formatExpectation({ kind: 'none' })).toBe('');
});
