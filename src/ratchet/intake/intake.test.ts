import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import { afterEach, expect, test } from 'vitest';
import { createPlainJob, createPlainRun } from '../../../queue/job-for-tests.ts';
import { createQueueEntry } from '../../../queue/job-schema.ts';
import { writeJob, writeRun } from '../../../queue/job-store.ts';
import { labPaths } from '../../config/lab-paths.ts';
import type { RatchetSession } from '../../domain/ratchet.ts';
import { loadLabConfig } from '../../git/committed-config.ts';
import { computeTrack } from '../../rules/tracks.ts';
import { createTrainingRepository } from '../../scenarios/training-repository-for-tests.ts';
import { branchOfTag, lockSession, worktreeOfTag, writeSession } from '../session.ts';
import { type Intake, readIntake } from './intake.ts';
import { renderIntake } from './render-intake.ts';

const folders: string[] = [];
afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
});

async function makeFolder(): Promise<string> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'nl-intake-')));
  folders.push(folder);
  return folder;
}

/** A small training repository, its home beside it, and the packet of it. */
async function makeRepository(): Promise<{ root: string; home: string; read(): Promise<Intake> }> {
  const around = await makeFolder();
  const [root, home] = [join(around, 'repo'), join(around, 'home')];
  await mkdir(home);
  await createTrainingRepository(root);
  const env = { PATH: process.env.PATH, HOME: home };
  return { root, home, read: () => readIntake(root, null, { env, home }) };
}

async function makeLab(root: string, text = 'metric: {name: val_bpb}\ncheckout: {setup: "true"}\n'): Promise<void> {
  await writeFile(join(root, 'lab.yaml'), text);
  await execa('git', ['add', 'lab.yaml'], { cwd: root });
  await execa('git', ['-c', 'user.name=R', '-c', 'user.email=r@example.org', 'commit', '-qm', 'a lab'], { cwd: root });
}

test('of a fresh clone the packet says what it has and what it lacks', async () => {
  const { root, home, read } = await makeRepository();
  await writeFile(join(root, 'notes.txt'), 'mine\n');
  const { repository, constraints, session, state } = await read();
  expect(repository).toMatchObject({
    root,
    isGit: true,
    branch: 'master',
    dirty: 1,
    files: ['train.py', 'prepare.py', 'program.md', 'pyproject.toml', 'uv.lock'],
    isTraining: true,
    isLab: false,
    program: 'whole',
    environment: 'missing',
    data: 'missing',
  });
  expect(repository.dataPaths[0]).toBe(join(home, '.cache', 'autoresearch'));
  expect(constraints).toMatchObject({
    memoryCeilingMib: null,
    isEvaluatorFrozen: false,
    wallSeconds: null,
    constants: { TIME_BUDGET: 10, MAX_SEQ_LEN: 64, EVAL_TOKENS: 4096 },
  });
  expect(session).toEqual({ state: 'none', sessions: [] });
  expect(state).toMatchObject({ hasRepository: true, isLab: false, isSetUp: false, hasBaseline: false });
});

test('environment and data together make it set up', async () => {
  const { root, home, read } = await makeRepository();
  await mkdir(join(root, '.venv'));
  expect((await read()).state.isSetUp).toBe(false);
  for (const path of ['train.txt', 'val.txt']) {
    const file = join(home, '.cache', 'autoresearch', 'data', path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, 'text');
  }
  const { repository, state } = await read();
  expect(repository).toMatchObject({ environment: 'ready', data: 'ready' });
  expect(state.isSetUp).toBe(true);
});

test('program.md is told missing, or what it lacks', async () => {
  const { root, read } = await makeRepository();
  await writeFile(join(root, 'program.md'), '# Goal\nLower.\n\n# Constraints\nNone.\n');
  const { repository } = await read();
  expect([repository.program, repository.missingSections]).toEqual([
    'incomplete',
    ['current baseline', 'prioritised directions', 'what has been tried'],
  ]);
  await rm(join(root, 'program.md'));
  expect((await read()).repository).toMatchObject({ program: 'missing' });
});

test('a baseline of the present track sets the memory ceiling to twice its peak, one of another track does not', async () => {
  const { root, read } = await makeRepository();
  await makeLab(root);
  const paths = labPaths(root);
  const config = loadLabConfig(root);
  const track = await computeTrack(paths, config, 'master');
  const put = async (number: number, of: string) => {
    await writeJob(paths.runs, createPlainJob(number, { kind: 'baseline', track: of }), createQueueEntry(number));
    const run = createPlainRun(number, { track: of, metric: 1.25, metrics: {}, peakMemoryMib: 4096 });
    await writeRun(paths.runs, run);
  };
  await put(1, '00000000');
  expect((await read()).state.hasBaseline).toBe(false);
  await put(2, track);
  const { constraints, state } = await read();
  expect(state.hasBaseline).toBe(true);
  expect(constraints).toMatchObject({ memoryCeilingMib: 8192, isEvaluatorFrozen: true, hasScoreStep: false });
  expect(constraints.baseline).toMatchObject({ job: 2, metric: 1.25 });
});

function createSession(root: string, tag: string): RatchetSession {
  const paths = labPaths(root);
  const worktree = worktreeOfTag(paths, tag);
  return {
    schema: 1,
    tag,
    branch: branchOfTag(tag),
    desc: '',
    worktree,
    start: 'a'.repeat(40),
    metric: { name: 'val_bpb', direction: 'lower' },
    edits: ['train.py'],
    device: 'cpu',
    deviceId: null,
    rule: 'strict',
    budget: { trainingSeconds: 10, wallSeconds: 600, constants: {}, command: 'python3 train.py', frozen: {} },
    track: '12345678',
    table: join(worktree, 'results.tsv'),
    max: null,
    agent: null,
    beganAt: '2026-03-05T21:00:00+00:00',
  };
}

test('sessions are told with rows and best, and running while a process holds them', async () => {
  const { root, read } = await makeRepository();
  await makeLab(root);
  const paths = labPaths(root);
  const session = createSession(root, 'mar5');
  await writeSession(paths, session);
  await mkdir(session.worktree, { recursive: true });
  await writeFile(
    session.table,
    `commit\tval_bpb\tmemory_gb\tstatus\tdescription\n${[
      'aaaaaaa\t1.500000\t0.1\tkeep\tbaseline',
      'bbbbbbb\t1.400000\t0.1\tkeep\tlonger',
      'ccccccc\t1.300000\t0.1\tdiscard\tby memory',
      'ddddddd\t0.000000\t0.0\tcrash\tbroken',
    ].join('\n')}\n`,
  );
  const { session: found, state } = await read();
  expect(state.session).toBe('stopped');
  expect(found.sessions).toMatchObject([
    {
      tag: 'mar5',
      isRunning: false,
      rows: 4,
      counts: { keep: 2, discard: 1, crash: 1 },
      best: { commit: 'bbbbbbb', metric: 1.4 },
    },
  ]);
  const lock = await lockSession(paths, 'mar5');
  try {
    expect((await read()).state.session).toBe('running');
  } finally {
    lock.release();
  }
});

test('a broken lab.yaml and a broken session are notes', async () => {
  const { root, read } = await makeRepository();
  await makeLab(root, 'metric: {nam: val_bpb}\n');
  await mkdir(join(root, '.lab', 'ratchet', 'mar5'), { recursive: true });
  await writeFile(join(root, '.lab', 'ratchet', 'mar5', 'session.json'), '{}');
  const { notes, state } = await read();
  expect(notes.join('\n')).toMatch(/nam/);
  expect(notes.join('\n')).toMatch(/session\.json is no session/);
  expect(state).toMatchObject({ isLab: true, session: 'none', hasBaseline: false });
});

test('a folder outside git and one that is no training repository are told as such', async () => {
  const folder = await makeFolder();
  const { repository, state } = await readIntake(folder, 'results');
  expect(repository).toMatchObject({ isGit: false, branch: null, dirty: null, files: [], program: 'missing' });
  expect(state).toMatchObject({ hasRepository: false, isLab: false, isSetUp: false });
});

test('the printed packet is aligned, says the mode, and stays below 15 lines', async () => {
  const { root, read } = await makeRepository();
  await makeLab(root);
  await writeSession(labPaths(root), createSession(root, 'mar5'));
  const text = renderIntake({ ...(await read()), mode: 'results', notes: ['one', 'two', 'three'] });
  const lines = text.trimEnd().split('\n');
  expect(lines.length).toBeLessThan(18);
  expect(lines[0]).toMatch(/^mode {9}results$/);
  expect(lines.filter((line) => !/^[a-z. ]{11} {2}\S/.test(line))).toEqual([]);
  expect(text).toContain('and 1 more notes');
  const plain = renderIntake({ ...(await read()), notes: [] });
  expect(plain.trimEnd().split('\n').length).toBeLessThan(15);
});
