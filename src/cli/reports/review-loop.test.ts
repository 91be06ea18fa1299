import { expect, test } from 'vitest';
import { LabError } from '../../errors/lab-error.ts';
import { createReportFacts } from '../../lab/report-facts-fixture.ts';
import { parseReport } from '../../lab/report-parse.ts';
import { formatReport } from '../../lab/report-text.ts';
import type { StoredReport } from '../../lab/reports.ts';
import { compareReports, listWaiting } from './report-order.ts';
import { actOnVerdict } from './review-loop.ts';

function createStored(path: string, jobs: number[], verdict = ''): StoredReport {
  const text = formatReport(createReportFacts({ jobs }), null);
  return { path, text, report: { ...parseReport(text, path), verdict }, problems: [] };
}

test('within a day the job number tells which report is the newer one, not the name', () => {
  const first = createStored('9_reports/2026-11-21_x.md', [3, 9]);
  const second = createStored('9_reports/2026-11-21_x-2.md', [10]);
  const third = createStored('9_reports/2026-11-21_a.md', [11]);
  expect([third, second, first].sort(compareReports)).toEqual([first, second, third]);
});

test('a report waits until it has a closing word; a question is none, and one that cannot be read is left out', () => {
  const all = ['', 'ask', 'accept', 'reject', 'retry'].map((verdict, index) =>
    createStored(`${verdict}.md`, [index + 1], verdict),
  );
  expect(listWaiting([...all, { ...createStored('x.md', [9]), text: '' }]).map(({ path }) => path)).toEqual([
    '.md',
    'ask.md',
  ]);
});

test('a verdict sets only its own action going, with slug and note, and an action that fails is not passed over', async () => {
  const stored = createStored('9_reports/2026-11-21_longer-contexts.md', [7]);
  const actions = {
    ask: async (slug: string, question: string) => `asked ${slug}: ${question}`,
    retry: async () => {
      throw new LabError('user', 'it is under way');
    },
  };
  expect(await actOnVerdict(actions, stored, { verdict: 'ask', note: 'why?' })).toBe('asked longer-contexts: why?');
  expect(await actOnVerdict(actions, stored, { verdict: 'accept', note: 'why?' })).toBeNull();
  await expect(actOnVerdict(actions, stored, { verdict: 'retry', note: '' })).rejects.toThrow('it is under way');
});
