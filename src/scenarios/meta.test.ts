/** META_MODE in a whole lab, through the real client and real git: who may open it, what may be committed in it, and what `lab meta off` commits. */
import { appendFileSync, existsSync, readdirSync } from 'node:fs';
import { chmod, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import {
  createTemporaryLab,
  evalScript,
  type LabCall,
  labCommand,
  type TemporaryLab,
  waitUntil,
} from './temporary-lab.ts';
import { runOnTerminal } from './terminal.ts';

// Each test gives a dozen commands, which a busy machine takes minutes for.
vi.setConfig({ testTimeout: 300_000 });

let lab: TemporaryLab;
const set = { META_MODE: '1' };

beforeEach(async () => {
  lab = await createTemporaryLab();
  await lab.write('results.tsv', `${await lab.read('results.tsv')}0\t1\n`);
  await lab.git('commit', '--quiet', '--all', '--message=a row');
});

afterEach(async () => {
  await lab.remove();
});

const meta = (...words: string[]): Promise<LabCall> => lab.labIn(lab.root, ['meta', ...words], set);
const answers = ['--worked', 'the metric', '--failed', 'nothing', '--change', 'ask earlier'];

/** Writes an entry with these lines on top of the human's journal. */
async function grant(...lines: string[]): Promise<void> {
  const [first = '', ...entries] = (await lab.read('human_journal.md')).split(/^(?=## \S+ (?:mine|again))/m);
  await lab.write('human_journal.md', `${first.trimEnd()}\n\n${lines.join('\n')}\n\n${entries.join('')}`);
}

function today(days = 0): string {
  const date = new Date(Date.now() + days * 86_400_000);
  const two = (value: number) => String(value).padStart(2, '0');
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

// Good until tomorrow, so that a test that runs over midnight does not lose it.
const good = () => grant(`## ${today()} mine`, '', `- \`META_MODE=1 until ${today(1)}\``);

async function open(): Promise<void> {
  await good();
  expect((await meta('on', '--reason', 'a second metric')).code).toBe(0);
}

async function commit(env: Record<string, string>, ...words: string[]): Promise<LabCall> {
  const settings = { cwd: lab.root, env: { ...lab.env, ...env }, extendEnv: false, reject: false } as const;
  const call = await execa('git', ['commit', '--quiet', '--message=change', ...words], settings);
  return { code: call.exitCode ?? null, stdout: call.stdout, stderr: call.stderr };
}

const secondMetric = evalScript.replace('print("---")', 'print("---")\nprint("size:             1")');

test('META_MODE opens only with a grant of today, the variable, and outside of agents and runs', async () => {
  const refused = async (words: string, call: Promise<LabCall>): Promise<void> => {
    const { code, stderr } = await call;
    expect(stderr).toContain(words);
    expect(code).toBe(1);
    expect(existsSync(join(lab.root, '.lab', 'meta.json'))).toBe(false);
  };
  const on = ['meta', 'on', '--reason', 'x'];
  await refused('has no entry', meta('on', '--reason', 'x'));
  await grant('## 2020-01-01 mine', 'META_MODE=1');
  await refused('was for 2020-01-01 only', meta('on', '--reason', 'x'));
  await good();
  await refused('META_MODE is not set in the environment, expected 1\nhint: META_MODE=1 lab meta on', lab.lab(...on));
  for (const name of ['LAB_ROLE', 'LAB_JOB', 'LAB_RUN'])
    await refused(`${name} is set`, lab.labIn(lab.root, on, { ...set, [name]: '1' }));
  await lab.git('switch', '--quiet', '-c', 'aside');
  await refused('is on aside, expected main', meta('on', '--reason', 'x'));
  await lab.git('switch', '--quiet', 'main');
  expect((await meta('on')).code).toBe(2);
  const opened = await meta('on', '--reason', 'a second metric');
  expect(opened.code).toBe(0);
  expect(opened.stdout).toMatch(/^ {2}eval\.py$/m);
  expect(opened.stdout).not.toContain('meta_journal.md');
  expect((await meta('on', '--reason', 'x')).stderr).toContain('META_MODE is open already');
});

test('a frozen file is committed by hand only while it is open, with the variable, and together with the grant', async () => {
  await good();
  await lab.write('eval.py', secondMetric);
  await lab.git('add', '--all');
  expect((await commit(set)).stderr).toContain('META_MODE is closed');
  expect((await meta('on', '--reason', 'a second metric')).code).toBe(0);
  expect((await commit({})).stderr).toContain('the environment has no META_MODE=1');
  expect((await commit({ ...set, LAB_RUN: '1' })).stderr).toContain('LAB_RUN is set');
  expect((await commit(set, '--', 'eval.py')).stderr).toContain('`git add human_journal.md` takes the grant along');
  expect(await commit(set)).toMatchObject({ code: 0, stderr: '' });
  expect((await lab.lab('rules', 'check', 'HEAD~1..')).stdout).toBe('1 commit: no rule is broken\n');
  const off = await meta('off', ...answers, '--yes');
  expect(off.stderr).toContain('committed on main already: eval.py');
  expect(off.stdout).toContain('+print("size:             1")');
  expect(await lab.read('meta_journal.md')).toContain('  - `eval.py` (+1 -0)');
  expect(await lab.git('diff', '--name-only', 'HEAD~1')).toBe('meta_journal.md');
});

test('`lab meta off` commits exactly what it shows: any bytes, modes and deletions, staged or not; other files stay as they are', async () => {
  const before = await lab.git('rev-parse', 'HEAD');
  await open();
  await lab.write('eval.py', 'staged and then changed\n');
  await lab.git('add', 'eval.py');
  await lab.write('eval.py', secondMetric);
  await chmod(join(lab.root, 'eval.py'), 0o755);
  await lab.write('lab.yaml', `${await lab.read('lab.yaml')}\nrules:\n  judge.bin: [FROZEN]\n`);
  await lab.write('judge.bin', 'a\0b');
  await lab.write('train.py', '# mine, unfinished\n');
  await lab.write('.gitattributes', 'eval.py -diff\n');
  const status = await lab.lab('meta', 'status', '--json');
  expect(JSON.parse(status.stdout)).toMatchObject({ kind: 'open', leftOut: ['.gitattributes', 'train.py'] });

  const unanswered = await meta('off');
  expect(unanswered.code).toBe(2);
  expect(unanswered.stdout).toBe('');
  expect(unanswered.stderr).toContain('expected --worked "…" --failed "…" --change "…" --yes');
  expect(await lab.git('rev-parse', 'HEAD')).toBe(before);

  const off = await meta('off', ...answers, '--yes');
  expect(off.code).toBe(0);
  expect(off.stdout).toContain('+print("size:             1")');
  expect(off.stdout).toContain('new mode 100755');
  expect(off.stdout).toContain('not text: "judge.bin", 0 bytes before, 3 after');
  expect(off.stdout).toContain('META_MODE=1 until');
  expect(off.stdout).toMatch(/track [0-9a-f]{8} → [0-9a-f]{8}/);
  expect((await lab.git('diff', '--name-only', before, 'main')).split('\n')).toEqual([
    'eval.py',
    'human_journal.md',
    'judge.bin',
    'lab.yaml',
    'meta_journal.md',
  ]);
  expect(await lab.git('ls-tree', 'main', 'eval.py')).toMatch(/^100755 /);
  expect(`${await lab.git('show', 'main:eval.py')}\n`).toBe(secondMetric);
  expect((await lab.git('status', '--porcelain')).split('\n').sort()).toEqual([' M train.py', '?? .gitattributes']);
  expect(await lab.git('log', '-1', '--format=%an <%ae>, %cn: %s')).toBe(
    'Researcher <researcher@example.org>, Researcher: meta: a second metric',
  );
  expect(off.stdout).toMatch(/the grant in human_journal\.md stands until \S+: an entry on top of it withdraws it\n$/);
  const journal = await lab.read('meta_journal.md');
  for (const text of ['- What worked: the metric', '- What did not: nothing', '- What to change: ask earlier'])
    expect(journal).toContain(text);
  expect((await lab.lab('rules', 'check', `${before}..`)).stdout).toBe('1 commit: no rule is broken\n');
  expect((await lab.lab('meta', 'status')).stdout).toContain('META_MODE is closed');
  await lab.write('eval.py', evalScript);
  expect((await commit(set, '--all')).stderr).toContain('META_MODE is closed');
});

test('on a terminal the questions are asked, and a file saved after it was shown stops the commit', async () => {
  await open();
  await lab.write('eval.py', secondMetric);
  const before = await lab.git('rev-parse', 'HEAD');
  const no = await runOnTerminal(
    lab,
    ['meta', 'off', '--worked', 'w'],
    [
      ['What did not? ', 'nothing\n'],
      ['What to change next time? ', '\nask\n'],
      ['Commit this on main? [yes/no] ', 'no\n'],
    ],
    set,
  );
  expect(no.code).toBe(1);
  expect(no.screen).toContain('META_MODE stays open');
  expect(await lab.git('rev-parse', 'HEAD')).toBe(before);

  // A terminal whose keys the test holds, so that the file can be saved between the question and the answer.
  const spawn = 'import pty, sys; sys.exit(pty.spawn(sys.argv[1:]) >> 8)';
  const settings = {
    cwd: lab.root,
    env: { ...lab.env, ...set, TERM: 'dumb' },
    extendEnv: false,
    reject: false,
  } as const;
  const raced = execa('python3', ['-c', spawn, ...labCommand, 'meta', 'off', ...answers], settings);
  let screen = '';
  raced.stdout.on('data', (data: Buffer) => {
    screen += data.toString('utf8');
  });
  await waitUntil('it asks', async () => screen.includes('Commit this on main?'));
  await lab.write('eval.py', `${secondMetric}# unseen\n`);
  raced.stdin.write('yes\n');
  expect((await raced).exitCode).toBe(1);
  expect(screen).toContain('nothing was committed: a file of the change was saved again');
  expect(await lab.git('rev-parse', 'HEAD')).toBe(before);

  const yes = await runOnTerminal(
    lab,
    ['meta', 'off'],
    [
      ['What worked? ', 'all\n'],
      ['What did not? ', '## a heading?\n'],
      ['What to change next time? ', 'ask\n'],
      ['Commit this on main? [yes/no] ', 'yes\n'],
    ],
    set,
  );
  expect(yes.code).toBe(0);
  expect(await lab.read('meta_journal.md')).toContain('- What did not: ## a heading?');
});

test('an entry that grants nothing closes it; what was edited stays, and goes on under a new grant', async () => {
  await open();
  await lab.write('eval.py', secondMetric);
  await grant(`## ${today()} again`, 'enough for now');
  const off = await meta('off', ...answers, '--yes');
  expect(off.code).toBe(1);
  expect(off.stderr).toContain('what was edited is still there');
  expect(existsSync(join(lab.root, '.lab', 'meta.json'))).toBe(false);
  expect(await lab.read('eval.py')).toBe(secondMetric);
  expect((await lab.lab('meta')).stdout).toContain('META_MODE is over');
  const again = await meta('off', ...answers, '--yes');
  expect(again.stderr).toMatch(/META_MODE is over: .*; what was edited is still there\nhint: write a new entry/);
  await grant(`## ${today()} again`, `META_MODE=1 until ${today(1)}`);
  expect((await meta('on', '--reason', 'go on')).stdout).toContain('it goes on with the one that expired');
  expect((await meta('off', ...answers, '--yes')).code).toBe(0);
  expect(`${await lab.git('show', 'main:eval.py')}\n`).toBe(secondMetric);
});

test('`--with` takes an ordinary file along and no record; links and lost journal text are refused', async () => {
  await open();
  await lab.write('eval.py', secondMetric);
  await lab.write('notes.txt', 'why\n');
  await lab.write('results.tsv', `${await lab.read('results.tsv')}5\t5\n`);
  expect((await meta('off', '--with', 'results.tsv')).stderr).toContain(
    '--with results.tsv: it is GLOBAL, APPEND-ONLY',
  );
  expect((await meta('off', '--with', 'nothing.txt')).stderr).toContain('there is no such change');
  expect((await meta('off', '--with', '../x')).code).toBe(2);
  const journal = await lab.read('meta_journal.md');
  await lab.write('meta_journal.md', '# Mine\n');
  expect((await meta('off', ...answers, '--yes')).stderr).toMatch(/meta_journal\.md:1 is APPEND-ONLY/);
  await lab.write('meta_journal.md', journal);
  await rename(join(lab.root, 'eval.py'), join(lab.root, 'real.py'));
  await execa('ln', ['-s', 'real.py', join(lab.root, 'eval.py')]);
  expect((await meta('off', ...answers, '--yes')).stderr).toContain('eval.py is a link');
  await rename(join(lab.root, 'real.py'), join(lab.root, 'eval.py'));
  expect((await meta('off', ...answers, '--yes', '--with', 'notes.txt')).code).toBe(0);
  expect(await lab.git('show', 'main:notes.txt')).toBe('why');
  expect(await lab.git('status', '--porcelain')).toBe(' M results.tsv');
});

test('`--discard` keeps the change as a patch and puts the files back; without a change off only closes', async () => {
  await open();
  await lab.write('eval.py', secondMetric);
  await lab.write('prepare.py', 'new\n');
  appendFileSync(join(lab.root, 'train.py'), '# mine\n');
  expect((await meta('off', '--discard')).stderr).toContain('expected --yes');
  expect((await meta('off', '--discard', '--yes')).code).toBe(0);
  expect(await lab.read('eval.py')).toBe(evalScript);
  expect((await lab.git('status', '--porcelain')).split('\n')).toEqual([' M human_journal.md', ' M train.py']);
  const [patch = ''] = readdirSync(join(lab.root, '.lab', 'meta')).filter((name) => name.endsWith('.patch'));
  await lab.git('apply', join('.lab', 'meta', patch));
  expect(await lab.read('eval.py')).toBe(secondMetric);
  await lab.git('restore', 'eval.py');
  await lab.git('clean', '--quiet', '--force', 'prepare.py');
  expect((await meta('on', '--reason', 'nothing')).code).toBe(0);
  expect((await meta('off')).stdout).toContain('nothing was committed');
  expect((await lab.lab('meta', 'status')).stdout).toContain('META_MODE is closed');
});

test('a broken lab.yaml is not committed, and META_MODE stays open', async () => {
  await open();
  await lab.write('lab.yaml', 'metric: [\n');
  const off = await meta('off', ...answers, '--yes');
  expect(off).toMatchObject({ code: 1, stdout: '' });
  expect(off.stderr).toContain('lab.yaml');
  expect((await lab.lab('meta')).stdout).toContain('META_MODE is open');
});

test('a frozen file that git was told not to look at is shown and committed, and one that a sparse checkout left out is kept', async () => {
  await lab.write('away/prepare.py', 'x\n');
  await lab.git('add', '--all');
  await lab.git('commit', '--quiet', '--no-verify', '--message=more');
  await open();
  await lab.git('update-index', '--assume-unchanged', 'eval.py');
  await lab.git('update-index', '--skip-worktree', 'away/prepare.py');
  await rm(join(lab.root, 'away'), { recursive: true });
  await lab.write('eval.py', secondMetric);
  expect((await meta('status')).stdout).toContain('  eval.py +1 -0\n');
  const off = await meta('off', ...answers, '--yes');
  expect(off.stdout).toContain('+print("size:             1")');
  expect(off.stdout).not.toContain('away/prepare.py');
  expect(`${await lab.git('show', 'main:eval.py')}\n`).toBe(secondMetric);
  expect(await lab.git('show', 'main:away/prepare.py')).toBe('x');
  expect(await lab.git('status', '--porcelain')).toBe('');
});

test('`lab meta off` commits no new key, shows none, and leaves one alone that main had', async () => {
  const key = `hf_${'a1B2c3D4e5'.repeat(4)}`;
  await open();
  await lab.write('eval.py', `${evalScript}\ntoken = "${key}"\n`);
  const off = await meta('off', ...answers, '--yes');
  expect(off).toMatchObject({ code: 1, stdout: '' });
  expect(off.stderr).toMatch(/eval\.py:\d+ holds what looks like a Hugging Face token \(hf_a…\), expected none/);
  expect(off.stderr).not.toContain(key);
  await lab.git('commit', '--quiet', '--no-verify', '--all', '--message=by hand');
  await lab.write('eval.py', `${await lab.read('eval.py')}# more\n`);
  expect((await meta('status')).stdout).toContain('META_MODE is open');
  expect((await meta('off', ...answers, '--yes')).code).toBe(0);
});

test('`--discard` stays open where main has a frozen change already, and closes once that is journaled or taken back', async () => {
  await open();
  await lab.write('eval.py', secondMetric);
  await lab.git('add', '--all');
  expect((await commit(set)).code).toBe(0);
  await lab.write('eval.py', `${secondMetric}# more\n`);
  const discard = await meta('off', '--discard', '--yes');
  expect(discard.code).toBe(1);
  expect(discard.stderr).toContain('META_MODE stays open: main has changed eval.py since it was opened');
  expect(discard.stderr).toContain('`META_MODE=1 lab meta off` journals what is on main');
  expect(discard.stdout).toContain('the change is kept');
  expect(discard.stdout).not.toContain('closed');
  expect(await lab.read('eval.py')).toBe(secondMetric);

  // The way that the hint names.
  const start = JSON.parse(await lab.read('.lab/meta.json')).start;
  await lab.git('restore', `--source=${start}`, '--worktree', '--', 'eval.py');
  const half = await meta('off', ...answers, '--yes');
  expect(half).toMatchObject({ code: 1, stdout: '' });
  expect(half.stderr).toContain('eval.py: as at the start of META_MODE here, but not on main; it stays open');
  expect((await commit(set, '--', 'eval.py')).code).toBe(0);
  expect((await meta('off')).stdout).toContain('META_MODE is closed: no frozen file was changed');
});

test('without a name of the user in git nothing is shown and nothing is committed', async () => {
  await open();
  await lab.write('eval.py', secondMetric);
  await lab.git('config', 'user.useConfigOnly', 'true');
  for (const name of Object.keys(lab.env).filter((key) => /^GIT_(AUTHOR|COMMITTER)_/.test(key))) delete lab.env[name];
  const off = await meta('off', ...answers, '--yes');
  expect(off).toMatchObject({ code: 1, stdout: '' });
  expect(off.stderr).toContain('hint: git config user.name');
  expect((await lab.lab('meta')).stdout).toContain('META_MODE is open');
});

test('`lab meta on` refuses a grant that the hook would not let be committed', async () => {
  await lab.write('human_journal.md', `${await lab.read('human_journal.md')}\n## 2020-01-01 mine\n\nold\n`);
  await lab.git('commit', '--quiet', '--all', '--message=old entry');
  const before = await lab.read('human_journal.md');
  const entry = `## ${today()} mine`;
  await lab.write('human_journal.md', `${before}\n${entry}\n\nMETA_MODE=1\n`);
  const below = await meta('on', '--reason', 'x');
  expect(below.code).toBe(1);
  expect(below.stderr).toContain(`the entry "${entry.slice(3)}" of human_journal.md stands below "2020-01-01 mine"`);
  await lab.write(
    'human_journal.md',
    before.replace('Yours alone', `${entry}\n\nMETA_MODE=1 until ${today(1)}\n\nOurs alone`),
  );
  expect((await meta('on', '--reason', 'x')).stderr).toContain('is APPEND-ONLY: old text was changed');
  expect(existsSync(join(lab.root, '.lab', 'meta.json'))).toBe(false);
});

test('`lab status` tells of an open META_MODE', async () => {
  await open();
  const { stderr } = await lab.lab('status');
  expect(stderr).toMatch(
    /^note: META_MODE is open until \S+ \(a second metric\): `META_MODE=1 lab meta off` closes it$/m,
  );
  await lab.lab('meta', 'off');
  expect((await meta('off')).code).toBe(0);
  expect((await lab.lab('status')).stderr).not.toContain('META_MODE');
});
