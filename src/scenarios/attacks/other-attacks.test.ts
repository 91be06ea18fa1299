/** Attacks that come by the job's environment or by its prepare step: neither a commit nor the training code shows them. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseResults } from '../../lab/results-tsv.ts';
import { createTemporaryLab, type TemporaryLab } from '../temporary-lab.ts';
import { cheat } from './attack-table.ts';

const label = ['--label', 'Q: does it cheat? H: no'];
let lab: TemporaryLab;

beforeAll(async () => {
  lab = await createTemporaryLab({
    files: {
      'eval.py':
        'import json, os\nwith open(os.environ["LAB_OUT"] + "/model.txt") as file:\n    print(f"---\\nscore: {json.load(file):.6f}")\n',
      'train.py':
        'import colorsys, os\nopen(os.environ["LAB_OUT"] + "/model.txt", "w").write("1.0")\nprint("from", colorsys.__file__)\n',
      'warm.py': 'pass\n',
    },
    config:
      'schema: 1\nmetric: {name: score, direction: lower}\ncommands: {prepare: python3 warm.py, train: python3 train.py, score: python3 eval.py}\nrun: {seeds: [1]}\n',
  });
});
afterAll(() => lab.remove());

test('a PYTHONPATH of the job reaches its training and never the scorer', async () => {
  const evil = join(lab.root, 'evil');
  await mkdir(evil);
  for (const name of ['json.py', 'sitecustomize.py'])
    await writeFile(
      join(evil, name),
      `import sys\nif sys.argv[0].endswith("eval.py"):\n${cheat.trimEnd().replaceAll(/^/gm, '    ')}\n`,
    );
  await writeFile(join(evil, 'colorsys.py'), '');
  await lab.write('.git/info/exclude', 'evil/\n');
  const words = ['add', '--print-number', '--wait', ...label, '--', 'python3', 'train.py'];
  const call = await lab.labIn(lab.root, words, { PYTHONPATH: evil });
  expect(call, call.stderr).toMatchObject({ code: 0 });
  const number = Number(call.stdout.split('\n')[0]);
  expect((await lab.lab('log', String(number))).stdout).toContain(`from ${join(evil, 'colorsys.py')}`);
  expect((await lab.status(number)).jobs[0]?.state).toMatchObject({ run: { metric: 1, fate: { kind: 'done' } } });
});

test('work before the clock starts, in prepare, is flagged on the row', async () => {
  expect((await lab.lab('baseline')).code).toBe(0);
  // Twice the baseline's time and 10 s are what is looked for: the baseline's python may take seconds to begin on a busy machine.
  await lab.write('warm.py', 'import time\ntime.sleep(20)\n');
  const number = await lab.add(...label, '--', 'python3', 'train.py');
  await lab.lab('wait', String(number));
  const { rows } = parseResults(await lab.git('show', 'main:results.tsv'));
  expect(rows.find(({ jobs }) => jobs.includes(number))?.flags).toContain('slow-prepare');
}, 240_000);
