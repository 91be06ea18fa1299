/** What a number is measured against, in whole labs: a seed of the baseline that failed, and an experiment that nobody knows the base of. */
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { parseResults } from '../lab/results-tsv.ts';
import { createTemporaryLab, type TemporaryLab } from './temporary-lab.ts';

const train = `import os, sys
seed = os.environ.get("LAB_SEED", "0")
if seed == os.environ.get("FAIL_SEED"): sys.exit("no luck")
open(os.path.join(os.environ["LAB_OUT"], "model.txt"), "w").write(str(1 + int(seed) / 100))
`;

const config = `metric:
  name: score
  minMinutes: 0
commands:
  train: python3 train.py
  score: python3 eval.py
run:
  seeds: [1, 2]
`;

let lab: TemporaryLab;
afterEach(() => lab?.remove());

const create = async () => {
  lab = await createTemporaryLab({ config, files: { 'train.py': train }, local: 'env:\n  pass: [FAIL_SEED]\n' });
};
const baselines = async () => (await lab.status()).jobs.filter(({ job }) => job.kind === 'baseline');

test('a seed that failed is made up for at the commit of the other seeds, and main that moved makes no second baseline', async () => {
  await create();
  const first = await lab.git('rev-parse', 'main');
  const failing = { FAIL_SEED: '2' };
  const queued = await lab.labIn(lab.root, ['metric', 'check', '--no-wait'], failing);
  expect(queued, queued.stderr).toMatchObject({ code: 0 });
  expect((await lab.lab('wait', '1', '2')).code).not.toBe(0);
  await lab.write('train.py', `# moved on\n${train}`);
  await lab.git('commit', '--quiet', '--no-verify', '--all', '--message=moved on');
  const checked = await lab.lab('metric', 'check');
  expect(checked.stderr).toContain(`at ${first.slice(0, 7)}, as the other seeds`);
  expect((await baselines()).map(({ job }) => [job.seed, job.commit])).toEqual([
    [1, first],
    [2, first],
    [2, first],
  ]);
  expect((await lab.status()).champion).toMatchObject({ commit: first, source: 'baseline over 2 runs' });
  expect(checked.stdout).toMatch(/^pass +seeds +seeds 1, 2 differ$/m);
}, 120_000);

test('an experiment without the baseline in its history is compared with nothing and not kept, until its base is named', async () => {
  await create();
  expect((await lab.lab('baseline')).code).toBe(0);
  const before = (await lab.status()).champion;
  const alone = await lab.git('commit-tree', '-m', 'from elsewhere', 'main^{tree}');
  const tree = join('5_worktrees', 'alone');
  await lab.git('worktree', 'add', '--quiet', '-b', 'exp/alone', tree, alone);
  await lab.write(join(tree, 'train.py'), train.replace('str(1 +', 'str(0.5 +'));
  await lab.git('-C', tree, 'commit', '--quiet', '--no-verify', '--all', '--message=exp(alone): better');
  const add = (...more: string[]) =>
    lab.labIn(join(lab.root, tree), [
      ...['add', '--wait', '--label', 'Q: does it help? H: saves 0.1', '--seed', '1'],
      ...more,
      ...['--', 'python3 train.py'],
    ]);
  expect((await add()).stdout).toMatch(/: discard\n.*\n.*nothing to compare with.*--base COMMIT/);
  expect((await lab.status()).champion).toEqual(before);
  const [row] = parseResults(await lab.git('show', 'main:results.tsv')).rows;
  expect(row).toMatchObject({ idea: 'alone', status: 'discard', observed: '', flags: ['base-unknown'] });
  expect((await add('--base', before?.commit ?? '')).stdout).toContain(': keep, provisional');
  expect((await lab.lab('status')).stdout).toMatch(/keep, provisional/);
}, 120_000);
