/** The verbs of the queue through the real client and daemon: what they print, their exit codes, and that what was typed is never lost. */
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { createTemporaryLab, type TemporaryLab, waitUntil } from './temporary-lab.ts';

let lab: TemporaryLab | undefined;

afterEach(async () => {
  await lab?.remove();
  lab = undefined;
});

const label = ['--label', 'Q: does it run? H: no change'];

async function createPausedLab(jobs: number): Promise<TemporaryLab> {
  lab = await createTemporaryLab();
  expect((await lab.lab('pause', '--wait')).code).toBe(0);
  for (let i = 0; i < jobs; i++) await lab.add(...label, '--no-score', '--', 'true');
  return lab;
}

async function view(own: TemporaryLab, number: number) {
  const found = (await own.status(number)).jobs[0];
  if (found === undefined) throw new Error(`job ${number} is not shown`);
  return found;
}

async function rankOf(own: TemporaryLab, number: number): Promise<number> {
  const { rank } = JSON.parse(await own.read(`.lab/runs/${number}/state.json`)) as { rank: number };
  return rank;
}

test('waiting jobs are put aside, let go, moved and taken out, and a verb that fails ends with 1', async () => {
  const own = await createPausedLab(3);
  expect(await own.lab('stash', '1', '2')).toMatchObject({ code: 0 });
  expect((await view(own, 1)).state.kind).toBe('stashed');
  expect(await own.lab('enqueue', '--all', '--delay', '2h')).toMatchObject({ code: 0 });
  expect((await view(own, 2)).state.kind).toBe('delayed');
  expect(await own.lab('enqueue', '1', '2')).toMatchObject({ code: 0 });
  expect(await own.lab('switch', '3', '--top')).toMatchObject({ code: 0 });
  expect(await rankOf(own, 3)).toBeLessThan(await rankOf(own, 1));
  expect(await own.lab('switch', '3', '1')).toMatchObject({ code: 0 });
  expect(await rankOf(own, 1)).toBeLessThan(await rankOf(own, 3));
  expect(await own.lab('remove', '2')).toMatchObject({ code: 0 });
  expect(await own.lab('stash', '2')).toMatchObject({ code: 1, stdout: '' });
  expect((await own.lab('log', '2')).stderr).toBe('job 2 was removed before it ran\n');
  expect((await own.lab('log', '1')).stderr).toBe('job 1 has not started yet\n');
  const answer = await own.lab('kill', '3', '--json');
  expect(JSON.parse(answer.stdout)).toMatchObject({ results: [{ number: 3, ok: true }] });
  expect(await own.lab('enqueue', '--all')).toMatchObject({ code: 1, stdout: '' });
  expect(await own.lab('stash', '99')).toMatchObject({ code: 1 });
  expect(await own.lab('stash', '1', '--delay', 'soon')).toMatchObject({ code: 2 });
});

test('what keeps a job from starting is said when it is queued, with local times', async () => {
  const own = await createPausedLab(0);
  const paused = await own.lab('add', ...label, '--no-score', '--', 'true');
  expect(paused.stderr).toContain('the group default is paused; `lab start --group default` goes on\n');
  const delayed = await own.lab('add', ...label, '--no-score', '--delay', '2h', '--', 'true');
  const [, noted = ''] =
    /^begins not before (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d)$/m.exec(delayed.stderr) ?? [];
  expect(noted).not.toBe('');
  expect((await own.lab('status', '2')).stdout).toContain(`not before ${noted}\n`);
  expect((await own.lab('stash', '1', '--delay', noted)).stdout).toBe(`job 1: put aside until ${noted}\n`);
  expect((await own.lab('enqueue', '1')).code).toBe(0);
  const ahead = await own.lab('add', ...label, '--no-score', '--immediate', '--', 'true');
  expect(ahead.stderr).not.toContain('is paused');
  expect((await own.lab('wait', '3')).code).toBe(0);
});

test('files are named from the folder that somebody is in', async () => {
  const own = await createPausedLab(1);
  const below = join(own.root, '.lab');
  const added = await own.labIn(below, ['add', ...label, '--no-score', '-i', '--base', 'HEAD', '--', 'true']);
  expect(added.stderr).toContain('run folder runs/2\n');
  expect((await own.labIn(below, ['wait', '2'])).stdout).toContain(' runs/2/1/\n');
  expect((await own.labIn(own.root, ['status', '2'])).stdout).toContain('files       .lab/runs/2/1/\n');
  const elsewhere = join(own.root, '.lab', 'runs', '1');
  expect((await own.labIn(elsewhere, ['status', '2'])).stdout).toContain(`files       ${own.root}/.lab/runs/2/1/\n`);
  const wrong = await own.labIn(elsewhere, ['edit', '1'], { VISUAL: "sed -i 's/^group: .*/group: nowhere/'" });
  const [, from = ''] = /`lab edit 1 --from (\S+)`/.exec(wrong.stderr) ?? [];
  expect(from).toBe(`${own.root}/.lab/drafts/job-1.md`);
  expect(await own.labIn(elsewhere, ['edit', '1', '--from', from])).toMatchObject({ code: 1 });
  await rm(from);
  const failed = await own.labIn(elsewhere, ['edit', '1'], { VISUAL: 'false' });
  expect(failed).toMatchObject({ code: 1, stderr: expect.not.stringContaining('your text is in') });
  expect(await readdir(join(own.root, '.lab', 'drafts'))).toEqual([]);
});

test('groups are made, sized, listed and taken away', async () => {
  const own = await createPausedLab(0);
  const added = await own.lab('group', 'add', 'sweep', '--slots', '4');
  expect(added).toMatchObject({ code: 0 });
  expect(added.stderr).toContain('does not compare with a job that ran alone');
  expect(await own.lab('parallel', '2', '--group', 'sweep')).toMatchObject({ code: 0 });
  const { groups } = JSON.parse((await own.lab('group', '--json')).stdout);
  expect(groups).toContainEqual({ name: 'sweep', slots: 2, isPaused: false });
  expect((await own.lab('parallel')).stdout).toBe((await own.lab('group')).stdout);
  expect((await own.lab('parallel', '--group', 'sweep')).stdout).not.toContain('default');
  expect(await own.lab('parallel', '--group', 'nowhere')).toMatchObject({ code: 1, stdout: '' });
  expect(await own.lab('group', 'remove', 'sweep')).toMatchObject({ code: 0 });
  expect(await own.lab('group', 'remove', 'sweep')).toMatchObject({ code: 1 });
  expect((await own.lab('group')).stdout).not.toContain('sweep');
});

test('a job is edited by options and in an editor, and a text that cannot be applied is kept and named', async () => {
  const own = await createPausedLab(2);
  expect(await own.lab('edit', '2', '--seed', '7', '--after', '1', '--priority', '3')).toMatchObject({ code: 0 });
  expect(await view(own, 2)).toMatchObject({ job: { seed: 7 }, after: [{ job: 1, any: false }], priority: 3 });
  const withEditor = (script: string) => own.labIn(own.root, ['edit', '2'], { VISUAL: script });
  expect(await withEditor("sed -i 's/^seed: 7/seed: 8/; s/^command: .*/command: exit 4/'")).toMatchObject({ code: 0 });
  expect((await view(own, 2)).job).toMatchObject({ seed: 8, command: 'exit 4' });
  expect(await withEditor('true')).toMatchObject({ code: 0, stdout: 'job 2: unchanged\n' });
  const folder = join(own.root, '.lab', 'drafts');
  expect(await readdir(folder)).toEqual([]);
  const wrong = await withEditor("sed -i 's/^seed: 8/seed: 9/; s/^group: .*/group: nowhere/'");
  expect(wrong.code).toBe(1);
  const [draft] = await readdir(folder);
  expect(wrong.stderr).toContain(`.lab/drafts/${draft}`);
  expect(await own.read(`.lab/drafts/${draft}`)).toContain('seed: 9');
  expect((await view(own, 2)).job.seed).toBe(8);
  expect(await own.lab('group', 'add', 'nowhere')).toMatchObject({ code: 0 });
  expect(await own.lab('edit', '2', '--from', `.lab/drafts/${draft}`)).toMatchObject({ code: 0 });
  expect(await view(own, 2)).toMatchObject({ job: { seed: 9 }, group: 'nowhere' });
});

test('variables are set and unset, and the run gets them', async () => {
  const own = await createPausedLab(0);
  const job = await own.add(...label, '--no-score', '--', 'sh', '-c', 'test "$FLAVOUR" = plum');
  expect(await own.lab('env', 'set', String(job), 'FLAVOUR', 'plum')).toMatchObject({ code: 0 });
  expect((await own.lab('env', 'list', String(job))).stdout).toContain('FLAVOUR=plum\n');
  expect(await own.lab('env', 'set', String(job), 'SITE_TOKEN', 'hush')).toMatchObject({ code: 2 });
  expect(await own.lab('env', 'unset', String(job), 'NEVER_SET')).toMatchObject({ code: 1 });
  expect(await own.lab('start', String(job))).toMatchObject({ code: 0 });
  expect(await own.lab('wait', String(job))).toMatchObject({ code: 0 });
});

test('a failed job starts again as a new one, changed in the editor, and ended ones are cleaned', async () => {
  const own = await createPausedLab(0);
  const job = await own.add(...label, '--no-score', '--', 'false');
  expect(await own.lab('start')).toMatchObject({ code: 0 });
  expect(await own.lab('wait', String(job))).toMatchObject({ code: 3 });
  await waitUntil('the job is recorded', async () => (await view(own, job)).state.kind === 'ended');
  const again = await own.labIn(own.root, ['restart', '-p', '--edit', String(job)], {
    VISUAL: "sed -i 's/^command: .*/command: true/'",
  });
  expect(again).toMatchObject({ code: 0, stdout: `${job + 1}\n` });
  expect(await own.lab('wait', String(job + 1))).toMatchObject({ code: 0 });
  expect(await own.lab('restart', String(job), '--failed')).toMatchObject({ code: 2 });
  await waitUntil('the new job is recorded', async () => (await view(own, job + 1)).state.kind === 'ended');
  expect(await own.lab('clean', '--successful')).toMatchObject({ code: 0 });
  expect((await view(own, job + 1)).isArchived).toBe(true);
  expect((await view(own, job)).isArchived).toBe(false);
});

test('the queue is emptied by force alone where nobody can be asked', async () => {
  const own = await createPausedLab(2);
  const refused = await own.lab('reset');
  expect(refused.code).toBe(1);
  expect(refused.stderr).toContain('expected --force');
  expect((await view(own, 1)).state.kind).not.toBe('removed');
  expect(await own.lab('reset', '--force')).toMatchObject({ code: 0 });
  expect((await view(own, 1)).state.kind).toBe('removed');
});
