/** The skill for autoresearch at work: its scripts and every command of its pages, in a clone of the same shape, with the real lab. */
import { existsSync, readFileSync } from 'node:fs';
import { cp, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { packedSkillsFolder } from '../agents/skills/packed-skills.ts';
import { createRatchetLab, type RatchetLab } from './ratchet-lab-for-tests.ts';
import { listShellBlocks, putProgram, putStandIns } from './skill-stand-ins.ts';
import { createTrainingRepository } from './training-repository-for-tests.ts';

const skill = join(packedSkillsFolder(), 'autoresearch');
const script = (name: string): string => join(skill, 'scripts', `${name}.sh`);
const pages = ['SKILL.md', 'references/program-md-guide.md', 'references/hardware-config.md'];

let ratchet: RatchetLab;
let env: Record<string, string>;

beforeAll(async () => {
  ratchet = await createRatchetLab({
    first: { 1: "edit('ORDER', 4); hand('longer contexts')", 2: "edit('STEPS', 1); hand('one step')" },
  });
  const { lab } = ratchet;
  const home = join(lab.around, 'home');
  const bin = join(home, 'bin');
  putStandIns(bin);
  env = { ...lab.env, HOME: home, PATH: `${bin}:${lab.env.PATH}` };
}, 120_000);
afterAll(() => ratchet.lab.remove());

async function run(words: string[], cwd = ratchet.clone, environment = env) {
  const settings = { cwd, env: environment, extendEnv: false, reject: false, stdin: 'ignore' } as const;
  const { exitCode, stdout, stderr } = await execa('sh', words, settings);
  return { code: exitCode ?? null, stdout, stderr };
}

test('without the lab command a script says what is missing and how to get it', async () => {
  const bare = { ...env, PATH: '/usr/bin:/bin' };
  const { code, stderr } = await run([script('check-hardware')], ratchet.clone, bare);
  expect(stderr).toContain('error: the lab command was not found');
  expect(stderr).toContain('hint: npm install --global nightlab');
  expect(code).not.toBe(0);
});

test('another program that is called lab is passed over for nightlab', async () => {
  const bin = join(ratchet.lab.around, 'other');
  putProgram(bin, 'lab', '#!/bin/sh\necho "lab: work with GitLab from the terminal"\n');
  putProgram(bin, 'nightlab', '#!/bin/sh\necho "nightlab got $*"\n');
  const environment = { ...env, PATH: `${bin}:${env.PATH}` };
  const { stdout } = await run([script('lab'), 'status', 'two words'], ratchet.clone, environment);
  expect(stdout).toBe('nightlab got status two words');
});

test.each(['setup', 'run-loop', 'run-experiment'])(
  'outside a clone %s changes nothing and says where it belongs',
  async (name) => {
    const { code, stdout, stderr } = await run([script(name)], ratchet.lab.around);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/error: train\.py is not in .*, expected the root of an autoresearch clone/);
  },
);

test.each([
  ['setup', '--seq-len', 'long'],
  ['setup', '--seq-len', '0'],
  ['run-loop', '--max', '0'],
  ['run-loop', '--max', '2x'],
  ['show-results', '--top', '0'],
])('%s refuses %s %s', async (name, option, value) => {
  const { code, stderr } = await run([script(name), option, value]);
  expect(code).toBe(1);
  expect(stderr).toContain(`error: ${option} got "${value}"`);
});

test('every script explains itself, and refuses a word that it does not know', async () => {
  for (const name of ['setup', 'run-experiment', 'run-loop', 'show-results', 'check-hardware']) {
    expect(await run([script(name), '--help'])).toMatchObject({ code: 0, stderr: '' });
    expect(await run([script(name), '--colour'])).toMatchObject({ code: 2, stdout: '' });
  }
});

test('setup.sh --seq-len writes and commits both constants before the baseline, and does nothing twice', async () => {
  const clone = join(ratchet.lab.around, 'short');
  await createTrainingRepository(clone);
  try {
    const before = readFileSync(join(clone, 'prepare.py'), 'utf8');
    const first = await run([script('setup'), '--seq-len', '32'], clone);
    expect(first, first.stderr).toMatchObject({ code: 0 });
    expect(first.stdout).toMatch(/val_bpb/);
    expect(first.stdout).toMatch(/peak|memory/);
    const after = readFileSync(join(clone, 'prepare.py'), 'utf8');
    expect(before).not.toMatch(/^MAX_SEQ_LEN = 32\b/m);
    expect(after).toMatch(/^MAX_SEQ_LEN = 32\b/m);
    const git = async (...args: string[]) => (await execa('git', args, { cwd: clone, env, extendEnv: false })).stdout;
    expect(await git('log', '--format=%s', '--', 'prepare.py')).toContain('prepare: sequence length 32');
    expect(await git('status', '--porcelain')).toBe('');
    const again = await run([script('setup'), '--seq-len', '32'], clone);
    expect(again.code, again.stderr).toBe(0);
    expect(again.stdout).toContain('nothing to write');
    expect(again.stdout).toContain(first.stdout.split('\n').slice(-2).join('\n'));
    expect(readFileSync(join(clone, 'prepare.py'), 'utf8')).toBe(after);
  } finally {
    await ratchet.lab.labIn(clone, ['down'], env);
    await rm(clone, { recursive: true, force: true });
  }
}, 240_000);

test('every command of the skill and of its pages runs, in its order, and the loop leaves rows', async () => {
  for (const page of pages) {
    for (const { line, text } of listShellBlocks(readFileSync(join(skill, page), 'utf8'))) {
      const { exitCode, all } = await execa('sh', ['-eu', '-c', text], {
        cwd: ratchet.clone,
        env,
        extendEnv: false,
        reject: false,
        all: true,
        stdin: 'ignore',
      });
      expect(exitCode, `${page}:${line}\n${text}\n${all}`).toBe(0);
    }
  }
}, 400_000);

test('check-hardware.sh prints JSON with the machine', async () => {
  const { stdout } = await run([script('check-hardware')]);
  expect(JSON.parse(stdout)).toMatchObject({
    hardware: expect.anything(),
    accelerator: expect.any(String),
    platform: expect.any(String),
  });
});

test('run-loop.sh and show-results.sh: a session goes on where it ended, and its keeps come out the best first', async () => {
  const on = await run([script('run-loop'), '--resume', '--tag', 'try1', '--max', '2']);
  expect(on, on.stderr).toMatchObject({ code: 0 });
  // In the worktree, but where main has a results.tsv of its own.
  const places = [join(ratchet.clone, '.lab', 'ratchet', 'try1', 'results.tsv'), ratchet.inTree('try1', 'results.tsv')];
  const table = places.find((path) => existsSync(path));
  if (table === undefined) throw new Error('the session has no table');
  const cells = readFileSync(table, 'utf8')
    .trimEnd()
    .split('\n')
    .slice(1)
    .map((line) => line.split('\t'));
  expect(cells.map(([, , , status]) => status)).toEqual(['keep', 'keep', 'discard']);
  const shown = await run([script('show-results'), '--top', '1']);
  expect(shown, shown.stderr).toMatchObject({ code: 0 });
  const [head, ...rows] = shown.stdout.split('\n');
  expect(head).toBe('try1: 3 rows: 2 keep, 1 discard; val_bpb, lower is better');
  expect(rows).toHaveLength(1);
  expect(rows[0]).toMatch(new RegExp(`^${cells[1]?.[0]} +${cells[1]?.[1]} .*longer contexts$`));
  // A table alone, elsewhere, will do.
  const alone = join(ratchet.lab.around, 'alone');
  await mkdir(alone);
  await cp(table, join(alone, 'results.tsv'));
  const read = await run([script('show-results'), '--top', '1'], alone);
  expect(read.stdout.split('\n')[1]?.slice(0, 27)).toBe(rows[0]?.slice(0, 27));
}, 240_000);

test('once a session has begun, setup.sh --seq-len is refused and prepare.py stays', async () => {
  const before = readFileSync(join(ratchet.clone, 'prepare.py'), 'utf8');
  const late = await run([script('setup'), '--seq-len', '16']);
  expect(late.code).not.toBe(0);
  expect(late.stderr).toContain('error: ');
  expect(late.stderr).toMatch(/try1 has begun|frozen/);
  expect(readFileSync(join(ratchet.clone, 'prepare.py'), 'utf8')).toBe(before);
});

test('run-loop.sh does not take a tag twice, and names another', async () => {
  const { code, stderr } = await run([script('run-loop'), '--tag', 'try1', '--max', '1']);
  expect(code).not.toBe(0);
  expect(stderr).toContain('try1');
});
