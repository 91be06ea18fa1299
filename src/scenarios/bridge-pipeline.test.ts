/** An experiment after the evaluator changed and the champion was brought over: what its agent reads, what it is judged by, what its row says. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseResults } from '../lab/results-tsv.ts';
import { createScriptedLab } from './scripted-agent.ts';
import type { LabCall, TemporaryLab } from './temporary-lab.ts';

let lab: TemporaryLab;

beforeAll(async () => {
  lab = await createScriptedLab(['better', 'worse']);
});
afterAll(() => lab.remove());

async function insist(...words: string[]): Promise<LabCall> {
  const call = await lab.lab(...words);
  expect(call, call.stderr).toMatchObject({ code: 0 });
  return call;
}

test('an experiment on a bridged champion starts with the new evaluator and is judged against the bridge', async () => {
  await insist('ideate', '--until', '2');
  await insist('implement', 'better');
  const { track: old, champion: kept } = await lab.status();
  await lab.write('eval.py', `${await lab.read('eval.py')}print("second: 2.0")\n`);
  await lab.git('commit', '--quiet', '--no-verify', '--all', '--message=a second metric');
  await insist('baseline');
  const { track } = await lab.status();
  expect(track).not.toBe(old);
  await insist('tracks', 'compare', old, track);
  const { champion } = await lab.status();
  expect(champion?.commit).toBe(kept?.commit);

  await insist('implement', 'worse');
  expect(await lab.git('show', 'exp/worse:eval.py')).toBe(await lab.git('show', 'main:eval.py'));
  expect(await lab.read('5_worktrees/worse/eval.py')).toContain('second');
  // The change is the agent's alone: the evaluator is none of it.
  const report = (await lab.git('ls-files', '9_reports/*_worse.md')).trim();
  expect(await lab.read(report)).not.toMatch(/eval\.py.*\+\d/);
  const row = parseResults(await lab.git('show', 'main:results.tsv')).rows.find(({ idea }) => idea === 'worse');
  expect(row).toMatchObject({ track, flags: [], metrics: { second: 2 } });
  expect(Number.parseFloat(row?.observed ?? '')).toBeCloseTo((row?.metric ?? 0) - (champion?.metric ?? 0), 6);
  // The one thing wrong is the way past the hook above.
  expect((await lab.lab('audit')).stdout).toMatch(/eval\.py is FROZEN.*\n(?:.*\n)*1 wrong\n/);
}, 300_000);
