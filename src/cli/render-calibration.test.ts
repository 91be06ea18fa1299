import { expect, test } from 'vitest';
import type { LabCase } from '../analysis/calibration-cases.ts';
import { groupCases, summariseCases } from '../stats/calibration.ts';
import { findSurprises } from '../stats/surprises.ts';
import { type CalibrationView, renderCalibration } from './render-calibration.ts';

const rule = { confidence: 0.95, interval: 0.9 };

function caseOf(number: number, observed: number | null, changes: Partial<LabCase> = {}): LabCase {
  return {
    ...{ name: `a-slug-that-is-rather-long-${number}`, slug: null, job: number, title: '', stated: '', track: 'x' },
    ...{ agent: 'claude', model: null, category: 'loss', author: 'an agent with a long name', status: 'discard' },
    ...{ sign: -1, unit: 'val_bpb', deviceModel: 'cpu', metric: 'val_bpb', expected: 0.1, observed },
    ...{ sd: 0.01, degrees: 100 },
    ...changes,
  };
}

function view(cases: LabCase[], changes: Partial<CalibrationView> = {}): CalibrationView {
  return {
    ...{ by: 'author', track: '1a2b3c4d', elsewhere: 0 },
    all: summariseCases('all', cases, rule),
    groups: groupCases(cases, 'author', rule),
    surprises: findSurprises(cases),
    ...changes,
  };
}

test('the table and the list fit 100 columns, whatever names and figures there are', () => {
  const cases = Array.from({ length: 30 }, (_, index) =>
    caseOf(1000 + index, -100 * index, { author: `${'x'.repeat(index)}\u001b[2J`, sd: index % 2 === 0 ? 1e-6 : 0.01 }),
  );
  const text = renderCalibration(view([...cases, caseOf(1, null, { status: 'crash' })], { elsewhere: 3 }));
  for (const line of text.split('\n')) expect(line.length, line).toBeLessThanOrEqual(100);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: what a name must not bring to the terminal
  expect(text).not.toMatch(/\u001b\[2J/);
  expect(text).toContain('30 measured changes with a stated figure; besides, 1 not measured');
  expect(text).toContain('surprises (10 of ');
  expect(text).toContain('3 changes of other tracks: `lab calibration --all-tracks`');
});

test('a row is what was counted, with shares in per cent', () => {
  const cases = [caseOf(1, 0.05), caseOf(2, 0.1), caseOf(3, 0.001), caseOf(4, -0.08)];
  const [, , header = '', all = ''] = renderCalibration(view(cases)).split('\n');
  expect(header.split(/ {2,}/)).toEqual([
    'author',
    'cases',
    'right way',
    'told',
    'size',
    'slope',
    'off by',
    'bias',
    'unmeasured',
  ]);
  // Hits 1, 1, 0.5, 0 of 4; ratios 0.5, 1, 0.01, -0.8; off by 5, 0, 9.9, 18 widths.
  expect(all.split(/ {2,}/)).toEqual([
    'all',
    '4',
    expect.stringMatching(/^63 % \[\d+\.\.\d+\]$/),
    '3/4',
    '26 %',
    '0.26',
    '7.5',
    '-7.5',
  ]);
});

test('too few cases are said in a sentence, of the whole or of the rows', () => {
  const few = [caseOf(1, 0.1), caseOf(2, 0.1)];
  expect(renderCalibration(view(few))).toContain('2 cases are too few to say how well anybody knows');
  const many = Array.from({ length: 9 }, (_, index) => caseOf(index, 0.1, { author: 'claude' }));
  const text = renderCalibration(view([...many, caseOf(20, 0.1, { author: 'codex' })]));
  expect(text).toContain('1 of the 2 groups has fewer than 8 cases: such a row says next to nothing');
  expect(text).not.toContain('too few to say');
});

test('with nothing to judge by it says where figures stand, and shows no table', () => {
  const text = renderCalibration(view([caseOf(1, 0.1, { expected: null })], { track: null }));
  expect(text).toBe(
    'all tracks: 0 measured changes with a stated figure; besides, 1 without a figure of the metric\nnothing to judge by: figures stand in `expected` of an idea, and in the H: of a label ("H: saves 0.01")\n',
  );
});
