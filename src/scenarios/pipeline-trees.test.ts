/**
 * What the pipeline does with worktrees, branches and reports that are not as it left them: made by somebody else, edited, removed, locked, or
 * prepared by an agent to lead it astray. Nothing of the user's is lost, and what was measured is what was reviewed.
 */
import { existsSync, lstatSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Experiment } from '../domain/experiment.ts';
import { parseResults } from '../lab/results-tsv.ts';
import { createScriptedLab } from './scripted-agent.ts';
import type { LabCall, TemporaryLab } from './temporary-lab.ts';

const slugs = [
  'own',
  'tree',
  'edited',
  'linked',
  'big',
  'nested',
  'removed',
  'locked',
  'reviewed',
  'wide-net',
  'twin',
  'noagent',
];
let lab: TemporaryLab;

beforeAll(async () => {
  lab = await createScriptedLab(slugs);
  lab.env.VICTIM = join(lab.around, 'victim.txt');
  writeFileSync(lab.env.VICTIM, 'precious\n');
  const ideated = await lab.lab('ideate', '--until', String(slugs.length));
  expect(ideated, ideated.stderr).toMatchObject({ code: 0 });
}, 120_000);
afterAll(() => lab.remove());

async function readState(slug: string): Promise<Experiment> {
  return JSON.parse(await lab.read(`.lab/experiments/${slug}/experiment.json`)) as Experiment;
}

const stopAt = (point: string, slug: string): Promise<LabCall> =>
  lab.labIn(lab.root, ['implement', slug], { LAB_STOP_AT: point });

async function finish(slug: string): Promise<Experiment> {
  const call = await lab.lab('implement', slug);
  expect(call, call.stderr).toMatchObject({ code: 0 });
  return await readState(slug);
}

test('a branch that somebody else made is left as it is, and the experiment says why it waits', async () => {
  await lab.git('branch', 'exp/own');
  await lab.git('worktree', 'add', '-q', join(lab.around, 'mine'), 'exp/own');
  writeFileSync(join(lab.around, 'mine', 'notes.txt'), 'mine');
  await lab.git('-C', join(lab.around, 'mine'), 'add', 'notes.txt');
  await lab.git('-C', join(lab.around, 'mine'), 'commit', '-q', '-m', 'mine');
  const tip = await lab.git('rev-parse', 'exp/own');
  const call = await lab.lab('implement', 'own');
  expect(call.code).toBe(4);
  expect(call.stderr).toMatch(/the branch exp\/own exists and was not made by the lab/);
  expect((await readState('own')).waits).toContain('exp/own');
  expect(await lab.git('rev-parse', 'exp/own')).toBe(tip);
  await lab.git('worktree', 'remove', join(lab.around, 'mine'));
  await lab.git('branch', '-m', 'exp/own', 'mine');
  expect(await finish('own')).toMatchObject({ next: 'done', waits: null });
});

test('a worktree that somebody else made is not cleaned', async () => {
  await lab.git('worktree', 'add', '-q', '5_worktrees/tree', '-b', 'another', 'main');
  await lab.write('5_worktrees/tree/notes.txt', 'mine');
  expect((await lab.lab('implement', 'tree')).code).toBe(4);
  expect(await lab.read('5_worktrees/tree/notes.txt')).toBe('mine');
});

test('what runs is the commit that was reviewed, whatever lies in the worktree by then', async () => {
  expect((await stopAt('smoke-ended', 'edited')).code).toBe(null);
  const text = await lab.read('5_worktrees/edited/train.py');
  await lab.write('5_worktrees/edited/train.py', text.replace(/write\("[\d.]+"\)/, 'write("0.001")'));
  const { commit, job } = await finish('edited');
  const row = parseResults(await lab.git('show', 'main:results.tsv')).rows.find(({ idea }) => idea === 'edited');
  expect(row?.commit).toBe(commit?.slice(0, 7));
  expect(row?.jobs).toEqual([job]);
  expect(row?.metric).toBeGreaterThan(0.5);
});

test('the copy of a report is never written through a link that an agent left', async () => {
  // In a sandbox the agent could not set the trap: its worktree's records are read-only.
  const call = await lab.labIn(lab.root, ['implement', 'linked'], { LAB_SANDBOX: 'off' });
  expect(call, call.stderr).toMatchObject({ code: 0 });
  const { outcome, report } = await readState('linked');
  expect(outcome).toMatchObject({ kind: 'decided' });
  // The trap was set: git ignores the link, so it lies in the worktree to this day, where the copy would have been written.
  expect(lstatSync(join(lab.root, '5_worktrees', 'linked', report ?? '')).isSymbolicLink()).toBe(true);
  expect(await lab.git('show', `exp/linked:${report}`)).toContain('# parokigu');
  expect(readFileSync(lab.env.VICTIM ?? '', 'utf8')).toBe('precious\n');
});

test('a large file is refused before git has stored it, a repository inside the worktree is named', async () => {
  const sizeOf = async () =>
    Number(/size-pack: (\d+)|$/.exec(await lab.git('count-objects', '-v'))?.[1] ?? 0) +
    Number(/size: (\d+)/.exec(await lab.git('count-objects', '-v'))?.[1] ?? 0);
  const before = await sizeOf();
  expect((await finish('big')).outcome).toMatchObject({
    kind: 'refused',
    reason: expect.stringMatching(/weights\.bin has 30\.0 MB/),
  });
  expect((await sizeOf()) - before).toBeLessThan(5000);
  expect((await finish('nested')).outcome).toMatchObject({
    kind: 'refused',
    reason: expect.stringMatching(/sub\/ is a git repository/),
  });
});

test('a worktree that was removed is made again where it is needed', async () => {
  expect((await stopAt('implement-ended', 'removed')).code).toBe(null);
  rmSync(join(lab.root, '5_worktrees', 'removed'), { recursive: true });
  expect(await finish('removed')).toMatchObject({ next: 'done', outcome: { kind: 'decided' } });
});

test('a lock that a killed git left in a worktree does not stop its experiment', async () => {
  expect((await stopAt('worktree-made', 'locked')).code).toBe(null);
  await lab.write('.git/worktrees/locked/index.lock', '');
  expect(await finish('locked')).toMatchObject({ next: 'done', outcome: { kind: 'decided' } });
});

test("a person's verdict on a report survives that its experiment was cut off and goes on", async () => {
  expect((await stopAt('report-recorded', 'reviewed')).code).toBe(null);
  const call = await lab.lab('reports', 'review', 'reviewed', '--verdict', 'accept', '--note', 'looked at it');
  expect(call, call.stderr).toMatchObject({ code: 0 });
  const { report } = await finish('reviewed');
  const text = await lab.git('show', `main:${report}`);
  expect(text).toContain('verdict: accept');
  expect(text).toContain('looked at it');
});

test('the report of a second attempt takes no other name than its own', async () => {
  await finish('twin');
  expect((await lab.lab('idea', 'retry', 'twin')).code).toBe(0);
  expect((await finish('twin')).report).toMatch(/_twin\.2\.md$/);
});

test('the beginning of a slug builds nothing, and the whole one is named', async () => {
  const call = await lab.lab('implement', 'wide');
  expect(call.code).toBe(1);
  expect(call.stderr).toContain('lab implement wide-net');
  expect(existsSync(join(lab.root, '.lab', 'experiments', 'wide-net'))).toBe(false);
});

test('an agent that cannot work uses up no idea', async () => {
  const local = await lab.read('lab.local.yaml');
  await lab.write(
    'lab.local.yaml',
    local.replace('  commands:\n', '  commands:\n    none: nosuchagent {promptFile}\n'),
  );
  const call = await lab.lab('implement', 'noagent', '--agent', 'none');
  expect(call.code).toBe(4);
  expect(call.stderr).toMatch(/the implementer could not work: .*nosuchagent/);
  expect(await readState('noagent')).toMatchObject({ next: 'implement', outcome: null });
  expect(await finish('noagent')).toMatchObject({ next: 'done', outcome: { kind: 'decided' }, waits: null });
});

test('without a sandbox an agent that checks out another branch moves none, and is told', async () => {
  const open = await createScriptedLab(['switch'], 'sandbox: off\n');
  try {
    await open.git('branch', 'feature');
    const tip = await open.git('rev-parse', 'feature');
    await open.lab('ideate', '--until', '1');
    expect((await open.lab('implement', 'switch')).code).toBe(4);
    const { outcome } = JSON.parse(await open.read('.lab/experiments/switch/experiment.json')) as Experiment;
    expect(outcome).toMatchObject({
      kind: 'failed',
      reason: expect.stringMatching(/has the branch feature checked out/),
    });
    expect(await open.git('rev-parse', 'feature')).toBe(tip);
  } finally {
    await open.remove();
  }
});
