/** What holds a run, in whole labs: data that only the scorer sees, files that stand in for frozen code, notes on the row, the switches of tests. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import type { Run } from '../domain/run.ts';
import { parseResults } from '../lab/results-tsv.ts';
import { probeSandbox } from '../sandbox/bubblewrap.ts';
import {
  createTemporaryLab,
  evalScript,
  type TemporaryLab,
  type TemporaryLabOptions,
  trainScript,
} from './temporary-lab.ts';

const probe = await probeSandbox();
const works = probe.kind === 'bubblewrap';
const labs: TemporaryLab[] = [];

afterEach(async () => {
  await Promise.all(labs.splice(0).map((lab) => lab.remove()));
});

async function createLab(options: TemporaryLabOptions): Promise<TemporaryLab> {
  const lab = await createTemporaryLab(options);
  labs.push(lab);
  return lab;
}

const question = ['--label', 'Q: does it hold? H: yes'];

async function train(
  lab: TemporaryLab,
  text: string,
): Promise<{ number: number; run: Run; log: string; flags: string[] }> {
  await lab.write('train.py', text);
  const number = await lab.add(...question, '--', 'python3 train.py');
  await lab.lab('wait', String(number));
  const state = (await lab.status(number)).jobs[0]?.state;
  if (state?.kind !== 'ended') throw new Error(`job ${number} is ${state?.kind}`);
  const { rows } = parseResults(await lab.git('show', 'main:results.tsv').catch(() => ''));
  const flags = rows.find((row) => row.jobs.includes(number))?.flags ?? [];
  return { number, run: state.run, flags, log: (await lab.lab('log', String(number))).stdout };
}

/** Python that says for each path whether it can be read. */
const look = (paths: string[]): string => `for path in ${JSON.stringify(paths)}:
    try:
        print("READ", path, repr((os.listdir if os.path.isdir(path) else lambda p: open(p).read())(path)))
    except OSError as error:
        print("SHUT", path)
`;

test.skipIf(!works)(
  'what only the scorer may read is empty for train and for the model, and secrets of the root are shut',
  async () => {
    const config = [
      'metric: {name: score}',
      'commands: {train: python3 train.py, score: python3 eval.py, model: python3 train.py --serve}',
      'checkout: {links: [data], scoreLinks: [data/held-out, answers.txt]}',
    ];
    const scorer = `import os, subprocess
print(subprocess.run([os.environ["LAB_MODEL"]], capture_output=True, text=True).stdout)
print("held out:", open("data/held-out/text.txt").read(), open("answers.txt").read())
`;
    const lab = await createLab({
      files: { 'eval.py': scorer + evalScript, '.gitignore': 'data/\nanswers.txt\n.env\n' },
      config: `${config.join('\n')}\n`,
      local: 'run:\n  graceSeconds: 5\n',
    });
    await mkdir(join(lab.root, 'data', 'held-out'), { recursive: true });
    await lab.write('data/train.txt', 'public');
    await lab.write('data/held-out/text.txt', 'secret');
    await lab.write('answers.txt', 'forty-two');
    await lab.write('.env', 'TOKEN=1');
    const { root } = lab;
    const paths = [
      'data/train.txt',
      'data/held-out',
      'answers.txt',
      `${root}/data/held-out`,
      `${root}/data/held-out/text.txt`,
    ];
    const { number, run, log } = await train(
      lab,
      `import os, sys
${look([...paths, `${root}/answers.txt`, `${root}/lab.local.yaml`, `${root}/.env`, `${root}/lab.yaml`])}
if "--serve" not in sys.argv:
    open(os.path.join(os.environ["LAB_OUT"], "model.txt"), "w").write("1.0")
`,
    );
    expect(run).toMatchObject({ fate: { kind: 'done' }, metric: 1, flags: [] });
    const scoreLog = readFileSync(join(root, '.lab', 'runs', String(number), '1', 'score.log'), 'utf8');
    expect(scoreLog).toContain('held out: secret forty-two');
    for (const text of [log, scoreLog]) {
      expect(text).toContain("READ data/train.txt 'public'");
      expect(text).toContain('READ data/held-out []');
      expect(text).toContain('SHUT answers.txt');
      expect(text).toContain(`READ ${root}/data/held-out []`);
      expect(text).toContain(`SHUT ${root}/data/held-out/text.txt`);
      for (const name of ['answers.txt', 'lab.local.yaml', '.env']) {
        expect(text).not.toMatch(new RegExp(`READ ${root}/${name} '[^']`));
      }
      expect(text).toMatch(new RegExp(`READ ${root}/lab.yaml '`));
    }
  },
);

test('the same path for train and for the scorer alone is an error of the configuration', async () => {
  const lab = await createLab({});
  await lab.write('lab.yaml', 'metric: {name: score}\ncheckout: {links: [data/], scoreLinks: [data]}\n');
  await lab.git('commit', '--quiet', '--no-verify', '--all', '--message=both');
  const { code, stderr } = await lab.lab('add', ...question, '--', 'python3 train.py');
  expect(code).toBe(1);
  expect(stderr).toContain(
    'checkout.scoreLinks: got "data", which checkout.links names as well, expected it in one of them',
  );
});

test('the door of the queue turns away what Python would load in place of frozen code, and says what to do', async () => {
  const lab = await createLab({ files: { 'eval.py': `import json\n${evalScript}` } });
  await lab.write('json.py', 'print("score: 0")\n');
  const { code, stderr } = await lab.lab('add', ...question, '--', 'python3 train.py');
  expect(code).toBe(1);
  expect(stderr).toContain('json.py is loaded by Python in place of the module json, which the frozen eval.py imports');
  expect(stderr).toContain('hint: give it another name');
  await lab.git('add', 'json.py');
  await lab.git('commit', '--quiet', '--no-verify', '--message=ours');
  expect(await train(lab, trainScript)).toMatchObject({ run: { fate: { kind: 'done' } } });
});

test('processes that outlive train without a sandbox are ended, and run and row say so', async () => {
  const lab = await createLab({ local: 'sandbox: off\n' });
  const { run, flags } = await train(
    lab,
    `${trainScript}import subprocess, sys\nsubprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)\n`,
  );
  expect(run).toMatchObject({ fate: { kind: 'done' }, metric: 1, flags: ['unsandboxed', 'leftovers'] });
  expect(flags).toEqual(run.flags);
});

test('an attempt keeps the digest of its job.json', async () => {
  const lab = await createLab({});
  const { number } = await train(lab, trainScript);
  const folder = join(lab.root, '.lab', 'runs', String(number));
  const { jobDigest } = JSON.parse(readFileSync(join(folder, '1', 'setting.json'), 'utf8')) as { jobDigest?: string };
  expect(jobDigest).toBe(
    createHash('sha256')
      .update(readFileSync(join(folder, 'job.json')))
      .digest('hex'),
  );
});

test("with the worker's and the sandbox's lock opened a changed evaluator runs, the row says which, and no run sees the switch", async () => {
  const lab = await createLab({
    config:
      'metric: {name: score}\ncommands: {train: python3 train.py, score: python3 eval.py}\nenv: {pass: ["LAB_*", META_MODE]}\n',
    env: { LAB_TEST_OPEN_LOCKS: 'worker,sandbox', META_MODE: '1' },
  });
  await lab.write('eval.py', 'print("---\\nscore:            0.000000")\n');
  const { run, flags, log } = await train(
    lab,
    `${trainScript}print(sorted(name for name in os.environ if name.startswith("LAB_") or name == "META_MODE"))\n`,
  );
  expect(run).toMatchObject({ fate: { kind: 'done' }, metric: 0 });
  expect(flags).toEqual(['unsandboxed', 'lock-open:worker', 'lock-open:sandbox']);
  expect(log).toContain('LAB_JOB');
  expect(log).not.toMatch(/LAB_TEST|META_MODE/);
});
