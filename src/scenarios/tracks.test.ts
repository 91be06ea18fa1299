/** Tracks in a whole lab: a changed evaluator starts a new one, the list tells what changed, and the old champion is carried over honestly. */
import { utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { TrackSummary } from '../cli/tracks/track-list.ts';
import { createTemporaryLab, evalScript, type TemporaryLab, waitUntil } from './temporary-lab.ts';

/** What the numbers of the jobs below count on. */
const threeSeeds = { env: { LAB_RUN_SEEDS: '1,2,3' } };

const label = ['--label', 'Q: does it help? H: saves 0.1'];

/** Writes `value` plus a little that depends on the seed; waits for a file where GO_FOLDER names a folder. */
const train = (value: number) => `import os, time
folder = os.environ.get("GO_FOLDER")
while folder and not os.path.exists(os.path.join(folder, "go")): time.sleep(0.02)
value = ${value} + 0.001 * (int(os.environ.get("LAB_SEED", "0")) % 3)
open(os.path.join(os.environ["LAB_OUT"], "model.txt"), "w").write(str(value))
`;

async function listTracks(lab: TemporaryLab): Promise<TrackSummary[]> {
  const call = await lab.lab('tracks', '--json');
  expect([call.code, call.stderr]).toEqual([0, '']);
  return JSON.parse(call.stdout) as TrackSummary[];
}

/** A kept experiment: a better train.py on a branch of its own, queued from its worktree. Gives its commit. */
async function keepExperiment(lab: TemporaryLab, value: number): Promise<string> {
  await lab.git('worktree', 'add', '--quiet', '-b', 'exp/better', '5_worktrees/better');
  const folder = join(lab.root, '5_worktrees', 'better');
  await lab.write('5_worktrees/better/train.py', train(value));
  await lab.git('-C', folder, 'commit', '--quiet', '--no-verify', '--all', '--message=exp(better): better');
  const added = await lab.labIn(folder, ['add', '--wait', ...label, '--seed', '1', '--', 'python3 train.py']);
  expect(added.stdout).toContain(': keep');
  return await lab.git('-C', folder, 'rev-parse', 'HEAD');
}

async function changeEvaluator(lab: TemporaryLab, text: string): Promise<void> {
  await lab.write('eval.py', text);
  await lab.git('commit', '--quiet', '--no-verify', '--message=human: change the evaluator', 'eval.py');
}

test('the champion of an old track is measured under the new one, becomes champion there, and no value crosses over', async () => {
  const lab = await createTemporaryLab({
    ...threeSeeds,
    files: { 'train.py': train(2) },
    local: 'env:\n  pass: [GO_FOLDER]\n',
  });
  try {
    await lab.write('.git/info/exclude', 'signals/\n');
    const baseline = await lab.git('rev-parse', 'main');
    expect((await lab.lab('baseline')).code).toBe(0);
    const commit = await keepExperiment(lab, 1);
    const old = (await lab.status()).track;

    // One job waits while the evaluator changes: it is held, and the list says how it goes on.
    await lab.write('signals/.keep', '');
    const go = { GO_FOLDER: join(lab.root, 'signals') };
    const blocker = await lab.labIn(lab.root, ['add', '-p', ...label, '--', 'python3 train.py'], go);
    const waiting = await lab.add(...label, '--', 'python3 train.py');
    await waitUntil(
      'train runs',
      async () => (await lab.status(Number(blocker.stdout))).jobs[0]?.state.kind === 'running',
    );
    await changeEvaluator(lab, evalScript.replace('{value:.6f}', '{10 * value:.6f}'));
    const present = (await lab.status()).track;
    expect(present).not.toBe(old);
    await lab.write('signals/go', '');
    await waitUntil('it is held', async () => (await lab.status(waiting)).jobs[0]?.state.kind === 'held');
    const shown = await lab.lab('tracks');
    expect(shown.stdout).toContain(`\`lab enqueue ${waiting}\` runs under ${present}, \`lab kill ${waiting}\` drops`);
    expect(shown.stdout).toMatch(new RegExp(`^\\* ${present} .* eval\\.py$`, 'm'));
    expect((await lab.lab('kill', String(waiting))).code).toBe(0);

    expect(await listTracks(lab)).toMatchObject([
      {
        id: old,
        isPresent: false,
        models: [{ baseline: { n: 3 }, champion: { commit, source: 'experiment' } }],
        held: [],
      },
      { id: present, isPresent: true, changes: ['eval.py'], models: [], jobs: 0 },
    ]);

    // Wrong words queue nothing.
    const count = (await lab.status()).jobs.length;
    for (const [words, said] of [
      [[old, old], 'both words name'],
      [['00', present], 'there is no track 00'],
      [['xyz', present], 'no track'],
    ] as const) {
      const refused = await lab.lab('tracks', 'compare', ...words);
      expect([refused.code, refused.stdout, refused.stderr]).toEqual([1, '', expect.stringContaining(said)]);
    }
    expect((await lab.lab('tracks', 'compare', old)).code).toBe(2);
    expect((await lab.status()).jobs).toHaveLength(count);

    // Without a baseline the value alone is told, and nothing follows from it.
    const early = await lab.lab('tracks', 'compare', old, present, '--seeds', '1');
    expect(early.code).toBe(0);
    expect(early.stdout).toContain('there is no baseline to compare it with');
    expect((await lab.status()).champion).toBeNull();

    expect((await lab.lab('baseline')).code).toBe(0);
    const rows = await lab.git('show', 'main:results.tsv');
    const compared = await lab.lab('tracks', 'compare', old.slice(0, 6), present, '--json');
    expect(compared.code).toBe(0);
    const bridge = JSON.parse(compared.stdout);
    expect(bridge).toMatchObject({
      commit,
      from: { track: old, value: { mean: expect.closeTo(1.001), n: 1 }, baseline: { commit: baseline } },
      to: { track: present, value: { mean: expect.closeTo(10.01), n: 3 }, against: { verdict: 'better' } },
    });
    expect(bridge.from.against.difference).toBeCloseTo(1.001 - 2.001);
    expect(bridge.to.against.difference).toBeCloseTo(10.01 - 20.01);
    // The seed that had its number already did not run again.
    expect(bridge.jobs).toHaveLength(2);
    expect(await lab.git('show', 'main:results.tsv')).toBe(rows);
    const { champion } = await lab.status();
    expect(champion).toMatchObject({ commit, source: expect.stringContaining('bridged') });

    const again = await lab.lab('tracks', 'compare', present, old);
    expect(again.stdout).toContain(`it is the champion there now`);
    expect(again.stdout).toContain('no value of one track is subtracted');
    expect(again.stderr).toBe('');

    const journal = await lab.git('show', 'main:RESEARCH_JOURNAL.md');
    expect(journal.match(/Bridge from track .* \(bridge\)/g)).toHaveLength(2);
    expect(journal).toContain(`what does the champion of track ${old} score under track ${present}?`);
    const runs = await lab.read(`.lab/runs/${bridge.jobs[0]}/1/run.json`);
    expect(JSON.parse(runs).flags).toContain('overlaid');

    // What is queued now is compared with the bridged champion; the rows of the old track stay out of the view.
    const next = await lab.add(...label, '--', 'python3 train.py');
    await lab.lab('wait', String(next));
    expect(JSON.parse(await lab.read(`.lab/runs/${next}/job.json`)).base).toBe(commit);
    const results = JSON.parse((await lab.lab('results', '--json')).stdout);
    expect(results.rows.map((row: { jobs: number[] }) => row.jobs)).toEqual([[next]]);
    expect(results.rows[0].observed).toMatch(/^\+9\.9/);
    expect((await lab.lab('results')).stdout).toContain('2 rows of other tracks');
  } finally {
    await lab.remove();
  }
}, 400_000);

test('a bridge carries nothing else over than the champion, and not where it changed a file that is frozen', async () => {
  const lab = await createTemporaryLab({ files: { 'train.py': train(2), 'extra.py': 'x = 1\n' } });
  try {
    expect((await lab.lab('baseline')).code).toBe(0);
    await lab.git('worktree', 'add', '--quiet', '-b', 'exp/better', '5_worktrees/better');
    const folder = join(lab.root, '5_worktrees', 'better');
    await lab.write('5_worktrees/better/train.py', train(1));
    await lab.write('5_worktrees/better/extra.py', 'x = 2\n');
    await lab.git('-C', folder, 'commit', '--quiet', '--no-verify', '--all', '--message=exp(better): better');
    expect((await lab.labIn(folder, ['add', '--wait', ...label, '--', 'python3 train.py'])).stdout).toContain(': keep');
    const old = (await lab.status()).track;
    await lab.write('lab.yaml', `${await lab.read('lab.yaml')}\nrules:\n  extra.py: [FROZEN]\n`);
    await lab.git('commit', '--quiet', '--no-verify', '--message=human: freeze a file', 'lab.yaml');
    const { track, jobs } = await waitUntil('the new lab.yaml counts', async () => {
      const status = await lab.status();
      return status.track === old ? null : status;
    });
    const refused = await lab.lab('tracks', 'compare', old, track);
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining('extra.py: FROZEN, but changed')]);
    expect((await lab.status()).jobs).toHaveLength(jobs.length);
  } finally {
    await lab.remove();
  }
});

test('the content of data starts a new track, a touch and a copy of the same do not', async () => {
  const config = 'metric:\n  name: score\ncommands:\n  score: python3 eval.py\ndata: [data]\n';
  const lab = await createTemporaryLab({ config });
  try {
    await lab.write('.git/info/exclude', 'data/\n');
    await lab.write('data/tokens.bin', 'one');
    await lab.lab('wait', String(await lab.add(...label, '--', 'python3 train.py')));
    const before = (await lab.status()).track;
    await utimes(join(lab.root, 'data', 'tokens.bin'), 1, 1);
    expect((await lab.status()).track).toBe(before);
    await lab.write('data/tokens.bin', 'two');
    const after = (await lab.status()).track;
    expect(after).not.toBe(before);
    const [, present] = await listTracks(lab);
    expect(present).toMatchObject({ id: after, isPresent: true, changes: ['data data'] });
    await lab.write('data/tokens.bin', 'one');
    expect((await lab.status()).track).toBe(before);
  } finally {
    await lab.remove();
  }
});

test('further metrics are columns of the results, empty where a row has none, and no part of the track', async () => {
  const plain = evalScript;
  const lab = await createTemporaryLab({ files: { 'train.py': train(2) } });
  try {
    await lab.lab('wait', String(await lab.add(...label, '--', 'python3 train.py')));
    await changeEvaluator(lab, `${plain}print(f"accuracy:         {1 / value:.6f}")\n`);
    await lab.lab('wait', String(await lab.add(...label, '--', 'python3 train.py')));
    const { track } = await lab.status();
    const row = (await lab.git('show', 'main:results.tsv')).split('\n')[1];
    await lab.write('lab.yaml', (await lab.read('lab.yaml')).replace(/^metric:\n/m, 'metric:\n  also: [accuracy]\n'));
    await lab.git('commit', '--quiet', '--no-verify', '--message=human: a second metric', 'lab.yaml');
    const shown = await lab.lab('results', '--json', '--all-tracks');
    expect(JSON.parse(shown.stdout)).toMatchObject({
      track,
      also: ['accuracy'],
      rows: [{ also: { accuracy: null } }, { also: { accuracy: 0.5 } }],
    });
    const table = (await lab.lab('results', '--all-tracks')).stdout;
    expect(table).toMatch(/^commit +score +accuracy +status/m);
    expect(table).toMatch(/^\w{7} +2\.000000 +keep /m);
    expect(table).toMatch(/^\w{7} +2\.000000 +0\.5 +keep /m);
    expect((await lab.git('show', 'main:results.tsv')).split('\n')[1]).toBe(row);
  } finally {
    await lab.remove();
  }
});
