/** The verbs of the queue on a real daemon with real runs: what they do to jobs that wait, run and are over. The command line's words are not its subject. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { callRoute } from '../cli/client.ts';
import { labPaths } from '../config/lab-paths.ts';
import type { RouteName, Routes, Selection } from '../daemon/routes.ts';
import type { JobState } from '../domain/job.ts';
import { createTemporaryLab, type TemporaryLab, waitUntil } from './temporary-lab.ts';

const made: TemporaryLab[] = [];
afterEach(async () => {
  for (const lab of made.splice(0)) await lab.remove();
});

async function create(): Promise<TemporaryLab> {
  const lab = await createTemporaryLab();
  made.push(lab);
  expect((await lab.lab('up')).code).toBe(0);
  return lab;
}

/** Asks the daemon that runs, by its socket. */
const ask = <Name extends RouteName>(
  lab: TemporaryLab,
  route: Name,
  request: Routes[Name]['request'],
): Promise<Routes[Name]['response']> =>
  callRoute(join(lab.around, 'runtime', 'nightlab', `${labPaths(lab.root).id}.sock`), route, request);

const of = (...numbers: number[]): Selection => ({ numbers, group: null, all: false });

/** Queues a task; `here` folders and snapshots are other tests' subject. */
const task = (lab: TemporaryLab, command: string): Promise<number> =>
  lab.add('--no-score', '--label', 'Q: does it run? H: yes', '--', 'sh', '-c', command);

/** A task that runs until the test makes the file `go` beside the lab. */
const block = (lab: TemporaryLab): Promise<number> => task(lab, 'while :; do sleep 0.05; done');

async function stateOf(lab: TemporaryLab, number: number): Promise<JobState> {
  const { jobs } = await ask(lab, 'status', { numbers: [number] });
  const [view] = jobs;
  if (view === undefined) throw new Error(`no view of job ${number}`);
  return view.state;
}

const reaches = (lab: TemporaryLab, number: number, kind: JobState['kind'], more: object = {}) =>
  waitUntil(`job ${number} is ${kind}`, async () => {
    const state = await stateOf(lab, number);
    return (
      state.kind === kind &&
      Object.entries(more).every(([key, value]) =>
        Object.entries(state).some(([name, now]) => name === key && now === value),
      )
    );
  });

test('what is moved to the top runs next, what is stashed does not run, and what is enqueued does', async () => {
  const lab = await create();
  const running = await block(lab);
  await reaches(lab, running, 'running', { step: 'train' });
  const [first, second, third] = [await task(lab, 'true'), await task(lab, 'true'), await task(lab, 'true')];
  expect((await ask(lab, 'move', { numbers: [third], to: { kind: 'top' } })).results).toMatchObject([{ ok: true }]);
  await expect(ask(lab, 'move', { numbers: [running], to: { kind: 'top' } })).rejects.toThrow(
    `job ${running} has begun`,
  );
  expect(
    (await ask(lab, 'stash', { select: of(first, running), notBefore: null })).results.map(({ ok }) => ok),
  ).toEqual([true, false]);
  // The later word counts, for a job that was sent ahead too.
  const delayed = await task(lab, 'true');
  await ask(lab, 'start', { select: of(delayed) });
  await ask(lab, 'enqueue', { numbers: [delayed], notBefore: new Date(Date.now() + 3_600_000).toISOString() });
  expect(await stateOf(lab, delayed)).toMatchObject({ kind: 'delayed', why: 'asked' });
  await ask(lab, 'edit', { number: second, edits: { command: 'echo edited; exit 7' } });
  expect((await ask(lab, 'kill', { numbers: [running], graceSeconds: 0 })).results).toMatchObject([{ ok: true }]);
  await reaches(lab, second, 'ended');
  await reaches(lab, third, 'ended');
  const [early, late] = [await stateOf(lab, third), await stateOf(lab, second)];
  if (early.kind !== 'ended' || late.kind !== 'ended') throw new Error('both are over');
  expect(Date.parse(early.run.startedAt)).toBeLessThanOrEqual(Date.parse(late.run.startedAt));
  expect(late.run.steps.at(-1)?.exitCode).toBe(7);
  expect((await stateOf(lab, first)).kind).toBe('stashed');
  expect((await ask(lab, 'enqueue', { numbers: [first] })).results).toMatchObject([{ ok: true }]);
  await reaches(lab, first, 'ended');
  expect((await ask(lab, 'enqueue', { numbers: [first] })).results[0]?.outcome).toContain('is not held');
});

test('a paused group starts nothing until it goes on, but for what is sent ahead', async () => {
  const lab = await create();
  await ask(lab, 'pause', { select: { numbers: [], group: 'default', all: false }, keepRunning: true });
  const [waits, ahead] = [await task(lab, 'true'), await task(lab, 'true')];
  await ask(lab, 'start', { select: of(ahead) });
  await reaches(lab, ahead, 'ended');
  expect((await stateOf(lab, waits)).kind).toBe('queued');
  await ask(lab, 'start', { select: { numbers: [], group: 'default', all: false } });
  await reaches(lab, waits, 'ended');
});

test('where failures pause, what waits behind one does not begin and says why; a kill pauses nothing', async () => {
  const lab = await createTemporaryLab({ local: 'sandbox: off\nqueue: {pauseOnFailure: group}\n' });
  made.push(lab);
  const go = join(lab.around, 'go');
  const failing = await task(lab, `until [ -e ${go} ]; do sleep 0.05; done; exit 3`);
  await reaches(lab, failing, 'running', { step: 'train' });
  const behind = await task(lab, 'true');
  writeFileSync(go, '');
  await reaches(lab, failing, 'ended');
  const why = `the group default is paused, because job ${failing} failed`;
  const { groups } = await lab.status();
  expect(groups).toEqual([{ name: 'default', slots: 1, isPaused: true, failedJob: failing }]);
  expect(await stateOf(lab, behind)).toMatchObject({ kind: 'queued', waits: expect.stringContaining(why) });
  expect((await lab.lab('status')).stdout).toContain(`${why}: \`lab start --group default\` goes on\n`);

  await ask(lab, 'start', { select: { numbers: [], group: 'default', all: false } });
  await reaches(lab, behind, 'ended');
  const unwanted = await block(lab);
  await reaches(lab, unwanted, 'running', { step: 'train' });
  await ask(lab, 'kill', { numbers: [unwanted], graceSeconds: 0 });
  await reaches(lab, unwanted, 'ended');
  expect((await lab.status()).groups).toEqual([{ name: 'default', slots: 1, isPaused: false }]);
});

test('the pause of a running job is a file in its folder while it lasts, and is shown', async () => {
  const lab = await create();
  const number = await block(lab);
  await reaches(lab, number, 'running', { step: 'train' });
  const file = join(labPaths(lab.root).runs, String(number), '1', 'pause');
  const { notes } = await ask(lab, 'pause', { select: of(number), keepRunning: false });
  expect(notes.join()).toContain('GPU');
  expect(existsSync(file)).toBe(true);
  await reaches(lab, number, 'running', { isPaused: true });
  await ask(lab, 'start', { select: of(number) });
  expect(existsSync(file)).toBe(false);
  await reaches(lab, number, 'running', { isPaused: false });
});

test('a restart is a new job with its own ref, the same twice for one key, and in place one more attempt', async () => {
  const lab = await create();
  const number = await task(lab, 'exit 3');
  await reaches(lab, number, 'ended');
  const request = { select: of(number), key: 'again', inPlace: false, stashed: false, forced: false, edits: {} };
  const { started } = await ask(lab, 'restart', request);
  expect((await ask(lab, 'restart', request)).started).toEqual(started);
  const [again] = started;
  if (again === undefined) throw new Error('nothing was started');
  expect(again).not.toBe(number);
  await reaches(lab, again, 'ended');
  expect(await lab.git('rev-parse', `refs/nightlab/jobs/${again}`)).toBe(
    await lab.git('rev-parse', `refs/nightlab/jobs/${number}`),
  );

  const inPlace = await ask(lab, 'restart', {
    ...request,
    key: 'place',
    inPlace: true,
    edits: { command: 'echo second' },
  });
  expect(inPlace.started).toEqual([number]);
  const run = await waitUntil('the second attempt is over', async () => {
    const state = await stateOf(lab, number);
    return state.kind === 'ended' && state.run.attempt === 2 ? state.run : null;
  });
  expect(run.fate.kind).toBe('done');
  expect(readFileSync(join(labPaths(lab.root).runs, String(number), '2', 'run.log'), 'utf8')).toContain('second');
});

test('a job whose row stands does not run again in place, and as a new job it adds a row', async () => {
  const lab = await create();
  const number = await lab.add('--label', 'Q: is it so? H: yes', '--', 'python3', 'train.py');
  await reaches(lab, number, 'ended');
  const request = { select: of(number), key: 'k', stashed: false, forced: false, edits: {} };
  expect((await ask(lab, 'restart', { ...request, inPlace: true })).results[0]).toMatchObject({
    ok: false,
    outcome: expect.stringContaining('its row'),
  });
  const { started } = await ask(lab, 'restart', { ...request, inPlace: false });
  for (const again of started) await reaches(lab, again, 'ended');
  expect((await lab.git('show', 'main:results.tsv')).trim().split('\n')).toHaveLength(3);
});

test('a job held for its failed dependency runs once it is enqueued', async () => {
  const lab = await create();
  const fails = await task(lab, 'exit 1');
  await reaches(lab, fails, 'ended');
  await ask(lab, 'pause', { select: { numbers: [], group: 'default', all: false }, keepRunning: true });
  const after = await task(lab, 'true');
  await ask(lab, 'edit', { number: after, edits: {}, after: [{ job: fails, any: false }] });
  await expect(ask(lab, 'edit', { number: after, edits: {}, after: [{ job: after, any: false }] })).rejects.toThrow(
    `${after} → ${after}`,
  );
  await ask(lab, 'start', { select: { numbers: [], group: 'default', all: false } });
  await reaches(lab, after, 'held');
  expect((await ask(lab, 'enqueue', { numbers: [after] })).results[0]?.outcome).toContain(
    `no longer after job ${fails}`,
  );
  await reaches(lab, after, 'ended');
});

test('a signal reaches the program and nothing else is done to the job', async () => {
  const lab = await create();
  const number = await task(
    lab,
    'exec python3 -c "import signal, time; signal.signal(signal.SIGUSR1, lambda *_: exit(9)); print(1, flush=True); time.sleep(600)"',
  );
  const log = join(labPaths(lab.root).runs, String(number), '1', 'run.log');
  await waitUntil('the program listens', async () => existsSync(log) && readFileSync(log, 'utf8').includes('1'));
  await expect(ask(lab, 'kill', { numbers: [number], graceSeconds: null, signal: 'SIGNONE' })).rejects.toThrow(
    'there is no signal',
  );
  expect((await ask(lab, 'kill', { numbers: [number], graceSeconds: null, signal: 'SIGUSR1' })).results).toMatchObject([
    { ok: true },
  ]);
  await reaches(lab, number, 'ended');
  const state = await stateOf(lab, number);
  expect(state.kind === 'ended' && state.run.steps.at(-1)?.exitCode).toBe(9);
});

test('reset ends what runs, takes out what waits and puts away what is over; purge deletes what left no record', async () => {
  const lab = await create();
  const past = await task(lab, 'true');
  await reaches(lab, past, 'ended');
  const running = await block(lab);
  await reaches(lab, running, 'running', { step: 'train' });
  const waits = await task(lab, 'true');
  const { results } = await ask(lab, 'reset', { group: null, graceSeconds: 0 });
  expect(results.every(({ ok }) => ok)).toBe(true);
  await reaches(lab, running, 'ended');
  expect((await stateOf(lab, waits)).kind).toBe('removed');
  const cleaned = await ask(lab, 'clean', { numbers: [], group: null, successfulOnly: false, purge: true });
  // The other two left an entry in the journal, which names their folder.
  expect(cleaned.results.map(({ outcome }) => outcome)).toEqual([
    `job ${past}: out of sight`,
    `job ${running}: out of sight`,
    `job ${waits}: deleted`,
  ]);
  expect(existsSync(join(labPaths(lab.root).runs, String(waits)))).toBe(false);
  expect((await lab.git('for-each-ref', '--format=%(refname)', 'refs/nightlab/jobs/')).split('\n')).toEqual(
    [past, running].map((number) => `refs/nightlab/jobs/${number}`),
  );
  expect(await task(lab, 'true')).toBe(waits + 1);
});
