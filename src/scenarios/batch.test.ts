/** `lab add` with a grid, with a file of jobs, and with a key that was used before: one submission is all of its jobs or none. */
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTemporaryLab, type TemporaryLab } from './temporary-lab.ts';

const label = 'Q: does {lr} help? H: no change';
let lab: TemporaryLab;

beforeAll(async () => {
  lab = await createTemporaryLab();
});

afterAll(async () => {
  await lab.remove();
});

const queued = async () => (await lab.status()).jobs.map(({ job }) => job.number).sort((a, b) => a - b);

test('a grid of a dirty tree queues every combination from one snapshot, and the key gives the same jobs again', async () => {
  await lab.write('train.py', 'print("changed")\n');
  const words = ['add', '--stashed', '--json', '--key', 'sweep', '--label', label, '--grid', 'lr=1e-3,3e-4'];
  const command = ['--grid', 'seed=0..2', '--', 'python3', 'train.py', '--lr', '{lr}'];
  const first = await lab.lab(...words, ...command);
  expect(first.stderr).toContain('snapshot');
  const { jobs } = JSON.parse(first.stdout) as { jobs: { number: number; commit: string }[] };
  expect(new Set(jobs.map(({ commit }) => commit)).size).toBe(1);
  const views = (await lab.status(...jobs.map(({ number }) => number))).jobs;
  expect(views.map(({ job }) => [job.key, job.seed, job.command, job.label?.question])).toContainEqual([
    'sweep/4',
    1,
    'python3 train.py --lr 3e-4',
    'does 3e-4 help?',
  ]);
  expect(views.map(({ state }) => state.kind)).toEqual(Array(6).fill('stashed'));
  const refs = (await lab.git('for-each-ref', '--format=%(refname) %(objectname)', 'refs/nightlab/')).split('\n');
  expect(refs.sort()).toEqual(jobs.map(({ number, commit }) => `refs/nightlab/jobs/${number} ${commit}`).sort());

  const again = await lab.lab(...words, ...command);
  expect(JSON.parse(again.stdout).jobs.map(({ number }: { number: number }) => number)).toEqual(
    jobs.map(({ number }) => number),
  );
  expect(again.stderr).toContain('asked before: this is the same job (6 of 6 jobs)');
  expect(await queued()).toEqual(jobs.map(({ number }) => number));
});

test('a file with one wrong job queues none of its jobs', async () => {
  const before = await queued();
  const good = JSON.stringify({ command: 'true', label: 'Q: a? H: no change' });
  await lab.write(
    '.lab/jobs.jsonl',
    `${good}\n${JSON.stringify({ command: 'true', label: 'Q: b? H: no change', sed: 1 })}\n`,
  );
  const unknownKey = await lab.lab('add', '--from', join(lab.root, '.lab/jobs.jsonl'));
  expect(unknownKey.code).not.toBe(0);
  expect(unknownKey.stderr).toContain('line 2: there is no key "sed"');
  const wrong = { command: 'true', label: 'Q: b? H: no change' };
  for (const [more, reason] of [
    [{ after: [9999] }, 'there is no job 9999'],
    [{ group: 'nowhere' }, 'there is no group "nowhere"'],
    [{ device: 'cpu77' }, 'has no cpu device "cpu77"'],
  ] as const) {
    await lab.write('.lab/jobs.jsonl', `${good}\n${JSON.stringify({ ...wrong, ...more })}\n`);
    const refused = await lab.lab('add', '--stashed', '--from', join(lab.root, '.lab/jobs.jsonl'));
    expect(refused.code).not.toBe(0);
    expect(refused.stderr).toContain(reason);
  }
  expect(await queued()).toEqual(before);
});

test('each line of a file is its own job, with what the options say for all of them', async () => {
  const lines = [
    { command: 'true', label: 'Q: a? H: no change', seed: 5, env: { EXTRA: 'yes' } },
    { command: 'false', label: 'Q: b? H: no change', priority: 7 },
  ];
  await lab.write('.lab/jobs.jsonl', lines.map((line) => JSON.stringify(line)).join('\n'));
  const call = await lab.lab('add', '-p', '--stashed', '--priority', '2', '--from', join(lab.root, '.lab/jobs.jsonl'));
  const numbers = call.stdout.trim().split('\n').map(Number);
  const { jobs } = await lab.status(...numbers);
  expect(jobs.map(({ job, priority }) => [job.command, job.seed, priority])).toEqual([
    ['true', 5, 2],
    ['false', null, 7],
  ]);
  expect(JSON.parse(await lab.read(`.lab/runs/${numbers[0]}/job.json`)).env).toMatchObject({ EXTRA: 'yes' });
});

test('a frozen file that was changed refuses the whole grid, also after another commit passed', async () => {
  const before = await queued();
  await lab.write('eval.py', 'print("score: 0")\n');
  const refused = await lab.lab('add', '--label', 'Q: x? H: no change', '--grid', 'seed=0..3', '--', 'true');
  expect(refused.code).not.toBe(0);
  expect(refused.stderr).toContain('eval.py');
  expect(await queued()).toEqual(before);
  expect(await lab.git('for-each-ref', 'refs/nightlab/adding/')).toBe('');
});

test('lines of a file name each other, and the jobs keep the order of the file and wait for each other by number', async () => {
  await lab.git('reset', '--quiet', '--hard');
  const lines = [
    { command: 'echo train', label: 'Q: a? H: no change', after: ['prep'] },
    { command: 'echo prep', label: 'Q: b? H: no change', name: 'prep' },
    { command: 'echo last', label: 'Q: c? H: no change', after: [1], afterAny: ['prep'], key: 'own' },
  ];
  await lab.write('.lab/jobs.jsonl', lines.map((line) => JSON.stringify(line)).join('\n'));
  const words = ['add', '-p', '--stashed', '--key', 'named', '--from', join(lab.root, '.lab/jobs.jsonl')];
  const [train = 0, prep = 0, last = 0] = (await lab.lab(...words)).stdout.trim().split('\n').map(Number);
  expect([prep, last]).toEqual([train + 1, train + 2]);
  const { jobs } = await lab.status(train, prep, last);
  expect(jobs.map(({ job, after }) => [job.command, after])).toEqual([
    ['echo train', [{ job: prep, any: false }]],
    ['echo prep', []],
    [
      'echo last',
      [
        { job: 1, any: false },
        { job: prep, any: true },
      ],
    ],
  ]);
  // Some of a submission may be known: a new one that comes after them gets their numbers.
  const more = { command: 'echo more', label: 'Q: d? H: no change', after: ['prep'] };
  await lab.write('.lab/jobs.jsonl', [...lines, more].map((line) => JSON.stringify(line)).join('\n'));
  const again = (await lab.lab(...words)).stdout.trim().split('\n').map(Number);
  expect(again).toEqual([train, prep, last, last + 1]);
  expect((await lab.status(last + 1)).jobs[0]?.after).toEqual([{ job: prep, any: false }]);
});
