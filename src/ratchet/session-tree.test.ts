/** Branch and worktree of a session against an agent that breaks them. Real git; whole sessions are in src/scenarios/ratchet.test.ts. */
import { mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type LabPaths, labPaths } from '../config/lab-paths.ts';
import type { RatchetSession } from '../domain/ratchet.ts';
import { branchOfTag, worktreeOfTag } from './session.ts';
import { commitEdits, keepLoose, putSession } from './session-tree.ts';

let paths: LabPaths;
let session: RatchetSession;
let start = '';
const gitIn = async (folder: string, ...args: string[]) =>
  (await execa('git', ['-c', 'user.name=R', '-c', 'user.email=r@example.org', ...args], { cwd: folder })).stdout;
const git = (...args: string[]) => gitIn(paths.root, ...args);
const inTree = (path: string) => join(session.worktree, path);

beforeEach(async () => {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'tree-')));
  paths = labPaths(root);
  await gitIn(root, 'init', '-q', '--initial-branch=master');
  writeFileSync(join(root, 'train.py'), 'A = 1\n');
  writeFileSync(join(root, 'prepare.py'), 'B = 1\n');
  await gitIn(root, 'add', '-A');
  await gitIn(root, 'commit', '-qm', 'start');
  start = await gitIn(root, 'rev-parse', 'HEAD');
  session = {
    ...{ schema: 1, tag: 'a', branch: branchOfTag('a'), desc: '', worktree: worktreeOfTag(paths, 'a'), start },
    ...{ metric: { name: 'val_bpb', direction: 'lower' }, edits: ['train.py'], device: 'cpu', deviceId: null },
    ...{ rule: 'strict', track: '12345678', table: '', max: null, agent: null, beganAt: '' },
    budget: { trainingSeconds: null, wallSeconds: 1, constants: {}, command: '', frozen: {} },
  };
  await putSession(paths, session, start);
});
afterEach(() => rmSync(paths.root, { recursive: true, force: true }));

const expectUserUntouched = async () => {
  expect(await git('symbolic-ref', 'HEAD')).toBe('refs/heads/master');
  expect(await git('rev-parse', 'HEAD')).toBe(start);
  expect(readFileSync(join(paths.root, 'train.py'), 'utf8')).toBe('A = 1\n');
};

test('an edit of the one file becomes one commit on the base, whatever the agent committed meanwhile', async () => {
  writeFileSync(inTree('train.py'), 'A = 2\n');
  await gitIn(session.worktree, 'commit', '-qam', 'mine');
  writeFileSync(inTree('train.py'), 'A = 3\n');
  const read = await commitEdits(paths, session, start, 'a: three');
  if (read.kind !== 'commit') throw new Error(`expected a commit, got ${read.kind}`);
  expect(await git('rev-parse', `${read.commit}^`)).toBe(start);
  expect(await git('log', '-1', '--format=%s', 'autoresearch/a')).toBe('a: three');
  expect(await git('log', '--format=%s', '--glob=refs/nightlab/ratchet/a/found-*', '--not', 'master')).toBe('mine');
  await expectUserUntouched();
});

test('no edit is none, also where the agent made commits that come to nothing', async () => {
  expect(await commitEdits(paths, session, start, 'a: nothing')).toEqual({ kind: 'none' });
  await gitIn(session.worktree, 'commit', '-q', '--allow-empty', '-m', 'empty');
  expect(await commitEdits(paths, session, start, 'a: nothing')).toEqual({ kind: 'none' });
  expect(await git('rev-parse', 'autoresearch/a')).toBe(start);
});

test('a new file, a renamed one and a changed foreign one are refused by name and gone afterwards', async () => {
  writeFileSync(inTree('train.py'), 'A = 2\n');
  writeFileSync(inTree('prepare.py'), 'B = 2\n');
  writeFileSync(inTree('random.py'), '');
  const read = await commitEdits(paths, session, start, 'a: cheat');
  expect(read).toEqual({ kind: 'refused', reasons: ['it changed prepare.py, random.py; only train.py may change'] });
  await putSession(paths, session, start);
  expect(await gitIn(session.worktree, 'status', '--porcelain')).toBe('');
  expect(readFileSync(inTree('prepare.py'), 'utf8')).toBe('B = 1\n');
});

test.each([
  ['is gone', () => rmSync(inTree('.git'))],
  ['names the repository of the user', () => writeFileSync(inTree('.git'), `gitdir: ${join(paths.root, '.git')}\n`)],
  ['names nothing', () => writeFileSync(inTree('.git'), 'gitdir: /nowhere\n')],
])(
  'where the .git of the worktree %s, the change is refused and the user’s checkout is not touched',
  async (_, breakIt) => {
    writeFileSync(inTree('train.py'), 'A = 2\n');
    breakIt();
    expect(await commitEdits(paths, session, start, 'a: x')).toMatchObject({ kind: 'refused' });
    await putSession(paths, session, start);
    await expectUserUntouched();
    expect(readFileSync(inTree('train.py'), 'utf8')).toBe('A = 1\n');
    writeFileSync(inTree('train.py'), 'A = 4\n');
    expect(await commitEdits(paths, session, start, 'a: four')).toMatchObject({ kind: 'commit' });
  },
);

test('a deleted branch and another one checked out are put right', async () => {
  await gitIn(session.worktree, 'checkout', '-q', '-b', 'elsewhere');
  await git('branch', '-D', 'autoresearch/a');
  writeFileSync(inTree('train.py'), 'A = 2\n');
  const read = await commitEdits(paths, session, start, 'a: two');
  expect(read.kind).toBe('commit');
  expect(await gitIn(session.worktree, 'symbolic-ref', 'HEAD')).toBe('refs/heads/autoresearch/a');
  await expectUserUntouched();
});

test('edits in no commit are kept under a ref, also where an agent left a lock on the index, and none is kept of a clean tree', async () => {
  expect(await keepLoose(paths, session)).toEqual([]);
  writeFileSync(inTree('train.py'), 'A = 7\n');
  writeFileSync(inTree('notes.txt'), 'mine\n');
  writeFileSync(join(paths.root, '.git', 'worktrees', 'autoresearch-a', 'index.lock'), '');
  const [ref = ''] = await keepLoose(paths, session);
  await putSession(paths, session, start);
  expect(await git('show', `${ref}:train.py`)).toBe('A = 7');
  expect(await git('show', `${ref}:notes.txt`)).toBe('mine');
  expect(readFileSync(inTree('train.py'), 'utf8')).toBe('A = 1\n');
});
