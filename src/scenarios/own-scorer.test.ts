/** A scorer with a name of its own: `lab init` freezes it, so that the scorer's folder has it; doctor says so where nothing froze it. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTemporaryLab, evalScript, type LabCall, type TemporaryLab, trainScript } from './temporary-lab.ts';

let around: TemporaryLab;
let folder = '';

beforeAll(async () => {
  around = await createTemporaryLab();
  folder = join(around.around, 'own');
  await mkdir(folder);
  await writeFile(join(folder, 'train.py'), trainScript);
  await writeFile(join(folder, 'score_it.py'), evalScript);
  for (const words of [
    ['init', '--quiet', '--initial-branch=main'],
    ['add', '--all'],
    ['commit', '--quiet', '--message=start'],
  ])
    await around.git('-C', folder, ...words);
});
afterAll(() => around.remove());

const lab = (...words: string[]): Promise<LabCall> => around.labIn(folder, words);

test('a score command with a file of any name is frozen by `lab init`, told, and found by the scorer', async () => {
  const made = await lab('init', '--metric', 'score', '--score', 'python3 score_it.py');
  expect(made).toMatchObject({ code: 0 });
  expect(made.stdout).toMatch(/frozen from the first result on: .*score_it\.py/);
  expect((await lab('rules', 'score_it.py')).stdout).toMatch(/score_it\.py +FROZEN/);
  const baseline = await lab('baseline', '--seeds', '1');
  expect(baseline, baseline.stderr).toMatchObject({ code: 0 });
  expect(baseline.stdout).toContain('score 1.000000');
});

test('a score file that no rule freezes is bad news of `lab doctor`, with the line that mends it', async () => {
  const text = await readFile(join(folder, 'lab.yaml'), 'utf8');
  await writeFile(join(folder, 'lab.yaml'), text.replace(/^rules:\n.*\n/m, ''));
  await around.git('-C', folder, 'commit', '--quiet', '--no-verify', '--all', '--message=no rule');
  const doctor = await lab('doctor');
  expect(doctor.stdout).toMatch(/BAD +score +score_it\.py: not FROZEN/);
  expect(doctor.stdout).toContain('rules: {/score_it.py: [FROZEN]}');
});
