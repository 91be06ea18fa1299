/** Ref locks as a git leaves them that was killed: those of a session go, others stay. Real git. */
import { existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { removeStaleLocks } from './stale-locks.ts';

let root: string;
const session = { branch: 'autoresearch/a', tag: 'a' };
const git = (...args: string[]) =>
  execa('git', ['-c', 'user.name=R', '-c', 'user.email=r@example.org', ...args], { cwd: root, reject: false });

beforeEach(async () => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'stale-locks-')));
  await git('init', '--quiet', '--initial-branch=master');
  await git('commit', '--quiet', '--allow-empty', '--message=start');
  for (const ref of ['refs/heads/autoresearch/a', 'refs/heads/autoresearch/b', 'refs/nightlab/ratchet/a/1.1'])
    await git('update-ref', ref, 'HEAD');
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const lockOf = (ref: string): string => join(root, '.git', `${ref}.lock`);

test('a session whose git was killed in the middle of a ref can write its refs again, and locks on other refs stay', async () => {
  const own = ['refs/heads/autoresearch/a', 'refs/nightlab/ratchet/a/1.1', 'refs/nightlab/ratchet/a/2.1'];
  const others = ['refs/heads/master', 'refs/heads/autoresearch/b', 'refs/nightlab/ratchet/b/1.1'];
  mkdirSync(join(root, '.git/refs/nightlab/ratchet/b'), { recursive: true });
  for (const ref of [...own, ...others]) writeFileSync(lockOf(ref), '');
  const next = (await git('commit-tree', '-m', 'next', '-p', 'HEAD', 'HEAD^{tree}')).stdout;
  for (const ref of own) expect((await git('update-ref', ref, next)).stderr, ref).toContain('.lock');
  expect((await removeStaleLocks({ root }, session)).sort()).toEqual(own.map(lockOf).sort());
  for (const ref of own) expect((await git('update-ref', ref, next)).exitCode, ref).toBe(0);
  expect(others.map(lockOf).filter((path) => !existsSync(path))).toEqual([]);
});

test('without a lock nothing is taken away, and a session without refs of its own is fine', async () => {
  expect(await removeStaleLocks({ root }, session)).toEqual([]);
  expect(await removeStaleLocks({ root }, { branch: 'autoresearch/new', tag: 'new' })).toEqual([]);
});
