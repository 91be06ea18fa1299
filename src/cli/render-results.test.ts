import { expect, test } from 'vitest';
import { studyEvidence } from '../analysis/change-evidence.ts';
import type { Result } from '../domain/result.ts';
import { formatResultRow, parseResults, resultsHeader } from '../lab/results-tsv.ts';
import { renderResults } from './render-results.ts';

const plain: Result = {
  ...{ commit: 'aaaaaaa', metric: 0.9, memoryGb: null, status: 'keep', description: 'x'.repeat(80), idea: 'a' },
  ...{ question: '', hypothesis: '', expected: '-0.100000 bpb', observed: '-0.100000 bpb', evidence: 'provisional' },
  ...{ std: null, n: 1, seconds: 83, device: 'cpu', track: 'x', jobs: [4], date: '', flags: [], metrics: {} },
};

function render(...changes: Partial<Result>[]): string[] {
  const lines = changes.map((change) => formatResultRow({ ...plain, ...change }, 'val_bpb'));
  const { rows } = parseResults(`${[resultsHeader('val_bpb').join('\t'), ...lines].join('\n')}\n`);
  const ledger = { rows, view: { baseline: null, champion: null }, track: 'x', model: 'cpu' };
  return renderResults({ ...ledger, evidence: studyEvidence([], rows) }, 'val_bpb', 'lower')
    .trimEnd()
    .split('\n');
}

test('rows of single runs fit 100 columns, and columns in which nothing stands are left out', () => {
  const lines = render({}, { status: 'discard', evidence: '', memoryGb: 0.04 });
  expect(lines[0]?.split(/ {2,}/)).toEqual([
    'commit',
    'val_bpb',
    'status',
    'evidence',
    'widths',
    'expected',
    'observed',
    'train',
    'job',
    'description',
  ]);
  expect(lines[1]?.split(/ {2,}/).slice(0, 4)).toEqual(['aaaaaaa', '0.900000', 'keep', 'provisional']);
  for (const line of lines) expect(line.length, line).toBeLessThanOrEqual(100);
  expect(render({ status: 'discard', evidence: '', memoryGb: 1.5 })[0]).toMatch(/status +widths .* GB /);
});

test('a claim has mean, spread, number of runs, and its interval below; a change in it is marked, another one is not', () => {
  const metrics = { gain: -0.08, gain_low: -0.1, gain_high: -0.06 };
  const claim = { std: 0.002, n: 5, evidence: 'confirmed' as const, jobs: [10, 11, 12], metrics };
  const lines = render({}, { commit: 'bbbbbbb' }, claim, {
    commit: 'ccccccc',
    ...claim,
    status: 'discard',
    evidence: 'refuted',
    metrics: {},
  });
  expect(lines[1]).toMatch(/^aaaaaaa +0\.900000 +keep +\(confirmed\) /);
  expect(lines[2]).toMatch(/^bbbbbbb +0\.900000 +keep +provisional /);
  expect(lines[3]).toMatch(/^aaaaaaa +0\.900000 ± 0\.002000 \(5\) +keep +confirmed .* 10\.\.12 /);
  expect(lines.slice(5)).toEqual([
    'claim of aaaaaaa: confirmed, gain -0.080000 [-0.100000..-0.060000], 5 runs each',
    'claim of ccccccc: refuted, with fresh seeds, 5 runs each',
    '(word): not by itself, but with the champion that it is in',
  ]);
});

test('a crash shows no number, whatever its row holds', () => {
  expect(render({ status: 'crash', evidence: '', metric: 0 })[1]).toMatch(/^aaaaaaa +crash +-0\.1000 +1\.4 min +4 /);
});
