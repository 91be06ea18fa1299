import { existsSync } from 'node:fs';
import { readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { labPaths } from '../../src/config/lab-paths.ts';
import { configSchema } from '../../src/config/schema.ts';
import type { ExperimentEntry, RecordChange, RecordRequest } from '../../src/domain/record.ts';
import { largestRecordBytes } from '../../src/lab/record-files.ts';
import { createTemporaryRepository, type TemporaryRepository } from '../../src/scenarios/temporary-repository.ts';
import { restoreRecords } from './append-records.ts';
import { readExperimentEntries } from './experiment-entries.ts';
import { type RecordContext, recordFiles } from './record-files.ts';

const made: TemporaryRepository[] = [];
const idea = '1_ideas/2026-11-21_wide.md';

async function create(
  files: Record<string, string> = { [idea]: 'first\n' },
): Promise<TemporaryRepository & { context: RecordContext; tip(): Promise<string> }> {
  const repository = await createTemporaryRepository({ '.gitignore': '.lab/\n', ...files });
  made.push(repository);
  const rules = { '/notes/**': ['RECORD' as const], '/notes/mine.md': ['HUMAN' as const] };
  const config = configSchema.parse({ rules });
  const context = { paths: labPaths(repository.root), config, main: 'main', say: () => undefined };
  return { ...repository, context, tip: () => repository.git('rev-parse', 'main') };
}

afterEach(async () => {
  for (const repository of made.splice(0)) await repository.remove();
});

const request = (changes: RecordChange[], more: Partial<RecordRequest> = {}): RecordRequest => ({
  ...{ subject: 'a change', changes, entries: [] },
  ...more,
});
const change = (from: string | null, to: string | null, path = idea): RecordChange => ({ path, from, to });

const entry = (slug: string, attempt = 1): ExperimentEntry => ({
  slug,
  attempt,
  text: `## 2026-11-21: About ${slug} (keep)\n\nexperiment ${slug}, attempt ${attempt}, no report\n\n- Question: is it so?\n`,
});

test('several files and an entry go into one commit, and asked again nothing changes', async () => {
  const { root, context, git } = await create();
  const wanted = request([change('first\n', 'second\n'), change(null, 'report\n', '9_reports/2026-11-21_wide.md')], {
    subject: 'a\n line  break',
    entries: [entry('wide')],
  });
  const outcome = await recordFiles(context, wanted);
  expect(outcome).toEqual({ kind: 'committed', commit: await git('rev-parse', 'main') });
  expect(await git('log', '-1', '--format=%s%n%an')).toBe('recorder: a line break\nnightlab');
  expect(await git('show', '--name-only', '--format=', 'main')).toBe(
    `${idea}\n9_reports/2026-11-21_wide.md\nRESEARCH_JOURNAL.md`,
  );
  expect(await git('status', '--porcelain')).toBe('');
  expect(await recordFiles(context, wanted)).toEqual({ kind: 'unchanged' });
  expect((await git('show', 'main:RESEARCH_JOURNAL.md')).match(/experiment wide, attempt 1/g)).toHaveLength(1);
  expect(await recordFiles(context, request([]))).toEqual({ kind: 'unchanged' });
  expect(existsSync(join(root, '.git', 'index.lock'))).toBe(false);
});

test('a change made from another text than main’s is a conflict, and the whole request leaves no trace', async () => {
  const { context, tip } = await create();
  const before = await tip();
  const wanted = request([change(null, 'new\n', '1_ideas/new.md'), change('old\n', 'mine\n')], {
    entries: [entry('wide')],
  });
  expect(await recordFiles(context, wanted)).toEqual({ kind: 'conflict', path: idea });
  expect(await tip()).toBe(before);
  // Nor may a later look for lost entries take it for one.
  expect(readExperimentEntries(context.paths)).toEqual([]);
  expect(await recordFiles(context, request([change(null, 'mine\n')]))).toEqual({ kind: 'conflict', path: idea });
  expect(await recordFiles(context, request([change('old\n', null)]))).toEqual({ kind: 'conflict', path: idea });
});

test('a change made from the user’s edited file commits it along; their further edits stay in the file', async () => {
  const { root, context, git, write } = await create({ [idea]: 'first\n', '1_ideas/b.md': 'first\n' });
  await write(idea, 'mine\n');
  await write('1_ideas/b.md', 'theirs\n');
  const changes = [change('mine\n', 'mine\nand more\n'), change('first\n', 'second\n', '1_ideas/b.md')];
  expect(await recordFiles(context, request(changes))).toMatchObject({ kind: 'committed' });
  expect(await git('show', `main:${idea}`)).toBe('mine\nand more');
  expect(await git('show', 'main:1_ideas/b.md')).toBe('second');
  expect(await readFile(join(root, idea), 'utf8')).toBe('mine\nand more\n');
  expect(await readFile(join(root, '1_ideas/b.md'), 'utf8')).toBe('theirs\n');
  expect(await git('status', '--porcelain')).toBe(' M 1_ideas/b.md');
});

test('an untracked file of the user’s is adopted where the change was made from it, moved, and never overwritten', async () => {
  const { root, context, git, write } = await create();
  const untracked = '1_ideas/mine.md';
  await write(untracked, 'mine\n');
  expect(await recordFiles(context, request([change(null, 'lab\n', untracked)]))).toEqual({
    kind: 'conflict',
    path: untracked,
  });
  expect(await readFile(join(root, untracked), 'utf8')).toBe('mine\n');
  const move = [change('mine\n', null, untracked), change(null, 'mine, rejected\n', '1_ideas/rejected/mine.md')];
  expect(await recordFiles(context, request(move))).toMatchObject({ kind: 'committed' });
  expect(existsSync(join(root, untracked))).toBe(false);
  expect(await recordFiles(context, request(move))).toEqual({ kind: 'unchanged' });
  await write(untracked, 'again\n');
  expect(await recordFiles(context, request([change('again\n', 'again, with a rating\n', untracked)]))).toMatchObject({
    kind: 'committed',
  });
  expect(await git('status', '--porcelain')).toBe('');
});

test('with another branch checked out only main’s text counts', async () => {
  const { context, git, write } = await create();
  await git('checkout', '-q', '-b', 'elsewhere');
  await write(idea, 'mine\n');
  expect(await recordFiles(context, request([change('mine\n', 'more\n')]))).toEqual({ kind: 'conflict', path: idea });
  expect(await recordFiles(context, request([change('first\n', 'second\n')]))).toMatchObject({ kind: 'committed' });
  expect(await git('status', '--porcelain')).toBe(` M ${idea}`);
});

test('with autocrlf a text as the checkout has it counts as main’s, and main keeps its line ends', async () => {
  const { root, context, git } = await create();
  await git('config', 'core.autocrlf', 'true');
  await writeFile(join(root, idea), 'first\r\n');
  const wanted = request([change('first\r\n', 'first\r\nsecond\r\n')]);
  expect(await recordFiles(context, wanted)).toMatchObject({ kind: 'committed' });
  expect(await git('cat-file', '-s', `main:${idea}`)).toBe(String('first\nsecond\n'.length));
  expect(await readFile(join(root, idea), 'utf8')).toBe('first\r\nsecond\r\n');
  expect(await git('status', '--porcelain')).toBe('');
  expect(await recordFiles(context, wanted)).toEqual({ kind: 'unchanged' });
});

test.each([
  ['train.py', 'REGULAR'],
  ['lab.yaml', 'FROZEN'],
  ['RESEARCH_JOURNAL.md', 'GLOBAL'],
  ['1_ideas/eval.py', 'FROZEN'],
  ['notes/mine.md', 'HUMAN'],
  ['../x', '".."'],
  ['1_ideas/../train.py', '".."'],
  ['1_ideas/./a.md', '".."'],
  ['1_ideas//a.md', '".."'],
  ['/1_ideas/a.md', '".."'],
  ['1_ideas/.git/config', '".."'],
  ['1_ideas/a\n.md', '".."'],
  ['1_ideas', 'REGULAR'],
])('%j is refused, with the path and why (%s)', async (path, why) => {
  const { context, tip } = await create();
  const before = await tip();
  const asked = recordFiles(context, request([change('first\n', 'second\n'), change(null, 'x\n', path)]));
  await expect(asked).rejects.toMatchObject({
    kind: 'refused',
    message: expect.stringContaining(JSON.stringify(path)),
  });
  await expect(asked).rejects.toThrow(why);
  expect(await tip()).toBe(before);
});

test('links are refused, on main and in the checkout, and a folder is no file', async () => {
  const { root, context, git } = await create({ [idea]: 'first\n', 'notes/a/b.md': 'x', 'train.py': '1' });
  await symlink('..', join(root, '1_ideas', 'up'));
  for (const path of ['1_ideas/up/train.md', '1_ideas/up']) {
    const asked = recordFiles(context, request([change(null, 'x\n', path)]));
    await expect(asked).rejects.toMatchObject({ kind: 'refused', message: expect.stringContaining('symbolic link') });
  }
  await git('add', '--all');
  await git('commit', '-qm', 'link');
  await rm(join(root, '1_ideas', 'up'));
  for (const path of ['1_ideas/up/train.md', '1_ideas/up', 'notes/a', `${idea}/x.md`]) {
    const asked = recordFiles(context, request([change(null, 'x\n', path)]));
    await expect(asked).rejects.toMatchObject({ kind: 'refused', message: expect.stringContaining('on main') });
  }
});

test('what is no record is refused: too large, a NUL byte, broken characters, a file twice, an entry under another key', async () => {
  const { context, tip } = await create();
  const before = await tip();
  const refusals: [RecordRequest, RegExp][] = [
    [request([change('first\n', 'x'.repeat(largestRecordBytes + 1))]), /expected at most/],
    [request([change('first\n', 'a\0b')]), /NUL/],
    [request([change('first\n', 'a\ud800b')]), /broken characters/],
    [request([change('first\n', 'a'), change('first\n', 'b')]), /asked for twice/],
    [request([], { entries: [{ ...entry('wide'), attempt: 2 }] }), /names wide#1, expected wide#2/],
    [request([], { entries: [{ ...entry('wide'), slug: '../wide' }] }), /no slug/],
  ];
  for (const [wanted, words] of refusals) {
    const asked = recordFiles(context, wanted);
    await expect(asked).rejects.toMatchObject({ name: 'LabError', kind: 'user' });
    await expect(asked).rejects.toThrow(words);
  }
  expect(await tip()).toBe(before);
});

test('an entry that an old buffer dropped is put back, each attempt once, the newest above', async () => {
  const { context, git, write } = await create();
  const { root } = context.paths;
  await recordFiles(context, request([], { entries: [entry('wide')] }));
  await recordFiles(context, request([], { entries: [entry('wide', 2)] }));
  await write('RESEARCH_JOURNAL.md', '# Mine\n');
  await git('commit', '-qam', 'old buffer');
  const kept = readExperimentEntries(context.paths);
  expect(kept).toEqual([entry('wide'), entry('wide', 2)]);
  expect(await restoreRecords(root, 'main', 'score', [], kept)).toMatchObject({ kind: 'committed' });
  expect(await restoreRecords(root, 'main', 'score', [], kept)).toEqual({ kind: 'unchanged' });
  const journal = await git('show', 'main:RESEARCH_JOURNAL.md');
  expect(journal.match(/^(?:# Mine|experiment wide, attempt \d)/gm)).toEqual([
    ...['# Mine', 'experiment wide, attempt 2', 'experiment wide, attempt 1'],
  ]);
});

test('two requests at once are both carried out, or one is told of the conflict', async () => {
  const { context, git } = await create();
  const both = await Promise.all([
    recordFiles(context, request([change(null, 'a\n', '1_ideas/a.md')])),
    recordFiles(context, request([change(null, 'b\n', '1_ideas/b.md')])),
  ]);
  expect(both.map(({ kind }) => kind)).toEqual(['committed', 'committed']);
  const same = await Promise.all(['x\n', 'y\n'].map((to) => recordFiles(context, request([change('first\n', to)]))));
  expect(same.map(({ kind }) => kind).sort()).toEqual(['committed', 'conflict']);
  expect(await git('status', '--porcelain')).toBe('');
});
