/** What `lab init` commits of a .gitignore with a person's changes, and that a call that was cut off can be given again. Real git. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { createTemporaryRepository, type TemporaryRepository } from '../scenarios/temporary-repository.ts';
import { type CreateLabOptions, createLab } from './create-lab.ts';

const options: CreateLabOptions = {
  ...{ starter: null, fillCharter: false, metric: null, direction: 'lower', train: null, score: null, hooks: false },
};
const lines = '.lab/\n5_worktrees/\nlab.local.yaml\n__pycache__/\n';
const folders: string[] = [];

async function create(files: Record<string, string>): Promise<TemporaryRepository> {
  const repository = await createTemporaryRepository(files);
  folders.push(repository.root);
  return repository;
}

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

const read = (root: string): string => readFileSync(join(root, '.gitignore'), 'utf8');

test('a .gitignore that is as committed gets the lines, and the tree is clean', async () => {
  const { root, git } = await create({ 'train.py': '1\n', '.gitignore': 'data/' });
  const made = await createLab(root, options);
  expect(await git('show', 'HEAD:.gitignore')).toBe(`data/\n${lines}`.trimEnd());
  expect(await git('status', '--porcelain')).toBe('');
  expect(made.notes.join('\n')).not.toContain('.gitignore');
});

test('unfinished lines of a .gitignore stay uncommitted, and the lab’s are committed without them', async () => {
  const { root, git, write } = await create({ 'train.py': '1\n', '.gitignore': 'data/\n' });
  await write('.gitignore', 'data/\nsecret-plan/\n');
  const made = await createLab(root, options);
  expect(await git('show', 'HEAD:.gitignore')).toBe(`data/\n${lines}`.trimEnd());
  expect(read(root)).toBe(`data/\nsecret-plan/\n${lines}`);
  expect(await git('status', '--porcelain')).toBe(' M .gitignore');
  expect((await git('show', '--format=%an %s', '--name-only', 'HEAD')).split('\n')).toEqual([
    ...['nightlab nightlab: make a lab', '', '.gitignore', '0_docs/papers/README.md', '1_ideas/_TEMPLATE.md'],
    ...['9_reports/_TEMPLATE.md', 'RESEARCH_JOURNAL.md', 'human_journal.md', 'lab.yaml', 'meta_journal.md'],
    ...['program.md', 'results.tsv'],
  ]);
  expect(made.notes.join('\n')).toContain('.gitignore has changes of yours; only the lab');
});

test('a staged .gitignore stays staged with the lines behind it, and another staged file stays out', async () => {
  const { root, git, write } = await create({ 'train.py': '1\n', '.gitignore': 'data/\n' });
  await write('.gitignore', 'data/\nstaged/\n');
  await write('mine.py', '1\n');
  await git('add', '.gitignore', 'mine.py');
  await write('.gitignore', 'data/\nstaged/\nlater/\n');
  await createLab(root, options);
  expect(await git('show', 'HEAD:.gitignore')).toBe(`data/\n${lines}`.trimEnd());
  expect(await git('show', ':.gitignore')).toBe(`data/\nstaged/\n${lines}`.trimEnd());
  expect((await git('status', '--porcelain')).split('\n').sort()).toEqual(['A  mine.py', 'MM .gitignore']);
});

test('a .gitignore that no commit has is not committed with the lab, in a repository without a commit neither', async () => {
  const { root, git, write } = await create({ 'train.py': '1\n' });
  await write('.gitignore', 'mine/\n');
  await createLab(root, options);
  expect(await git('show', 'HEAD:.gitignore')).toBe(lines.trimEnd());
  expect(read(root)).toBe(`mine/\n${lines}`);
  expect(await git('status', '--porcelain')).toBe(' M .gitignore');

  const young = await create({ 'train.py': '1\n' });
  await young.git('update-ref', '-d', 'HEAD');
  await young.git('rm', '--quiet', '--cached', 'train.py');
  await young.write('.gitignore', 'mine/\n');
  await createLab(young.root, options);
  expect(await young.git('show', 'HEAD:.gitignore')).toBe(lines.trimEnd());
  expect(await young.git('rev-list', '--count', 'HEAD')).toBe('1');
  expect((await young.git('status', '--porcelain')).split('\n').sort()).toEqual([' M .gitignore', '?? train.py']);
});

test('where git is in the middle of a merge nothing is committed, and the same call works after it', async () => {
  const { root, git, write } = await create({ 'train.py': '1\n', '.gitignore': 'data/\n' });
  await git('checkout', '--quiet', '-b', 'other');
  await git('commit', '--quiet', '--allow-empty', '--message=other');
  await git('checkout', '--quiet', 'main');
  await git('merge', '--quiet', '--no-ff', '--no-commit', 'other');
  await write('.gitignore', 'data/\nmine/\n');
  const head = await git('rev-parse', 'HEAD');
  await expect(createLab(root, options)).rejects.toThrow(/a merge is in progress/);
  expect(await git('rev-parse', 'HEAD')).toBe(head);
  await git('merge', '--abort');
  await createLab(root, options);
  expect(await git('status', '--porcelain')).toBe(' M .gitignore');
});

test('a call that was cut off before lab.yaml was written can be given again, with the starter problem too', async () => {
  const { root, git } = await create({ 'train.py': '1\n' });
  await createLab(root, options);
  // As it lies after a kill: everything but lab.yaml and the commit.
  await git('reset', '--quiet', '--mixed', 'HEAD~1');
  rmSync(join(root, 'lab.yaml'));
  expect((await createLab(root, options)).written).toContain('RESEARCH_JOURNAL.md');
  expect(await git('status', '--porcelain')).toBe('');

  const empty = realpathSync(mkdtempSync(join(tmpdir(), 'nightlab-init-')));
  folders.push(empty);
  const starter = join(empty, 'lab');
  await createLab(starter, options);
  rmSync(join(starter, '.git'), { recursive: true });
  rmSync(join(starter, 'lab.yaml'));
  await createLab(starter, options);
  expect(existsSync(join(starter, 'problem', 'train.py'))).toBe(true);
});

test('a lab.yaml that no commit has is told from a lab, and a file of the user’s own is still refused', async () => {
  const { root, write } = await create({ 'train.py': '1\n' });
  await write('RESEARCH_JOURNAL.md', 'mine\n');
  await expect(createLab(root, options)).rejects.toThrow('RESEARCH_JOURNAL.md: there already');
  expect(existsSync(join(root, 'lab.yaml'))).toBe(false);
  writeFileSync(join(root, 'lab.yaml'), 'mine\n');
  await expect(createLab(root, options)).rejects.toThrow('is a lab already (it has a lab.yaml in no commit)');
  const other = join(root, '..', `${root.split('/').at(-1)}-other`);
  folders.push(other);
  mkdirSync(other);
  await createLab(other, options);
  await expect(createLab(other, options)).rejects.toThrow('is a lab already (it has a lab.yaml)');
});
