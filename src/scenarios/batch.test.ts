/** `lab add` with a grid, with a file of jobs, and with a key that was used before: one submission is all of its jobs or none. */
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTemporaryLab, labCommand, type TemporaryLab } from './temporary-lab.ts';

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
    'sweep/lr=3e-4,seed=1',
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

test('the key of a grid queues just what a wider one has more, and is refused for another command', async () => {
  const words = ['add', '-p', '--stashed', '--key', 'wider', '--label', label, '--grid', 'lr=1,2'];
  const command = ['--', 'python3', 'train.py', '--lr', '{lr}'];
  const numbersOf = async (...args: string[]) => (await lab.lab(...args)).stdout.trim().split('\n').map(Number);
  const narrow = await numbersOf(...words, '--grid', 'seed=0..1', ...command);
  const before = await queued();
  const wide = await numbersOf(...words, '--grid', 'seed=0..2', ...command);
  expect(wide).toHaveLength(6);
  const fresh = wide.filter((number) => !narrow.includes(number));
  const views = (await lab.status(...fresh)).jobs.map(({ job }) => [job.command, job.seed]);
  expect(views.sort()).toEqual([
    ['python3 train.py --lr 1', 2],
    ['python3 train.py --lr 2', 2],
  ]);
  expect(await queued()).toEqual([...before, ...fresh]);

  const other = await lab.lab(...words, '--grid', 'seed=0..3', ...command, '--fast');
  expect(other.code).toBe(1);
  expect(other.stderr).toContain(`the key "wider/lr=1,seed=0" stands for job ${narrow[0]} already: its command is`);
  expect(await queued()).toEqual([...before, ...fresh]);
});

test('lines from standard input say what the options say, and the waiting job can still be given other values', async () => {
  const [node, script] = labCommand;
  const lines = [
    { command: 'true', label: 'Q: a? H: no change', retries: 2, retryOn: ['oom'], idleSeconds: 60, delay: '2h' },
    { command: 'pwd > where', label: 'Q: b? H: no change', folder: 'below', stdin: true, noScore: true },
  ];
  await lab.write('below/kept.txt', 'kept\n');
  const call = await execa(node, [script, 'add', '-p', '--stashed', '--log-mb', '3', '--from', '-'], {
    cwd: lab.root,
    env: lab.env,
    extendEnv: false,
    input: lines.map((line) => JSON.stringify(line)).join('\n'),
  });
  const [first = 0, second = 0] = call.stdout.trim().split('\n').map(Number);
  const view = async (number: number) => (await lab.status(number)).jobs[0]?.job;
  expect(await view(first)).toMatchObject({
    retry: { times: 2, on: ['out-of-memory'] },
    limits: { idleSeconds: 60, logMb: 3 },
  });
  expect(await view(second)).toMatchObject({ kind: 'task', directory: 'below', stdin: true, retry: { times: 0 } });

  const number = String(first);
  await lab.lab('edit', number, '--retries', '1', '--idle-seconds', 'none', '--stdin', 'on', '--after', String(second));
  await lab.lab('edit', number, '--after-any', '1');
  expect(await view(first)).toMatchObject({
    retry: { times: 1, on: ['out-of-memory'] },
    limits: { idleSeconds: null, logMb: 3 },
    stdin: true,
  });
  expect((await lab.status(first)).jobs[0]?.after).toEqual([
    { job: second, any: false },
    { job: 1, any: true },
  ]);
  const many = await lab.lab('edit', number, '--device', 'gpu', '--gpus', '99');
  expect(many.code).not.toBe(0);
  expect(await view(first)).toMatchObject({ needs: { gpus: 1 } });
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
