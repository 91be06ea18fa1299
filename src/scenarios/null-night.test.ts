/**
 * A night of edits that change nothing, through the whole lab: ideas, agents, queue, recorder, a test with fresh seeds. The numbers are luck and
 * come in an order that is laid down by the jobs' numbers, so that every night of this test is the same one; lots are off for the same reason.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readStoredJobs } from '../../queue/job-store.ts';
import { listScoredRuns } from '../../workers/recorder/decide-job.ts';
import { parseResults } from '../lab/results-tsv.ts';
import type { ScoredRun } from '../stats/track-view.ts';
import { createScriptedLab } from './scripted-agent.ts';
import type { TemporaryLab } from './temporary-lab.ts';

// The factor was chosen so that the ratchet keeps four of the twelve. What the scripted agent edits is the number that write gets, and nobody reads it.
const trainScript = `import os, random
def write(number): pass
write("1.0")
luck = random.Random(int(os.environ["LAB_JOB"]) * 1418).gauss(0, 0.01)
with open(os.path.join(os.environ["LAB_OUT"], "model.txt"), "w") as model:
    model.write(f"{1 + luck:.6f}")
`;

const config = `metric:
  name: score
  minMinutes: 0
  waiver: its luck does not come from the seed, on purpose
commands:
  train: python3 train.py
  score: python3 eval.py
run:
  seeds: [1, 2, 3, 4]
decision:
  leaveOut: 0
  nearMisses: 0
`;

const slugs = Array.from({ length: 12 }, (_, place) => `edit-${place + 1}`);
let lab: TemporaryLab;
let runs: ScoredRun[];

beforeAll(async () => {
  lab = await createScriptedLab(slugs, '');
  await lab.write('train.py', trainScript);
  await lab.write('lab.yaml', config);
  await lab.git('commit', '--quiet', '--no-verify', '--all', '--message=luck');
  const ideated = await lab.lab('ideate', '--until', String(slugs.length));
  expect(ideated, ideated.stderr).toMatchObject({ code: 0 });
  const built = await lab.lab('implement', ...slugs);
  expect(built, built.stdout + built.stderr).toMatchObject({ code: 0 });
  runs = listScoredRuns(readStoredJobs(`${lab.root}/.lab/runs`));
}, 900_000);
afterAll(() => lab?.remove());

const explored = (): ScoredRun[] => runs.filter(({ kind }) => kind === 'experiment');

/** How many of the same numbers the ratchet would have kept, each better than the best before it. */
function countRatchetKeeps(): number {
  const baseline = runs.filter(({ kind }) => kind === 'baseline').map(({ metric }) => metric);
  let best = baseline.reduce((sum, value) => sum + value, 0) / baseline.length;
  let keeps = 0;
  for (const { metric } of explored()) {
    if (metric >= best) continue;
    best = metric;
    keeps++;
  }
  return keeps;
}

test('no more useless edits are kept than the ratchet keeps of the same numbers', () => {
  expect(explored()).toHaveLength(slugs.length);
  // Else the night says nothing.
  expect(countRatchetKeeps()).toBeGreaterThan(1);
  const champion = runs.findLast((run) => run.champion !== null)?.champion;
  expect(champion?.changes.length ?? 0).toBeLessThan(countRatchetKeeps());
});

test('whatever was kept says provisional, and the record holds one row for each edit', async () => {
  const { rows } = parseResults(await lab.git('show', 'main:results.tsv'));
  expect(rows.map((row) => row.idea)).toEqual(slugs);
  for (const row of rows) expect(row.evidence).toBe(row.status === 'keep' ? 'provisional' : '');
});

test('the night ends without a claim', async () => {
  const said = await lab.lab('confirm', '--runs', '8');
  expect(said.code, said.stdout + said.stderr).not.toBe(0);
  const { rows } = parseResults(await lab.git('show', 'main:results.tsv'));
  expect(rows.filter((row) => row.evidence === 'confirmed')).toEqual([]);
  expect((await lab.lab('results')).stdout).not.toMatch(/\bconfirmed: gain\b/);
}, 300_000);
