/**
 * The recorder as the pipeline meets it: record files and journal entries through the daemon's route, and the smoke runs (check jobs) that
 * leave no record at all. Real daemon, real git; what the user has open in the checkout is never touched.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { callRoute } from '../cli/client.ts';
import { labPaths } from '../config/lab-paths.ts';
import { type AddRequest, type Routes, requestDefaults } from '../daemon/routes.ts';
import type { JobView } from '../domain/job.ts';
import type { ExperimentEntry, RecordChange, RecordOutcome } from '../domain/record.ts';
import { createTemporaryLab, type TemporaryLab, type TemporaryLabOptions, waitUntil } from './temporary-lab.ts';

const made: TemporaryLab[] = [];
const idea = '1_ideas/2026-11-21_wide.md';

async function create(options: TemporaryLabOptions = {}): Promise<TemporaryLab> {
  const lab = await createTemporaryLab(options);
  made.push(lab);
  expect((await lab.lab('up')).code).toBe(0);
  return lab;
}

afterEach(async () => {
  for (const lab of made.splice(0)) await lab.remove();
});

/** Socket of the lab's daemon, in the lab's own runtime folder: this process has another. */
const socket = (lab: TemporaryLab): string => join(lab.around, 'runtime', 'nightlab', `${labPaths(lab.root).id}.sock`);

/** Asks the daemon that runs: starting one is left to the lab's own commands, which have its environment. */
const record = (lab: TemporaryLab, changes: RecordChange[], entries: ExperimentEntry[] = []): Promise<RecordOutcome> =>
  callRoute(socket(lab), 'record', { subject: 'wide: a change', changes, entries });
const change = (from: string | null, to: string | null, path = idea): RecordChange => ({ path, from, to });
const entry: ExperimentEntry = {
  slug: 'wide',
  attempt: 1,
  text: '## 2026-11-21: Wider (keep)\n\nexperiment wide, attempt 1, no report\n\n- Question: is it so?\n',
};

const onMain = (lab: TemporaryLab, path = idea): Promise<string> => lab.git('show', `main:${path}`);
const countEntries = async (lab: TemporaryLab): Promise<number> =>
  (await onMain(lab, 'RESEARCH_JOURNAL.md')).split('experiment wide, attempt 1, ').length - 1;

test('files are created, changed and moved on main and in the checkout, and a change from an old text is a conflict', async () => {
  const lab = await create();
  expect(await record(lab, [change(null, 'one\n')])).toMatchObject({ kind: 'committed' });
  expect(await record(lab, [change('one\n', 'two\n')])).toMatchObject({ kind: 'committed' });
  expect(await record(lab, [change('one\n', 'three\n')])).toEqual({ kind: 'conflict', path: idea });
  expect([await onMain(lab), await lab.read(idea)]).toEqual(['two', 'two\n']);
  const rejected = '1_ideas/rejected/2026-11-21_wide.md';
  const moved = await record(lab, [change('two\n', null), change(null, 'no\n', rejected)], [entry]);
  expect(moved).toEqual({ kind: 'committed', commit: await lab.git('rev-parse', 'main') });
  expect(await lab.git('show', '--name-status', '--no-renames', '--format=%an: %s', 'main')).toBe(
    `nightlab: recorder: wide: a change\n\nD\t${idea}\nA\t${rejected}\nM\tRESEARCH_JOURNAL.md`,
  );
  expect([existsSync(join(lab.root, idea)), await lab.read(rejected)]).toEqual([false, 'no\n']);
  expect(await lab.git('status', '--porcelain')).toBe('');
});

test('a file that the user wrote and did not commit is adopted, and one they edited since stays as it is', async () => {
  const lab = await create();
  await lab.write(idea, 'mine\n');
  expect(await record(lab, [change(null, 'the lab’s\n')])).toEqual({ kind: 'conflict', path: idea });
  expect(await record(lab, [change('mine\n', 'mine, rated\n')])).toMatchObject({ kind: 'committed' });
  expect([await onMain(lab), await lab.read(idea)]).toEqual(['mine, rated', 'mine, rated\n']);
  await lab.write(idea, 'open in an editor\n');
  expect(await record(lab, [change('mine, rated\n', 'decided\n')])).toMatchObject({ kind: 'committed' });
  expect([await onMain(lab), await lab.read(idea)]).toEqual(['decided', 'open in an editor\n']);
  expect(await lab.git('status', '--porcelain')).toBe(` M ${idea}`);
});

test.each(['train.py', 'lab.yaml', '../x', '1_ideas/../train.py', '.git/config'])(
  'a request that names %s is refused whole',
  async (path) => {
    const lab = await create();
    const before = await lab.git('rev-parse', 'main');
    const asked = record(lab, [change(null, 'one\n'), change(null, 'x\n', path)]);
    await expect(asked).rejects.toMatchObject({ kind: 'refused', message: expect.stringContaining(path) });
    expect(await lab.git('rev-parse', 'main')).toBe(before);
    expect(await lab.git('status', '--porcelain')).toBe('');
  },
);

test('an entry that is asked for twice is there once, and comes back where an old buffer dropped it', async () => {
  const lab = await create();
  const buffer = await lab.read('RESEARCH_JOURNAL.md');
  expect(await record(lab, [], [entry])).toMatchObject({ kind: 'committed' });
  expect(await record(lab, [], [entry])).toEqual({ kind: 'unchanged' });
  expect(await countEntries(lab)).toBe(1);
  await lab.write('RESEARCH_JOURNAL.md', `${buffer}\nA thought of mine.\n`);
  await lab.git('commit', '--quiet', '--no-verify', '--all', '--message=thought');
  expect(await countEntries(lab)).toBe(0);
  // At every start, and every half minute.
  await lab.lab('down');
  await lab.lab('up');
  await waitUntil('the dropped entry is back', async () => (await countEntries(lab)) === 1);
  expect(await onMain(lab, 'RESEARCH_JOURNAL.md')).toContain('A thought of mine.');
});

test('a merge in progress delays a record, and keeps a job’s record waiting behind nothing but the merge', async () => {
  const lab = await create();
  await lab.git('checkout', '--quiet', '-b', 'mine');
  await lab.write('train.py', '# mine\n');
  await lab.git('commit', '--quiet', '--no-verify', '--all', '--message=mine');
  await lab.git('checkout', '--quiet', 'main');
  await lab.git('merge', '--quiet', '--no-ff', '--no-commit', 'mine');
  const reason = `a merge is in progress in ${lab.root}`;
  expect(await record(lab, [change(null, 'one\n')], [entry])).toEqual({ kind: 'delayed', reason });
  expect(existsSync(join(lab.root, idea))).toBe(false);
  const job = await lab.add('--label', 'Q: is it so? H: it is', '--', 'echo 1.0 > $LAB_OUT/model.txt');
  await waitUntil('the job waits for the merge too', async () => {
    const state = (await lab.status(job)).jobs[0]?.state;
    return state?.kind === 'recording' && state.problem === reason;
  });
  // Both are tried again and again meanwhile, and neither holds the other's turn.
  expect(await record(lab, [change(null, 'one\n')], [entry])).toEqual({ kind: 'delayed', reason });
  await lab.git('commit', '--quiet', '--no-verify', '--message=merged');
  expect(await record(lab, [change(null, 'one\n')], [entry])).toMatchObject({ kind: 'committed' });
  expect((await lab.lab('wait', String(job))).code).toBe(0);
  expect(await countEntries(lab)).toBe(1);
  expect(await onMain(lab, 'RESEARCH_JOURNAL.md')).toContain(`\njob ${job}, attempt 1, `);
  expect(await lab.git('status', '--porcelain')).toBe('');
});

test('a daemon killed right after the commit has lost nothing: asked again, it has nothing to do', async () => {
  const lab = await create();
  await lab.lab('down');
  await lab.labIn(lab.root, ['up'], { LAB_STOP_AT: 'files-committed' });
  await expect(record(lab, [change(null, 'one\n')], [entry])).rejects.toThrow();
  await lab.lab('up');
  expect(await record(lab, [change(null, 'one\n')], [entry])).toEqual({ kind: 'unchanged' });
  expect([await onMain(lab), await lab.read(idea), await countEntries(lab)]).toEqual(['one', 'one\n', 1]);
  expect(await lab.git('log', '--format=%s', 'main')).toMatch(/^recorder: wide: a change\n(?!recorder)/);
  expect(await lab.git('status', '--porcelain')).toBe('');
  // What is to be put back after a loss was kept by the second call.
  expect(await lab.read('.lab/experiments/wide/entry-1.md')).toBe(entry.text);
});

/** Queues through the route what no command queues: checks, and jobs with a base of their own. */
const addJob = (lab: TemporaryLab, request: Partial<AddRequest>): Promise<Routes['add']['response']> =>
  callRoute(socket(lab), 'add', {
    ...requestDefaults,
    ...{ key: `key-${Math.random()}`, kind: 'check', label: null, command: 'python3 train.py', checkout: lab.root },
    ...{
      directory: '',
      here: false,
      device: null,
      seed: null,
      secrets: {},
      wallSeconds: null,
      base: null,
      commit: null,
      experiment: null,
      fromTrack: null,
      flags: [],
    },
    env: { PATH: lab.env.PATH ?? '', HOME: lab.env.HOME ?? '/' },
    ...request,
  });

const view = async (lab: TemporaryLab, number: number): Promise<JobView> => {
  const [found] = (await lab.status(number)).jobs;
  if (found === undefined) throw new Error(`there is no job ${number}`);
  return found;
};

test('a smoke run passes or fails like any run and leaves no row, no entry and no decision', async () => {
  const lab = await create();
  const before = await lab.git('rev-parse', 'main');
  const tree = join(lab.root, '5_worktrees', 'wide');
  await lab.git('worktree', 'add', '--quiet', '-b', 'exp/wide', tree);
  const passes = await addJob(lab, { checkout: tree });
  expect((await lab.lab('wait', String(passes.number))).code).toBe(0);
  const crashes = await addJob(lab, { checkout: tree, command: 'echo broken >&2; exit 3' });
  const waited = await lab.lab('wait', String(crashes.number));
  expect(waited).toMatchObject({ code: 3, stdout: expect.stringContaining('smoke run of wide') });
  const endless = await addJob(lab, { command: 'sleep 600', wallSeconds: 1 });
  expect((await lab.lab('wait', String(endless.number))).code).toBe(3);

  const [passed, crashed, stopped] = (await lab.status()).jobs;
  expect(passed).toMatchObject({
    job: { kind: 'check', experiment: 'wide', label: null },
    state: { kind: 'ended', status: null, run: { fate: { kind: 'done' }, metric: null } },
    decision: null,
  });
  const steps = passed?.state.kind === 'ended' ? passed.state.run.steps.map((step) => step.name) : [];
  // Nothing is scored, though the lab has a score command and the run left a number for it.
  expect(steps).toEqual(['train']);
  expect(crashed?.state).toMatchObject({ kind: 'ended', status: null, run: { fate: { kind: 'failed' } } });
  expect(stopped).toMatchObject({ job: { experiment: null }, state: { run: { fate: { failure: 'timeout' } } } });
  expect(await lab.git('rev-parse', 'main')).toBe(before);
  expect((await lab.lab('status')).stdout).toMatch(/smoke run of wide[\s\S]*smoke run: sleep 600/);
});

test('a smoke run of a commit that changed a frozen file is refused before it has a number', async () => {
  const lab = await create();
  await lab.write('eval.py', 'print("score: 0")\n');
  await expect(addJob(lab, {})).rejects.toMatchObject({ kind: 'refused', message: expect.stringContaining('eval.py') });
  expect((await lab.status()).jobs).toEqual([]);
});

test('a smoke run goes before jobs that were queued earlier, and asked for twice it is one job', async () => {
  const lab = await create();
  const label = ['--label', 'Q: is it so? H: it is'];
  const long = await lab.add(...label, '--', 'sleep 600');
  await waitUntil('the device is taken', async () => (await view(lab, long)).state.kind === 'running');
  const plain = await lab.add(...label, '--', 'python3 train.py');
  const check = await addJob(lab, { key: 'smoke-wide-1' });
  expect((await addJob(lab, { key: 'smoke-wide-1' })).number).toBe(check.number);
  expect((await view(lab, check.number)).state).toEqual({ kind: 'queued', position: 1, waits: null });
  expect((await view(lab, plain)).state).toEqual({ kind: 'queued', position: 2, waits: null });
  await lab.lab('kill', '--now', String(long));
  await lab.lab('wait', String(plain), String(check.number));
  const ended = await Promise.all([check.number, plain].map((number) => view(lab, number)));
  const [first, second] = ended.map(({ state }) => (state.kind === 'ended' ? Date.parse(state.run.startedAt) : 0));
  expect(first).toBeGreaterThan(0);
  expect(first).toBeLessThanOrEqual(second ?? 0);
});

test('a job is compared with the base that it was queued with, which has to be a commit', async () => {
  const lab = await create();
  const base = await lab.git('rev-parse', 'main');
  const label = 'Q: is it so? H: it is';
  await expect(addJob(lab, { kind: 'plain', label, base: 'f'.repeat(40) })).rejects.toMatchObject({
    kind: 'user',
    message: expect.stringContaining('f'.repeat(40)),
  });
  await lab.write('train.py', '# another\n');
  const { number } = await addJob(lab, { kind: 'plain', label, command: 'sleep 600', base });
  expect((await view(lab, number)).job).toMatchObject({ base, snapshot: true });
  const without = await addJob(lab, { kind: 'plain', label, command: 'sleep 600' });
  expect((await view(lab, without.number)).job.base).toBeNull();
});
