import { afterEach, expect, test } from 'vitest';
import { LabError } from '../errors/lab-error.ts';
import { createTemporaryRepository, type TemporaryRepository } from '../scenarios/temporary-repository.ts';
import { createReportFacts } from './report-facts-fixture.ts';
import { formatReport, reportFileName } from './report-text.ts';
import { findReport, readReports } from './reports.ts';

const repositories: TemporaryRepository[] = [];

afterEach(async () => {
  await Promise.all(repositories.splice(0).map((repository) => repository.remove()));
});

const write = (date: string, slug: string, attempt: number): [string, string] => [
  `9_reports/${reportFileName(date, slug, attempt)}`,
  formatReport(createReportFacts({ date, slug }), null),
];

async function create(): Promise<TemporaryRepository> {
  const repository = await createTemporaryRepository({
    ...Object.fromEntries([
      write('2026-11-21', 'wide', 1),
      ...[1, 2, 10].map((attempt) => write('2026-11-20', 'deep', attempt)),
      write('2026-11-22', 'deep-2', 1),
      write('2026-11-19', 'widest', 1),
    ]),
    '9_reports/_TEMPLATE.md': 'template',
    '9_reports/2026-11-23_broken.md': 'nothing of a report',
  });
  repositories.push(repository);
  return repository;
}

test('reports are listed by path without the template, a broken one with what is wrong', async () => {
  const { root } = await create();
  const reports = await readReports(root, 'main');
  expect(reports.map(({ path }) => path.slice(10))).toEqual([
    ...['2026-11-19_widest.md', '2026-11-20_deep.10.md', '2026-11-20_deep.2.md', '2026-11-20_deep.md'],
    ...['2026-11-21_wide.md', '2026-11-22_deep-2.md', '2026-11-23_broken.md'],
  ]);
  expect(reports.filter(({ problems }) => problems.length > 0).map(({ report }) => report.slug)).toEqual(['broken']);
});

test('the store reads the same from main when another branch is checked out', async () => {
  const repository = await create();
  const there = await readReports(repository.root, 'main');
  await repository.git('checkout', '--quiet', '--orphan', 'other');
  await repository.git('rm', '-rfq', '.');
  expect(await readReports(repository.root, 'main')).toEqual(there);
});

test('a slug is its newest report, a path exactly one, a beginning the only slug that it fits', async () => {
  const reports = await readReports((await create()).root, 'main');
  const find = (word: string) => findReport(reports, word).path.slice(10);
  expect(find('deep')).toBe('2026-11-20_deep.10.md');
  expect(find('deep-2')).toBe('2026-11-22_deep-2.md');
  expect(find('9_reports/2026-11-20_deep.2.md')).toBe('2026-11-20_deep.2.md');
  expect(find('2026-11-20_deep')).toBe('2026-11-20_deep.md');
  expect(find('wide')).toBe('2026-11-21_wide.md');
  expect(find('wides')).toBe('2026-11-19_widest.md');
});

test.each([
  ['narrow', 'expected the slug of one of 5 experiments'],
  ['wi', 'it fits widest, wide'],
  ['', 'expected the slug'],
])('"%s" is no report, and the error says what would be one', async (word, words) => {
  const reports = await readReports((await create()).root, 'main');
  expect(() => findReport(reports, word)).toThrow(words);
  try {
    findReport(reports, word);
  } catch (error) {
    expect(error instanceof LabError && error.hints.join()).toContain('lab reports');
  }
});

test('a lab without reports says so', () => {
  expect(() => findReport([], 'deep')).toThrow('there are no reports yet');
});
