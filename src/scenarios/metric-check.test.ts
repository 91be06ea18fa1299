/** The metric check in whole labs: what it measures, what it says, and that it stands in front of a track's first experiment. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseResults } from '../lab/results-tsv.ts';
import type { MetricFinding } from '../stats/metric-finding.ts';
import { createScriptedLab } from './scripted-agent.ts';
import { createTemporaryLab, type LabCall, type TemporaryLab } from './temporary-lab.ts';

let lab: TemporaryLab;

function stateOf({ stdout }: LabCall, name: string): string | undefined {
  const { findings } = JSON.parse(stdout) as { findings: MetricFinding[] };
  return findings.find((finding) => finding.name === name)?.state;
}

const kindsOf = async () => (await lab.status()).jobs.map(({ job }) => job.kind);

describe('a lab whose train step ignores LAB_SEED', () => {
  beforeAll(async () => {
    lab = await createScriptedLab(['better']);
  });
  afterAll(() => lab.remove());

  test('words other than check are refused', async () => {
    expect(await lab.lab('metric')).toMatchObject({ code: 2, stderr: expect.stringContaining('`check`') });
    expect((await lab.lab('metric', 'check', 'now')).code).toBe(2);
  });

  test('is named, by two seeds and a repeat that the check queues itself', async () => {
    // Until it is told what was queued: a job that had ended by then would not be told.
    expect((await lab.lab('pause', '--group', 'default', '--wait')).code).toBe(0);
    const queued = await lab.lab('metric', 'check', '--no-wait', '--json');
    expect(JSON.parse(queued.stdout)).toEqual({ jobs: [1, 2] });
    expect((await lab.lab('start', '--group', 'default')).code).toBe(0);
    const call = await lab.lab('metric', 'check');
    expect(call, call.stderr).toMatchObject({ code: 0 });
    expect(call.stdout).toMatch(
      /^warn +seeds +seeds 1, 2 all gave 1, and so did the repeat: the train step ignores LAB_SEED$/m,
    );
    expect(call.stdout).toContain('claims are off until LAB_SEED works');
    expect(await kindsOf()).toEqual(['baseline', 'baseline', 'replay']);
  });

  test('asked again, the check runs nothing and says the same', async () => {
    const [first, second] = [await lab.lab('metric', 'check', '--json'), await lab.lab('metric', 'check', '--json')];
    expect(second.stdout).toBe(first.stdout);
    expect(stateOf(second, 'seeds')).toBe('warn');
    expect(await kindsOf()).toHaveLength(3);
    const doctor = JSON.parse((await lab.lab('doctor', '--json')).stdout) as { name: string; found: string }[];
    expect(doctor.find(({ name }) => name === 'metric')?.found).toMatch(/^passed.*LAB_SEED/);
  });

  test('may experiment all the same: the check has passed, and is told before the first idea is built', async () => {
    expect((await lab.lab('ideate', '--until', '1')).code).toBe(0);
    const built = await lab.lab('implement', '--best');
    expect(built, built.stderr).toMatchObject({ code: 0 });
    expect(built.stderr).toMatch(/metric check: passed[\s\S]*seeds \(warn\)[\s\S]*implement:/);
    expect(await kindsOf()).toEqual(expect.arrayContaining(['experiment']));
    expect((await kindsOf()).filter((kind) => kind === 'replay')).toHaveLength(1);
  });
});

describe('a lab whose runs are too quick', () => {
  beforeAll(async () => {
    lab = await createScriptedLab(['better', 'worse']);
    // As lab.yaml has it: five minutes.
    delete lab.env.LAB_METRIC_MIN_MINUTES;
    expect((await lab.lab('ideate', '--until', '2')).code).toBe(0);
  });
  afterAll(() => lab.remove());

  const stateOfIdea = async (slug: string) =>
    JSON.parse(await lab.read(`.lab/experiments/${slug}/experiment.json`)) as { waits: string | null; next: string };

  test('is refused at the first experiment, with what to change, and no idea is used up', async () => {
    const refused = await lab.lab('implement', '--best');
    expect(refused.code, refused.stderr).toBe(1);
    expect(refused.stderr).toMatch(
      /the metric check of track [0-9a-f]{8} failed.*time: .* s for train and score.*expected 5 to 40 min/,
    );
    for (const hint of ['`lab metric check`', 'metric.minMinutes', 'metric.waiver'])
      expect(refused.stderr).toContain(hint);
    expect(existsSync(join(lab.root, '.lab/experiments/better'))).toBe(false);
    expect((await lab.lab('metric', 'check')).code).toBe(3);
    const doctor = JSON.parse((await lab.lab('doctor', '--json')).stdout) as { name: string; found: string }[];
    expect(doctor.find(({ name }) => name === 'metric')?.found).toMatch(/^failed: time/);
  });

  test('an idea that a person names waits with the reason, before an agent was asked', async () => {
    expect((await lab.lab('implement', 'better')).code).toBe(4);
    expect(await stateOfIdea('better')).toMatchObject({
      next: 'implement',
      waits: expect.stringContaining('metric check'),
    });
    expect(existsSync(join(lab.root, '5_worktrees/better'))).toBe(false);
  });

  test('`lab add` by hand is never refused', async () => {
    const number = await lab.add('--label', 'Q: does it run? H: it does', '--', 'python3 train.py');
    expect((await lab.lab('wait', String(number))).code).toBe(0);
    expect((await lab.status(number)).jobs[0]?.state).toMatchObject({ kind: 'ended', run: { metric: 1 } });
  });

  test('a waiver in lab.yaml lets it go on, and rows and reports are flagged', async () => {
    const config = await lab.read('lab.yaml');
    await lab.write('lab.yaml', config.replace('metric:\n', 'metric:\n  waiver: these are toys\n'));
    await lab.git('commit', '--quiet', '--no-verify', '--all', '--message=waive the check');
    const built = await lab.lab('implement', 'better');
    expect(built, built.stderr).toMatchObject({ code: 0 });
    expect(built.stderr).toContain('metric check: waived (metric.waiver): these are toys');
    const row = parseResults(await lab.git('show', 'main:results.tsv')).rows.find(({ idea }) => idea === 'better');
    expect(row?.flags).toContain('metric-waived');
    const report = (await lab.git('ls-files', '9_reports/*_better.md')).trim();
    expect(await lab.read(report)).toContain('metric-waived');
    expect((await lab.lab('metric', 'check')).stdout).toContain('failed, and waived (metric.waiver): these are toys');
  });
});

test('the starter passes, with fewer samples in each run', async () => {
  lab = await createTemporaryLab();
  try {
    delete lab.env.LAB_METRIC_MIN_MINUTES;
    const folder = join(lab.around, 'starter');
    expect((await lab.labIn(lab.around, ['init', '--starter', folder])).code).toBe(0);
    const train = await lab.read('../starter/problem/train.py');
    await lab.write('../starter/problem/train.py', train.replace('SAMPLES = 700_000', 'SAMPLES = 100_000'));
    const git = ['-C', folder, 'commit', '--quiet', '--all', '--message=fewer samples'];
    await lab.git(...git);
    const call = await lab.labIn(folder, ['metric', 'check', '--json']);
    expect(call, call.stdout + call.stderr).toMatchObject({ code: 0 });
    for (const name of ['time', 'repeat', 'seeds', 'noise', 'direction', 'memory'])
      expect(stateOf(call, name), name).toBe('pass');
    expect((await lab.labIn(folder, ['down'])).code).toBe(0);
  } finally {
    await lab.remove();
  }
}, 240_000);
