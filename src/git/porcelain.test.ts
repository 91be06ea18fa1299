import { expect, test } from 'vitest';
import { createTemporaryRepository } from '../scenarios/temporary-repository.ts';
import { commitPaths, readSubject } from './porcelain.ts';

test('exactly the named paths are committed, as the lab, and what was staged stays staged', async () => {
  const repository = await createTemporaryRepository({ 'a.txt': 'a\n', 'b.txt': 'b\n' });
  try {
    await repository.write('a.txt', 'changed\n');
    await repository.write('b.txt', 'staged\n');
    await repository.git('add', 'b.txt');
    await commitPaths(repository.root, 'take a', ['a.txt']);
    expect(await readSubject(repository.root, 'HEAD')).toBe('take a');
    expect((await repository.git('show', '--name-only', '--format=%an', 'HEAD')).trim().split(/\n+/)).toEqual([
      'nightlab',
      'a.txt',
    ]);
    expect((await repository.git('diff', '--cached', '--name-only')).trim()).toBe('b.txt');
  } finally {
    await repository.remove();
  }
});

test('a commit that git refuses is an error with its reason', async () => {
  const repository = await createTemporaryRepository({ 'a.txt': 'a\n' });
  try {
    await expect(commitPaths(repository.root, 'nothing', ['missing.txt'])).rejects.toThrow('git could not commit');
  } finally {
    await repository.remove();
  }
});
