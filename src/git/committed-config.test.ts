import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createTemporaryRepository, type TemporaryRepository } from '../scenarios/temporary-repository.ts';
import { createCommittedConfigSource, loadLabConfig, openLabConfig, readMainRules } from './committed-config.ts';

let repository: TemporaryRepository;
const note =
  "lab.yaml in the root checkout differs from main's: main's counts until it is committed (`git commit -- lab.yaml`: there is no result yet, so it takes no META_MODE)";

beforeEach(async () => {
  repository = await createTemporaryRepository({ 'lab.yaml': 'run:\n  wallSeconds: 5\n', 'a.txt': 'a\n' });
});
afterEach(() => repository.remove());

const root = (): string => repository.root;
const write = (path: string, text: string): Promise<void> => repository.write(path, text);
const git = (...args: string[]): Promise<string> => repository.git(...args);

async function commit(text: string): Promise<void> {
  await write('lab.yaml', text);
  await git('add', 'lab.yaml');
  await git('commit', '--quiet', '--message=config');
}

const wallSeconds = (): number => loadLabConfig(root()).run.wallSeconds;

test('an edit counts once it is committed, and until then it is told by its keys', async () => {
  await write('lab.yaml', 'run:\n  wallSeconds: 77\ndecision:\n  confidence: 0.6\n');
  const { config, branch, working, note: told } = openLabConfig(root());
  expect([config.run.wallSeconds, config.decision.confidence, config.main, branch]).toEqual([5, 0.95, 'main', 'main']);
  expect(working).toEqual({ kind: 'differs', keys: ['decision.confidence', 'run.wallSeconds'] });
  expect(told).toBe(note);
  await commit('run:\n  wallSeconds: 77\n');
  expect(openLabConfig(root())).toMatchObject({ config: { run: { wallSeconds: 77 } }, note: null });
});

test('a comment differs in nothing, and a broken or missing file of the root changes nothing', async () => {
  await write('lab.yaml', '# five\nrun: {wallSeconds: 5}\n');
  expect(openLabConfig(root())).toMatchObject({ working: { kind: 'same' }, note: null });
  await write('lab.yaml', 'metric: [\n');
  expect(openLabConfig(root())).toMatchObject({
    config: { run: { wallSeconds: 5 } },
    working: { kind: 'broken', problem: expect.stringContaining('lab.yaml:2:1: not valid YAML') },
    note: expect.stringContaining('is broken'),
  });
  rmSync(join(root(), 'lab.yaml'));
  expect(openLabConfig(root())).toMatchObject({ working: { kind: 'missing' }, config: { run: { wallSeconds: 5 } } });
});

test('what is committed on another branch that is checked out does not count, and is no news', async () => {
  await git('checkout', '--quiet', '-b', 'exp/mine');
  await commit('main: exp/mine\nrun:\n  wallSeconds: 1\n');
  expect(openLabConfig(root())).toMatchObject({ branch: 'main', config: { run: { wallSeconds: 5 } }, note: null });
  await git('checkout', '--quiet', '--detach');
  expect(openLabConfig(root()).branch).toBe('main');
});

test('a branch that main names is main, whatever the root holds; one that is not there, or names it back, is an error', async () => {
  await git('branch', 'lab');
  await commit('main: lab\nrun:\n  wallSeconds: 6\n');
  await write('lab.yaml', 'main: main\n');
  expect(openLabConfig(root())).toMatchObject({ branch: 'lab', config: { main: 'lab', run: { wallSeconds: 5 } } });
  await commit('main: gone\n');
  expect(() => loadLabConfig(root())).toThrow("main:lab.yaml names 'gone' as the main branch");
  await git('branch', '--force', 'lab', 'HEAD');
  await commit('main: lab\n');
  await git('checkout', '--quiet', 'lab');
  await commit('main: main\n');
  expect(() => loadLabConfig(root())).toThrow('one branch after the other as main: main, lab, main');
});

test('origin’s head comes first, then main, master, trunk, the only branch, and the one checked out', async () => {
  await git('branch', 'trunk');
  await git('checkout', '--quiet', '-b', 'develop');
  await commit('run:\n  wallSeconds: 9\n');
  expect(openLabConfig(root()).branch).toBe('main');
  await git('update-ref', 'refs/remotes/origin/develop', 'develop');
  await git('symbolic-ref', 'refs/remotes/origin/HEAD', 'refs/remotes/origin/develop');
  expect(openLabConfig(root())).toMatchObject({ branch: 'develop', config: { run: { wallSeconds: 9 } } });
  await git('symbolic-ref', '--delete', 'refs/remotes/origin/HEAD');
  await git('branch', '--quiet', '-D', 'main');
  expect(openLabConfig(root()).branch).toBe('trunk');
  await git('branch', '--quiet', '-D', 'trunk');
  expect(openLabConfig(root())).toMatchObject({ branch: 'develop', config: { run: { wallSeconds: 9 } } });
  await git('branch', 'exp/a');
  expect(openLabConfig(root()).branch).toBe('develop');
});

test('while main has no lab.yaml the file of the root counts, or a branch that it and its own lab.yaml name', async () => {
  await git('checkout', '--quiet', '-b', 'lab');
  await commit('main: lab\nrun:\n  wallSeconds: 8\n');
  await git('checkout', '--quiet', 'main');
  await git('rm', '--quiet', 'lab.yaml');
  await git('commit', '--quiet', '--message=none');
  await write('lab.yaml', 'run:\n  wallSeconds: 3\n');
  expect(openLabConfig(root())).toMatchObject({ branch: null, config: { main: null, run: { wallSeconds: 3 } } });
  await write('lab.yaml', 'main: lab\nrun:\n  wallSeconds: 3\n');
  expect(openLabConfig(root())).toMatchObject({ branch: 'lab', config: { main: 'lab', run: { wallSeconds: 8 } } });
  await write('lab.yaml', 'main: "lab\\nrefs/heads/x"\n');
  expect(openLabConfig(root()).branch).toBe(null);
  await repository.remove();
  repository = await createTemporaryRepository({});
  expect(() => loadLabConfig(root())).toThrow('there is no lab.yaml in');
});

test('a mistake on main is told as main’s, with line and column, a mistake of this machine as its own', async () => {
  await commit('run:\n  wallSeconds: -3\n');
  expect(() => loadLabConfig(root())).toThrow('main:lab.yaml: run.wallSeconds: got -3, expected a number above 0');
  await commit('metric: [\n');
  expect(() => loadLabConfig(root())).toThrow('main:lab.yaml:2:1: not valid YAML');
  await commit('');
  await write('lab.local.yaml', 'sandbox: maybe\n');
  expect(() => loadLabConfig(root())).toThrow('lab.local.yaml: sandbox: got "maybe"');
  expect(() => loadLabConfig(join(root(), '..'))).toThrow('git cat-file failed');
});

test('neither a replaced object nor a packed, symbolic or linked repository shows another text', async () => {
  const [own, other] = await Promise.all([
    git('rev-parse', 'main:lab.yaml'),
    write('other', 'run:\n  wallSeconds: 1\n').then(() => git('hash-object', '-w', 'other')),
  ]);
  await git('replace', own, other);
  expect(wallSeconds()).toBe(5);
  await git('pack-refs', '--all');
  await git('gc', '--quiet');
  expect(wallSeconds()).toBe(5);
  await git('branch', '--move', 'main', 'real');
  await git('symbolic-ref', 'refs/heads/main', 'refs/heads/real');
  expect(wallSeconds()).toBe(5);
  await git('clone', '--quiet', '--separate-git-dir', join(root(), 'kept.git'), root(), join(root(), 'clone'));
  expect(loadLabConfig(join(root(), 'clone')).run.wallSeconds).toBe(5);
});

test('a source follows main through loose, packed and symbolic refs, and gives the same object while nothing changed', async () => {
  const source = createCommittedConfigSource(root(), {});
  const before = source.current();
  await write('a.txt', 'b\n');
  await git('commit', '--quiet', '--all', '--message=record');
  expect(source.current()).toBe(before);
  await commit('run:\n  wallSeconds: 6\n');
  expect(source.current().run.wallSeconds).toBe(6);
  await git('pack-refs', '--all');
  await commit('run:\n  wallSeconds: 7\n');
  expect(source.current().run.wallSeconds).toBe(7);
  await git('branch', '--move', 'main', 'real');
  await git('symbolic-ref', 'refs/heads/main', 'refs/heads/real');
  await commit('run:\n  wallSeconds: 8\n');
  expect([source.current().run.wallSeconds, source.problem()]).toEqual([8, null]);
  await write('lab.local.yaml', 'run:\n  wallSeconds: 9\n');
  expect(source.current().run.wallSeconds).toBe(9);
});

test('a source tells an uncommitted edit unless META_MODE is open, a broken commit, and another main', async () => {
  let isOpen = false;
  const source = createCommittedConfigSource(root(), {}, () => isOpen);
  expect(source.problem()).toBe(null);
  await write('lab.yaml', 'run:\n  wallSeconds: 77\n');
  expect([source.current().run.wallSeconds, source.problem()]).toEqual([5, note]);
  isOpen = true;
  expect(source.problem()).toBe(null);
  await commit('metric: [\n');
  expect(source.current().run.wallSeconds).toBe(5);
  expect(source.problem()).toMatch(
    /^main:lab\.yaml:2:1: not valid YAML.*the configuration from before stays in force$/,
  );
  await git('branch', 'lab');
  await commit('main: lab\n');
  expect(source.current().main).toBe('main');
  expect(source.problem()).toContain("lab.yaml of main names 'lab' as the main branch now");
  await git('rm', '--quiet', 'lab.yaml');
  await git('commit', '--quiet', '--message=none');
  expect(source.problem()).toContain('the branch main has no lab.yaml any more; the configuration from before stays');
});

test('a source that began with the file of the root goes over to main’s as soon as there is one', async () => {
  await git('rm', '--quiet', 'lab.yaml');
  await git('commit', '--quiet', '--message=none');
  await write('lab.yaml', 'run:\n  wallSeconds: 3\n');
  const source = createCommittedConfigSource(root(), {});
  expect(source.current().run.wallSeconds).toBe(3);
  await commit('run:\n  wallSeconds: 4\n');
  expect(source.current().run.wallSeconds).toBe(4);
  await write('lab.yaml', 'run:\n  wallSeconds: 1\n');
  expect([source.current().run.wallSeconds, source.problem()]).toEqual([4, note]);
});

test('the rules that commits are checked by are main’s, whatever is broken beside it', async () => {
  await commit('rules:\n  a.txt: [FROZEN]\n');
  await write('lab.yaml', 'metric: [\n');
  await write('lab.local.yaml', 'rules: [\n');
  expect(readMainRules(root())).toEqual({ main: 'main', rules: { 'a.txt': ['FROZEN'] }, problem: null });
  await commit('metric: [\n');
  expect(readMainRules(root())).toMatchObject({
    main: 'main',
    rules: {},
    problem: expect.stringContaining('main:lab.yaml:2:1'),
  });
});
