/**
 * A training repository of autoresearch's shape becomes a lab with `lab init --adopt`, works although it has no journals and no table, and
 * is given back by `lab deinit`. Real git, real runs; uv is a stand-in.
 */
import { createHash } from 'node:crypto';
import { lstat, mkdir, readdir, readFile, readlink, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { packageRoot } from '../config/package-root.ts';
import { probeSandbox } from '../sandbox/bubblewrap.ts';
import { createTemporaryLab, type LabCall, type TemporaryLab } from './temporary-lab.ts';
import { createTrainingRepository, prepareTrainingData, putUvOnPath } from './training-repository-for-tests.ts';

const own = ['0_docs/papers/README.md', '1_ideas/_TEMPLATE.md', '9_reports/_TEMPLATE.md', 'lab.yaml'];
const sandbox = await probeSandbox();

let around: TemporaryLab;
let home = '';
let env: Record<string, string> = {};
let count = 0;

beforeAll(async () => {
  // Not used as a lab: its folder, its environment and its way to end everything are.
  around = await createTemporaryLab();
  home = join(around.around, 'home');
  const uv = await putUvOnPath(join(home, 'bin'));
  env = { HOME: home, PATH: `${uv}:${around.env.PATH}` };
});
afterAll(async () => await around.remove());

interface Clone {
  root: string;
  lab(...args: string[]): Promise<LabCall>;
  git(...args: string[]): Promise<string>;
}

async function createClone(): Promise<Clone> {
  count += 1;
  const root = join(around.around, `clone${count}`);
  await createTrainingRepository(root);
  await prepareTrainingData(root, home);
  return at(root);
}

function at(root: string): Clone {
  return {
    root,
    lab: (...args) => around.labIn(root, args, env),
    git: async (...args) => (await execa('git', args, { cwd: root, env: around.env, extendEnv: false })).stdout,
  };
}

/** Every file with a digest, links with their target; `.git` too. */
async function readTree(folder: string, below = ''): Promise<string[]> {
  const lines: string[] = [];
  for (const name of (await readdir(join(folder, below))).sort()) {
    const path = join(below, name);
    const stats = await lstat(join(folder, path));
    if (stats.isDirectory()) lines.push(`${path}/`, ...(await readTree(folder, path)));
    else if (stats.isSymbolicLink()) lines.push(`${path} -> ${await readlink(join(folder, path))}`);
    else
      lines.push(
        `${path} ${createHash('sha256')
          .update(await readFile(join(folder, path)))
          .digest('hex')}`,
      );
  }
  return lines;
}

const add = (...words: string[]) => ['add', '--wait', '--label', 'Q: does it help? H: -0.1 val_bpb', ...words];
const exampleOf = async (name: string): Promise<string> => {
  const guide = await readFile(join(packageRoot(), '0_docs', 'guide', 'adopting.md'), 'utf8');
  const found = guide.split('```').find((block) => block.startsWith(`python\n# ${name}`));
  if (found === undefined) throw new Error(`the guide has no example that begins with # ${name}`);
  return found.slice('python\n'.length);
};

test('a dry run shows every file with its content and leaves the tree and .git as they were, to the byte', async () => {
  const { root, lab } = await createClone();
  await writeFile(join(root, 'note.txt'), 'mine\n');
  await writeFile(join(root, 'train.py'), 'print("edited")\n');
  const before = await readTree(root);
  const text = await lab('init', '--adopt', '--dry-run', '--hooks');
  const json = await lab('init', '--adopt', '--dry-run', '--json');
  expect(await readTree(root)).toEqual(before);
  expect([text.code, json.code]).toEqual([0, 0]);
  const plan = JSON.parse(json.stdout) as { files: { path: string; text: string }[]; commit: { hash: string | null } };
  expect(plan.commit.hash).toBeNull();
  expect(plan.files.map(({ path }) => path).sort()).toEqual(own);
  for (const { path, text: content } of plan.files) expect(text.stdout).toContain(`--- ${path}\n${content.trimEnd()}`);
  for (const shown of [
    'TIME_BUDGET 10',
    'MAX_SEQ_LEN 64',
    'EVAL_TOKENS 4096',
    'master',
    '/5_worktrees/',
    'uv sync --frozen',
  ])
    expect(text.stdout).toContain(shown);
  await rm(join(root, 'note.txt'));
  expect((await lab('init', '--adopt')).code).toBe(0);
  for (const { path, text: content } of plan.files) expect(await readFile(join(root, path), 'utf8')).toBe(content);
});

test('adopting commits exactly four files on master; what was staged, edited or untracked stays so, and no hook is made', async () => {
  const { root, lab, git } = await createClone();
  await writeFile(join(root, 'staged.txt'), 'staged\n');
  await git('add', 'staged.txt');
  await writeFile(join(root, 'train.py'), 'print("edited")\n');
  await mkdir(join(root, '1_ideas'));
  await writeFile(join(root, '1_ideas', 'mine.md'), 'mine\n');
  await writeFile(join(root, 'results.tsv'), 'commit\tval_bpb\n');
  const before = { status: await git('status', '--porcelain', '--untracked-files=all'), tree: await readTree(root) };
  const made = await lab('init', '--adopt');
  expect(made).toMatchObject({ code: 0, stderr: '' });
  expect((await git('show', '--format=', '--name-only', 'master')).split('\n').sort()).toEqual(own);
  expect(await git('rev-list', '--count', 'master')).toBe('2');
  expect(await git('status', '--porcelain', '--untracked-files=all')).toBe(before.status);
  const isOfGit = (line: string) => line.startsWith('.git/');
  const added = (await readTree(root)).filter((line) => !isOfGit(line) && !before.tree.includes(line));
  expect(added.filter((line) => !line.endsWith('/')).map((line) => line.split(' ')[0])).toEqual(own);
  expect((await readdir(join(root, '.git', 'hooks'))).filter((name) => !name.endsWith('.sample'))).toEqual([]);
  const exclude = await readFile(join(root, '.git', 'info', 'exclude'), 'utf8');
  expect(exclude.split('\n').filter((line) => line !== '' && !line.startsWith('#'))).toEqual([
    ...['/.lab/', '/5_worktrees/', '/lab.local.yaml'],
  ]);
  for (const word of [
    'train.py has uncommitted changes',
    '1_ideas/ (1)',
    'results.tsv is here, yours',
    'self-reported',
  ])
    expect(made.stdout).toContain(word);
  const again = await readTree(root);
  for (const words of [
    ['init', '--adopt'],
    ['init', '--adopt', '--dry-run'],
  ]) {
    const call = await lab(...words);
    expect(call).toMatchObject({ code: 1, stdout: '' });
    expect(call.stderr).toContain('is a lab already');
  }
  expect(await readTree(root)).toEqual(again);
});

test('baseline, a job, META_MODE, audit and doctor work although the lab began without journals and table, and a table of the user stays his', async () => {
  const { root, lab, git } = await createClone();
  expect((await lab('init', '--adopt', '--hooks')).stdout).toContain('git hooks installed');
  const mine = 'commit\tval_bpb\tmemory_gb\tstatus\tdescription\nabc1234\t0.5\t1.0\tkeep\tby hand\n';
  await writeFile(join(root, 'results.tsv'), mine);
  const baseline = await lab('baseline', '--seeds', '2');
  expect(baseline.code).toBe(0);
  expect(baseline.stdout).toContain('flags self-reported');
  await writeFile(join(root, 'train.py'), (await git('show', 'master:train.py')).replace('ORDER = 2', 'ORDER = 3'));
  expect((await lab(...add('--', 'uv', 'run', 'train.py'))).stdout).toContain('keep');
  expect(await git('show', 'master:results.tsv')).toMatch(/^[0-9a-f]{7}\t0\.\d{6}\t.*\tkeep\t.*self-reported/m);
  expect(await git('show', 'master:RESEARCH_JOURNAL.md')).toMatch(/Baseline over 2 seeds[\s\S]*$/);
  expect(await readFile(join(root, 'results.tsv'), 'utf8')).toBe(mine);
  await git('restore', 'results.tsv');

  const refused = await lab('meta', 'on', '--reason', 'a longer evaluation');
  expect(refused.code).toBe(1);
  const day = `${new Date().getFullYear()}-${String(new Date().getMonth() + 1).padStart(2, '0')}-${String(new Date().getDate()).padStart(2, '0')}`;
  const meta = (...words: string[]) => around.labIn(root, ['meta', ...words], { ...env, META_MODE: '1' });
  expect((await meta('on', '--reason', 'r')).stderr).toContain('there is none yet: write');
  await writeFile(join(root, 'human_journal.md'), `## ${day}: a longer evaluation\n\nMETA_MODE=1\n`);
  expect((await meta('on', '--reason', 'a longer evaluation')).code).toBe(0);
  const prepare = await readFile(join(root, 'prepare.py'), 'utf8');
  await writeFile(join(root, 'prepare.py'), prepare.replace('EVAL_TOKENS = 4', 'EVAL_TOKENS = 3'));
  const off = await meta('off', '--yes', '--worked', 'a', '--failed', 'b', '--change', 'c');
  expect(off).toMatchObject({ code: 0 });
  expect((await git('show', '--format=', '--name-only', 'master')).split('\n')).toEqual([
    ...['human_journal.md', 'meta_journal.md', 'prepare.py'],
  ]);
  expect((await lab('audit')).stdout).toContain('nothing wrong');
  expect((await lab('doctor')).stdout).not.toMatch(/^BAD /m);
  expect((await lab('deinit')).stdout).toContain('refs below refs/nightlab/');
});

test('a run sees the data and cannot write it, and a commit that adds a dependency file or edits prepare.py is refused', async () => {
  const { root, lab, git } = await createClone();
  expect((await lab('init', '--adopt')).code).toBe(0);
  const train = await readFile(join(root, 'train.py'), 'utf8');
  const data = join(home, '.cache', 'autoresearch', 'data', 'train.txt');
  if (sandbox.kind === 'bubblewrap') {
    await writeFile(join(root, 'train.py'), `${train}\nopen(${JSON.stringify(data)}, "a").write("x")\n`);
    const call = await lab(...add('--', 'uv', 'run', 'train.py'));
    expect(call.stdout + call.stderr).toContain('Read-only file system');
  }
  await git('restore', 'train.py');
  for (const [path, text] of [
    ['requirements-extra.txt', 'numpy\n'],
    ['.python-version', '3.12\n'],
    ['prepare.py', '# nothing\n'],
    ['pyproject.toml', '[project]\nname = "x"\nversion = "1"\n'],
  ] as const) {
    await writeFile(join(root, path), text);
    const call = await lab(...add('--', 'uv', 'run', 'train.py'));
    expect([call.code === 0, call.stdout + call.stderr]).toEqual([false, expect.stringContaining(`${path}: FROZEN`)]);
    await git('stash', '--include-untracked', '--quiet');
  }
});

test('with the score step of the guide the number is the checkpoint’s, whatever train prints, and no row is flagged', async () => {
  const { root, lab, git } = await createClone();
  await writeFile(join(root, 'eval.py'), await exampleOf('eval.py'));
  await git('add', 'eval.py');
  await git('commit', '--quiet', '-m', 'a scorer');
  expect((await lab('init', '--adopt', '--score', 'uv run eval.py')).stdout).not.toContain('self-reported');
  const train = `${await readFile(join(root, 'train.py'), 'utf8')}\n${await exampleOf('train.py, at the end')}`;
  await writeFile(join(root, 'train.py'), train);
  await git('commit', '--quiet', '-am', 'leave the model');
  const honest = await lab(...add('--', 'uv', 'run', 'train.py'));
  const value = /val_bpb (\d\.\d{6})/.exec(honest.stdout)?.[1] ?? 'none';
  const log = await readFile(join(root, '.lab', 'runs', '1', '1', 'run.log'), 'utf8');
  expect(log).toContain(`val_bpb:          ${value}`);
  await writeFile(join(root, 'train.py'), train.replace('{val_bpb:.6f}', '{0.1:.6f}'));
  const lying = await lab(...add('--', 'uv', 'run', 'train.py'));
  expect(lying.stdout).toContain(`val_bpb ${value}`);
  const table = await git('show', 'master:results.tsv');
  expect(table).not.toContain('self-reported');
  expect(table).not.toContain('\t0.100000\t');
});

const go = (folder: string) => async () => at(folder);

test.each<[string, (clone: Clone) => Promise<Clone | unknown>, string]>([
  [
    'another branch',
    ({ git }) => git('switch', '--quiet', '-c', 'autoresearch/mar5'),
    'is on autoresearch/mar5, expected master',
  ],
  [
    'a detached HEAD',
    ({ git }) => git('checkout', '--quiet', '--detach'),
    'is on no branch (detached HEAD), expected master',
  ],
  [
    'no commit',
    ({ root, git }) => rm(join(root, '.git'), { recursive: true }).then(() => git('init', '--quiet')),
    'has no commit yet',
  ],
  ['no repository', ({ root }) => rm(join(root, '.git'), { recursive: true }), 'is no git repository'],
  [
    'a bare repository',
    ({ root, git }) => git('clone', '--quiet', '--bare', '.', `${root}.git`).then(go(`${root}.git`)),
    'is a bare repository',
  ],
  [
    'a folder inside',
    ({ root }) => mkdir(join(root, 'deep')).then(go(join(root, 'deep'))),
    'lies inside the repository',
  ],
  [
    'a linked worktree',
    ({ root, git }) => git('worktree', 'add', '--quiet', `${root}-tree`, '-b', 'x').then(go(`${root}-tree`)),
    'is a linked worktree of',
  ],
  ['a file where the lab keeps a folder', ({ root }) => writeFile(join(root, '9_reports'), ''), 'is no folder'],
  [
    'a committed table of another tool',
    async ({ root, git }) => {
      await writeFile(join(root, 'results.tsv'), 'commit\tval_bpb\n');
      await git('add', '--force', 'results.tsv');
      await git('commit', '--quiet', '-m', 'table');
    },
    "results.tsv is committed here with another tool's columns",
  ],
  ['git at work', ({ root }) => writeFile(join(root, '.git', 'index.lock'), ''), 'nothing was written: git is at work'],
])('%s is refused with what helps, and nothing changes', async (_what, prepare, words) => {
  const made = await createClone();
  const elsewhere = await prepare(made);
  const clone = elsewhere instanceof Object ? (elsewhere as Clone) : made;
  // Objects that no commit names are no change.
  const look = async () => (await readTree(clone.root)).filter((line) => !/^(?:\.git\/)?objects\//.test(line));
  const before = await look();
  const call = await clone.lab('init', '--adopt');
  expect(call).toMatchObject({ code: 1, stdout: '' });
  expect(call.stderr).toContain(words);
  expect(call.stderr).toContain('hint: ');
  expect(await look()).toEqual(before);
});

test('a metric name that no lab can have, and a scorer that is not committed, are told before anything rests on them', async () => {
  const { root, lab } = await createClone();
  const before = await readTree(root);
  const refused = await lab('init', '--adopt', '--metric', 'val bpb');
  expect(refused.code).not.toBe(0);
  expect(refused.stderr).toMatch(/metric\.name.*letters/s);
  expect(await readTree(root)).toEqual(before);
  await writeFile(join(root, 'measure.py'), 'print("val_bpb: 1.0")\n');
  const made = await lab('init', '--adopt', '--score', 'uv run measure.py');
  expect(made.stdout).toContain('warning: the score command names measure.py, which main has not');
  expect(await readFile(join(root, 'lab.yaml'), 'utf8')).toContain('"/measure.py": [FROZEN]');
});

test('an adoption that is killed once its commit is made is completed by the next, and leaves no lock', async () => {
  const { root, lab, git } = await createClone();
  const first = await git('rev-parse', 'master');
  await around.labIn(root, ['init', '--adopt'], { ...env, LAB_STOP_AT: 'adoption-committed' });
  expect(await git('rev-parse', 'master~1')).toBe(first);
  expect(await readdir(root)).not.toContain('lab.yaml');
  const call = await lab('init', '--adopt');
  expect(call.stderr).toContain('what an adoption that was cut off had left to do is done now');
  expect(await git('status', '--porcelain')).toBe('');
  expect((await git('show', '--format=', '--name-only', 'master')).split('\n').sort()).toEqual(own);
  expect((await readdir(join(root, '.git'))).filter((name) => /lock|nightlab/.test(name))).toEqual([]);
  expect((await lab('doctor')).stdout).not.toMatch(/^BAD /m);
});

test('without prepare.py the preset is generic and says why; asked for, autoresearch is refused with the missing file', async () => {
  const { root, lab, git } = await createClone();
  await git('rm', '--quiet', 'prepare.py');
  await git('commit', '--quiet', '-m', 'other shape');
  const refused = await lab('init', '--adopt', '--preset', 'autoresearch');
  expect(refused.code).toBe(1);
  expect(refused.stderr).toContain('prepare.py is not here');
  const made = await lab('init', '--adopt', '--metric', 'val_loss');
  expect(made.stdout).toContain('preset generic, because prepare.py is not here');
  expect(made.stdout).toContain('neither train.py nor prepare.py names val_loss');
  const yaml = await readFile(join(root, 'lab.yaml'), 'utf8');
  expect(yaml).toContain('name: "val_loss"');
  expect(yaml).not.toContain('prepare.py');
});

test('`lab deinit --yes --purge --files` gives the repository back, but for two commits that it says how to drop', async () => {
  const { root, lab, git } = await createClone();
  const files = async () =>
    (await readTree(root)).filter((line) => !line.startsWith('.git/') || /info\/exclude/.test(line));
  const before = { files: await files(), refs: await git('for-each-ref', '--format=%(refname)') };
  const first = await git('rev-parse', 'HEAD');
  expect((await lab('init', '--adopt', '--hooks')).code).toBe(0);
  // A task leaves no record on main.
  await lab('add', '--wait', '--task', '--', 'true');
  const left = await lab('deinit', '--yes', '--purge', '--files');
  expect(left.code).toBe(0);
  expect(await files()).toEqual(before.files);
  expect(await git('for-each-ref', '--format=%(refname)')).toBe(before.refs);
  expect(await git('diff', first, 'master')).toBe('');
  expect(left.stdout).toContain(`git reset --keep ${first.slice(0, 12)}`);
  expect((await readdir(join(root, '.git', 'hooks'))).filter((name) => !name.endsWith('.sample'))).toEqual([]);
});

test('`lab deinit --purge` keeps the table of a session, which no commit holds', async () => {
  const { root, lab, git } = await createClone();
  expect((await lab('init', '--adopt')).code).toBe(0);
  const rows = 'commit\tval_bpb\tmemory_gb\tstatus\tdescription\nabc1234\t0.9\t0.1\tkeep\tbaseline\n';
  const tree = join(root, '5_worktrees', 'autoresearch-mar5');
  await git('worktree', 'add', '--quiet', tree, '-b', 'autoresearch/mar5');
  await writeFile(join(tree, 'results.tsv'), rows);
  const other = join(root, '.lab', 'ratchet', 'mar6');
  await mkdir(other, { recursive: true });
  await writeFile(join(other, 'results.tsv'), rows);
  await writeFile(join(other, 'log.txt'), 'x\n');
  const call = await lab('deinit', '--yes', '--purge');
  expect(call.code).toBe(0);
  expect(await readFile(join(tree, 'results.tsv'), 'utf8')).toBe(rows);
  expect(await readdir(join(root, '.lab'), { recursive: true })).toEqual([
    ...['ratchet', join('ratchet', 'mar6'), join('ratchet', 'mar6', 'results.tsv')],
  ]);
  expect(call.stdout).toContain(`kept ${tree}`);
});
