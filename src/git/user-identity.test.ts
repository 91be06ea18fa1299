/** Who the user is to git: by settings and by variables; the lab's own identity is never given for it. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createTemporaryRepository, type TemporaryRepository } from '../scenarios/temporary-repository.ts';
import { commitByPlumbing } from './plumbing-commit.ts';
import { readUserIdentity } from './user-identity.ts';

let repository: TemporaryRepository;

beforeEach(async () => {
  repository = await createTemporaryRepository({ log: 'one\n' });
  for (const person of ['AUTHOR', 'COMMITTER'])
    for (const part of ['NAME', 'EMAIL', 'DATE']) vi.stubEnv(`GIT_${person}_${part}`, undefined);
  vi.stubEnv('EMAIL', undefined);
  vi.stubEnv('GIT_CONFIG_GLOBAL', '/dev/null');
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await repository.remove();
});

test('settings and variables of the user count, and a commit by that identity names both', async () => {
  const { root, git } = repository;
  await git('config', 'user.name', 'Ann Other');
  await git('config', 'user.email', 'ann@example.org');
  vi.stubEnv('GIT_AUTHOR_NAME', 'Ben Writer');
  const by = await readUserIdentity(root);
  expect(by).toEqual({
    author: { name: 'Ben Writer', email: 'ann@example.org' },
    committer: { name: 'Ann Other', email: 'ann@example.org' },
  });
  const edits = [{ path: 'log', edit: () => 'two\n' }];
  await commitByPlumbing(root, { branch: 'main', message: 'mine', edits, by });
  expect(await git('log', '-1', '--format=%an <%ae> %cn <%ce>')).toBe(
    'Ben Writer <ann@example.org> Ann Other <ann@example.org>',
  );
});

test('where git has no name of its user, that is an error with the way to set it', async () => {
  const { root, git } = repository;
  await git('config', '--unset-all', 'user.name').catch(() => undefined);
  await git('config', '--unset-all', 'user.email').catch(() => undefined);
  await git('config', 'user.useConfigOnly', 'true');
  await expect(readUserIdentity(root)).rejects.toMatchObject({
    kind: 'user',
    hints: ['git config user.name "…"', 'git config user.email "…"'],
  });
});
