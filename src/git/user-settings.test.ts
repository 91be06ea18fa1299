/** Under the worst git settings that a user can have, the lab commits, reads and clones what it would without them, and starts nothing of theirs. */
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createTemporaryRepository, type TemporaryRepository } from '../scenarios/temporary-repository.ts';
import { commitTree, putTree } from './experiment-tree.ts';
import { commitByPlumbing } from './plumbing-commit.ts';
import { commitPaths, readSubject } from './porcelain.ts';
import { runGit } from './run-git.ts';
import { snapshotTree } from './snapshot.ts';
import { hadBlob } from './tree-diff.ts';

// A text that git can follow through a rename.
const code = Array.from({ length: 20 }, (_, place) => `line ${place}\n`).join('');

let repository: TemporaryRepository;
let home: string;
/** There once a program of the user's ran. */
let mark: string;

beforeEach(async () => {
  repository = await createTemporaryRepository({ 'train.py': 'one\n', log: 'one\n', 'old.py': code });
  home = await realpath(await mkdtemp(join(tmpdir(), 'nightlab-user-')));
  mark = join(home, 'ran');
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await repository.remove();
  await rm(home, { recursive: true, force: true });
});

/** From here on the user's settings are these. The test's own git calls must only read then: an old git finds them by HOME. */
async function useWorstSettings(): Promise<void> {
  const hooks = join(home, 'hooks');
  const program = join(home, 'program');
  await mkdir(hooks);
  const names = ['pre-commit', 'commit-msg', 'reference-transaction', 'post-index-change', 'post-checkout'];
  for (const file of [program, ...names.map((name) => join(hooks, name))]) {
    await writeFile(file, `#!/bin/sh\ntouch '${mark}'\nexit 1\n`);
    await chmod(file, 0o755);
  }
  const ignored = join(home, 'ignored');
  await writeFile(ignored, '*.txt\n');
  const settings: Record<string, string> = {
    ...{ 'user.name': 'Ann Other', 'user.email': 'ann@example.org' },
    ...{ 'author.name': 'Ann Other', 'author.email': 'ann@example.org' },
    ...{ 'committer.name': 'Ann Other', 'committer.email': 'ann@example.org' },
    ...{ 'commit.gpgSign': 'true', 'gpg.program': program, 'commit.cleanup': 'strip' },
    ...{ 'i18n.commitEncoding': 'ISO-8859-1', 'i18n.logOutputEncoding': 'ISO-8859-1' },
    ...{ 'core.hooksPath': hooks, 'core.fsmonitor': program, 'core.editor': program, 'core.excludesFile': ignored },
    ...{ 'core.autocrlf': 'true', 'core.safecrlf': 'true', 'core.splitIndex': 'true', 'core.abbrev': '4' },
    ...{ 'color.ui': 'always', 'color.diff': 'always', 'color.status': 'always' },
    ...{ 'diff.external': program, 'diff.noprefix': 'true', 'diff.mnemonicPrefix': 'true', 'diff.renames': 'copies' },
    ...{ 'diff.ignoreSubmodules': 'all', 'status.showUntrackedFiles': 'no', 'status.relativePaths': 'true' },
    ...{ 'log.showSignature': 'true', 'log.follow': 'true', 'log.showRoot': 'false', 'log.decorate': 'full' },
    ...{ 'log.diffMerges': 'combined', 'format.pretty': 'fuller', 'submodule.recurse': 'true' },
    ...{ 'init.defaultBranch': 'trunk', 'clone.defaultRemoteName': 'upstream', 'fetch.prune': 'true' },
  };
  const text = Object.entries(settings).map(([name, value]) => {
    const [section = '', key = ''] = name.split('.');
    return `[${section}]\n\t${key} = ${JSON.stringify(value)}\n`;
  });
  await writeFile(join(home, '.gitconfig'), text.join(''));
  vi.stubEnv('GIT_CONFIG_GLOBAL', join(home, '.gitconfig'));
  vi.stubEnv('HOME', home);
}

test('a commit of the lab bears its name alone, its message and text as they are given, and no signature', async () => {
  const { root, git, write } = repository;
  await useWorstSettings();
  const message = 'größer\n\n# no comment\n';
  await write('made.txt', 'made\n');
  await commitPaths(root, message, ['made.txt']);
  const taken = await git('rev-parse', 'main');
  const edits = [{ path: 'log', edit: () => 'two\n' }];
  const recorded = await commitByPlumbing(root, { branch: 'main', message, edits });
  expect(recorded).toMatchObject({ kind: 'committed', checkoutUpdated: ['log'], checkoutProblems: [] });
  const main = await git('rev-parse', 'main');
  await write('train.py', 'two\nmore\n');
  await write('new.py', 'new\n');
  const limits = { maxFileBytes: 1000, maxTotalBytes: 1000 };
  const snapshot = await snapshotTree(root, { ref: 'refs/nightlab/jobs/1', message, ...limits });
  expect(snapshot).toMatchObject({ isSnapshot: true, untracked: ['new.py'] });
  const ownedFolder = join(root, '5_worktrees');
  const tree = { root, ownedFolder, path: join(ownedFolder, 'try'), branch: 'exp/try' };
  await putTree(tree, main);
  await write('5_worktrees/try/train.py', 'three\nmore\n');
  const experiment = await commitTree(tree, main, message);

  const person = 'nightlab <nightlab@localhost> \\d+ [-+]\\d{4}';
  for (const commit of [taken, main, snapshot.commit, experiment])
    expect(await git('cat-file', 'commit', commit)).toMatch(
      new RegExp(`\\nauthor ${person}\\ncommitter ${person}\\n\\ngrößer\\n\\n# no comment$`),
    );
  expect(await git('cat-file', 'blob', `${snapshot.commit}:train.py`)).toBe('two\nmore');
  expect(await git('cat-file', 'blob', `${experiment}:train.py`)).toBe('three\nmore');
  expect(existsSync(mark)).toBe(false);
});

test('a signed commit, a first commit, a renamed file and a diff are read as git tells them without settings', async () => {
  const { root, git, write } = repository;
  const first = await git('rev-parse', 'main:old.py');
  await write('old.py', `${code}more\n`);
  await git('commit', '--quiet', '--all', '--message=more');
  await git('mv', 'old.py', 'new.py');
  await git('commit', '--quiet', '--message=moved');
  const person = 'Ann Other <ann@example.org> 1700000000 +0000';
  const lines = [
    ...[`tree ${await git('rev-parse', 'main^{tree}')}`, `parent ${await git('rev-parse', 'main')}`],
    ...[`author ${person}`, `committer ${person}`],
    ...['gpgsig -----BEGIN PGP SIGNATURE-----', ' ', ' aaaa', ' -----END PGP SIGNATURE-----'],
    ...['', 'größer', ''],
  ];
  const words = ['hash-object', '-w', '-t', 'commit', '--stdin'];
  const { stdout: signed } = await execa('git', words, { cwd: root, input: lines.join('\n') });
  await git('update-ref', 'refs/heads/main', signed);
  await useWorstSettings();

  expect(await readSubject(root, 'main')).toBe('größer');
  expect(await runGit(root, ['log', '--format=%H %s', '--max-count=1', 'main'])).toBe(`${signed} größer\n`);
  expect(await hadBlob(root, 'main', 'train.py', await git('rev-parse', 'main:train.py'))).toBe(true);
  expect(await hadBlob(root, 'main', 'old.py', first)).toBe(true);
  expect(await hadBlob(root, 'main', 'new.py', first)).toBe(false);
  const diff = await runGit(root, ['diff', '--no-ext-diff', 'main~3', 'main~2']);
  expect(diff).toMatch(/^diff --git a\/old\.py b\/old\.py\n/);
  expect(diff).toMatch(/\n\+more\n$/);
  expect(existsSync(mark)).toBe(false);
});

test('a clone of the lab calls origin where it came from', async () => {
  await useWorstSettings();
  const copy = join(home, 'copy');
  await runGit(home, ['clone', '--quiet', '--', repository.root, copy]);
  expect(await runGit(copy, ['config', '--get', 'remote.origin.url'])).toBe(`${repository.root}\n`);
  expect(existsSync(mark)).toBe(false);
});
