/** Code put together out of changes, with real git: what comes out depends on the commits alone, and a conflict leaves nothing half-done. */
import { chmod, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import fc from 'fast-check';
import { afterEach, expect, test, vi } from 'vitest';
import type { Change } from '../domain/change.ts';
import { createTemporaryRepository, type TemporaryRepository } from '../scenarios/temporary-repository.ts';
import { type ComposeStep, composeCommit } from './compose-commit.ts';

const made: { remove(): Promise<void> }[] = [];

afterEach(async () => {
  vi.unstubAllEnvs();
  for (const one of made.splice(0)) await one.remove();
});

const about = { message: 'champion of job 7', atMs: 1_800_000_000_123 };
const apply = (change: Change): ComposeStep => ({ kind: 'apply', change });
const revert = (change: Change): ComposeStep => ({ kind: 'revert', change });
const lines = (count: number): string[] => Array.from({ length: count }, (_, place) => `line ${place}`);
const toText = (all: readonly string[]): string => all.map((line) => `${line}\n`).join('');

async function create(files: Record<string, string>): Promise<TemporaryRepository> {
  const repository = await createTemporaryRepository(files);
  made.push(repository);
  return repository;
}

/** A change on top of `start`, made by plumbing so that the checkout stays as it is. */
async function change(
  { git, root }: TemporaryRepository,
  start: string,
  slug: string,
  files: Record<string, string | null>,
): Promise<Change> {
  const index = join(root, '.git', 'index-of-change');
  const at = { cwd: root, env: { GIT_INDEX_FILE: index } };
  await execa('git', ['read-tree', start], at);
  for (const [path, content] of Object.entries(files)) {
    if (content === null) await execa('git', ['update-index', '--force-remove', path], at);
    else {
      const blob = (await execa('git', ['hash-object', '-w', '--stdin'], { ...at, input: content })).stdout;
      await execa('git', ['update-index', '--add', '--cacheinfo', `100644,${blob},${path}`], at);
    }
  }
  const tree = (await execa('git', ['write-tree'], at)).stdout;
  await rm(index);
  return { slug, start, commit: await git('commit-tree', tree, '-p', start, '-m', slug) };
}

test('a change that is put in and taken out again gives the first code back, whatever lies in between', async () => {
  const repository = await create({ 'train.py': toText(lines(12)), 'other.py': 'other\n' });
  const { root, git } = repository;
  const first = await git('rev-parse', 'HEAD');
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(fc.nat(11), { minLength: 1, maxLength: 4 }),
      fc.array(fc.stringMatching(/^[a-z ]{0,6}$/), { maxLength: 3 }),
      fc.boolean(),
      async (places, texts, isNewFile) => {
        const code = lines(12);
        for (const [order, place] of places.entries()) code[place] = texts[order] ?? `new ${order}`;
        const files = { 'train.py': toText(code), ...(isNewFile ? { 'new.py': 'new\n' } : { 'other.py': null }) };
        const one = await change(repository, first, 'one', files);
        // Far from the change, so that it never conflicts: a file of its own.
        const far = await change(repository, first, 'far', { 'far.py': 'far\n' });
        const put = await composeCommit(root, first, [apply(one)], about);
        expect(put.tree).toBe(await git('rev-parse', `${one.commit}^{tree}`));
        expect(await composeCommit(root, put.commit, [revert(one)], about)).toMatchObject({
          tree: await git('rev-parse', `${first}^{tree}`),
          skipped: [],
        });
        expect(await composeCommit(root, first, [apply(one), apply(far), revert(one), revert(far)], about)).toEqual({
          commit: first,
          tree: await git('rev-parse', `${first}^{tree}`),
          skipped: [],
        });
      },
    ),
    { numRuns: 8 },
  );
});

test('changes on lines apart commute, and those of the same line never mix', async () => {
  const repository = await create({ 'train.py': toText(lines(12)) });
  const { root, git } = repository;
  const first = await git('rev-parse', 'HEAD');
  const edit = (slug: string, place: number) => {
    const code = lines(12);
    code[place] = slug;
    return change(repository, first, slug, { 'train.py': toText(code) });
  };
  await fc.assert(
    fc.asyncProperty(fc.nat(11), fc.nat(11), async (left, right) => {
      const [one, two] = [await edit('one', left), await edit('two', right)];
      const ab = await composeCommit(root, first, [apply(one), apply(two)], about);
      const ba = await composeCommit(root, first, [apply(two), apply(one)], about);
      if (Math.abs(left - right) > 1) {
        const code = lines(12);
        [code[left], code[right]] = ['one', 'two'];
        expect(ab).toEqual(ba);
        expect(ab.skipped).toEqual([]);
        expect(await git('show', `${ab.commit}:train.py`)).toBe(toText(code).trimEnd());
      } else {
        expect([ab.tree, ab.skipped]).toEqual([await git('rev-parse', `${one.commit}^{tree}`), [two]]);
        expect([ba.tree, ba.skipped]).toEqual([await git('rev-parse', `${two.commit}^{tree}`), [one]]);
      }
    }),
    { numRuns: 8 },
  );
});

test('a step that conflicts in one file leaves its other files out too, and the steps after it count', async () => {
  const repository = await create({ 'a.py': 'a\n', 'b.py': 'b\n', 'c.py': 'c\n' });
  const { root, git } = repository;
  const first = await git('rev-parse', 'HEAD');
  const one = await change(repository, first, 'one', { 'a.py': 'one\n' });
  const both = await change(repository, first, 'both', { 'a.py': 'two\n', 'b.py': 'two\n' });
  const gone = await change(repository, first, 'gone', { 'a.py': null });
  const last = await change(repository, first, 'last', { 'c.py': 'last\n' });
  const found = await composeCommit(root, first, [one, both, gone, last].map(apply), about);
  expect(found.skipped).toEqual([both, gone]);
  const content = await Promise.all(['a', 'b', 'c'].map((name) => git('show', `${found.commit}:${name}.py`)));
  expect(content).toEqual(['one', 'b', 'last']);
  // Taken out in any order, since nothing of them touches.
  expect((await composeCommit(root, found.commit, [revert(one), revert(last)], about)).tree).toBe(
    await git('rev-parse', `${first}^{tree}`),
  );
});

test('a change kept on top of another one cannot lose what it stands on, and alone it can go', async () => {
  const repository = await create({ 'train.py': toText(lines(9)) });
  const { root, git } = repository;
  const first = await git('rev-parse', 'HEAD');
  const low = await change(repository, first, 'low', { 'train.py': toText(lines(9)).replace('line 4', 'low') });
  const high = await change(repository, low.commit, 'high', { 'train.py': toText(lines(9)).replace('line 4', 'high') });
  const both = high.commit;
  expect(await composeCommit(root, both, [revert(low)], about)).toEqual({
    commit: both,
    tree: await git('rev-parse', `${both}^{tree}`),
    skipped: [low],
  });
  expect(await composeCommit(root, both, [revert(high), revert(low)], about)).toMatchObject({ skipped: [] });
  expect((await composeCommit(root, both, [revert(high)], about)).tree).toBe(
    await git('rev-parse', `${low.commit}^{tree}`),
  );
});

test('a step without effect is no conflict, and code that is the same is the commit itself', async () => {
  const repository = await create({ 'train.py': toText(lines(9)) });
  const { root, git } = repository;
  const first = await git('rev-parse', 'HEAD');
  const one = await change(repository, first, 'one', { 'train.py': 'one\n' });
  const tree = await git('rev-parse', `${first}^{tree}`);
  expect(await composeCommit(root, first, [], about)).toEqual({ commit: first, tree, skipped: [] });
  expect(await composeCommit(root, first, [revert(one)], about)).toEqual({ commit: first, tree, skipped: [] });
  expect(await composeCommit(root, one.commit, [apply(one)], about)).toMatchObject({
    commit: one.commit,
    skipped: [],
  });
});

test('the commit is by the lab, on its start, of the moment that was given, and of the same hash each time', async () => {
  const repository = await create({ 'train.py': toText(lines(9)) });
  const { root, git } = repository;
  const first = await git('rev-parse', 'HEAD');
  const one = await change(repository, first, 'one', { 'new.py': 'ü\n' });
  await git('commit', '--quiet', '--allow-empty', '-m', 'second');
  const second = await git('rev-parse', 'HEAD');
  const before = await git('for-each-ref');
  const { commit } = await composeCommit(root, second, [apply(one)], about);
  expect(await git('log', '-1', '--format=%an <%ae> %cn <%ce> %at %ct %P %B', commit)).toBe(
    `nightlab <nightlab@localhost> nightlab <nightlab@localhost> 1800000000 1800000000 ${second} champion of job 7`,
  );
  vi.stubEnv('TZ', 'Asia/Tokyo');
  expect((await composeCommit(root, second, [apply(one)], about)).commit).toBe(commit);
  const linked = join(root, '..', `${root.split('/').at(-1)}-linked`);
  await git('worktree', 'add', '--quiet', '--detach', linked);
  made.push({ remove: () => rm(linked, { recursive: true, force: true }) });
  expect((await composeCommit(linked, second, [apply(one)], about)).commit).toBe(commit);
  expect(await git('for-each-ref')).toBe(before);
  expect(await git('status', '--porcelain')).toBe('');
});

test('neither settings nor attributes nor a merge driver bend what comes out, and no command of theirs runs', async () => {
  const repository = await create({ 'train.py': toText(lines(9)), 'old.py': toText(lines(40)) });
  const { root, git, write } = repository;
  const first = await git('rev-parse', 'HEAD');
  const code = lines(9);
  const one = await change(repository, first, 'one', { 'train.py': toText(code.with(1, 'one')) });
  const two = await change(repository, first, 'two', { 'train.py': toText(code.with(6, 'two')) });
  const clash = await change(repository, first, 'clash', { 'train.py': toText(code.with(1, 'clash')) });
  const moved = await change(repository, first, 'moved', { 'old.py': null, 'new.py': toText(lines(40)) });
  const edited = await change(repository, first, 'edited', { 'old.py': toText(lines(40).with(20, 'edited')) });
  const steps = [one, two, clash, moved, edited].map(apply);
  const plain = await composeCommit(root, first, steps, about);
  expect(plain.skipped).toEqual([clash, edited]);
  expect(await git('show', `${plain.commit}:train.py`)).toBe(toText(code.with(1, 'one').with(6, 'two')).trimEnd());

  const home = await mkdtemp(join(tmpdir(), 'nightlab-home-'));
  made.push({ remove: () => rm(home, { recursive: true, force: true }) });
  const mark = join(home, 'ran');
  const driver = `touch '${mark}'; true`;
  const settings: Record<string, string> = {
    'merge.mine.driver': driver,
    'merge.default': 'mine',
    'merge.conflictStyle': 'diff3',
    'merge.renames': 'false',
    'merge.renormalize': 'true',
    'diff.renames': 'false',
    'core.autocrlf': 'true',
    'core.attributesFile': join(home, 'attributes'),
    'commit.gpgSign': 'true',
    'gpg.program': driver,
    'core.hooksPath': join(home, 'hooks'),
  };
  const file = join(home, '.gitconfig');
  for (const [key, value] of Object.entries(settings)) {
    await git('config', key, value);
    await execa('git', ['config', '--file', file, key, value]);
  }
  await mkdir(join(home, 'git'));
  const attributes = '* merge=mine\n*.py merge=union eol=crlf text\n';
  for (const path of [join(home, 'attributes'), join(home, 'git', 'attributes')]) await writeFile(path, attributes);
  await write('.git/info/attributes', attributes);
  await write('.gitattributes', '* merge=mine\n');
  await git('add', '.gitattributes');
  vi.stubEnv('GIT_CONFIG_GLOBAL', file);
  vi.stubEnv('XDG_CONFIG_HOME', home);
  vi.stubEnv('HOME', home);
  vi.stubEnv('GIT_DIR', home);
  expect(await composeCommit(root, first, steps, about)).toEqual(plain);
  expect((await readdir(home)).includes('ran')).toBe(false);
});

test('an unknown commit is named', async () => {
  const { root, git } = await create({ 'train.py': 'x\n' });
  const first = await git('rev-parse', 'HEAD');
  const lost: Change = { slug: 'lost', start: first, commit: '1'.repeat(40) };
  await expect(composeCommit(root, first, [apply(lost)], about)).rejects.toThrow(`has no commit ${'1'.repeat(40)}`);
});

test('modes are merged beside contents; links, binary files and a file against a folder conflict', async () => {
  const repository = await create({ 'run.sh': toText(lines(9)), 'data.bin': 'a\0b\n', 'ü b.txt': toText(lines(9)) });
  const { root, git, write } = repository;
  await symlink('run.sh', join(root, 'link'));
  await git('add', '--all');
  await git('commit', '--quiet', '-m', 'link');
  const first = await git('rev-parse', 'HEAD');
  const commit = async (slug: string, edit: () => Promise<unknown>): Promise<Change> => {
    await git('checkout', '--quiet', '--detach', first);
    await edit();
    await git('add', '--all');
    await git('commit', '--quiet', '-m', slug);
    return { slug, start: first, commit: await git('rev-parse', 'HEAD') };
  };
  const link = async (target: string) => {
    await rm(join(root, 'link'));
    await symlink(target, join(root, 'link'));
  };
  const mode = await commit('mode', async () => {
    await chmod(join(root, 'run.sh'), 0o755);
    await write('ü b.txt', toText(lines(9).with(1, 'one')));
  });
  const text = await commit('text', async () => {
    await write('run.sh', toText(lines(9).with(6, 'two')));
    await write('ü b.txt', toText(lines(9).with(6, 'two')));
  });
  const both = await composeCommit(root, first, [apply(mode), apply(text)], about);
  expect(both.skipped).toEqual([]);
  expect(await git('ls-tree', both.commit, 'run.sh')).toMatch(/^100755 /);
  expect(await git('show', `${both.commit}:run.sh`)).toBe(toText(lines(9).with(6, 'two')).trimEnd());
  expect(await git('show', `${both.commit}:ü b.txt`)).toBe(toText(lines(9).with(1, 'one').with(6, 'two')).trimEnd());
  const pairs: [() => Promise<unknown>, () => Promise<unknown>][] = [
    [() => link('a'), () => link('b')],
    [() => write('data.bin', 'c\0d\n'), () => write('data.bin', 'e\0f\n')],
    [() => write('new', 'file\n'), () => write('new/inside', 'folder\n')],
    [() => write('added', 'one\n'), () => write('added', 'two\n')],
    [() => rm(join(root, 'run.sh')), () => write('run.sh', 'changed\n')],
  ];
  for (const [place, [left, right]] of pairs.entries()) {
    const [one, two] = [await commit(`left-${place}`, left), await commit(`right-${place}`, right)];
    expect((await composeCommit(root, first, [apply(one), apply(two)], about)).skipped).toEqual([two]);
  }
});

test('a repository with long hashes is served too', async () => {
  const { root, remove } = await createTemporaryRepository({});
  made.push({ remove });
  const folder = join(root, 'long');
  const git = async (...args: string[]) =>
    (await execa('git', ['-c', 'user.name=a', '-c', 'user.email=a@b.c', ...args], { cwd: folder })).stdout;
  await mkdir(folder);
  await git('init', '--quiet', '--object-format=sha256', '--initial-branch=main');
  const commits: string[] = [];
  for (const code of [lines(9), lines(9).with(1, 'one'), lines(9).with(1, 'one').with(6, 'two')]) {
    await writeFile(join(folder, 'train.py'), toText(code));
    await git('add', '--all');
    await git('commit', '--quiet', '-m', 'code');
    commits.push(await git('rev-parse', 'HEAD'));
  }
  const [first = '', one = '', two = ''] = commits;
  const found = await composeCommit(folder, first, [apply({ slug: 'two', start: one, commit: two })], about);
  expect(found.commit).toHaveLength(64);
  expect(await git('show', `${found.commit}:train.py`)).toBe(toText(lines(9).with(6, 'two')).trimEnd());
});
