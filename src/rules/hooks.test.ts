/** Hooks put in and taken away, against real git: what happens to hooks that are there, and where the lab writes none. */
import { existsSync, lstatSync, readdirSync, readFileSync } from 'node:fs';
import { chmod, mkdir, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createTemporaryRepository, type TemporaryRepository } from '../scenarios/temporary-repository.ts';
import { renderHook } from './hook-script.ts';
import { installHooks, readHooks, uninstallHooks } from './hooks.ts';

let repository: TemporaryRepository;
let folder: string;

beforeEach(async () => {
  repository = await createTemporaryRepository({ 'a.txt': 'a\n' });
  folder = join(repository.root, '.git', 'hooks');
  await rm(folder, { recursive: true, force: true });
});

afterEach(async () => {
  await repository.remove();
});

async function writeHook(name: string, text: string, mode: number): Promise<void> {
  await repository.write(`.git/hooks/${name}`, text);
  await chmod(join(folder, name), mode);
}

const listHooks = (): string[] => (existsSync(folder) ? readdirSync(folder).sort() : []);
const modeOf = (name: string): number => lstatSync(join(folder, name)).mode & 0o7777;

test('the hooks are put in, twice is once, and taking them away leaves nothing', async () => {
  expect(await installHooks(repository.root)).toEqual([
    { name: 'pre-commit', kind: 'lab', isChained: false },
    { name: 'pre-merge-commit', kind: 'lab', isChained: false },
    { name: 'pre-push', kind: 'lab', isChained: false },
  ]);
  const inode = lstatSync(join(folder, 'pre-commit')).ino;
  await installHooks(repository.root);
  expect(lstatSync(join(folder, 'pre-commit')).ino).toBe(inode);
  expect(listHooks()).toEqual(['pre-commit', 'pre-merge-commit', 'pre-push']);
  expect(await uninstallHooks(repository.root)).toEqual(['pre-commit', 'pre-merge-commit', 'pre-push']);
  expect(listHooks()).toEqual([]);
  expect(await uninstallHooks(repository.root)).toEqual([]);
});

test("a user's hook comes back with its bytes and its mode, also after two installs, and a link as a link", async () => {
  const text = '#!/bin/sh\n# mine, without a line end at its end\r\nexit 0';
  await writeHook('pre-commit', text, 0o750);
  await symlink('../../a.txt', join(folder, 'pre-push'));
  await writeHook('pre-merge-commit', text, 0o700);
  expect((await installHooks(repository.root)).every(({ kind, isChained }) => kind === 'lab' && isChained)).toBe(true);
  await installHooks(repository.root);
  expect(modeOf('pre-commit.before-nightlab')).toBe(0o750);
  await uninstallHooks(repository.root);
  expect(readFileSync(join(folder, 'pre-commit'), 'utf8')).toBe(text);
  expect(modeOf('pre-commit')).toBe(0o750);
  expect(lstatSync(join(folder, 'pre-push')).isSymbolicLink()).toBe(true);
  expect(listHooks()).toEqual(['pre-commit', 'pre-merge-commit', 'pre-push']);
});

test('a hook of the lab for a package that has moved is written anew', async () => {
  await installHooks(repository.root);
  const current = readFileSync(join(folder, 'pre-commit'), 'utf8');
  await writeHook('pre-commit', renderHook('pre-commit', '/elsewhere', '/nowhere/node'), 0o755);
  await installHooks(repository.root);
  expect(readFileSync(join(folder, 'pre-commit'), 'utf8')).toBe(current);
});

test('a hook that the user wrote over the lab, with an older one aside, is touched by neither', async () => {
  await writeHook('pre-commit', '#!/bin/sh\n# old\n', 0o755);
  await installHooks(repository.root);
  await writeHook('pre-commit', '#!/bin/sh\n# new\n', 0o755);
  await expect(installHooks(repository.root)).rejects.toThrow('expected one of them');
  expect(await uninstallHooks(repository.root)).toEqual(['pre-merge-commit', 'pre-push']);
  expect(readFileSync(join(folder, 'pre-commit'), 'utf8')).toContain('# new');
  expect(readFileSync(join(folder, 'pre-commit.before-nightlab'), 'utf8')).toContain('# old');
});

test('an own hooks folder outside the files is used; one among the files, or another in each worktree, is not', async () => {
  const { root } = repository;
  const own = join(root, '.git', 'my hooks');
  await repository.git('config', 'core.hooksPath', own);
  await installHooks(root);
  expect(readdirSync(own).sort()).toEqual(['pre-commit', 'pre-merge-commit', 'pre-push']);
  for (const [path, reason] of [
    [join(root, 'githooks'), /among the files/],
    ['githooks', /another folder in each worktree/],
  ] as const) {
    await repository.git('config', 'core.hooksPath', path);
    await expect(installHooks(root)).rejects.toThrow(reason);
    expect((await readHooks(root)).map(({ kind }) => kind)).toEqual(['none', 'none', 'none']);
  }
  expect(existsSync(join(root, 'githooks'))).toBe(false);
});

test('a commit passes with one line of warning where the package, or its program, is gone', async () => {
  const line = /^nightlab: .*(unchecked)/m;
  await mkdir(folder, { recursive: true });
  const commit = async (packageFolder: string): Promise<string> => {
    await writeHook('pre-commit', renderHook('pre-commit', packageFolder, process.execPath), 0o755);
    const identity = ['-c', 'user.name=R', '-c', 'user.email=r@example.org'];
    const call = await execa('git', [...identity, 'commit', '--quiet', '--allow-empty', '-m', 'x'], {
      cwd: repository.root,
    });
    return call.stderr;
  };
  expect(await commit(join(repository.root, "it's gone"))).toMatch(line);
  const broken = join(repository.root, 'broken');
  await repository.write('broken/dist/cli.cjs', '');
  await repository.write('broken/bin/lab.cjs', 'process.exit(70)');
  expect(await commit(broken)).toMatch(line);
});

test('where nothing protected is staged the check is not started; a protected file or a rule of lab.yaml starts it', async () => {
  const { root } = repository;
  await repository.write('broken/dist/cli.cjs', '');
  await repository.write('broken/bin/lab.cjs', 'process.exit(70)');
  await repository.write('.git/info/exclude', 'broken/\n');
  await repository.write('lab.yaml', '# no rules here\n');
  await repository.git('add', '--all');
  await repository.git('commit', '--quiet', '--message=lab');
  await writeHook('pre-commit', renderHook('pre-commit', join(root, 'broken'), process.execPath), 0o755);
  const isStarted = async (path: string, text: string): Promise<boolean> => {
    await repository.write(path, text);
    await repository.git('add', '--all');
    const identity = ['-c', 'user.name=R', '-c', 'user.email=r@example.org'];
    const call = await execa('git', [...identity, 'commit', '--quiet', '-m', 'x'], { cwd: root });
    return call.stderr.includes('unchecked');
  };
  expect(await isStarted('train.py', '1\n')).toBe(false);
  expect(await isStarted('deep/Prepare.py', '1\n')).toBe(true);
  expect(await isStarted('train.py', '2\n')).toBe(false);
  expect(await isStarted('lab.yaml', 'rules:\n  train.py: [FROZEN]\n')).toBe(true);
  expect(await isStarted('train.py', '3\n')).toBe(true);
});
