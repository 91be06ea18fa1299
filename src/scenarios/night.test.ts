/** A night of `lab implement` with an end: what is explored, what is left for later, and the claim that is made of fresh seeds at its end. */
import { afterEach, expect, test } from 'vitest';
import { parseResults } from '../lab/results-tsv.ts';
import { createScriptedLab } from './scripted-agent.ts';
import type { TemporaryLab } from './temporary-lab.ts';

const made: TemporaryLab[] = [];
afterEach(async () => {
  for (const lab of made.splice(0)) await lab.remove();
});

// The scripted agent edits the number; luck is a hundredth wide, and another one for each seed.
const trainScript = `import os, random
def write(number):
    luck = random.Random(f"{os.environ['LAB_SEED']} {number}").gauss(0, 0.01)
    with open(os.path.join(os.environ["LAB_OUT"], "model.txt"), "w") as model:
        model.write(f"{float(number) + luck:.6f}")
write("1.0")
`;

const config = `metric:
  name: score
  minMinutes: 0
commands:
  train: python3 train.py
  score: python3 eval.py
run:
  seeds: [1, 2, 3, 4]
`;

async function create(slugs: string[]): Promise<TemporaryLab> {
  const lab = await createScriptedLab(slugs, '');
  made.push(lab);
  await lab.write('train.py', trainScript);
  await lab.write('lab.yaml', config);
  await lab.git('commit', '--quiet', '--no-verify', '--all', '--message=luck');
  const call = await lab.lab('ideate', '--until', String(slugs.length));
  expect(call, call.stderr).toMatchObject({ code: 0 });
  return lab;
}

const readRows = async (lab: TemporaryLab) => parseResults(await lab.git('show', 'main:results.tsv')).rows;

test('with --confirm the gain of a night is measured again with fresh seeds at its end, and said to be confirmed', {
  timeout: 600_000,
}, async () => {
  const lab = await create(['better', 'worse']);
  const call = await lab.lab('implement', '--n', '2', '--confirm');
  expect(call, call.stderr).toMatchObject({ code: 0 });
  expect(call.stderr).toContain('confirmed: the champion is better than the baseline');
  const rows = await readRows(lab);
  expect(rows.map(({ idea, status, evidence }) => [idea, status, evidence])).toEqual(
    expect.arrayContaining([
      ['better', 'keep', 'provisional'],
      ['worse', 'discard', ''],
      ['', 'keep', 'confirmed'],
    ]),
  );
  const claim = rows.find(({ evidence }) => evidence === 'confirmed');
  expect(claim?.n).toBeGreaterThan(1);
  expect(claim?.metrics.gain).toBeCloseTo(-0.5, 1);
  const said = await lab.lab('champion');
  expect(said.stdout).toMatch(/confirmed: gain -0\.\d+ \[-0\.\d+\.\.-0\.\d+\] from \d+ runs each/);
  // What was confirmed is not measured again.
  const again = await lab.lab('implement', '--confirm', 'better');
  expect(again.stderr).not.toContain('confirm: the champion');
});

test('after --until no experiment begins, and those that were chosen are left for the next night', {
  timeout: 600_000,
}, async () => {
  const lab = await create(['better']);
  const call = await lab.lab('implement', 'better', '--until', '0s');
  expect(call.stderr).toContain('the night ends here; left for later: better');
  expect(await readRows(lab)).toEqual([]);
  const next = await lab.lab('implement', '--until', '10min');
  expect(next, next.stderr).toMatchObject({ code: 0 });
  expect((await readRows(lab)).map(({ idea, status }) => [idea, status])).toContainEqual(['better', 'keep']);
});
