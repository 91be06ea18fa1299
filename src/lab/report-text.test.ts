import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ReportProse } from '../domain/report.ts';
import { parseFrontMatter } from './front-matter.ts';
import { classifyLines } from './markdown-fences.ts';
import { parseSections } from './markdown-sections.ts';
import { createRefusedFacts, createReportFacts, sampleProse } from './report-facts-fixture.ts';
import { parseReport } from './report-parse.ts';
import { formatReport, reportFileName, reportHeadings, reportKeys } from './report-text.ts';

const headingsOf = (text: string) => parseSections(parseFrontMatter(text).body).map(({ heading }) => heading);

test('a report holds the figures of the record under the fixed keys and headings', () => {
  const text = formatReport(createReportFacts(), sampleProse);
  const { values, problems } = parseFrontMatter(text);
  expect(problems).toEqual([]);
  expect(Object.keys(values)).toEqual([...reportKeys]);
  expect(values).toMatchObject({
    ...{ slug: 'longer-contexts', date: '2026-11-21', commit: 'c0ffee1', base: 'ba5eba1', decision: 'keep' },
    ...{ metric: '0.928600', base_metric: '1.153300', observed: '-0.224700 bpb', expected: '-0.200 val_bpb' },
    ...{ interval: '[-0.2292, -0.2202] at 95 %', n: '1', memory_gb: '0.037', minutes: '0.51', jobs: '6, 7' },
    ...{ evidence: 'provisional', track: '1a2b3c4d', reviewed: '', verdict: '', reviewer: '' },
  });
  expect(headingsOf(text)).toEqual([...reportHeadings]);
  expect(text).toContain('\n# Contexts of 4 and 5 symbols\n\n*a recording: ');
});

test('what was asked, changed, expected, observed and inferred stands under its own heading', () => {
  const { sections } = parseReport(formatReport(createReportFacts(), sampleProse), 'x.md');
  expect(sections.Question).toContain('**Refuted by:** a change smaller than the noise');
  expect(sections['What was changed']).toContain('| `problem/train.py` | +3 | -1 |');
  expect(sections['Expected and observed']).toMatch(/^\*\*keep \(provisional\): val_bpb 0\.928600 against/);
  expect(sections['Expected and observed']).toContain('as expected: 112 % of the expected change');
  expect(sections.Observations).not.toContain('Words are longer');
  expect(sections.Inferences).toContain('Words are longer');
  expect(sections.Observations).toContain('train took 30.7 s (0.51 minutes)');
});

test('the lines to run it again carry commit, label, seed and command', () => {
  const facts = createReportFacts({ question: "isn't it?", command: 'python3 train.py | tee "$LAB_OUT/x"' });
  const { sections } = parseReport(formatReport(facts, null), 'x.md');
  expect(sections.Links).toContain('git diff ba5eba1..c0ffee1\n');
  expect(sections.Links).toContain(
    `lab add --wait --base ba5eba111111 --label 'Q: isn'\\''t it? H: saves 0.2 bpb' --seed 1 -- 'python3 train.py | tee "$LAB_OUT/x"'`,
  );
  expect(sections.Links).toContain('git worktree add --detach 5_worktrees/longer-contexts-again c0ffee1234567890');
});

test('a refused change says that it was not measured and why, and no number stands for it', () => {
  const text = formatReport(createRefusedFacts(), null);
  const report = parseReport(text, 'x.md');
  expect(report.problems).toEqual([]);
  expect(report).toMatchObject({ decision: 'refused', metric: null, observed: '', jobs: [], commit: '' });
  expect(report.sections['Expected and observed']).toContain('**refused: implement: problem/prepare.py is frozen');
  expect(report.sections['Expected and observed']).toContain('| observed change | was not measured |');
  expect(report.sections.Links).toContain('There is no run to repeat.');
  expect(text).not.toMatch(/\b0\.0+\b|NaN|null|undefined/);
});

test('a crash shows the end of its log in a fence that the log cannot close', () => {
  const logTail = 'Traceback\n```\n## Claims\n\u001b[31mIndexError\u001b[0m\r\n';
  const facts = createReportFacts({ decision: 'crash', metric: null, observed: null, n: 0, logTail });
  const text = formatReport(facts, null);
  expect(text).toContain('````text\nTraceback\n```\n## Claims\nIndexError\n````');
  expect(headingsOf(text)).toEqual([...reportHeadings]);
  expect(text).toContain('val_bpb was not measured: the evaluation gave no val_bpb:');
});

test('no text of an agent, a log or a person forges a heading, a row or a key', () => {
  const line = fc.oneof(
    fc.constantFrom(
      '## Claims',
      '# x',
      '---',
      '===',
      '```',
      '~~~',
      '````',
      '```js',
      '   ## Links',
      '\t## x',
      '',
      '|a|b|',
    ),
    fc.constantFrom(
      'decision: keep',
      '<!--',
      '<script>',
      '- ```',
      '> ## y',
      '\\## z',
      '\u2028## u',
      '\r## r',
      '    ```',
    ),
    fc.string({ maxLength: 12 }),
  );
  const words = fc.array(line, { maxLength: 10 }).map((lines) => lines.join('\n'));
  fc.assert(
    fc.property(words, words, words, (one, two, three) => {
      const prose: ReportProse = { changed: one, inferences: two, claims: three, next: one, summary: two };
      const facts = createReportFacts({
        ...{ reason: one, reviewNotes: two, logTail: three, question: two, hypothesis: three, title: one, notice: two },
        ...{
          choice: [one],
          returns: [two],
          expected: three,
          device: one,
          flags: [two],
          authors: [three],
          refutedBy: one,
        },
        ...{ files: [{ path: two, added: 1, removed: 0 }], command: three },
      });
      const text = formatReport(facts, prose);
      expect(headingsOf(text)).toEqual([...reportHeadings]);
      const { values } = parseFrontMatter(text);
      expect(Object.keys(values)).toEqual([...reportKeys]);
      expect(values.decision).toBe('keep');
      const lines = text.split('\n');
      const kinds = classifyLines(lines);
      expect(lines.filter((one, index) => kinds[index] === 'text' && /^ {0,3}# /.test(one))).toHaveLength(1);
    }),
    { numRuns: 300 },
  );
});

test('the fences of prose stay fences, and one that was left open ends with its section', () => {
  const prose = { ...sampleProse, inferences: 'Look:\n```python\nx = 1\n', claims: 'A claim.' };
  const { sections } = parseReport(formatReport(createReportFacts(), prose), 'x.md');
  expect(sections.Inferences).toContain('```python\nx = 1\n```');
  expect(sections.Claims).toBe('A claim.');
});

test('a second attempt has its own file', () => {
  expect(reportFileName('2026-11-21', 'longer-contexts', 1)).toBe('2026-11-21_longer-contexts.md');
  expect(reportFileName('2026-11-21', 'longer-contexts', 2)).toBe('2026-11-21_longer-contexts.2.md');
});

test('a narrow interval keeps enough decimals to tell its ends apart', () => {
  const text = formatReport(
    createReportFacts({ interval: { low: -0.0000312, high: 0.0000041, confidence: 0.9 } }),
    null,
  );
  expect(parseFrontMatter(text).values.interval).toBe('[-0.000031, +0.000004] at 90 %');
});
