import { expect, test } from 'vitest';
import { createReportFacts, sampleProse } from './report-facts-fixture.ts';
import { parseReport, setVerdict } from './report-parse.ts';
import { formatReport } from './report-text.ts';

const text = formatReport(createReportFacts(), sampleProse);

test('what the lab wrote is read back without a problem', () => {
  expect(parseReport(text, '9_reports/2026-11-21_longer-contexts.md')).toMatchObject({
    ...{ slug: 'longer-contexts', date: '2026-11-21', title: 'Contexts of 4 and 5 symbols', decision: 'keep' },
    ...{ commit: 'c0ffee1', base: 'ba5eba1', metric: 0.9286, baseMetric: 1.1533, observed: '-0.224700 bpb' },
    ...{ expected: '-0.200 val_bpb', jobs: [6, 7], verdict: '', reviewer: '', reviewed: '', problems: [] },
  });
});

test('a report that a person wrote by hand is read, and what is missing is said', () => {
  const report = parseReport(
    '---\r\nDecision: Keep\r\nBase-Metric: 1.1\r\nmetric: about 1\r\njobs: [3, x]\r\nverdict: perhaps\r\n---\r\n\r\n## links\r\n\r\nhere\r\n\r\n## Extra\r\n\r\nmore\r\n',
    '9_reports/2026-11-20_by-hand.md',
  );
  expect(report).toMatchObject({
    ...{ slug: 'by-hand', date: '2026-11-20', title: 'by-hand', decision: 'keep', baseMetric: 1.1, metric: null },
    ...{ jobs: [3], sections: { Links: 'here', Extra: 'more' } },
  });
  const problems = report.problems.join('\n');
  expect(problems).toContain('metric: got "about 1", expected a number or nothing');
  expect(problems).toContain('jobs: got "x", expected numbers with commas');
  expect(problems).toContain('verdict: got "perhaps", expected one of accept, reject, ask, retry, or nothing');
  expect(problems).toContain('has no key commit in its front matter');
  expect(problems).toContain('has no heading "## Claims"');
  expect(problems).not.toContain('has no heading "## Links"');
});

test.each([[''], ['---'], ['\u0000'], ['# only a title'], ['---\n: : :\n---\n## \n']])(
  '%j is read without an exception',
  (broken) => {
    const report = parseReport(broken, 'notes.md');
    expect(report.slug).toBe('notes');
    expect(report.problems.join('\n')).toContain('decision: got ""');
  },
);

test('a verdict changes three keys and no other byte', () => {
  const marked = setVerdict(text, { verdict: 'accept', reviewer: 'R. Searcher', reviewed: '2026-11-22' });
  expect(marked).toBe(
    text
      .replace('\nreviewed:\n', '\nreviewed: 2026-11-22\n')
      .replace('\nverdict:\n', '\nverdict: accept\n')
      .replace('\nreviewer:\n', '\nreviewer: R. Searcher\n'),
  );
  expect(parseReport(marked, 'x.md')).toMatchObject({ verdict: 'accept', reviewer: 'R. Searcher', problems: [] });
});

test('notes gather under Review at the end, and none can forge a heading', () => {
  const once = setVerdict(text, { verdict: 'ask', reviewer: 'A', reviewed: '2026-11-22', note: 'why?\n## Claims' });
  const twice = setVerdict(once, { verdict: 'retry', reviewer: 'B', reviewed: '2026-11-23', note: 'with seed 2' });
  const report = parseReport(twice, 'x.md');
  expect(report.verdict).toBe('retry');
  expect(report.sections.Review).toBe('- 2026-11-22, A: ask. why? ## Claims\n- 2026-11-23, B: retry. with seed 2');
  expect(report.problems).toEqual([]);
  expect(twice.slice(twice.indexOf('# Contexts'), twice.indexOf('## Review')).trimEnd()).toBe(
    text.slice(text.indexOf('# Contexts')).trimEnd(),
  );
});

test('a verdict can be set in a file with other line ends and without a front matter', () => {
  const marked = setVerdict('# by hand\r\n', { verdict: 'reject', reviewer: 'A', reviewed: '2026-11-22', note: 'no' });
  expect(marked.replaceAll('\r\n', '')).not.toContain('\n');
  expect(parseReport(marked, '2026-11-20_x.md')).toMatchObject({ verdict: 'reject', title: 'by hand' });
});
