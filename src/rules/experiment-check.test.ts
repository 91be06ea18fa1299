/** Changes of experiments that are turned away and such that are not, against real git. */
import { chmod, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { configSchema, type RawLabConfig } from '../config/schema.ts';
import { createTemporaryRepository, type TemporaryRepository } from '../scenarios/temporary-repository.ts';
import { checkExperimentCommit } from './experiment-check.ts';

let repository: TemporaryRepository;

beforeEach(async () => {
  repository = await createTemporaryRepository({
    'program.md': 'charter\n',
    'results.tsv': 'commit\n',
    'human_journal.md': '# mine\n',
    '1_ideas/2026-11-21_known.md': 'idea\n',
    'problem/prepare.py': 'evaluate()\n',
    'problem/train.py': 'rate = 0.3\n',
  });
  await repository.git('checkout', '--quiet', '-b', 'exp/try');
});

afterEach(async () => {
  await repository.remove();
});

async function commitAll(): Promise<void> {
  await repository.git('add', '--all', '--force');
  await repository.git('commit', '--quiet', '--allow-empty', '--message=change');
}

async function check(config: RawLabConfig = {}, base = 'main'): Promise<string[]> {
  await commitAll();
  const { root } = repository;
  return await checkExperimentCommit({
    root,
    main: 'main',
    base,
    commit: 'exp/try',
    config: configSchema.parse(config),
  });
}

test('an edit of a regular file, a new one beside it and a link inside pass', async () => {
  await repository.write('problem/train.py', 'rate = 0.4\n');
  await repository.write('problem/features of mine.py', 'def features(): ...\n');
  await symlink('train.py', join(repository.root, 'problem', 'model.py'));
  expect(await check()).toEqual([]);
});

test('a commit without a change is told apart from one that passes', async () => {
  expect(await check()).toEqual([expect.stringMatching(/^changes nothing/)]);
});

test('an edited, a deleted and an added frozen file are each named', async () => {
  await repository.write('problem/prepare.py', 'return 0\n');
  await rm(join(repository.root, 'program.md'));
  await repository.write('other/eval.py', 'print(1)\n');
  const problems = await check();
  for (const path of ['other/eval.py', 'problem/prepare.py', 'program.md']) {
    expect(problems).toContainEqual(
      expect.stringMatching(new RegExp(`^${path} is FROZEN, and the experiment changes`)),
    );
  }
  expect(problems).toHaveLength(3);
});

test('a frozen file that only the base changed is named as the fault of the base', async () => {
  await repository.write('problem/model.py', 'champion\n');
  await commitAll();
  await repository.git('branch', 'champion');
  await repository.write('problem/train.py', 'rate = 0.5\n');
  const frozen = await check({ rules: { 'model.py': ['FROZEN'] } }, 'champion');
  expect(frozen).toEqual([expect.stringMatching(/^problem\/model\.py is FROZEN, and the base changed it/)]);
  expect(await check({}, 'champion')).toEqual([]);
});

test('a frozen file that main changed later is no fault of the experiment', async () => {
  await repository.write('problem/train.py', 'rate = 0.4\n');
  await commitAll();
  await repository.git('checkout', '--quiet', 'main');
  await repository.write('problem/prepare.py', 'evaluate_better()\n');
  await commitAll();
  await repository.git('checkout', '--quiet', 'exp/try');
  const { root } = repository;
  const base = await repository.git('merge-base', 'main', 'exp/try');
  const change = { root, main: 'main', base, commit: 'exp/try', config: configSchema.parse({}) };
  expect(await checkExperimentCommit(change)).toEqual([]);
});

test.each([
  ['results.tsv', 'GLOBAL, APPEND-ONLY'],
  ['human_journal.md', 'HUMAN, APPEND-ONLY'],
  ['1_ideas/2026-11-21_known.md', 'RECORD'],
  ['9_reports/2026-11-22_mine.md', 'RECORD'],
  ['notes.md', 'RECORD'],
])('%s may not be written, because it is %s', async (path, rules) => {
  await repository.write(path, 'better\n');
  const problems = await check({ rules: { 'notes.md': ['RECORD'] } });
  expect(problems).toEqual([expect.stringMatching(new RegExp(`^${path} is ${rules}: `))]);
});

test.each(['.lab/score-seed', '5_worktrees/x', 'lab.local.yaml', 'problem/.gitattributes', '.gitmodules'])(
  '%s has no place in an experiment',
  async (path) => {
    await repository.write(path, '');
    expect(await check()).toEqual([expect.stringMatching(`^${path.replace('.', '\\.')} .*leave it out`)]);
  },
);

test('added and removed lines count together, and the largest file is named', async () => {
  await repository.write('problem/train.py', 'a\nb\nc\n');
  await repository.write('problem/new.py', 'a\n');
  expect(await check({ experiment: { maxChangedLines: 5 } })).toEqual([]);
  expect(await check({ experiment: { maxChangedLines: 4 } })).toEqual([
    expect.stringMatching(/^changes 5 lines, 4 of them in problem\/train\.py, expected at most 4 \(experiment\.max/),
  ]);
});

test('more files than allowed are counted', async () => {
  for (const name of ['a', 'b', 'c']) await repository.write(`problem/${name}.py`, '1\n');
  expect(await check({ experiment: { maxChangedFiles: 3 } })).toEqual([]);
  expect(await check({ experiment: { maxChangedFiles: 2 } })).toEqual([expect.stringMatching(/^touches 3 files/)]);
});

test('a binary is turned away, also where an attribute calls it text, and one taken away is not', async () => {
  await repository.write('weights.bin', new Uint8Array([0, 1]));
  expect(await check()).toEqual([expect.stringMatching(/^weights\.bin is binary/)]);
  await repository.write('.git/info/attributes', '*.bin diff\n');
  expect(await check()).toEqual([expect.stringMatching(/^weights\.bin is binary/)]);
  await repository.git('branch', 'with-weights');
  await rm(join(repository.root, 'weights.bin'));
  expect(await check({}, 'with-weights')).toEqual([]);
});

test('a file over 1 MB is turned away for its size', async () => {
  await repository.write('data.csv', `${'1'.repeat(999_999)}\n`);
  expect(await check()).toEqual([]);
  await repository.write('data.csv', `${'1'.repeat(1_200_000)}\n`);
  expect(await check()).toEqual([expect.stringMatching(/^data\.csv has 1\.2 MB, expected at most 1 MB/)]);
});

test('a link out of the tree is turned away with its target', async () => {
  await symlink('/etc/passwd', join(repository.root, 'problem', 'data'));
  await symlink('../../up', join(repository.root, 'problem', 'up'));
  expect(await check()).toEqual([
    'problem/data is a symbolic link to "/etc/passwd", which is absolute',
    'problem/up is a symbolic link to "../../up", which leaves the repository',
  ]);
});

test('a submodule is turned away', async () => {
  const head = await repository.git('rev-parse', 'HEAD');
  await repository.git('update-index', '--add', '--cacheinfo', `160000,${head},module`);
  await repository.git('commit', '--quiet', '--message=module');
  const { root } = repository;
  const change = { root, main: 'main', base: 'main', commit: 'exp/try', config: configSchema.parse({}) };
  expect(await checkExperimentCommit(change)).toEqual([expect.stringMatching(/^module is a submodule/)]);
});

test('a file called like a secret and a text with a key are turned away, and the key is not repeated', async () => {
  const key = `gh${'p_'}aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bC1eF3hJ5`;
  await repository.write('problem/.env', 'A=1\n');
  await repository.write('problem/train.py', `rate = 0.3\ntoken = "${key}"\n`);
  const problems = await check();
  expect(problems).toEqual([
    expect.stringMatching(/^problem\/\.env is called like a secret/),
    expect.stringMatching(/^problem\/train\.py:2 holds what looks like a GitHub token \(ghp_…\)/),
  ]);
  expect(problems.join('\n')).not.toContain(key.slice(0, 8));
});

test("a key that the base's file held already is no reason, a further one is", async () => {
  const old = `gh${'p_'}aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bC1eF3hJ5`;
  await repository.write('problem/train.py', `old = "${old}"\n`);
  await commitAll();
  await repository.git('branch', 'champion');
  await repository.write('problem/train.py', `old = "${old}"\nrate = 0.4\n`);
  expect(await check({}, 'champion')).toEqual([]);
  await repository.write('problem/train.py', `old = "${old}"\nnew = "${old.replace('aB3', 'cD4')}"\n`);
  expect(await check({}, 'champion')).toEqual([expect.stringMatching(/^problem\/train\.py:2 holds/)]);
});

test('a commit that does not stand on its base is turned away', async () => {
  await repository.git('branch', 'champion');
  await repository.git('checkout', '--quiet', 'champion');
  await repository.write('problem/train.py', 'champion\n');
  await commitAll();
  await repository.git('checkout', '--quiet', 'exp/try');
  await repository.write('problem/train.py', 'rate = 0.4\n');
  expect(await check({}, 'champion')).toEqual([expect.stringMatching(/does not stand on its base/)]);
});

test('many problems are cut and counted, and a name cannot forge a line', async () => {
  for (let index = 0; index < 30; index++) await repository.write(`reports/${index}\nfine.md`, '1\n');
  const problems = await check();
  expect(problems).toHaveLength(21);
  expect(problems.at(-1)).toBe('and 11 more problems of this kind');
  expect(problems.every((problem) => !problem.includes('\n'))).toBe(true);
});

test('an executable bit passes on a regular file and is refused on a frozen one', async () => {
  await chmod(join(repository.root, 'problem', 'train.py'), 0o755);
  expect(await check()).toEqual([]);
  await chmod(join(repository.root, 'problem', 'prepare.py'), 0o755);
  expect(await check()).toEqual([expect.stringMatching(/^problem\/prepare\.py is FROZEN/)]);
});

test('a link or a submodule in place of a frozen file or of the folder above it is refused by the frozen name', async () => {
  const inPlace = [expect.stringMatching(/^problem\/prepare\.py is FROZEN, and the experiment changes it/)];
  await repository.git('mv', 'problem', 'other');
  await symlink('other', join(repository.root, 'problem'));
  expect(await check()).toEqual(expect.arrayContaining(inPlace));
  await repository.git('reset', '--quiet', '--hard', 'main');
  await rm(join(repository.root, 'problem', 'prepare.py'));
  await symlink('train.py', join(repository.root, 'problem', 'prepare.py'));
  expect(await check()).toEqual(expect.arrayContaining(inPlace));
  await repository.git('reset', '--quiet', '--hard', 'main');
  const head = await repository.git('rev-parse', 'HEAD');
  for (const place of ['problem/prepare.py', 'problem']) {
    await repository.git('rm', '-r', '--quiet', '--cached', place);
    await repository.git('update-index', '--add', '--cacheinfo', `160000,${head},${place}`);
    await repository.git('commit', '--quiet', '--message=submodule');
    const { root } = repository;
    const change = { root, main: 'main', base: 'main', commit: 'exp/try', config: configSchema.parse({}) };
    expect(await checkExperimentCommit(change)).toEqual(expect.arrayContaining(inPlace));
    await repository.git('reset', '--quiet', '--hard', 'main');
  }
});

test('a frozen file under another name leaves the old place empty and is refused there; a copy is refused where it lies', async () => {
  await repository.git('mv', 'problem/prepare.py', 'problem/ready.py');
  expect(await check()).toEqual([expect.stringMatching(/^problem\/prepare\.py is FROZEN/)]);
  await repository.git('reset', '--quiet', '--hard', 'main');
  await repository.write('copy/prepare.py', 'evaluate()\n');
  expect(await check()).toEqual([expect.stringMatching(/^copy\/prepare\.py is FROZEN/)]);
});

test('a package beside a frozen module is refused with the reason', async () => {
  await repository.write('problem/prepare/__init__.py', 'print(0)\n');
  expect(await check()).toEqual([
    expect.stringMatching(
      /^problem\/prepare\/__init__\.py is in a package .* place of the frozen problem\/prepare\.py: give/,
    ),
  ]);
});

test('another seed and nothing else is turned away; a real change beside it, or a comment alone, is not', async () => {
  const before = '"""A model."""\nimport random\n\nrate = 0.3\nrng = random.Random(1)  # any\n';
  await repository.write('problem/train.py', before);
  await repository.write('problem/model.py', 'layers = 3  # few\n');
  await commitAll();
  await repository.git('branch', 'start');
  await repository.write('problem/train.py', before.replace('Random(1)  # any', 'Random(77)  # a luckier one'));
  await repository.write('problem/model.py', 'layers = 3  # still few\n');
  expect(await check({}, 'start')).toEqual([
    expect.stringMatching(/^problem\/train\.py:5 moves a seed .*Random\(1\).*Random\(77\).* nothing else changes/),
  ]);
  await repository.write('problem/model.py', 'layers = 4  # more\n');
  expect(await check({}, 'start')).toEqual([]);
  await repository.git('reset', '--quiet', '--hard', 'start');
  await repository.write('problem/train.py', before.replace('# any', '# whatever'));
  expect(await check({}, 'start')).toEqual([]);
});

test('a new seed along with a new, a deleted or a newly executable file is no seed-only change', async () => {
  const before = 'seed = 1\n';
  await repository.write('problem/train.py', before);
  await repository.write('problem/old.py', 'x = 1\n');
  await commitAll();
  await repository.git('branch', 'start');
  await repository.write('problem/train.py', 'seed = 2\n');
  expect(await check({}, 'start')).toHaveLength(1);
  await repository.write('problem/new.py', 'x = 1\n');
  expect(await check({}, 'start')).toEqual([]);
  await rm(join(repository.root, 'problem', 'new.py'));
  await rm(join(repository.root, 'problem', 'old.py'));
  expect(await check({}, 'start')).toEqual([]);
  await repository.write('problem/old.py', 'x = 1\n');
  await chmod(join(repository.root, 'problem', 'old.py'), 0o755);
  expect(await check({}, 'start')).toEqual([]);
});
