import { mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { LabError } from '../errors/lab-error.ts';
import { createTemporaryRepository, type TemporaryRepository } from '../scenarios/temporary-repository.ts';
import { countIdeas, findIdea, findIdeaBySlug, readIdeas } from './ideas.ts';

const open: TemporaryRepository[] = [];
afterEach(async () => {
  for (const repository of open.splice(0)) await repository.remove();
});

async function createRepository(files: Record<string, string>): Promise<TemporaryRepository> {
  const repository = await createTemporaryRepository(files);
  open.push(repository);
  return repository;
}

const text = (slug: string, state = 'proposed') =>
  `---\nslug: ${slug}\ntitle: About ${slug}\nstate: ${state}\ncategory: loss\n---\n\n## Hypothesis\n\nh\n`;

const files = {
  '1_ideas/_TEMPLATE.md': 'template',
  '1_ideas/README.md': 'about',
  '1_ideas/2026-11-20_word-pairs.md': text('word-pairs'),
  '1_ideas/2026-11-21_longer-contexts.md': text('longer-contexts', 'decided'),
  '1_ideas/rejected/2026-11-19_try-point-four.md': text('try-point-four'),
  '1_ideas/rejected/_TEMPLATE.md': 'template',
  '1_ideas/notes.txt': 'n',
  '1_ideas/.#2026-11-20_word-pairs.md': 'lock of an editor',
  '1_ideas/deeper/2026-11-20_x.md': text('x'),
};
const paths = [
  '1_ideas/2026-11-20_word-pairs.md',
  '1_ideas/2026-11-21_longer-contexts.md',
  '1_ideas/rejected/2026-11-19_try-point-four.md',
];

test('templates, readmes, hidden files and deeper folders are no ideas; rejected ones are read and do not count', async () => {
  const { root } = await createRepository(files);
  const ideas = await readIdeas(root, 'main');
  expect(ideas.map(({ path }) => path)).toEqual(paths);
  expect(ideas.map(({ isRejected, idea }) => [isRejected, idea.state, idea.date])).toEqual([
    [false, 'proposed', '2026-11-20'],
    [false, 'decided', '2026-11-21'],
    [true, 'rejected', '2026-11-19'],
  ]);
  expect(ideas.flatMap(({ problems }) => problems)).toEqual([]);
  expect(ideas[0]?.text).toBe(text('word-pairs'));
  expect(countIdeas(ideas)).toBe(2);
});

test('a lab without the folder has no ideas, on disk and on the branch', async () => {
  const { root, git } = await createRepository({ 'a.txt': 'a' });
  expect(await readIdeas(root, 'main')).toEqual([]);
  await git('checkout', '--quiet', '--detach');
  expect(await readIdeas(root, 'main')).toEqual([]);
});

test('with main checked out the disk counts, elsewhere the last commit of main, and both read the same', async () => {
  const { root, git, write } = await createRepository(files);
  const onDisk = await readIdeas(root, 'main');
  await git('checkout', '--quiet', '-b', 'other');
  await write('1_ideas/2026-11-22_unsaved.md', text('unsaved'));
  await git('rm', '--quiet', '1_ideas/2026-11-20_word-pairs.md');
  expect(await readIdeas(root, 'main')).toEqual(onDisk);
  await git('checkout', '--quiet', '-f', 'main');
  expect((await readIdeas(root, 'main')).map(({ idea }) => idea.slug)).toEqual([
    'word-pairs',
    'longer-contexts',
    'unsaved',
    'try-point-four',
  ]);
});

test('a bad file is listed with its problem and hides no other, on disk and on the branch', async () => {
  const { root, git, write } = await createRepository({ '1_ideas/2026-11-20_good.md': text('good') });
  await write('1_ideas/2026-11-21_huge.md', 'x'.repeat(1024 * 1024 + 1));
  await write('1_ideas/2026-11-21_latin.md', new Uint8Array([0x2d, 0xe9, 0x0a]));
  await symlink('/etc/hostname', join(root, '1_ideas/2026-11-21_link.md'));
  await mkdir(join(root, '1_ideas/2026-11-21_folder.md'));
  const read = async () => {
    const ideas = await readIdeas(root, 'main');
    return ideas.map(({ idea, text: content, problems }) => [idea.slug, content.length > 0, problems]);
  };
  const expected = [
    ['good', true, []],
    ['huge', false, ['1_ideas/2026-11-21_huge.md has 1048577 bytes, expected at most 1048576']],
    ['latin', false, ['1_ideas/2026-11-21_latin.md is not UTF-8 text']],
    ['link', false, ['1_ideas/2026-11-21_link.md is a link or no plain file, expected a file']],
  ];
  expect(await read()).toEqual(expected);
  await git('add', '--all');
  await git('commit', '--quiet', '--message=bad files');
  await git('checkout', '--quiet', '--detach');
  expect(await read()).toEqual(expected);
});

test('what cannot be read or written is no idea to work with, and a problem says so', async () => {
  const { root, git, write } = await createRepository({ '1_ideas/2026-11-20_good.md': text('good') });
  await write('1_ideas/2026-11-21_latin.md', new Uint8Array([0x2d, 0xe9, 0x0a]));
  await symlink('/etc/hostname', join(root, '1_ideas/2026-11-21_link.md'));
  await write('1_ideas/a\\b.md', text('b'));
  await write('1_ideas/c\u0007d.md', text('d'));
  await write('1_ideas/2026-11-30_good.md', text('good'));
  const read = async () => {
    const ideas = await readIdeas(root, 'main');
    expect(countIdeas(ideas)).toBe(1);
    return ideas.map(({ path, isUsable, problems }) => [path, isUsable, problems.at(0)]);
  };
  const expected = [
    ['1_ideas/2026-11-20_good.md', true, undefined],
    ['1_ideas/2026-11-21_latin.md', false, '1_ideas/2026-11-21_latin.md is not UTF-8 text'],
    ['1_ideas/2026-11-21_link.md', false, '1_ideas/2026-11-21_link.md is a link or no plain file, expected a file'],
    [
      '1_ideas/2026-11-30_good.md',
      false,
      'slug: "good" is the slug of 1_ideas/2026-11-20_good.md too; give one of them another',
    ],
    ['1_ideas/a\\b.md', false, '"a\\\\b.md" has a backslash in its name: rename it, for example to "a-b.md"'],
    [
      '1_ideas/c\u0007d.md',
      false,
      '"c\\u0007d.md" has a control character in its name: rename it, for example to "c-d.md"',
    ],
  ];
  expect(await read()).toEqual(expected);
  await git('add', '--all');
  await git('commit', '--quiet', '--message=odd files');
  await git('checkout', '--quiet', '--detach');
  expect(await read()).toEqual(expected);
});

test('a slug that two files have is a problem of the second, which names the first', async () => {
  const { root } = await createRepository({ ...files, '1_ideas/2026-11-25_again.md': text('word-pairs') });
  const ideas = await readIdeas(root, 'main');
  expect(ideas.filter(({ idea }) => idea.slug === 'word-pairs').map(({ problems }) => problems.at(-1))).toEqual([
    undefined,
    'slug: "word-pairs" is the slug of 1_ideas/2026-11-20_word-pairs.md too; give one of them another',
  ]);
  expect(findIdea(ideas, 'word-pairs').path).toBe('1_ideas/2026-11-20_word-pairs.md');
  expect(findIdea(ideas, '1_ideas/2026-11-25_again.md').path).toBe('1_ideas/2026-11-25_again.md');
});

test('of a rejected and an open idea with one slug the open one is meant', async () => {
  const { root } = await createRepository({
    '1_ideas/rejected/2026-11-19_a.md': text('a'),
    // Behind the rejected one in the order of paths.
    '1_ideas/self-made.md': text('a'),
  });
  expect(findIdea(await readIdeas(root, 'main'), 'a').path).toBe('1_ideas/self-made.md');
});

test('an open copy of a rejected idea can be used, and is the one that its slug means', async () => {
  const { root } = await createRepository({
    '1_ideas/rejected/2026-11-19_a.md': text('a'),
    '1_ideas/self-made.md': text('a'),
  });
  const ideas = await readIdeas(root, 'main');
  expect(ideas.map(({ isUsable }) => isUsable)).toEqual([true, true]);
  expect(findIdeaBySlug(ideas, 'a').path).toBe('1_ideas/self-made.md');
  expect(findIdeaBySlug(ideas.slice(0, 1), 'a').path).toBe('1_ideas/rejected/2026-11-19_a.md');
});

test('a stage finds an idea by its whole slug alone, and is told where its file is gone', async () => {
  const { root } = await createRepository(files);
  const ideas = await readIdeas(root, 'main');
  expect(findIdeaBySlug(ideas, 'word-pairs').path).toBe('1_ideas/2026-11-20_word-pairs.md');
  for (const slug of ['word', 'Word-Pairs', '2026-11-20_word-pairs', ''])
    expect(() => findIdeaBySlug(ideas, slug)).toThrow(
      expect.objectContaining({
        kind: 'user',
        message: `the file of idea ${slug} is gone from 1_ideas`,
        hints: expect.arrayContaining([expect.stringContaining('lab ideas')]),
      }),
    );
});

test('an idea is found by slug, beginning, path and file name', async () => {
  const { root } = await createRepository(files);
  const ideas = await readIdeas(root, 'main');
  for (const word of [
    'word-pairs',
    'wo',
    'Word-Pairs',
    ' word-pairs ',
    './1_ideas/2026-11-20_word-pairs.md',
    '2026-11-20_word-pairs.md',
    '2026-11-20_word-pairs',
    join(root, '1_ideas/2026-11-20_word-pairs.md'),
  ]) {
    expect(findIdea(ideas, word).path).toBe('1_ideas/2026-11-20_word-pairs.md');
  }
  expect(findIdea(ideas, 'try').isRejected).toBe(true);
});

test('a word that fits none or several is answered with the nearest', async () => {
  const { root } = await createRepository({ ...files, '1_ideas/2026-11-22_word-so-far.md': text('word-so-far') });
  const ideas = await readIdeas(root, 'main');
  const answer = (word: string) => {
    try {
      return findIdea(ideas, word).path;
    } catch (error) {
      if (!(error instanceof LabError)) throw error;
      expect([error.kind, error.hints]).toEqual(['user', ['lab ideas    lists them']]);
      return error.message;
    }
  };
  expect(answer('word-pear')).toBe('no idea is called "word-pear": did you mean word-pairs?');
  expect(answer('contexts')).toBe('no idea is called "contexts": did you mean longer-contexts?');
  expect(answer('word')).toBe('no idea is called "word": it fits word-pairs, word-so-far');
  expect(answer('zebra-crossing')).toBe('no idea is called "zebra-crossing": expected the slug of one of 4 ideas');
  expect(answer('')).toBe('no idea is called "": expected the slug of one of 4 ideas');
  expect(() => findIdea([], 'x')).toThrow('there are no ideas yet');
});
