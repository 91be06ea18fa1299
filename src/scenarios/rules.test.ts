/** The first lock in a whole lab: what `git commit` and `git push` refuse in the root and in a worktree, what they let pass, and the way round it. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createTemporaryLab, type LabCall, type TemporaryLab } from './temporary-lab.ts';

let lab: TemporaryLab;
let tree: string;

beforeEach(async () => {
  lab = await createTemporaryLab();
  // Until there is a result the lab is being set up, and its frozen files are free on main.
  await lab.write('results.tsv', `${await lab.read('results.tsv')}0\t1\n`);
  await lab.git('commit', '--quiet', '--all', '--message=a row');
  tree = join(lab.root, '5_worktrees', 'try');
  await lab.git('worktree', 'add', '--quiet', '-b', 'exp/try', tree);
});

afterEach(async () => {
  await lab.remove();
});

async function git(folder: string, ...args: string[]): Promise<LabCall> {
  const settings = { cwd: folder, env: lab.env, extendEnv: false, reject: false } as const;
  const { exitCode, stdout, stderr } = await execa('git', args, settings);
  return { code: exitCode ?? null, stdout, stderr };
}

/** Stages everything and commits; on a refusal the checkout is put back as it was. */
async function commit(folder: string, ...args: string[]): Promise<LabCall> {
  await git(folder, 'add', '--all');
  const call = await git(folder, 'commit', '--quiet', '--message=change', ...args);
  if (call.code !== 0) await git(folder, 'checkout', '--quiet', 'HEAD', '--', '.');
  return call;
}

async function edit(folder: string, path: string, change: (text: string) => string): Promise<void> {
  const file = join(folder, path);
  await writeFile(file, change(existsSync(file) ? await readFile(file, 'utf8') : ''));
}

const entry = '## 2026-11-21: mine\n\ntext\n';
const addEntry = (text: string): string => `${text.trimEnd()}\n\n${entry}`;

test('`lab init` puts the hooks in, and `lab deinit --yes` takes them away', async () => {
  const hooks = join(lab.root, '.git', 'hooks');
  const list = (): string[] => readdirSync(hooks).filter((name) => !name.endsWith('.sample'));
  expect(list().sort()).toEqual(['pre-commit', 'pre-merge-commit', 'pre-push']);
  const other = await lab.labIn(lab.around, ['init', 'other']);
  expect(other.stdout).toContain('note: git hooks installed: pre-commit, pre-merge-commit, pre-push; they check');
  expect((await lab.lab('deinit')).stdout).toContain('git hooks pre-commit, pre-merge-commit, pre-push');
  expect((await lab.lab('deinit', '--yes')).code).toBe(0);
  expect(list()).toEqual([]);
});

test('in the root a frozen file, a changed row and a changed entry are refused with the line; the ordinary passes', async () => {
  const { root } = lab;
  await edit(root, 'results.tsv', (text) => `${text}1\t2\n`);
  await edit(root, 'human_journal.md', addEntry);
  await edit(root, '1_ideas/2026-11-21_mine.md', () => 'an idea of mine\n');
  await edit(root, 'train.py', (text) => `${text}# more\n`);
  expect(await commit(root)).toMatchObject({ code: 0, stderr: '' });

  await edit(root, 'eval.py', (text) => `${text}# easier\n`);
  await edit(root, 'train.py', (text) => `${text}# and more\n`);
  const frozen = await commit(root);
  expect(frozen.code).toBe(1);
  expect(frozen.stderr).toContain('eval.py is FROZEN and was modified');
  expect(frozen.stderr).not.toContain('train.py is');
  expect(frozen.stderr).toContain('`git restore --staged -- FILE` leaves a file out of the commit and keeps the edit');
  expect(frozen.stderr).not.toContain('--worktree');

  await edit(root, 'results.tsv', (text) => text.replace('1\t2', '3\t2'));
  expect((await commit(root)).stderr).toContain('results.tsv:3 is APPEND-ONLY: an old line was changed');
  await edit(root, 'human_journal.md', (text) => text.replace('mine', 'nobody’s'));
  expect((await commit(root)).stderr).toMatch(/human_journal\.md:\d+ is APPEND-ONLY: old text was changed/);
  await git(root, 'rm', '--quiet', 'RESEARCH_JOURNAL.md');
  expect((await commit(root)).stderr).toContain('RESEARCH_JOURNAL.md:1 is APPEND-ONLY and was deleted');
  await chmod(join(root, 'eval.py'), 0o755);
  expect((await commit(root)).stderr).toContain('eval.py is FROZEN');
});

test('a rule of lab.yaml holds as well, with `git commit -a` and with a single path', async () => {
  await lab.write('src/metric.py', 'metric\n');
  await edit(lab.root, 'lab.yaml', (text) => `${text}\nrules:\n  src/metric.py: [FROZEN]\n`);
  expect((await commit(lab.root, '--no-verify')).code).toBe(0);
  await lab.write('src/metric.py', 'better\n');
  for (const words of [['-a'], ['--', 'src/metric.py']]) {
    const call = await git(lab.root, 'commit', '--quiet', '--message=x', ...words);
    expect(call.code).toBe(1);
    expect(call.stderr).toContain('src/metric.py is FROZEN');
  }
});

test('in a worktree records and global files are refused too, and its own code passes', async () => {
  await edit(tree, 'train.py', (text) => `${text}# more\n`);
  expect(await commit(tree)).toMatchObject({ code: 0, stderr: '' });
  await edit(tree, 'results.tsv', (text) => `${text}1\t2\n`);
  await edit(tree, 'human_journal.md', addEntry);
  await edit(tree, '1_ideas/2026-11-21_mine.md', () => 'mine\n');
  await edit(tree, 'eval.py', (text) => `${text}# easier\n`);
  const { code, stderr } = await commit(tree);
  expect(code).toBe(1);
  for (const [path, rule] of [
    ['results.tsv', 'GLOBAL'],
    ['human_journal.md', 'HUMAN'],
    ['1_ideas/2026-11-21_mine.md', 'RECORD'],
    ['eval.py', 'FROZEN'],
  ]) {
    expect(stderr).toContain(`${path} is ${rule} and was`);
  }
});

test("main's own newer frozen file may be merged into a worktree, and keeping the old one over main's may not pass for a merge", async () => {
  await edit(lab.root, 'eval.py', (text) => `${text}# a human's\n`);
  await edit(lab.root, 'train.py', () => 'main\n');
  await commit(lab.root, '--no-verify');
  await edit(tree, 'train.py', () => 'branch\n');
  await commit(tree);
  expect((await git(tree, 'merge', 'main')).code).toBe(1);
  await edit(tree, 'eval.py', (text) => `${text}# easier\n`);
  await git(tree, 'add', '--all');
  expect((await git(tree, 'commit', '--message=x')).stderr).toContain('`git merge --abort` takes the merge back');
  await git(tree, 'checkout', 'main', '--', 'eval.py');
  await edit(tree, 'train.py', () => 'both\n');
  expect(await commit(tree)).toMatchObject({ code: 0, stderr: '' });

  // On main a merge that takes an older eval.py back was changed by nobody but the merge.
  await git(lab.root, 'branch', 'older', 'main~1');
  await git(lab.root, 'merge', '--no-commit', '--no-ff', '--strategy=ours', 'older');
  await git(lab.root, 'checkout', 'older', '--', 'eval.py');
  expect((await git(lab.root, 'commit', '--message=back')).stderr).toContain('eval.py is FROZEN');
});

test('`--no-verify` passes this lock, and the next one, the check before queueing, still finds the commit', async () => {
  await edit(tree, 'eval.py', (text) => `${text}# easier\n`);
  expect((await commit(tree, '--no-verify')).code).toBe(0);
  const found = await lab.labIn(tree, ['rules', 'check', 'main..HEAD']);
  expect(found.code).toBe(1);
  expect(found.stdout).toMatch(/^[0-9a-f]{7}: eval\.py is FROZEN and was modified/);
  const queued = await lab.labIn(tree, ['add', '--label', 'Q: is it? H: yes', '--', 'python3 train.py']);
  expect(queued.code).toBe(1);
  expect(queued.stderr).toContain('eval.py: FROZEN, but changed since main');
});

test('a violation that a later commit takes back is found in its own commit, and a clean range says so', async () => {
  await edit(tree, 'eval.py', (text) => `${text}# easier\n`);
  await commit(tree, '--no-verify');
  await git(tree, 'revert', '--no-edit', 'HEAD');
  const { found } = JSON.parse((await lab.labIn(tree, ['rules', 'check', 'main..HEAD', '--json'])).stdout);
  expect(found).toEqual([{ commit: await lab.git('rev-parse', 'exp/try~1'), problems: [expect.anything()] }]);
  await edit(tree, 'train.py', () => 'x\n');
  await commit(tree);
  expect((await lab.labIn(tree, ['rules', 'check', 'HEAD~1..'])).stdout).toBe('1 commit: no rule is broken\n');
  expect((await lab.labIn(tree, ['rules', 'check'])).stdout).toBe('what is staged: no rule is broken\n');
});

test('a push of a clean branch passes; one with a violation, or a main that lost rows by rewriting, is refused', async () => {
  const far = join(lab.around, 'far.git');
  await git(lab.around, 'init', '--quiet', '--bare', far);
  await lab.git('remote', 'add', 'origin', far);
  await edit(lab.root, 'results.tsv', (text) => `${text}1\t2\n`);
  await commit(lab.root);
  expect(await git(lab.root, 'push', '--quiet', 'origin', 'main')).toMatchObject({ code: 0, stderr: '' });
  await edit(tree, 'eval.py', (text) => `${text}# easier\n`);
  await commit(tree, '--no-verify');
  const refused = await git(tree, 'push', '--quiet', 'origin', 'exp/try');
  expect(refused.code).toBe(1);
  expect(refused.stderr).toContain('eval.py is FROZEN');
  await lab.git('reset', '--quiet', '--hard', 'HEAD~1');
  await edit(lab.root, 'results.tsv', (text) => `${text}0\t2\n`);
  await commit(lab.root);
  const rewritten = await git(lab.root, 'push', '--quiet', '--force', 'origin', 'main');
  expect(rewritten.code).toBe(1);
  expect(rewritten.stderr).toContain('results.tsv:3 is APPEND-ONLY');
});

test("the user's own hooks run first and can refuse, and get what git tells them", async () => {
  await lab.lab('rules', 'uninstall');
  const hooks = join(lab.root, '.git', 'hooks');
  await writeFile(join(hooks, 'pre-commit'), '#!/bin/sh\necho own >&2\n[ ! -e refuse ]\n', { mode: 0o755 });
  await writeFile(
    join(hooks, 'pre-push'),
    `#!/bin/sh\necho "$1" > "${lab.around}/told"\ncat >> "${lab.around}/told"\n`,
  );
  await chmod(join(hooks, 'pre-push'), 0o700);
  expect((await lab.lab('rules', 'install')).stdout).toContain('pre-commit: installed, after your own');
  await edit(lab.root, 'eval.py', (text) => `${text}# easier\n`);
  const both = await commit(lab.root);
  expect(both.stderr).toMatch(/^own\nnightlab: the file rules/);
  await lab.write('refuse', '');
  await edit(lab.root, 'train.py', () => 'x\n');
  expect(await git(lab.root, 'commit', '--all', '--message=x')).toMatchObject({ code: 1, stderr: 'own' });
  const far = join(lab.around, 'far.git');
  await git(lab.around, 'init', '--quiet', '--bare', far);
  expect((await git(lab.root, 'push', '--quiet', far, 'main')).code).toBe(0);
  expect(readFileSync(join(lab.around, 'told'), 'utf8')).toMatch(
    /^\S+far\.git\nrefs\/heads\/main [0-9a-f]{40} refs\/heads\/main 0+\n$/,
  );
  await lab.lab('rules', 'uninstall');
  expect(statSync(join(hooks, 'pre-push')).mode & 0o777).toBe(0o700);
});

test('`git merge` into main brings no frozen file of a branch along, and takes its ordinary ones', async () => {
  await edit(tree, 'train.py', () => 'branch\n');
  await commit(tree);
  await edit(lab.root, 'human_journal.md', addEntry);
  await commit(lab.root);
  expect((await git(lab.root, 'merge', '--no-edit', 'exp/try')).code).toBe(0);
  await edit(tree, 'eval.py', (text) => `${text}# easier\n`);
  await commit(tree, '--no-verify');
  await edit(lab.root, 'notes.txt', () => 'main moved\n');
  await commit(lab.root);
  const merged = await git(lab.root, 'merge', '--no-edit', 'exp/try');
  expect(merged.code).not.toBe(0);
  expect(merged.stderr).toContain('eval.py is FROZEN and was modified, expected META_MODE');
  expect(merged.stderr).toContain('`git merge --abort` takes the merge back');
  expect(merged.stderr).not.toContain('git restore');
  expect((await git(lab.root, 'merge', '--abort')).code).toBe(0);
});

test('before the first result frozen files may be committed on main, and on a branch not even then', async () => {
  const young = await createTemporaryLab();
  try {
    const folder = join(young.root, '5_worktrees', 'try');
    await young.git('worktree', 'add', '--quiet', '-b', 'exp/try', folder);
    await edit(young.root, 'eval.py', (text) => `${text}# set up\n`);
    expect(await commit(young.root)).toMatchObject({ code: 0, stderr: '' });
    await edit(folder, 'eval.py', (text) => `${text}# easier\n`);
    expect((await commit(folder)).stderr).toContain('eval.py is FROZEN and was modified, expected it untouched');
  } finally {
    await young.remove();
  }
});

test('`lab init --no-hooks` leaves them out, and a hooks folder of all repositories keeps them out with a note', async () => {
  const made = async (name: string, ...words: string[]): Promise<[LabCall, string[]]> => {
    const call = await lab.labIn(lab.around, ['init', name, ...words]);
    const hooks = readdirSync(join(lab.around, name, '.git', 'hooks')).filter((hook) => !hook.endsWith('.sample'));
    return [call, hooks];
  };
  expect((await made('one', '--no-hooks'))[1]).toEqual([]);
  await git(lab.around, 'init', '--quiet', 'two');
  await git(join(lab.around, 'two'), 'config', 'core.hooksPath', '.husky');
  const [call, hooks] = await made('two');
  expect(call.code).toBe(0);
  expect(call.stdout).toContain('note: the git hooks are not installed');
  expect(hooks).toEqual([]);
});

test('a lab.yaml deleted from the folder does not open the lock', async () => {
  await git(lab.root, 'rm', '--quiet', 'lab.yaml');
  const call = await git(lab.root, 'commit', '--message=no lab');
  expect(call.code).toBe(1);
  expect(call.stderr).toContain('lab.yaml is FROZEN and was deleted');
});

test('the holes of a charter may be filled on main, and what was filled is frozen', async () => {
  await edit(lab.root, 'program.md', (text) => text.replace(/\{FILL_IN[^}]*\}/g, 'a goal'));
  expect(await commit(lab.root)).toMatchObject({ code: 0, stderr: '' });
  await edit(lab.root, 'program.md', (text) => `${text}more\n`);
  expect((await commit(lab.root)).stderr).toContain('program.md is FROZEN');
});

test('`lab rules` names each rule of a path and the glob that gives it, from inside a worktree too', async () => {
  await edit(lab.root, 'lab.yaml', (text) => `${text}\nrules:\n  '*.py': [RECORD]\n`);
  await commit(lab.root, '--no-verify');
  const { paths } = JSON.parse((await lab.labIn(tree, ['rules', 'eval.py', 'notes.txt', '--json'])).stdout);
  expect(paths).toEqual([
    {
      path: 'eval.py',
      rules: ['FROZEN', 'RECORD'],
      reasons: [
        { rule: 'FROZEN', glob: 'eval.py', origin: 'built-in' },
        { rule: 'RECORD', glob: '*.py', origin: 'lab.yaml' },
      ],
    },
    { path: 'notes.txt', rules: [], reasons: [] },
  ]);
  expect((await lab.lab('rules')).stdout).toMatch(/^\/results\.tsv +APPEND-ONLY +built-in$/m);
  expect(await lab.lab('rules', '../outside')).toMatchObject({ code: 2 });
});

test('every built-in rule is found by the quick way of the hook too, in other letters and deeper folders', async () => {
  const paths = [
    ...[
      'program.md',
      'lab.yaml',
      'eval.py',
      'prepare.py',
      '0_docs/problem.md',
      'meta_journal.md',
      'uv.lock',
      'poetry.lock',
    ],
    ...['pdm.lock', 'Pipfile.lock', 'conda-lock.yml', 'requirements.lock', 'human_journal.md', 'RESEARCH_JOURNAL.md'],
    ...['results.tsv', 'results.1a2b.tsv', '1_ideas/a/b.md', '9_reports/a.md', '0_docs/papers/a.md'],
    ...['deep/er/EVAL.py', 'deep/uv.lock', '1_IDEAS/c.md'],
  ];
  for (const path of paths) {
    await lab.git('-C', tree, 'reset', '--quiet', '--hard');
    await lab.write(`5_worktrees/try/${path}`, 'other\n');
    const call = await commit(tree);
    expect(call.stderr, path).toContain(`${path} is `);
  }
}, 400_000);
