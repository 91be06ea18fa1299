/** The user's own lab, seen from outside any lab: adding, importing from pueue, completions and the shim. A real daemon and real runs. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createFakeNvidiaSmi, idleCards } from './fake-nvidia-smi.ts';
import { createTemporaryLab, labCommand, type TemporaryLab } from './temporary-lab.ts';

let lab: TemporaryLab;
let outside: string;

beforeAll(async () => {
  lab = await createTemporaryLab();
  outside = join(lab.around, 'out side');
  await mkdir(outside);
});

afterAll(() => lab.remove());

async function showJob(number: number): Promise<{ kind: string; here: string | null; label: { text: string } | null }> {
  const { stdout } = await lab.labIn(outside, ['status', '--json', String(number)]);
  return JSON.parse(stdout).jobs[0].job;
}

test('outside any lab a job is queued in the own lab, which is made once, and runs in the caller’s folder', async () => {
  const first = await lab.labIn(outside, ['add', '-p', '--label', 'copy it', '--', 'pwd > where.txt']);
  expect(first.stderr).toContain('made your own lab in ');
  expect({ code: first.code, stdout: first.stdout }).toEqual({ code: 0, stdout: '1\n' });
  const second = await lab.labIn(outside, ['add', '-p', '--wait', '--', 'true']);
  expect(second.stderr).not.toContain('made your own lab');
  expect(second.code).toBe(0);
  expect((await lab.labIn(outside, ['wait', '1'])).code).toBe(0);
  expect(await readFile(join(outside, 'where.txt'), 'utf8')).toBe(`${outside}\n`);
  expect(await showJob(1)).toMatchObject({ kind: 'task', here: outside, label: { text: 'copy it', hypothesis: '' } });
  expect(await showJob(2)).toMatchObject({ label: null });
});

test('inside a lab the same command goes to that lab and still needs a label', async () => {
  const { code, stderr } = await lab.lab('add', '--', 'true');
  expect(code).toBe(2);
  expect(stderr).toContain('the job has no label');
});

test('the own lab records nothing of its tasks on its branch', async () => {
  await lab.labIn(outside, ['add', '-p', '--wait', '--label', 'Q: is it? H: yes', '--', 'true']);
  const own = join(lab.around, 'home', 'nightlab', 'own');
  const { stdout } = await execa('git', ['log', '--format=%s', 'main'], { cwd: own });
  expect(stdout).toBe('nightlab: make the own lab');
});

test('where the machine has GPUs a job is given one unasked, and who chose a card in the shell is told the option for it', async () => {
  const smi = createFakeNvidiaSmi(lab.around, { cards: idleCards(2) });
  const path = `${smi.folder}${delimiter}${lab.env.PATH ?? ''}`;
  const env = { XDG_DATA_HOME: join(lab.around, 'home-with-cards'), PATH: path, CUDA_VISIBLE_DEVICES: '1' };
  const run = async (...options: string[]) => {
    const command = 'echo "card $CUDA_VISIBLE_DEVICES, order $CUDA_DEVICE_ORDER" > card.txt';
    const { code, stderr } = await lab.labIn(outside, ['add', '--wait', ...options, '--', command], env);
    expect(code, stderr).toBe(0);
    return { stderr, card: await readFile(join(outside, 'card.txt'), 'utf8') };
  };
  const unasked = await run();
  expect(unasked.stderr).toContain('CUDA_VISIBLE_DEVICES=1 is not taken along');
  expect(unasked.stderr).toContain('`--device gpu1` asks for that one');
  expect(unasked.card).toMatch(/^card [01], order PCI_BUS_ID\n$/);
  const bound = await run('--device', 'gpu1');
  expect(bound.stderr).not.toContain('CUDA_VISIBLE_DEVICES');
  expect(bound.card).toBe('card 1, order PCI_BUS_ID\n');
  expect((await run('--device', 'cpu')).card).toBe('card , order \n');
});

test('pueue’s waiting tasks are taken over with their places, once, and without their secrets', async () => {
  const common = { path: outside, group: 'default', dependencies: [] as number[], priority: 0, label: null };
  const at = '2026-11-21T03:00:00+00:00';
  const tasks = {
    3: { ...common, id: 3, command: 'sleep 1', status: { Running: { enqueued_at: at, start: at } }, envs: {} },
    5: {
      ...{ ...common, id: 5, command: 'cat one.txt > two.txt', dependencies: [7], priority: 4 },
      ...{ status: { Queued: { enqueued_at: at } }, envs: { PATH: process.env.PATH ?? '' } },
    },
    7: {
      ...{
        ...common,
        id: 7,
        command: 'echo one > one.txt',
        label: 'the first',
        status: { Queued: { enqueued_at: at } },
      },
      envs: { PATH: process.env.PATH ?? '', HF_TOKEN: 'never-stored-value' },
    },
    8: { ...common, id: 8, command: 'true', status: { Stashed: { enqueue_at: null } }, envs: {} },
  };
  const file = join(lab.around, 'tasks.json');
  await writeFile(file, JSON.stringify({ tasks, groups: { default: { status: 'Running', parallel_tasks: 1 } } }));
  const shown = await lab.labIn(outside, ['import', 'pueue', file, '--dry-run', '--json']);
  expect(shown.stdout).not.toContain('never-stored-value');
  const { code, stdout, stderr } = await lab.labIn(outside, ['import', 'pueue', file, '--json']);
  expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringContaining('task 3 runs under pueue') });
  expect(stderr).toContain('HF_TOKEN');
  const { jobs } = JSON.parse(stdout) as { jobs: { id: number; job: number }[] };
  const numbers = new Map(jobs.map(({ id, job }) => [id, job]));
  expect([...numbers.keys()].sort()).toEqual([5, 7, 8]);
  expect((await lab.labIn(outside, ['wait', String(numbers.get(5))])).code).toBe(0);
  expect(await readFile(join(outside, 'two.txt'), 'utf8')).toBe('one\n');
  const status = await lab.labIn(outside, ['status', '--json', String(numbers.get(8)), String(numbers.get(5))]);
  const views = JSON.parse(status.stdout).jobs as {
    job: { number: number };
    state: { kind: string };
    priority: number;
  }[];
  expect(views.find(({ job }) => job.number === numbers.get(8))?.state.kind).toBe('stashed');
  expect(views.find(({ job }) => job.number === numbers.get(5))?.priority).toBe(4);
  const again = await lab.labIn(outside, ['import', 'pueue', file, '--json']);
  expect(JSON.parse(again.stdout).jobs).toEqual(jobs);
  expect((await lab.labIn(outside, ['remove', String(numbers.get(8))])).code).toBe(0);
  const told = (await lab.labIn(outside, ['import', 'pueue', file])).stdout;
  expect(told).toContain(`task 8 is job ${numbers.get(8)} already (removed)\n`);
  expect(told).toContain(`task 5 is job ${numbers.get(5)} already (ended, done)\n`);
  const pausedGroups = { default: { status: 'Paused', parallel_tasks: 1 } };
  await writeFile(file, JSON.stringify({ tasks, groups: pausedGroups }));
  expect((await lab.labIn(outside, ['import', 'pueue', file])).stderr).not.toContain('is paused');
  const more = { ...common, id: 9, command: 'true', status: { Queued: { enqueued_at: at } }, envs: {} };
  await writeFile(file, JSON.stringify({ tasks: { ...tasks, 9: more }, groups: pausedGroups }));
  const paused = await lab.labIn(outside, ['import', 'pueue', file]);
  expect(paused.stderr).toContain('the group default is paused, as it is in pueue: `lab start --group default`');
  const { groups } = JSON.parse((await lab.labIn(outside, ['group', '--json'])).stdout);
  expect(groups).toContainEqual({ name: 'default', slots: 1, isPaused: true });
  expect((await lab.labIn(outside, ['start'])).code).toBe(0);
  const found = await execa('grep', ['-rl', 'never-stored-value', join(lab.around, 'home')], { reject: false });
  expect(found.stdout).toBe('');
});

test('bash completes commands and options from the script that `lab completions bash` prints', async () => {
  const { stdout: script } = await lab.labIn(outside, ['completions', 'bash']);
  const complete = async (...words: string[]) => {
    const list = words.map((word) => `'${word}'`).join(' ');
    const ask = `COMP_WORDS=(lab ${list}); COMP_CWORD=${words.length}; _lab; printf '%s\\n' "\${COMPREPLY[@]}"`;
    return (await execa('bash', ['-c', `${script}\n${ask}`])).stdout.split('\n');
  };
  expect(await complete('stat')).toEqual(['status']);
  expect(await complete('add', '--lab')).toEqual(['--label']);
  expect(await complete('add', '--', '--lab')).toEqual(['']);
});

test('the shim runs pueue’s words as lab’s, and refuses to overwrite what is not its own', async () => {
  const bin = join(lab.around, 'bin');
  await mkdir(bin);
  await writeFile(join(bin, 'pueue'), 'mine');
  const refused = await lab.labIn(outside, ['shim', 'pueue', '--to', bin]);
  expect(refused.code).not.toBe(0);
  expect(await readFile(join(bin, 'pueue'), 'utf8')).toBe('mine');
  const tools = join(lab.around, 'tools');
  expect((await lab.labIn(outside, ['shim', 'pueue', '--to', tools])).code).toBe(0);
  expect((await lab.labIn(outside, ['shim', 'pueue', '--to', tools])).code).toBe(0);
  await writeFile(join(tools, 'lab'), `#!/bin/sh\nexec '${labCommand[0]}' '${labCommand[1]}' "$@"\n`, { mode: 0o755 });
  const env = { ...lab.env, PATH: `${tools}${delimiter}${lab.env.PATH ?? ''}` };
  const pueue = (...args: string[]) => execa('pueue', args, { cwd: lab.around, env, extendEnv: false, reject: false });
  const added = await pueue('add', '-p', '-w', outside, '-l', "it's", '-e', 'printf', '%s.', 'a b', "c'd");
  expect(added.exitCode).toBe(0);
  expect((await pueue('wait', added.stdout)).exitCode).toBe(0);
  expect((await pueue('log', added.stdout)).stdout).toContain("a b.c'd.");
  expect(await showJob(Number(added.stdout))).toMatchObject({ here: outside, label: { text: "it's" } });
  const own = await lab.labIn(outside, ['import', 'pueue'], { PATH: `${tools}${delimiter}${lab.env.PATH ?? ''}` });
  expect(own).toMatchObject({ code: 1, stderr: expect.stringContaining(`${tools}/pueue is lab's own script`) });
  const unknown = await pueue('shutdown');
  expect({ code: unknown.exitCode, text: unknown.stderr }).toEqual({
    code: 2,
    text: expect.stringContaining('lab down'),
  });
});

test('doctor and notify are about the own lab too, and doctor asks nothing of it that only research needs', async () => {
  const { stdout } = await lab.labIn(outside, ['doctor', '--json']);
  const checks = JSON.parse(stdout) as { name: string; state: string; found: string }[];
  const own = join(lab.around, 'home', 'nightlab', 'own');
  expect(checks).toContainEqual(
    expect.objectContaining({ name: 'lab', state: 'ok', found: expect.stringContaining(own) }),
  );
  const names = checks.map(({ name }) => name);
  expect(names).toContain('daemon');
  for (const name of ['charter', 'score', 'agent', 'hooks', 'META_MODE']) expect(names).not.toContain(name);
  const unset = await lab.labIn(outside, ['notify', 'test']);
  expect(unset.stderr).toContain(`set it in ${own}/lab.local.yaml`);
  await writeFile(join(own, 'lab.local.yaml'), `notify:\n  command: 'echo "$LAB_EVENT" > ${own}/told.txt'\n`);
  expect((await lab.labIn(outside, ['notify', 'test'])).code).toBe(0);
  expect(await readFile(join(own, 'told.txt'), 'utf8')).toBe('queue-empty\n');
});
