import { mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { createTemporaryRepository, type TemporaryRepository } from '../scenarios/temporary-repository.ts';
import { largestRecordBytes, readRecordFiles } from './record-files.ts';

const repositories: TemporaryRepository[] = [];

async function create(files: Record<string, string>): Promise<TemporaryRepository> {
  const repository = await createTemporaryRepository(files);
  repositories.push(repository);
  return repository;
}

afterEach(async () => {
  await Promise.all(repositories.splice(0).map((repository) => repository.remove()));
});

const files = {
  '9_reports/2026-11-21_b.md': 'b\n',
  '9_reports/2026-11-20_ä ö.md': 'umlaut\n\n',
  '9_reports/_TEMPLATE.md': 'template',
  '9_reports/README.md': 'readme',
  '9_reports/.hidden.md': 'hidden',
  '9_reports/2026-11-21_b.md~': 'backup',
  '9_reports/#2026-11-21_b.md#': 'emacs',
  '9_reports/deeper/2026-11-21_c.md': 'deeper',
  '9_reports_old/2026-11-21_d.md': 'elsewhere',
};
const expected = [
  { path: '9_reports/2026-11-20_ä ö.md', text: 'umlaut\n\n', problem: null },
  { path: '9_reports/2026-11-21_b.md', text: 'b\n', problem: null },
];

test('with main checked out the files on disk count, those that are not committed too', async () => {
  const repository = await create(files);
  await repository.write('9_reports/2026-11-22_new.md', 'new');
  await repository.write('9_reports/2026-11-21_b.md', 'edited');
  expect(await readRecordFiles(repository.root, 'main', '9_reports')).toEqual([
    expected[0],
    { ...expected[1], text: 'edited' },
    { path: '9_reports/2026-11-22_new.md', text: 'new', problem: null },
  ]);
});

test.each([
  ['another branch', ['checkout', '--quiet', '-b', 'other']],
  ['no branch', ['checkout', '--quiet', '--detach']],
])('with %s checked out main counts, not the disk', async (_, command) => {
  const repository = await create(files);
  await repository.git(...command);
  await repository.write('9_reports/2026-11-21_b.md', 'edited');
  await repository.write('9_reports/2026-11-22_new.md', 'new');
  expect(await readRecordFiles(repository.root, 'main', '9_reports')).toEqual(expected);
});

test('a folder that is missing holds nothing', async () => {
  const repository = await create({});
  expect(await readRecordFiles(repository.root, 'main', '9_reports')).toEqual([]);
  await repository.git('checkout', '--quiet', '-b', 'other');
  expect(await readRecordFiles(repository.root, 'main', '9_reports')).toEqual([]);
});

test('too large, not UTF-8 and a link are each listed with the reason, on disk and on the branch', async () => {
  const repository = await create({ secret: 'secret' });
  await mkdir(join(repository.root, '9_reports/folder.md'), { recursive: true });
  await repository.write('9_reports/large.md', 'x'.repeat(largestRecordBytes + 1));
  await repository.write('9_reports/latin.md', new Uint8Array([0x61, 0xe4, 0x0a]));
  await repository.write('9_reports/plain.md', '\ufeffplain');
  await symlink('../secret', join(repository.root, '9_reports/link.md'));
  const isAsExpected = async () => {
    const read = await readRecordFiles(repository.root, 'main', '9_reports');
    expect(read.map(({ path, text }) => [path.slice(10), text])).toEqual([
      ['large.md', ''],
      ['latin.md', ''],
      ['link.md', ''],
      ['plain.md', '\ufeffplain'],
    ]);
    const problems = read.map(({ problem }) => problem);
    expect(problems[0]).toContain('expected at most 1048576');
    expect(problems[1]).toContain('not UTF-8');
    expect(problems[2]).toContain('is a link');
    expect(problems[3]).toBeNull();
  };
  await isAsExpected();
  await repository.git('add', '--all');
  await repository.git('commit', '--quiet', '--message=records');
  await repository.git('checkout', '--quiet', '-b', 'other');
  await isAsExpected();
});

test('a branch that is not there is an error, not an empty folder', async () => {
  const repository = await create(files);
  await expect(readRecordFiles(repository.root, 'nowhere', '9_reports')).rejects.toThrow(/git ls-tree/);
});
