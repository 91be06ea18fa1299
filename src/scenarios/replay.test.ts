/** `lab replay` in a whole lab: what runs again is what ran, the verdict and its exit code are right, and no record moves. */
import { readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Job } from '../domain/job.ts';
import { createTemporaryLab, evalScript, type TemporaryLab, waitUntil } from './temporary-lab.ts';

/** What the numbers of the jobs below count on. */
const threeSeeds = { env: { LAB_RUN_SEEDS: '1,2,3' } };

const label = ['--label', 'Q: does it help? H: saves 0.1'];
const write = 'open(os.path.join(os.environ["LAB_OUT"], "model.txt"), "w").write(str(value))\n';

/** What a replay must leave as it is. */
async function readRecords(lab: TemporaryLab): Promise<unknown> {
  const shown = JSON.parse((await lab.lab('results', '--json')).stdout);
  const { champion, track } = await lab.status();
  return {
    head: await lab.git('rev-parse', 'main'),
    rows: await lab.git('show', 'main:results.tsv'),
    journal: await lab.git('show', 'main:RESEARCH_JOURNAL.md'),
    ...{ baseline: shown.baseline, top: shown.champion, champion, track },
  };
}

const readJob = (lab: TemporaryLab, number: number): Job =>
  JSON.parse(readFileSync(join(lab.root, '.lab', 'runs', String(number), 'job.json'), 'utf8')) as Job;

test('a replay runs commit, seed, folder and environment of then, gives the same number, and moves no record', async () => {
  const lab = await createTemporaryLab({
    ...threeSeeds,
    files: {
      'train.py': `import os\nhere = os.path.basename(os.getcwd())\nvalue = 1 + 0.01 * int(os.environ.get("LAB_SEED", "0")) + float(os.environ.get("EXTRA", "0")) + (5 if here == "part" else 0)\n${write}`,
      'part/note.txt': 'a folder to run in\n',
    },
    local: 'env:\n  pass: [EXTRA]\n  secret: [MY_TOKEN]\n',
  });
  try {
    expect((await lab.lab('baseline')).code).toBe(0);
    const command = ['add', '-p', '-w', ...label, '--seed', '7', '--', 'python3 ../train.py; echo "token=$MY_TOKEN"'];
    const added = await lab.labIn(join(lab.root, 'part'), command, { EXTRA: '0.5', MY_TOKEN: 'supersecretvalue' });
    expect(added.code).toBe(0);
    const number = 4;
    const original = readJob(lab, number);
    await lab.write('train.py', `import os\nvalue = 99\n${write}`);
    await lab.git('commit', '--quiet', '--no-verify', '--message=other code', 'train.py');
    const before = await readRecords(lab);

    const unset = await lab.labIn(lab.root, ['replay', '4'], { EXTRA: '9' });
    expect([unset.code, unset.stderr]).toEqual([1, expect.stringContaining('was given MY_TOKEN')]);

    const secret = { EXTRA: '9', MY_TOKEN: 'supersecretvalue' };
    const again = await lab.labIn(lab.root, ['replay', '4', '--times', '2'], secret);
    expect(again.stdout).toContain('the same number, 2 times of 2');
    expect(again.stdout).toMatch(/^5 +6\.570000 +\+0\.000000 +0\.0 +yes$/m);
    expect(again.code).toBe(0);
    const replayed = readJob(lab, 5);
    expect(replayed).toEqual({
      ...original,
      ...{ number: 5, kind: 'replay', replays: 4, label: null, key: replayed.key, queuedAt: replayed.queuedAt },
    });
    expect((await lab.lab('log', '5', '--step', 'run')).stdout).toBe('token=***\n');

    const byRow = await lab.labIn(lab.root, ['replay', original.commit.slice(0, 7), '--json'], secret);
    expect(JSON.parse(byRow.stdout)).toMatchObject({
      job: 4,
      recorded: 6.57,
      replays: [{ job: 7, value: 6.57, difference: 0, identical: true }],
      verdict: { kind: 'same' },
    });
    expect(await readRecords(lab)).toEqual(before);

    // A baseline's run again is no further seed of the baseline either.
    expect((await lab.lab('replay', '1')).stdout).toContain('the same number');
    expect(await readRecords(lab)).toEqual(before);
    const shown = await lab.lab('status');
    expect(shown.stdout).toContain('replay of job 4');
    expect((await lab.lab('status', '5')).stdout).toContain('5 (replay of job 4)');
    const nested = await lab.labIn(lab.root, ['replay', '5'], secret);
    expect(nested.stderr).toContain('job 5 is a replay of job 4');
    expect(readJob(lab, 9).replays).toBe(4);
  } finally {
    await lab.remove();
  }
});

test('a number that comes from the clock is another one, and within luck only where noise was measured', async () => {
  const lab = await createTemporaryLab({
    ...threeSeeds,
    files: {
      'train.py': `import os, time\nvalue = int(os.environ.get("LAB_SEED", "0")) + time.time() % 1000 / 1000\n${write}`,
    },
  });
  try {
    const number = await lab.add(...label, '--', 'python3 train.py');
    await lab.lab('wait', String(number));
    const unknown = await lab.lab('replay', String(number));
    expect(unknown.stdout).toContain('not the same');
    expect(unknown.stdout).toContain('the noise is unknown');
    expect(unknown.code).toBe(3);

    expect((await lab.lab('baseline')).code).toBe(0);
    const before = await readRecords(lab);
    const lucky = await lab.lab('replay', String(number), '--json');
    expect(JSON.parse(lucky.stdout)).toMatchObject({
      noise: { n: 3 },
      replays: [{ identical: false }],
      verdict: { kind: 'within-luck' },
    });
    expect(lucky.code).toBe(0);
    expect(await readRecords(lab)).toEqual(before);

    // As if it had been recorded on another machine: said first, and the noise of this one's device counts for nothing.
    const file = `.lab/runs/${number}/1/run.json`;
    const run = JSON.parse(await lab.read(file));
    await lab.write(file, JSON.stringify({ ...run, device: { ...run.device, model: 'Other CPU' } }));
    const elsewhere = await lab.lab('replay', String(number));
    expect(elsewhere.stderr).toMatch(
      /^note: recorded on Other CPU, run again on .+\njob 1 at \w+ runs again as job 7\n$/,
    );
    expect(elsewhere.stdout).toContain('noise unknown in track');
    expect(elsewhere.code).toBe(3);
  } finally {
    await lab.remove();
  }
});

test('a crash crashes again the same way, and what cannot be replayed is refused with nothing queued', async () => {
  const lab = await createTemporaryLab(threeSeeds);
  try {
    const crash = 'python3 -c "import os; raise ValueError(f\'step {os.getpid()}\')"';
    const crashed = await lab.add(...label, '--', crash);
    const task = await lab.add(...label, '--no-score', '--', 'true');
    const inPlace = await lab.add(...label, '--here', '--', 'python3 train.py');
    await lab.write('train.py', `import os\nvalue = 2\n${write}`);
    const lost = await lab.add(...label, '--', 'python3 train.py');
    await lab.lab('wait', ...[crashed, task, inPlace, lost].map(String));

    const again = await lab.lab('replay', String(crashed));
    expect(again.stdout).toContain('crashes the same way: exception: ValueError: step');
    expect(again.code).toBe(0);
    const count = (await lab.status()).jobs.length;

    const { commit } = readJob(lab, lost);
    await lab.git('update-ref', '-d', `refs/nightlab/jobs/${lost}`);
    await rm(join(lab.root, '.git', 'objects', commit.slice(0, 2), commit.slice(2)));
    for (const [word, said] of [
      [String(task), 'never scored'],
      [String(inPlace), 'ran in place'],
      [String(lost), 'is gone'],
      ['999', 'there is no job 999'],
      ['abcdef1', 'no row has it'],
    ] as const) {
      const refused = await lab.lab('replay', word);
      expect([word, refused.code, refused.stderr]).toEqual([word, 1, expect.stringContaining(said)]);
    }
    await lab.write('eval.py', `${evalScript}# a new version\n`);
    await lab.git('commit', '--quiet', '--no-verify', '--message=human: change the evaluator', 'eval.py');
    const moved = await lab.lab('replay', String(crashed));
    expect(moved.code).toBe(1);
    expect(moved.stderr).toContain('cannot be compared');
    expect((await lab.status()).jobs).toHaveLength(count);
  } finally {
    await lab.remove();
  }
});

test('a daemon killed after the enqueue and again in the middle of the run leaves one replay and one verdict', async () => {
  const lab = await createTemporaryLab({
    ...threeSeeds,
    files: {
      'train.py': `import os, time\nwhile not os.path.exists(os.path.join(os.environ["GO_FOLDER"], "go")): time.sleep(0.02)\nvalue = 1\n${write}`,
    },
    local: 'env:\n  pass: [GO_FOLDER]\n',
  });
  const killDaemon = async () => process.kill(JSON.parse(await lab.read('.lab/daemon.json')).pid, 'SIGKILL');
  try {
    lab.env.GO_FOLDER = `${lab.root}/signals`;
    await lab.write('.git/info/exclude', 'signals/\n');
    await lab.write('signals/go', '');
    const number = await lab.add(...label, '--', 'python3 train.py');
    expect((await lab.lab('wait', String(number))).code).toBe(0);
    const before = await readRecords(lab);
    await rm(join(lab.root, 'signals', 'go'));
    await lab.lab('down');
    // This daemon dies between the job on disk and its answer: the client asks again, with the same key.
    await lab.labIn(lab.root, ['up'], { LAB_STOP_AT: 'enqueued' });
    const replay = lab.lab('replay', String(number));
    await waitUntil('the replay trains', async () => {
      const { jobs } = JSON.parse((await lab.lab('status', '--json')).stdout || '{"jobs":[]}') as {
        jobs: { job: Job; state: { kind: string; step?: string } }[];
      };
      return jobs.some(({ job, state }) => job.kind === 'replay' && state.kind === 'running' && state.step === 'train');
    });
    await killDaemon();
    await lab.write('signals/go', '');
    const ended = await replay;
    expect(ended.stdout).toContain('the same number');
    expect(ended.code).toBe(0);
    expect((await lab.status()).jobs.map(({ job }) => [job.number, job.kind, job.replays])).toEqual([
      [number, 'plain', null],
      [number + 1, 'replay', number],
    ]);
    expect(await readRecords(lab)).toEqual(before);

    // The track moves on while a replay waits for the device: it is held, and nothing is said of its number.
    await rm(join(lab.root, 'signals', 'go'));
    const blocker = await lab.add(...label, '--', 'python3 train.py');
    const held = lab.lab('replay', String(number));
    await waitUntil('both are there', async () => {
      const { jobs } = await lab.status();
      return jobs.length === 4 && jobs.find(({ job }) => job.number === blocker)?.state.kind === 'running';
    });
    await lab.write('eval.py', `${evalScript}# a new version\n`);
    await lab.git('commit', '--quiet', '--no-verify', '--message=human: change the evaluator', 'eval.py');
    await lab.write('signals/go', '');
    const waited = await held;
    expect(waited.stdout).toContain(`not compared: job ${blocker + 1} is held`);
    expect(waited.code).toBe(3);
  } finally {
    await lab.remove();
  }
});
