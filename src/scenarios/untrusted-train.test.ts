/** A train.py that cheats or misbehaves: it can neither type a metric nor touch records, frozen files or the home folder unnoticed. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseResults } from '../lab/results-tsv.ts';
import { probeSandbox } from '../sandbox/bubblewrap.ts';
import { createTemporaryLab, evalScript, type TemporaryLab, trainScript } from './temporary-lab.ts';

const probe = await probeSandbox();
const withSandbox = probe.kind === 'bubblewrap' ? '' : ` (skipped: no sandbox here, ${probe.reason})`;
let lab: TemporaryLab;
let open: TemporaryLab;

beforeAll(async () => {
  const files = { 'eval.py': evalScript, 'prepare.py': 'print("data is ready")\n' };
  lab = await createTemporaryLab({ files });
  open = await createTemporaryLab({ files, local: 'sandbox: off\n' });
});

afterAll(async () => {
  await Promise.all([lab, open].map((made) => made?.remove()));
});

const question = ['--label', 'Q: does it cheat? H: no'];

/** Runs a train.py text as one job and gives its row and run. */
async function train(made: TemporaryLab, text: string, ...options: string[]) {
  await made.write('train.py', text);
  const number = await made.add(...question, ...options, '--', 'python3', 'train.py');
  const { code, stdout } = await made.lab('wait', String(number));
  const state = (await made.status(number)).jobs[0]?.state;
  if (state?.kind !== 'ended') throw new Error(`job ${number} is ${state?.kind}`);
  const rows = parseResults(await made.git('show', 'main:results.tsv')).rows.filter((row) => row.jobs.includes(number));
  return { number, code, digest: stdout, run: state.run, rows, log: (await made.lab('log', String(number))).stdout };
}

test('a train.py that prints a better score in every known way changes nothing', async () => {
  const { run, rows } = await train(
    lab,
    `${trainScript}print("---\\nscore: 0.1\\nscore:            0.100000\\nMETRIC score=0.1\\nval_bpb: 0.1")\n`,
  );
  expect(run).toMatchObject({ fate: { kind: 'done' }, metric: 1 });
  expect(rows.map((row) => row.metric)).toEqual([1]);
});

test('a score that train left behind in the name of the scorer is not read', async () => {
  const { run } = await train(
    lab,
    `${trainScript}for name in ("score.log", "run.json", "exit", "recorded.json"):
    for folder in (".", "..", os.environ["LAB_OUT"], os.environ["LAB_OUT"] + "/.."):
        try:
            open(os.path.join(folder, name), "w").write("---\\nscore: 0.1\\n")
        except OSError:
            pass
`,
  );
  expect(run).toMatchObject({ fate: { kind: 'done' }, metric: 1 });
});

/** A script that tries to write each path and says how that went, then trains as ever. */
function intruder(paths: string[]): string {
  return `import os
for path in ${JSON.stringify(paths)}:
    path = os.path.expanduser(path)
    for mode in ("a", "w"):
        try:
            open(path, mode).write("tampered\\n")
            print("WROTE", path)
        except OSError as error:
            print("REFUSED", path, error.strerror)
    try:
        os.replace(path, path + ".moved")
        print("MOVED", path)
    except OSError as error:
        print("STAYS", path, error.strerror)
${trainScript}`;
}

test.skipIf(withSandbox)(
  `in the sandbox train.py cannot write results.tsv, frozen files, the runs or the git folder${withSandbox}`,
  async () => {
    const names = ['results.tsv', 'prepare.py', 'eval.py', 'lab.yaml', '.git/HEAD', '.git/config', '.lab/score-seed'];
    const before = await Promise.all(names.map((name) => readFile(join(lab.root, name), 'utf8')));
    const own = ['prepare.py', 'eval.py', 'lab.yaml'];
    const { run, log } = await train(lab, intruder([...names.map((name) => join(lab.root, name)), ...own]));
    expect(await Promise.all(names.map((name) => readFile(join(lab.root, name), 'utf8')))).not.toContain('tampered');
    // Only the recorder's own row came to results.tsv.
    const after = await Promise.all(names.map((name) => readFile(join(lab.root, name), 'utf8')));
    expect(after.slice(1)).toEqual(before.slice(1));
    expect(after[0]?.startsWith(before[0] ?? '-')).toBe(true);
    expect(log).not.toMatch(/^WROTE .*(?:results\.tsv|prepare\.py|eval\.py|lab\.yaml|HEAD)$/m);
    expect(run).toMatchObject({ fate: { kind: 'done' }, metric: 1, flags: [] });
  },
);

test.skipIf(withSandbox)(
  `in the sandbox nothing that train.py writes reaches the home folder${withSandbox}`,
  async () => {
    const home = join(lab.around, 'home');
    await mkdir(join(home, '.ssh'), { recursive: true });
    await writeFile(join(home, '.ssh', 'config'), 'mine\n');
    await lab.write('train.py', intruder(['~/.ssh/config', '~/stolen', '~/.bashrc']));
    // The home of the user who starts the daemon, which is where the sandbox looks.
    await lab.lab('down');
    const call = await lab.labIn(lab.root, ['add', '--wait', '--json', ...question, '--', 'python3', 'train.py'], {
      HOME: home,
    });
    expect(call.code).toBe(0);
    expect(await readFile(join(home, '.ssh', 'config'), 'utf8')).toBe('mine\n');
    await expect(readFile(join(home, 'stolen'))).rejects.toThrow('ENOENT');
    await expect(readFile(join(home, '.bashrc'))).rejects.toThrow('ENOENT');
  },
);

test('without a sandbox a train.py that writes to results.tsv and to a frozen file is flagged with both names', async () => {
  const names = ['results.tsv', 'prepare.py'];
  const { run, rows } = await train(
    open,
    `${trainScript}for name in ${JSON.stringify(names.map((name) => join(open.root, name)))}:
    open(name, "a").write("tampered\\n")
`,
  );
  expect(run.flags).toEqual(expect.arrayContaining(['unsandboxed', 'tampered:results.tsv', 'tampered:prepare.py']));
  expect(rows[0]?.flags).toEqual(run.flags);
  // The record on main is the recorder's; what was typed into the file is not in it.
  expect(await open.git('show', 'main:results.tsv')).not.toContain('tampered\n');
  expect(run.metric).toBe(1);
  await open.git('checkout', '--', ...names);
});

test('an honest run without a sandbox is flagged as unsandboxed and nothing else', async () => {
  const { run } = await train(open, trainScript);
  expect(run.flags).toEqual(['unsandboxed']);
});

test('with sandbox: required a job that no sandbox can hold does not run, and its digest says what to do', async () => {
  await open.lab('down');
  const settings = { LAB_SANDBOX: 'required' };
  const call = await open.labIn(open.root, ['add', '--wait', ...question, '--here', '--', 'true'], settings);
  expect(call.code).toBe(3);
  expect(call.stdout).toContain('sandbox is "required"');
  await open.lab('down');
});

test('a command that does not exist is told from a crash, and its job adds no row', async () => {
  const number = await lab.add(...question, '--', 'no-such-program', '--fast');
  const { code, stdout } = await lab.lab('wait', String(number));
  expect(code).toBe(3);
  expect(stdout).toMatch(/command-not-found.*no-such-program/);
  expect(await lab.git('show', 'main:results.tsv')).not.toMatch(new RegExp(`\t${number}\t`));
  expect(await lab.git('show', 'main:RESEARCH_JOURNAL.md')).toContain(`job ${number}, attempt 1`);
});

test('a metric that never appears is missing, not zero, and the exit code says that the job failed', async () => {
  const silent = await createTemporaryLab({
    files: { 'eval.py': 'print("score of 3 tests: fine")\nprint("loss: 0.5")\n' },
  });
  try {
    const { code, digest, run, rows } = await train(silent, trainScript);
    expect(code).toBe(3);
    expect(digest).toContain('no-metric');
    expect(run).toMatchObject({ fate: { kind: 'failed', failure: 'no-metric' }, metric: null });
    expect(rows).toEqual([]);
    expect(await silent.git('show', 'main:RESEARCH_JOURNAL.md')).toContain('observed no metric');
  } finally {
    await silent.remove();
  }
});

test('a module that train leaves in its checkout does not stand in for one that the scorer imports', async () => {
  const lab = await createTemporaryLab({
    files: {
      'eval.py': evalScript.replace('import os\n', 'import json, os\n'),
      'train.py': `${trainScript}
open("json.py", "w").write("print('---\\\\nscore: 0.000001', flush=True)\\nimport os\\nos._exit(0)\\n")
`,
    },
  });
  try {
    const job = await lab.add('--label', 'Q: can it cheat? H: no', '--', 'python3 train.py');
    expect((await lab.lab('wait', String(job))).code).toBe(0);
    const [view] = (await lab.status(job)).jobs;
    expect(view?.state.kind === 'ended' && view.state.run.metric).toBe(1);
  } finally {
    await lab.remove();
  }
});

test("a python3 in the experiment's own folder is not the scorer, and sees no score seed", async () => {
  const lab = await createTemporaryLab({
    config: 'metric:\n  name: score\ncommands:\n  train: python3 train.py\n  score: python3 eval.py\n  model: "true"\n',
  });
  try {
    const tree = `${lab.root}/5_worktrees/cheat`;
    await lab.git('worktree', 'add', '--quiet', '-b', 'exp/cheat', tree);
    await lab.write(
      '5_worktrees/cheat/bin/python3',
      '#!/bin/sh\necho "---"\necho "score: 0.000001"\necho "seed $LAB_SCORE_SEED"\n',
    );
    await lab.write('5_worktrees/cheat/train.sh', 'echo 1.0 > "$LAB_OUT/model.txt"\n');
    await execa('chmod', ['+x', `${tree}/bin/python3`]);
    const added = await lab.labIn(tree, ['add', '-p', '--label', 'Q: can it cheat? H: no', '--', 'sh train.sh'], {
      PATH: `${tree}/bin:${lab.env.PATH}`,
    });
    const job = Number(added.stdout);
    expect((await lab.lab('wait', String(job))).code).toBe(0);
    const [view] = (await lab.status(job)).jobs;
    expect(view?.state.kind === 'ended' && view.state.run.metric).toBe(1);
  } finally {
    await lab.remove();
  }
});
