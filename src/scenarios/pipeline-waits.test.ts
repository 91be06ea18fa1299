/**
 * What people do while an experiment is under way: reject its idea, change a frozen file, merge, check out another branch. The pipeline
 * waits or ends the experiment with the true reason, nothing of theirs is touched, and it goes on later.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterEach, expect, test } from 'vitest';
import type { Experiment } from '../domain/experiment.ts';
import { parseResults } from '../lab/results-tsv.ts';
import { createScriptedLab } from './scripted-agent.ts';
import { evalScript, labCommand, type TemporaryLab, waitUntil } from './temporary-lab.ts';

const made: TemporaryLab[] = [];
afterEach(async () => {
  for (const lab of made.splice(0)) await lab.remove();
});

/** A lab with rated ideas; `local` and `direction` as in createScriptedLab. */
async function create(slugs: string[], local = '', direction: 'lower' | 'higher' = 'lower'): Promise<TemporaryLab> {
  const lab = await createScriptedLab(slugs, local, direction);
  made.push(lab);
  const call = await lab.lab('ideate', '--until', String(slugs.length));
  expect(call, call.stderr).toMatchObject({ code: 0 });
  return lab;
}

async function readState(lab: TemporaryLab, slug: string): Promise<Experiment> {
  return JSON.parse(await lab.read(`.lab/experiments/${slug}/experiment.json`)) as Experiment;
}

const rowsOf = async (lab: TemporaryLab, slug: string) =>
  parseResults(await lab.git('show', 'main:results.tsv')).rows.filter(({ idea }) => idea === slug);

/** Kills `lab implement` at a named point. */
async function stopAt(lab: TemporaryLab, slug: string, point: string): Promise<void> {
  const killed = await lab.labIn(lab.root, ['implement', slug], { LAB_STOP_AT: point });
  expect(killed.code, killed.stderr).toBe(null);
}

/** Starts `lab implement` and leaves it running; `stderr` is what it has said so far. */
function start(lab: TemporaryLab, slug: string) {
  const [node, script] = labCommand;
  const command = execa(node, [script, 'implement', slug], {
    cwd: lab.root,
    env: lab.env,
    extendEnv: false,
    reject: false,
  });
  let said = '';
  command.stderr?.on('data', (chunk: Buffer) => {
    said += chunk.toString('utf8');
  });
  return { command, stderr: () => said };
}

test('an idea that is rejected before it is built ends with that reason and a report, and the next one goes on', {
  timeout: 240_000,
}, async () => {
  const lab = await create(['better', 'worse']);
  await stopAt(lab, 'better', 'experiment-chosen');
  expect((await lab.lab('idea', 'reject', 'better', '--reason', 'not worth it')).code).toBe(0);
  const call = await lab.lab('implement', '-n', '2');
  expect(call, call.stderr).toMatchObject({ code: 4 });
  const { outcome, report, next, commit } = await readState(lab, 'better');
  expect({ outcome, next, commit }).toEqual({
    outcome: { kind: 'failed', stage: 'implement', reason: 'the idea was rejected meanwhile' },
    next: 'done',
    commit: null,
  });
  expect(await lab.git('show', `main:${report}`)).toContain('the idea was rejected meanwhile');
  const [file = ''] = readdirSync(join(lab.root, '1_ideas/rejected')).filter((name) => name.endsWith('_better.md'));
  expect(await lab.git('show', `main:1_ideas/rejected/${file}`)).toMatch(
    /state: rejected[\s\S]*Rejected: not worth it/,
  );
  expect(await readState(lab, 'worse')).toMatchObject({ next: 'done', outcome: { kind: 'decided' } });
});

test('an idea that is rejected after its smoke run costs no evaluation, and its file stays rejected', {
  timeout: 240_000,
}, async () => {
  const lab = await create(['better']);
  await stopAt(lab, 'better', 'smoke-ended');
  expect((await lab.lab('idea', 'reject', 'better', '--reason', 'not worth it')).code).toBe(0);
  const call = await lab.lab('implement', 'better');
  expect(call, call.stderr).toMatchObject({ code: 4 });
  const state = await readState(lab, 'better');
  expect(state).toMatchObject({
    job: null,
    next: 'done',
    outcome: { kind: 'failed', stage: 'evaluate', reason: 'the idea was rejected meanwhile' },
  });
  expect(await rowsOf(lab, 'better')).toEqual([]);
  expect((await lab.status()).jobs.filter(({ job }) => job.kind === 'experiment')).toEqual([]);
  const shown = JSON.parse((await lab.lab('idea', 'show', 'better', '--json')).stdout);
  expect(shown).toMatchObject({ isRejected: true, state: 'rejected' });
  expect(shown.text).toContain('state: rejected');
  expect(await lab.git('status', '--porcelain')).toBe('');
});

test.each([
  ['let go', 'enqueue'],
  ['dropped', 'kill'],
])(
  'an evaluation that is held because a frozen file changed waits with exit 4, and goes on once it is %s',
  {
    timeout: 240_000,
  },
  async (_, verb) => {
    const lab = await create(['better'], 'env:\n  pass: [GO_FOLDER]\n');
    lab.env.GO_FOLDER = `${lab.root}/signals`;
    await lab.write('.git/info/exclude', 'signals/\n');
    await lab.write('signals/.keep', '');
    await stopAt(lab, 'better', 'smoke-ended');
    const wait = 'while ! test -e "$GO_FOLDER/go"; do sleep 0.1; done';
    const other = await lab.add('--label', 'Q: is it busy? H: no change', '--no-score', '--', wait);
    const first = start(lab, 'better');
    // The stage after it: until then the recorder still writes, and git would find its lock.
    const number = await waitUntil('the evaluation is queued behind it', async () => {
      const { next, job } = await readState(lab, 'better');
      return next === 'decide' ? job : null;
    });
    await lab.write('eval.py', `${evalScript}# a new version\n`);
    await lab.git('commit', '--quiet', '--all', '--no-verify', '--message=human: change the evaluator');
    await lab.write('signals/go', '');
    expect((await lab.lab('wait', String(other))).code).toBe(0);

    const held = await first.command;
    expect(held.exitCode, held.stderr).toBe(4);
    expect(held.stderr).toContain(`decide waits: job ${number} is held: `);
    expect(held.stdout).toMatch(/better +waits/);
    expect(await readState(lab, 'better')).toMatchObject({ next: 'decide', job: number, outcome: null, report: null });
    expect(await lab.lab('implement', 'better')).toMatchObject({ code: 4 });

    expect((await lab.lab(verb, String(number))).code).toBe(0);
    const again = await lab.lab('implement', 'better');
    expect(again, again.stderr).toMatchObject({ code: verb === 'enqueue' ? 0 : 4 });
    const state = await readState(lab, 'better');
    const text = await lab.git('show', `main:${state.report}`);
    if (verb === 'enqueue') {
      expect(state).toMatchObject({ next: 'done', job: number, outcome: { kind: 'decided', job: number } });
      expect((await rowsOf(lab, 'better')).map(({ jobs }) => jobs)).toEqual([[number]]);
      // The base was measured by the old evaluator: its number is no base for this one, and nothing is kept on no comparison.
      expect(state.outcome).toMatchObject({ status: 'discard' });
      expect(text).toContain('nothing to compare with');
    } else {
      expect(state).toMatchObject({ next: 'done', outcome: { kind: 'failed', stage: 'evaluate' } });
      expect(state.outcome?.reason).toBe(`job ${number} was taken out of the queue`);
      expect(await rowsOf(lab, 'better')).toEqual([]);
      expect(text).toContain(`job ${number} was taken out of the queue`);
    }
  },
);

test('in the middle of a merge the pipeline says what it waits for, touches nothing, and goes on after it', {
  timeout: 240_000,
}, async () => {
  const lab = await create(['better']);
  await lab.git('checkout', '--quiet', '-b', 'mine');
  await lab.write('notes.md', 'mine\n');
  await lab.git('add', 'notes.md');
  await lab.git('commit', '--quiet', '--no-verify', '--message=mine');
  await lab.git('checkout', '--quiet', 'main');
  await lab.git('merge', '--quiet', '--no-ff', '--no-commit', 'mine');
  const [before, head] = [await lab.git('status', '--porcelain'), await lab.git('rev-parse', 'main')];
  const run = start(lab, 'better');
  await waitUntil('it says what it waits for', async () =>
    run.stderr().includes(`waiting to write the record: a merge is in progress in ${lab.root}`),
  );
  expect(await lab.git('status', '--porcelain')).toBe(before);
  expect(await lab.git('rev-parse', 'main')).toBe(head);
  await lab.git('commit', '--quiet', '--no-verify', '--message=merged');
  const ended = await run.command;
  expect(ended.exitCode, ended.stderr).toBe(0);
  expect(await readState(lab, 'better')).toMatchObject({ outcome: { kind: 'decided', status: 'keep' } });
  expect(await rowsOf(lab, 'better')).toHaveLength(1);
  expect(run.stderr().split('a merge is in progress'), 'told once').toHaveLength(2);
  expect(await lab.git('merge-base', '--is-ancestor', 'mine', 'main')).toBe('');
  expect(await lab.git('status', '--porcelain')).toBe('');
});

test('with another branch checked out, ideas and results go to main, from main, and the checkout stays as it is', {
  timeout: 240_000,
}, async () => {
  const lab = await createScriptedLab(['better']);
  made.push(lab);
  const main = await lab.git('rev-parse', 'main');
  await lab.git('checkout', '--quiet', '-b', 'mine');
  await lab.write('train.py', 'raise SystemExit("half done")\n');
  await lab.git('commit', '--quiet', '--no-verify', '--all', '--message=mine');
  await lab.write('notes.md', 'not committed\n');
  const head = await lab.git('rev-parse', 'HEAD');
  const ideated = await lab.lab('ideate', '--until', '1');
  expect(ideated, ideated.stderr).toMatchObject({ code: 0 });
  const built = await lab.lab('implement');
  expect(built, built.stderr).toMatchObject({ code: 0 });
  const { base, commit, outcome, report, ideaPath } = await readState(lab, 'better');
  expect(outcome).toMatchObject({ kind: 'decided', status: 'keep' });
  expect(await lab.git('show', '--name-only', '--format=', commit ?? '')).toBe('train.py');
  expect(await lab.git('merge-base', 'mine', base ?? '')).toBe(main);
  expect(await rowsOf(lab, 'better')).toHaveLength(1);
  expect(await lab.git('show', `main:${report}`)).toContain('decision: keep');
  expect(await lab.git('show', `main:${ideaPath}`)).toContain('state: decided');
  expect((await lab.lab('reports')).stdout).toContain('1 report: 1 keep');
  expect(await lab.git('rev-parse', 'HEAD')).toBe(head);
  expect(await lab.git('symbolic-ref', '--short', 'HEAD')).toBe('mine');
  expect(await lab.git('status', '--porcelain')).toBe('?? notes.md');
});

test('where a frozen file changed before the evaluation, the baseline is measured anew and is what counts', {
  timeout: 240_000,
}, async () => {
  const lab = await create(['worse']);
  await stopAt(lab, 'worse', 'smoke-ended');
  await lab.write('eval.py', `${evalScript}# a new version\n`);
  await lab.git('commit', '--quiet', '--all', '--no-verify', '--message=human: change the evaluator');
  const call = await lab.lab('implement', 'worse');
  expect(call, call.stderr).toMatchObject({ code: 0 });
  const { track, jobs } = await lab.status();
  const fresh = jobs.filter(({ job }) => job.track === track).map(({ job }) => job.kind);
  expect(fresh).toEqual(['baseline', 'baseline', 'replay', 'experiment']);
  const { outcome } = await readState(lab, 'worse');
  expect(outcome).toMatchObject({ kind: 'decided', status: 'discard' });
  expect(outcome?.reason).toContain('score 2.000000 against 1.000000');
});

test('where a higher score is better, the higher one is kept, chosen for its gain and reported so', {
  timeout: 240_000,
}, async () => {
  const lab = await create(['better', 'worse'], '', 'higher');
  const built = await lab.lab('implement', '-n', '2');
  expect(built, built.stderr).toMatchObject({ code: 0 });
  const [kept, left] = [await readState(lab, 'worse'), await readState(lab, 'better')];
  expect(left.outcome).toMatchObject({ kind: 'decided', status: 'discard' });
  expect(kept.outcome).toMatchObject({ kind: 'decided', status: 'keep' });
  // Chosen before anything was measured; the baseline comes first, so that the gain can be weighed.
  for (const { choice } of [kept, left])
    expect(choice[0]).toContain('expects +0.100 score (a gain of 10.0 % of the champion)');
  const text = await lab.git('show', `main:${kept.report}`);
  expect(text).toMatch(/\(higher is better\) \| 2\.000000/);
  expect(text).toContain('observed: +1.000000');
  expect((await rowsOf(lab, 'better')).map(({ metric, status }) => [metric, status])).toEqual([[0.5, 'discard']]);
});
