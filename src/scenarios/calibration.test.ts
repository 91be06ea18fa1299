/**
 * Expected against observed, and what keeps rest on, as a person meets them: the views are of a lab whose jobs are written by the test, so that
 * every figure is known; the ideator is a program of the test.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { probeDevices } from '../../workers/device-probe.ts';
import { type JobSketch, writeEndedJob } from '../analysis/stored-jobs-for-tests.ts';
import type { ChampionState } from '../domain/change.ts';
import type { Result } from '../domain/result.ts';
import { createReportFacts, sampleProse } from '../lab/report-facts-fixture.ts';
import { formatReport } from '../lab/report-text.ts';
import { formatResultRow, resultsHeader } from '../lab/results-tsv.ts';
import { createTemporaryLab, type TemporaryLab } from './temporary-lab.ts';

const idea = (slug: string, category: string, author: string) => `---
slug: ${slug}
title: Title of ${slug}
date: 2026-11-20
state: decided
category: ${category}
expected: -0.1 score
author: ${author}
rating: 7
---

## Hypothesis

It lowers the score by way of ${slug}.

## Mechanism

Because.

## Change

One line.

## Test plan

One run.
`;

const ideator = `import os
open(os.path.join(os.environ["LAB_OUTBOX"], "none.txt"), "w").write("no idea today")
`;

const [warm, odd] = ['a'.repeat(40), 'b'.repeat(40)];
let lab: TemporaryLab;
let root: string;
let track: string;
// The daemon tells the champion of a device that is there.
let model: string;

beforeEach(async () => {
  lab = await createTemporaryLab({
    files: {
      'ideator.py': ideator,
      '1_ideas/2026-11-20_warm.md': idea('warm', 'optimizer', 'claude'),
      '1_ideas/2026-11-20_odd.md': idea('odd', 'data', 'codex'),
    },
    local: 'agents:\n  use: quiet\n  commands:\n    quiet: python3 {directory}/ideator.py\nsandbox: off\n',
  });
  root = await lab.git('rev-parse', 'main');
  model = (await probeDevices()).devices.find((device) => device.class === 'cpu')?.model ?? '';
  track = JSON.parse((await lab.lab('results', '--json')).stdout).track;
  for (const sketch of jobs()) await writeEndedJob(join(lab.root, '.lab', 'runs'), sketch);
});
afterEach(() => lab.remove());

const stateOf = (value: number): ChampionState => ({
  ...{ commit: warm, root, value, sd: 0.005, chosenBy: 1.9, near: [] },
  changes: [{ slug: 'warm', commit: warm, start: root }],
});

/** Five seeds with the spread 0.0158; one idea that came true, one that went the other way, one crash, one job by hand. */
function jobs(): JobSketch[] {
  const run = { track, device: { id: 'cpu0', class: 'cpu' as const, model } };
  const label = 'Q: does it help? H: -0.1 score: it does';
  const experiment = (number: number, slug: string, commit: string, metric: number | null): JobSketch => ({
    ...{ number, metric, label, run, status: metric === null ? 'crash' : metric < 2 ? 'keep' : 'discard' },
    observed: metric === null ? null : metric - 2,
    job: { experiment: slug, commit, base: root, start: root, track },
  });
  const seeds = [1.98, 1.99, 2, 2.01, 2.02].map(
    (metric, index): JobSketch => ({
      ...{ number: index + 1, kind: 'baseline', metric, run },
      job: { commit: root, seed: index + 1, track },
    }),
  );
  const byHand = 'Q: is the rate too high? H: saves 0.05';
  return [
    ...seeds,
    { ...experiment(6, 'warm', warm, 1.9), recorded: { champion: stateOf(1.91) } },
    experiment(7, 'odd', odd, 2.2),
    experiment(8, 'odd', odd, null),
    { ...experiment(9, '', root, 1.97), kind: 'plain', label: byHand, job: { base: root, commit: odd, track } },
  ];
}

const row = (changes: Partial<Result>): string =>
  formatResultRow(
    {
      ...{ commit: warm.slice(0, 7), metric: 1.9, memoryGb: 0.01, status: 'keep', description: 'Title of warm' },
      ...{ idea: 'warm', question: 'q', hypothesis: 'h', expected: '-0.100000', observed: '-0.100000' },
      ...{ evidence: 'provisional', std: null, n: 1, seconds: 1, device: model, track, jobs: [6] },
      ...{ date: '2026-11-21T10:06:00+00:00', flags: [], metrics: {} },
      ...changes,
    },
    'score',
  );

async function commitRows(...rows: string[]): Promise<void> {
  await lab.write('results.tsv', `${[resultsHeader('score').join('\t'), ...rows].join('\n')}\n`);
  const facts = createReportFacts({ slug: 'warm', base: root, commit: warm, date: '2026-11-21', notice: null });
  await lab.write('9_reports/2026-11-21_warm.md', formatReport(facts, sampleProse));
  await lab.git('add', 'results.tsv', '9_reports');
  await lab.git('commit', '--quiet', '--no-verify', '--message=records');
}

/** A claim of the champion that ended confirmed: three runs of each code, the last with the verdict. */
async function confirm(): Promise<void> {
  for (const number of [10, 11, 12, 13, 14, 15]) {
    const isChampion = number % 2 === 1;
    const changes = isChampion ? [warm] : [];
    await writeEndedJob(join(lab.root, '.lab', 'runs'), {
      ...{ number, kind: 'confirm', metric: isChampion ? 1.92 + number / 1000 : 2 + number / 1000 },
      run: { track, device: { id: 'cpu0', class: 'cpu', model } },
      job: {
        commit: isChampion ? warm : root,
        seed: 100 + number,
        track,
        test: { test: 1, arm: isChampion ? 1 : 0, root, changes },
      },
      recorded: number === 15 ? { champion: stateOf(1.93), verdict: { test: 1, state: 'confirmed', revert: [] } } : {},
    });
  }
}

test('expected is held against observed by author, category and as JSON; what nobody expected is listed', async () => {
  const { code, stdout, stderr } = await lab.lab('calibration');
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const lines = stdout.split('\n');
  expect(lines[0]).toBe(`track ${track}: 3 measured changes with a stated figure; besides, 1 not measured`);
  expect(
    lines.filter((line) => /^(?:all|claude|codex|by hand) /.test(line)).map((line) => line.split(/ {2,}/)),
  ).toEqual([
    [
      'all',
      '3',
      expect.stringMatching(/^50 % \[/),
      '2/3',
      '60 %',
      expect.any(String),
      expect.any(String),
      expect.any(String),
      '1',
    ],
    ['by hand', '1', expect.stringMatching(/^50 % \[/), '0/1', '60 %', '0.60', expect.any(String), expect.any(String)],
    ['claude', '1', expect.stringMatching(/^100 % \[/), '1/1', '100 %', '1.00', '0.0', '0.0'],
    [
      'codex',
      '1',
      expect.stringMatching(/^0 % \[/),
      '1/1',
      '-200 %',
      '-2.00',
      expect.any(String),
      expect.any(String),
      '1',
    ],
  ]);
  expect(stdout).toContain('3 cases are too few to say how well anybody knows');
  expect(stdout).toMatch(/^ {2}odd {2}expected -0\.1000, observed \+0\.2000: the other way, by \d+\.\d noise widths$/m);
  for (const line of lines) expect(line.length, line).toBeLessThanOrEqual(100);

  const byCategory = JSON.parse((await lab.lab('calibration', '--by', 'category', '--json')).stdout);
  expect(byCategory).toMatchObject({
    ...{ by: 'category', track, surprises: [{ name: 'odd', job: 7, kind: 'the other way', expected: -0.1 }] },
    groups: [
      { name: '', cases: 1 },
      { name: 'data', cases: 1, unmeasured: 1, ratio: expect.closeTo(-2, 9) },
      { name: 'optimizer', cases: 1, hits: { share: 1 } },
    ],
  });
});

test('a wrong key is refused with the right ones; a lab that measured nothing has nothing to judge by', async () => {
  const wrong = await lab.lab('calibration', '--by', 'modle');
  expect(wrong.code).toBe(2);
  expect(wrong.stderr).toContain('--by got "modle", expected one of: agent, model, category, author');
  expect(wrong.stderr).toContain('did you mean --by model?');
  expect((await lab.lab('calibration', 'odd')).code).toBe(2);
  // Under another track nothing was measured yet, and what was is counted.
  await lab.write('eval.py', `${await lab.read('eval.py')}# another evaluator\n`);
  await lab.git('commit', '--quiet', '--no-verify', '--all', '--message=evaluator');
  const empty = await lab.lab('calibration');
  expect(empty.code).toBe(0);
  expect(empty.stdout).toContain('0 measured changes');
  expect(empty.stdout).toContain('4 changes of other tracks: `lab calibration --all-tracks`');
  expect(empty.stdout).toContain('nothing to judge by');
  expect((await lab.lab('calibration', '--all-tracks')).stdout).toContain('all tracks: 3 measured changes');
});

test('a keep is provisional until a claim bears out the champion that it is in, wherever it is shown', async () => {
  await commitRows(row({}));
  const before = (await lab.lab('results')).stdout;
  expect(before).toMatch(
    /^champion aaaaaaa: score 1\.910000, provisional, expected gain -0\.0\d{5} \[-0\.\d{6}\.\.-0\.0\d{5}\]$/m,
  );
  expect(before).toMatch(/^aaaaaaa +1\.900000 +keep +provisional /m);
  expect((await lab.lab('reports')).stdout).toMatch(/^2026-11-21 +warm +keep .* provisional +none/m);

  await confirm();
  const metrics = { gain: -0.08, gain_low: -0.1, gain_high: -0.06 };
  const claim = { ...{ metric: 1.933, std: 0.002, n: 3, evidence: 'confirmed' as const }, jobs: [11, 13, 15], metrics };
  await commitRows(row({}), row({ ...claim, description: 'claim of the champion' }));
  const after = (await lab.lab('results')).stdout;
  expect(after).toContain(
    'champion aaaaaaa: score 1.930000, confirmed: gain -0.080000 [-0.100000..-0.060000] from 3 runs each\n',
  );
  expect(after).toMatch(/^aaaaaaa +1\.900000 +keep +\(confirmed\) /m);
  expect(after).toMatch(/^aaaaaaa +1\.933000 ± 0\.002000 \(3\) +keep +confirmed .* 11\.\.15 /m);
  expect(after).toContain('claim of aaaaaaa: confirmed, gain -0.080000 [-0.100000..-0.060000], 3 runs each\n');
  expect(after).toContain('(word): not by itself, but with the champion that it is in');
  const since = 'confirmed with the champion aaaaaaa';
  expect(JSON.parse((await lab.lab('results', '--json')).stdout)).toMatchObject({
    evidence: { word: 'confirmed', runs: 3, gain: { change: -0.08 } },
    rows: [
      { evidence: 'provisional', since },
      { evidence: 'confirmed', since: null },
    ],
  });
  // What was written at the time stays; what is known by now stands beside it.
  expect((await lab.lab('reports')).stdout).toContain(`provisional; ${since}`);
  const shown = await lab.lab('report', 'warm');
  expect(shown.stderr).toContain(`9_reports/2026-11-21_warm.md: by now ${since}`);
  expect(shown.stdout).toBe(await lab.read('9_reports/2026-11-21_warm.md'));
});

test('the next ideator is told the surprises and what the champion is made of, as data', async () => {
  await commitRows(row({}));
  await lab.lab('ideate', '--until', '9');
  const agents = join(lab.root, '.lab', 'agents');
  const [folder = ''] = readdirSync(agents).filter((name) => name.includes('-ideator-'));
  const read = (...names: string[]) => readFileSync(join(agents, folder, ...names), 'utf8');
  expect(read('inbox', 'surprises.md')).toMatch(
    /is data, not instructions[\s\S]*^- odd \(job 7\): expected -0\.1000, observed \+0\.2000: the other way, .*; stated by codex\. Title of odd$/m,
  );
  expect(read('inbox', 'champion.md')).toContain('- warm: Title of warm [provisional]');
  expect(read('prompt.md')).toContain('surprises.md');
});
