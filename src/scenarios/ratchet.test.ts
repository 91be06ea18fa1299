/** Whole ratchet sessions on a small training repository: rows, lines, branch and refs, an agent that misbehaves, and kill -9 at any moment. */
import { existsSync, readdirSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterEach, expect, test } from 'vitest';
import { createRatchetLab, type Moves, type RatchetLab, readCells } from './ratchet-lab-for-tests.ts';

let made: RatchetLab | null = null;
const start = async (moves: Moves, local = ''): Promise<RatchetLab> => {
  made = await createRatchetLab(moves, local);
  return made;
};
afterEach(async () => {
  await made?.lab.remove();
  made = null;
});

/** Twenty experiments: gains, losses, equal numbers, slips that are mended and slips that are not, limits, and a change without a name. */
const twenty: Moves = {
  first: {
    1: `edit('ORDER', 3); hand('context of 3')`,
    2: `edit('ORDER', 1); hand('context of 1')`,
    3: `edit('SMOOTHING', 0.2); fs.writeFileSync('notes.txt', 'mine'); hand('smoothing 0.2')`,
    4: `edit('LEARNING_RATE', '0.1 +'); hand('rate 0.1')`,
    5: `append('raise RuntimeError("deep trouble")'); hand('trouble')`,
    6: `append('TIME_BUDGET = 99'); hand('more time')`,
    7: `edit('LEARNING_RATE', 0.2)`,
    8: `append('print("torch.OutOfMemoryError: CUDA out of memory"); sys.exit(1)'); hand('too wide')`,
    9: `fs.writeFileSync('train.py', read('train.py').replace('t_start = time', 'ballast = b"x" * 300_000_000\\nt_start = time')); hand('ballast')`,
    10: `append('# equal'); hand('a remark alone')`,
    12: `edit('ORDER', 5); hand('context of 5')`,
  },
  back: {
    3: `edit('SMOOTHING', 0.2); hand('smoothing 0.2')`,
    4: `const text = read('train.py'); fs.writeFileSync('train.py', text.replace('0.1 +', '0.1'))`,
    5: `fs.writeFileSync(outbox + '/cannot.md', 'it is no slip')`,
    6: `edit('ORDER', 4); hand('context of 4')`,
  },
};
const statuses = [
  ...['keep', 'keep', 'discard', 'keep', 'keep', 'crash', 'keep', 'keep', 'crash', 'crash', 'discard'],
  ...['discard', 'keep', ...Array<string>(8).fill('discard')],
];

/** What the session of twenty comes to where nobody disturbs it: its rows but for their commits. Null until a test has let it run. */
let undisturbed: string[][] | null = null;

const withoutCommits = (cells: string[][]): string[][] => cells.map(([, ...rest]) => rest);

/** The same, after a run of its own where no test before had one. */
async function readUndisturbed(): Promise<string[][]> {
  if (undisturbed === null) {
    const calm = await start(twenty);
    await calm.call(['autoresearch', 'run', '--tag', 'a', '--max', '20']);
    undisturbed = withoutCommits(await readCells(calm, 'a'));
    await calm.lab.remove();
  }
  expect(undisturbed).toHaveLength(21);
  return undisturbed;
}

test('a session of twenty experiments writes each row, line, commit and ref to the letter, and leaves the checkout alone', {
  timeout: 900_000,
}, async () => {
  const lab = await start(twenty);
  const before = await lab.git('rev-parse', 'HEAD');
  const { code, stdout, stderr } = await lab.call(['autoresearch', 'run', '--tag', 'mar5', '--max', '20']);
  expect(code, stderr).toBe(0);
  const cells = await readCells(lab, 'mar5');
  expect(cells.map(([, , , status]) => status)).toEqual(statuses);
  undisturbed = withoutCommits(cells);
  expect(cells.map(([, , , , description]) => description).slice(0, 9)).toEqual([
    ...['baseline', 'context of 3', 'context of 1', 'smoothing 0.2', 'rate 0.1', 'trouble', 'context of 4'],
    ...['LEARNING_RATE 0.1 -> 0.2', 'too wide'],
  ]);
  const table = await readFile(lab.inTree('mar5', 'results.tsv'), 'utf8');
  expect(table.split('\n')[0]).toBe('commit\tval_bpb\tmemory_gb\tstatus\tdescription');
  for (const [commit = '', metric = '', memory = '', status = ''] of cells) {
    expect(commit).toMatch(/^[0-9a-f]{7}$/);
    expect(metric).toMatch(/^\d+\.\d{6}$/);
    expect(memory).toMatch(/^\d+\.\d$/);
    if (status === 'crash') expect([metric, memory]).toEqual(['0.000000', '0.0']);
    else expect(Number(metric)).toBeGreaterThan(0);
  }
  const lines = cells.map(
    ([commit, metric, memory, status, description], number) =>
      `[EXP] mar5 ${number} | commit:${commit} | val_bpb:${metric} | mem:${memory}GB | status:${status} | ${description}`,
  );
  expect(stdout).toBe(`${lines.join('\n')}\n`);

  // The branch is the keeps, one commit each, on the unmodified code.
  const kept = cells.filter(([, , , status]) => status === 'keep').map(([commit]) => commit ?? '');
  const log = await lab.git('log', '--reverse', '--format=%h %s', '--abbrev=7', 'autoresearch/mar5');
  const branch = log.split('\n').slice(-kept.length);
  expect(branch.map((line) => line.slice(0, 7))).toEqual(kept);
  expect(branch.slice(1, 3).map((line) => line.slice(8))).toEqual(['mar5: context of 3', 'mar5: smoothing 0.2']);
  expect(await lab.git('diff', '--name-only', 'master', 'autoresearch/mar5')).toBe('train.py');
  // Every commit that ran is kept under a ref, thrown away or not; the mended slip both before and after.
  const refs = await lab.git('for-each-ref', '--format=%(refname) %(objectname:short=7)', 'refs/nightlab/ratchet/mar5');
  const known = new Map(refs.split('\n').map((line) => line.split(' ') as [string, string]));
  for (const [number, [commit]] of cells.entries()) {
    const isMended = number === 4;
    expect(known.get(`refs/nightlab/ratchet/mar5/${number}.${isMended ? 2 : 1}`)).toBe(commit);
  }
  expect([...known.keys()].filter((name) => /\/4\.\d$/.test(name))).toHaveLength(2);

  // The user's checkout, its branch and its files are as they were; the table is in no commit.
  expect(await lab.git('rev-parse', 'HEAD')).toBe(before);
  expect(await lab.git('status', '--porcelain')).toBe('');
  expect(await lab.git('ls-tree', '-r', '--name-only', 'autoresearch/mar5')).not.toContain('results.tsv');
  expect(stderr).toContain(`worktree ${join(lab.clone, '5_worktrees', 'autoresearch-mar5')}`);
  expect(stderr).toContain('it changed notes.txt; only train.py may change');
  expect(stderr).toContain('it changes TIME_BUDGET');
  expect(stderr).toContain('the search widens to another category');
  expect(stderr).toMatch(/session mar5: 20 experiments, .* experiments an hour \(the budget allows 60\)/);
  expect(stderr).toMatch(/best val_bpb \d\.\d{6} at [0-9a-f]{7}, the head of autoresearch\/mar5/);

  // What users do with the file.
  const best = await execa(
    'sh',
    ['-c', `awk -F'\\t' '$4=="keep"' results.tsv | sort -t"$(printf '\\t')" -k2 -n | head -1`],
    {
      cwd: lab.inTree('mar5', ''),
    },
  );
  expect(best.stdout.slice(0, 7)).toBe(kept.at(-1));
  const counted = await execa('sh', ['-c', 'cut -f4 results.tsv | sort | uniq -c | sort -rn'], {
    cwd: lab.inTree('mar5', ''),
  });
  expect(counted.stdout).toMatch(/11 discard\n +7 keep\n +3 crash/);

  // A second session of the name is refused, and another one offered.
  const again = await lab.call(['autoresearch', 'run', '--tag', 'mar5']);
  expect(again.code).toBe(1);
  expect(again.stderr).toContain('--tag mar5-gpu0');
});

test('a session of twenty that is killed at ten random moments and resumed has the rows of one that was not', {
  timeout: 900_000,
}, async () => {
  const wanted = await readUndisturbed();
  const lab = await start(twenty);
  let kills = 0;
  // On a fast machine the session must not be over before the last kill: each comes with two experiments at most since the one before.
  const hasBegun = (number: number) =>
    existsSync(join(lab.clone, '.lab', 'ratchet', 'a', 'iterations', `${number}.json`));
  const isLate = () => hasBegun(2 * kills + 1);
  let lines = '';
  for (;;) {
    const isBegun = existsSync(join(lab.clone, '.lab', 'ratchet', 'a', 'session.json'));
    const args = ['autoresearch', ...(isBegun ? ['resume', '--tag', 'a'] : ['run', '--tag', 'a', '--max', '20'])];
    const ended = kills < 10 ? await lab.callAndKill(args, 500 + Math.random() * 3000, isLate) : await lab.call(args);
    if (ended === null) kills += 1;
    lines += ended?.stdout ?? '';
    if (ended?.code === 0) break;
    expect(ended, ended?.stderr ?? '').toBeNull();
  }
  expect(kills).toBe(10);
  await expectWhole(lab, wanted);
  expect(lines).toContain('[EXP] a 20 |');
});

test('a session that is killed at each of its named points and resumed has the rows of one that was not', {
  timeout: 900_000,
}, async () => {
  // The first six are the same whatever comes after them.
  const wanted = (await readUndisturbed()).slice(0, 7);
  const lab = await start(twenty);
  const points = ['session', 'queued', 'measured', 'decided', 'row', 'branch', 'agent-done', 'queued', 'row', 'branch'];
  for (const [index, point] of points.entries()) {
    const args = index === 0 ? ['run', '--tag', 'a', '--max', '6'] : ['resume', '--tag', 'a'];
    const ended = await lab.call(['autoresearch', ...args], { LAB_STOP_AT: `ratchet-${point}` });
    expect(ended.code, `${point}: ${ended.stderr}`).toBeNull();
  }
  expect((await lab.call(['autoresearch', 'resume', '--tag', 'a'])).code).toBe(0);
  await expectWhole(lab, wanted);
});

/** The rows but for their commits; no commit lost, none in two rows, the branch the keeps, and as many jobs as runs. */
async function expectWhole(lab: RatchetLab, wanted: string[][]): Promise<void> {
  const cells = await readCells(lab, 'a');
  expect(cells.map(([, ...rest]) => rest)).toEqual(wanted);
  for (const [commit = ''] of cells) expect(await lab.git('cat-file', '-t', commit)).toBe('commit');
  expect(new Set(cells.map(([commit]) => commit)).size).toBe(cells.length);
  const kept = cells.filter(([, , , status]) => status === 'keep').map(([commit]) => commit);
  const log = await lab.git('log', '--reverse', '--format=%h', '--abbrev=7', 'autoresearch/a');
  expect(log.split('\n').slice(-kept.length)).toEqual(kept);
  const refs = await lab.git('for-each-ref', '--format=%(refname:lstrip=4)', 'refs/nightlab/ratchet/a');
  const tries = refs.split('\n').filter((name) => /^\d+\.\d+$/.test(name));
  const jobs = readdirSync(join(lab.clone, '.lab', 'runs')).filter((name) => /^\d+$/.test(name));
  expect(jobs).toHaveLength(tries.length);
}

test('an agent without a sandbox that commits, resets, deletes, forges rows and stops neither ends nor bends the session', {
  timeout: 400_000,
}, async () => {
  const lab = await start(
    {
      first: {
        1: `edit('ORDER', 3); fs.writeFileSync('prepare.py', 'cheat = 1'); run('git', 'add', '-f', 'train.py'); run('git', 'commit', '-qm', 'mine'); hand('context of 3')`,
        2: `fs.writeFileSync('results.tsv', 'commit\\tval_bpb\\tmemory_gb\\tstatus\\tdescription\\nfffffff\\t0.000001\\t0.0\\tkeep\\tforged\\n'); run('git', 'add', '-f', 'results.tsv'); run('git', 'commit', '-qm', 'results'); edit('SMOOTHING', 0.2); hand('smoothing 0.2')`,
        3: `run('git', 'reset', '-q', '--hard', 'HEAD~2'); hand('history undone')`,
        4: `run('git', 'checkout', '-q', '--detach', 'HEAD~1'); run('git', 'branch', '-D', 'autoresearch/wild'); edit('ORDER', 4); hand('detached'); fs.writeFileSync('results.tsv', 'forged')`,
        5: `if (!fs.existsSync('run.log')) { fs.writeFileSync('run.log', 'seen'); process.exit(1); } edit('ORDER', 5); hand('after a stop')`,
        6: `fs.rmSync('.git', { force: true }); edit('ORDER', 6); hand('no git')`,
      },
      back: {
        1: `edit('ORDER', 3); run('git', 'add', '-f', 'train.py'); run('git', 'commit', '-qm', 'mine'); hand('context of 3')`,
        2: `edit('SMOOTHING', 0.2); hand('smoothing 0.2')`,
        6: `edit('ORDER', 6); hand('context of 6')`,
      },
    },
    'sandbox: "off"\n',
  );
  const before = await lab.git('rev-parse', 'HEAD');
  const { code, stderr } = await lab.call(['autoresearch', 'run', '--tag', 'wild', '--max', '6']);
  expect(code, stderr).toBe(0);
  const cells = await readCells(lab, 'wild');
  expect(cells.map(([, , , , description]) => description)).toEqual([
    ...['baseline', 'context of 3', 'smoothing 0.2', 'history undone', 'detached', 'after a stop', 'context of 6'],
  ]);
  // To undo what was kept is a change of train.py as any other, and no gain.
  expect(cells[3]?.[3]).toBe('discard');
  expect(cells.every(([, metric]) => Number(metric) > 0.01)).toBe(true);
  expect(stderr).toContain('results.tsv was changed by somebody else and was put back');
  expect(stderr).toContain('it changed prepare.py; only train.py may change');
  expect(stderr).toContain('the agent could not work');
  expect(await lab.git('diff', '--name-only', 'master', 'autoresearch/wild')).toBe('train.py');
  // What it had committed by itself is not on the branch, and not lost.
  expect(await lab.git('log', '--format=%s', 'autoresearch/wild')).not.toMatch(/^(mine|results)$/m);
  expect(await lab.git('log', '--format=%s', '--glob=refs/nightlab/ratchet/wild/found-*')).toMatch(/^results$/m);
  // Where a worktree has no .git, git acts on the checkout around it: the user's.
  expect(await lab.git('symbolic-ref', 'HEAD')).toBe('refs/heads/master');
  expect(await lab.git('rev-parse', 'HEAD')).toBe(before);
  expect(await lab.git('status', '--porcelain')).toBe('');
});

test('two sessions at once each have a table, a branch and an agent of their own', { timeout: 400_000 }, async () => {
  const lab = await start({
    first: { 1: `edit('ORDER', prompt.includes('session \`left\`') ? 3 : 4); hand('wider')` },
  });
  const run = (tag: string) => lab.call(['autoresearch', 'run', '--tag', tag, '--max', '2']);
  const [left, right] = await Promise.all([run('left'), run('right')]);
  expect([left.code, right.code], left.stderr + right.stderr).toEqual([0, 0]);
  const [leftCells, rightCells] = [await readCells(lab, 'left'), await readCells(lab, 'right')];
  expect(leftCells.map(([, , , status]) => status)).toEqual(['keep', 'keep', 'discard']);
  expect(rightCells.map(([, , , status]) => status)).toEqual(['keep', 'keep', 'discard']);
  expect(leftCells[1]?.[1]).not.toBe(rightCells[1]?.[1]);
  expect(left.stdout).not.toContain('right');
  const busy = await lab.call(['autoresearch', 'resume', '--tag', 'neither']);
  // In the order in which they began, which is nobody's choice.
  expect(busy.stderr).toMatch(/expected one of: (?:left, right|right, left)$/m);
});

test('with --confirm the baseline runs with every seed, each experiment with its own, and the end judges the keeps', {
  timeout: 400_000,
}, async () => {
  const lab = await start({ first: { 1: `edit('ORDER', 3); hand('context of 3')` } });
  const { code, stderr } = await lab.call(['autoresearch', 'run', '--tag', 'sure', '--max', '2', '--confirm']);
  expect(code, stderr).toBe(0);
  const seedsOf = async (number: number) => {
    const path = join(lab.clone, '.lab', 'ratchet', 'sure', 'iterations', `${number}.json`);
    const { tries } = JSON.parse(await readFile(path, 'utf8')) as {
      tries: { seed: number; outcome: { metric: number } }[];
    };
    return tries;
  };
  const baseline = await seedsOf(0);
  expect(baseline.map(({ seed }) => seed)).toEqual([1, 2, 3, 4]);
  expect([...(await seedsOf(1)), ...(await seedsOf(2))].map(({ seed }) => seed)).toEqual([5, 6]);
  const mean = baseline.reduce((sum, { outcome }) => sum + outcome.metric, 0) / 4;
  const [first, second] = await readCells(lab, 'sure');
  expect(first?.[1]).toBe(mean.toFixed(6));
  expect(second?.[3]).toBe('keep');
  expect(stderr).toMatch(/every keep of "lower wins" holds|"lower wins" would have kept these/);
});

test('a change of the evaluator or of the score command on the main branch stops the session, and another track is offered', {
  timeout: 400_000,
}, async () => {
  const lab = await start({ first: {} });
  await lab.call(['autoresearch', 'run', '--tag', 'a', '--max', '1']);
  const path = join(lab.clone, 'prepare.py');
  await writeFile(path, (await readFile(path, 'utf8')).replace('EVAL_TOKENS = 4 * 1024', 'EVAL_TOKENS = 2 * 1024'));
  await lab.git('commit', '-qam', 'evaluate less');
  const { code, stderr } = await lab.call(['autoresearch', 'resume', '--max', '3']);
  expect(code).toBe(1);
  expect(stderr).toContain('EVAL_TOKENS was 4096, and is 2048');
  expect(stderr).toContain('--tag a-2');
  expect(await readCells(lab, 'a')).toHaveLength(2);
  await lab.git('revert', '--no-edit', 'HEAD');
  const yaml = join(lab.clone, 'lab.yaml');
  await writeFile(yaml, (await readFile(yaml, 'utf8')).replace('score: null', 'score: "uv run train.py"'));
  await lab.git('commit', '-qam', 'score it');
  const scored = await lab.call(['autoresearch', 'resume', '--max', '3']);
  expect(scored.code).toBe(1);
  expect(scored.stderr).toMatch(/the track was [0-9a-f]{8}, and is [0-9a-f]{8}/);
});

test('what is missing is told once before anything is made, and a broken baseline ends the session', {
  timeout: 400_000,
}, async () => {
  const lab = await start({ first: {} });
  const programPath = join(lab.clone, 'program.md');
  const program = await readFile(programPath, 'utf8');
  await writeFile(programPath, program.replace('## Constraints', '## Other things'));
  await lab.git('commit', '-qam', 'no constraints');
  const lacking = await lab.call(['autoresearch', 'run', '--tag', 'a']);
  expect(lacking).toMatchObject({ code: 1, stdout: '' });
  expect(lacking.stderr).toMatch(/program\.md on master lacks a section: constraints/i);
  expect(await lab.git('for-each-ref', 'refs/heads/autoresearch')).toBe('');
  await writeFile(programPath, program);
  await writeFile(join(lab.clone, 'train.py'), 'raise SystemExit("error: nothing works")\n');
  await lab.git('commit', '-qam', 'broken');
  const broken = await lab.call(['autoresearch', 'run', '--tag', 'a']);
  expect(broken.code).toBe(3);
  expect(broken.stderr).toContain('the unmodified code gave no number');
  const unknown = await lab.call(['autoresearch', 'run', '--tag', 'b', '--agent', 'nobody']);
  expect(unknown.stderr).toContain('names the agent "nobody"');
  const absent = await lab.call(['autoresearch', 'run', '--tag', 'b', '--device', 'gpu7']);
  expect(absent.stderr).toContain('no device "gpu7"');
  expect(await lab.git('for-each-ref', 'refs/heads/autoresearch/b')).toBe('');
  expect((await readCells(lab, 'a')).map(([, , , status]) => status)).toEqual(['crash']);
});
