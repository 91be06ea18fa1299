/** Tests with fresh seeds on a real book and real git, without workers: the test ends the runs and records them as worker and recorder would. */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { openGroups } from '../../queue/group-store.ts';
import { type JobBook, openJobBook } from '../../queue/job-book.ts';
import { createPlainJob, createPlainRun } from '../../queue/job-for-tests.ts';
import { decideTest } from '../../workers/recorder/decide-test.ts';
import { recordJob } from '../../workers/recorder/recorder.ts';
import { settleAndTell } from '../../workers/recorder/settle-test.ts';
import { createTurns } from '../../workers/recorder/turns.ts';
import { labPaths } from '../config/lab-paths.ts';
import { configSchema } from '../config/schema.ts';
import type { ChampionState, Change } from '../domain/change.ts';
import type { Job } from '../domain/job.ts';
import { readFreshTest, writeFreshTest } from '../lab/fresh-tests.ts';
import { bindTrack } from '../rules/track-store.ts';
import { waitUntil } from '../scenarios/temporary-lab.ts';
import { createTemporaryRepository, type TemporaryRepository } from '../scenarios/temporary-repository.ts';
import { createRandom } from '../stats/seeded-random.ts';
import type { AddContext } from './add-job.ts';
import type { TestRequest } from './begin-test.ts';
import { createFreshTestKeeper, type FreshTestKeeper } from './fresh-test-keeper.ts';
import { scoredRunsOf } from './scored-runs.ts';

const config = configSchema.parse({ metric: { name: 'score', direction: 'higher' } });

const open: { repository: TemporaryRepository; keepers: FreshTestKeeper[] }[] = [];
afterEach(async () => {
  for (const { repository, keepers } of open.splice(0)) {
    for (const keeper of keepers) await keeper.stop();
    await repository.remove();
  }
});

const parts = ['a', 'b', 'c'];

/** What the code with these parts scores, and its luck, a hundredth wide; a run's seed and code draw it. */
const scoreOf = (worth: Readonly<Record<string, number>>, changes: readonly string[], seed: number): number =>
  changes.reduce((sum, slug) => sum + (worth[slug] ?? 0), 1) +
  0.01 * createRandom(seed + 7919 * changes.length).normal();

/** A lab with a champion of three changes, one in each file. `worth` is the truth by slug; exploring saw `seen` instead. */
async function createLab(
  worth: Record<string, number>,
  seen: Record<string, number> = worth,
  seeds: (number | null)[] = [1, 2, 3, 4],
) {
  const repository = await createTemporaryRepository(
    Object.fromEntries([...parts, 'eval.py'].map((name) => [name, '0\n'])),
  );
  const keepers: FreshTestKeeper[] = [];
  open.push({ repository, keepers });
  const { root, git } = repository;
  const paths = labPaths(root);
  mkdirSync(paths.runs, { recursive: true });
  await repository.write('.git/info/exclude', '.lab\n');
  const book: JobBook = openJobBook(paths.runs);
  const track = await bindTrack(paths, config, 'main');
  const head = await git('rev-parse', 'HEAD');
  const slugOf = new Map<string, string>();
  const codes = new Map<string, string[]>([[head, []]]);

  const end = async (number: number, metric: number | null, more: { champion?: ChampionState } = {}) => {
    const at = new Date(Date.UTC(2026, 0, 1, 0, number)).toISOString();
    await book.setRun(
      createPlainRun(number, {
        ...(metric === null ? { fate: { kind: 'failed', failure: 'exception', detail: 'no' } } : { metric }),
        ...{ track, device: { id: 'cpu', class: 'cpu', model: 'x' }, startedAt: at, endedAt: at },
      }),
    );
    const stored = book.get(number);
    const laid = stored.job.test === null ? null : readFreshTest(paths.state, stored.job.test.test);
    const decided = laid === null ? null : decideTest(stored, book.all(), laid, config);
    const settled = decided && stored.run && { root, decided, number, run: stored.run, runs: scoredRunsOf(book) };
    const told = settled ? await settleAndTell({ ...settled, direction: 'higher' }) : null;
    const champion = more.champion ?? told?.champion ?? null;
    const decision = more.champion
      ? ({ status: 'keep', reason: '', evidence: 'provisional', observed: null, noiseWidths: null } as const)
      : null;
    await book.setRecorded({
      ...{ schema: 1, job: number, attempt: 1, decision, metric: 'score', row: null, champion, isDone: true },
      ...{ entry: told?.entry ?? null, commit: null },
      ...(told?.verdict ? { verdict: told.verdict } : {}),
    });
  };
  const create = async (changes: Partial<Job>) =>
    (await book.create(async (number) => createPlainJob(number, { track, ...changes }))).job.number;

  for (const seed of seeds)
    await end(
      await create({ kind: 'baseline', commit: head, seed }),
      scoreOf({}, [], seeds.includes(null) ? 1 : (seed ?? 0)),
    );
  let state: ChampionState = { commit: head, root: head, changes: [], near: [], value: 1, sd: 0.01, chosenBy: 1 };
  for (const [place, part] of parts.entries()) {
    await repository.write(part, `${place + 1}\n`);
    await git('commit', '--quiet', '--all', `--message=${part}`);
    const change: Change = { slug: part, commit: await git('rev-parse', 'HEAD'), start: state.commit };
    const changes = [...state.changes, change];
    slugOf.set(change.commit, part);
    const slugs = changes.map(({ slug }) => slug);
    const value = scoreOf(seen, slugs, 100 + place);
    const number = await create({
      kind: 'experiment',
      experiment: part,
      commit: change.commit,
      base: state.commit,
      start: state.commit,
      seed: 100 + place,
    });
    state = { ...state, changes, commit: change.commit, value, chosenBy: value };
    await end(number, value, { champion: state });
  }
  await git('reset', '--hard', '--quiet', head);
  codes.set(state.commit, parts);

  const context: AddContext = {
    ...{ paths, config, main: 'main', book, devices: new Map([['cpu', ['x']]]), machine: [] },
    ...{ groups: openGroups(paths.state), passed: new Set<string>() },
  };
  const recorder = { paths, config, main: 'main', book, inTurn: createTurns(), say: () => undefined };
  /** Why tests did not go on, as often as it was logged; and how often the keepers asked for the lab as it is. */
  const watched: { problems: unknown[]; looks: number } = { problems: [], looks: 0 };
  const start = () => {
    const keeper = createFreshTestKeeper({
      door() {
        watched.looks += 1;
        return context;
      },
      feed: { whileWaiting: async (_, change) => await change() },
      queueJob: async (_, make) => await make(),
      recordVerdict: (job) => recordJob(recorder, job),
      say: (line, details) => {
        if (line === 'a test does not go on') watched.problems.push(details?.problem);
      },
    });
    keepers.push(keeper);
    return keeper;
  };
  /** Jobs of tests that wait for a worker. */
  const waiting = () =>
    book.all().filter(({ job, run, entry }) => job.test !== null && run === null && entry.removedAt === null);
  /** Ends a run of a test: with the number that its code and seed have, or with none. */
  const run = async (job: Job, isFailing = false) => {
    const slugs = (job.test?.changes ?? []).map((commit) => slugOf.get(commit) ?? '');
    await end(job.number, isFailing ? null : scoreOf(worth, slugs, job.seed ?? 0));
  };
  /** Takes a job that waits out of the queue, as `lab kill` does. */
  const remove = (job: number) => book.setEntry(job, (entry) => ({ ...entry, removedAt: '2026-01-02T00:00:00Z' }));
  /** Runs what waits until no test is open any more, nor a refuted claim's bisection to come. */
  const work = async (keeper: FreshTestKeeper, fails: (job: Job) => boolean = () => false, canBisect = true) => {
    for (;;) {
      const views = await waitUntil('a run waits or all tests are over', async () => {
        const tests = await keeper.list([], false);
        const isBisectDue = tests.some(
          ({ state: said, test: { number } }) =>
            canBisect &&
            said === 'refuted' &&
            !tests.some(({ test: other }) => other.question.kind === 'bisect' && other.question.claim === number),
        );
        return (waiting().length > 0 || (!isBisectDue && tests.every(({ state: said }) => said !== 'open'))) && tests;
      });
      const jobs = waiting();
      if (jobs.length === 0) return views;
      for (const { job } of jobs) await run(job, fails(job));
    }
  };
  return { repository, paths, book, state, context, watched, start, work, run, remove, waiting, head };
}

const ask = (what: TestRequest['ask'], key = 'k'): TestRequest => ({ key, ask: what, env: { A: 'b' }, secrets: {} });
const claim = { kind: 'claim', runs: null } as const;

test('a claim lays down what it tests, and each of its runs is queued once, with a fresh seed and the environment that was asked for', async () => {
  const lab = await createLab({ a: 0.2, b: 0.1, c: 0.1 });
  const keeper = lab.start();
  const { test: laid, jobs } = await keeper.begin(ask(claim));
  expect(laid.question).toMatchObject({
    kind: 'claim',
    attempt: 1,
    alpha: expect.closeTo(0.009, 9),
    runs: 12,
    isPaired: false,
  });
  expect(laid.question.kind === 'claim' && laid.question.expected).toBeCloseTo(0.4, 1);
  expect(laid.arms.map(({ commit }) => commit)).toEqual([lab.head, lab.state.commit]);
  expect(jobs).toHaveLength(4);
  // Asked again with the same key it is the same test.
  expect(await keeper.begin(ask(claim))).toMatchObject({ test: { number: 1 }, jobs });
  await expect(keeper.begin(ask(claim, 'other'))).rejects.toThrow('test 1, a claim, is open');
  const stored = jobs.map((number) => lab.book.get(number));
  expect(stored.map(({ job }) => [job.kind, job.test?.arm, job.seed])).toEqual(
    [0, 1].flatMap((place) => [0, 1].map((arm) => ['confirm', arm, laid.seeds[place]])),
  );
  for (const { job, entry } of stored) {
    expect([job.env, entry.priority]).toEqual([{ A: 'b' }, -10]);
    expect(await lab.repository.git('rev-parse', `refs/nightlab/jobs/${job.number}`)).toBe(job.commit);
  }
  const used = new Set(lab.book.all().flatMap(({ job }) => (job.test === null ? (job.seed ?? []) : [])));
  expect(new Set(laid.seeds).size).toBe(laid.seeds.length);
  expect(laid.seeds.every((seed) => seed >= 1000 && seed < 2 ** 31 && !used.has(seed))).toBe(true);
  const [view] = await lab.work(keeper);
  expect(view).toMatchObject({ state: 'confirmed', why: null, verdict: { state: 'confirmed' } });
  expect(JSON.stringify(view)).not.toContain('"env"');
});

test('another claim of the same day may spend a quarter of what the first could, and takes other seeds', async () => {
  const lab = await createLab({ a: 0.2, b: 0.1, c: 0.1 });
  const keeper = lab.start();
  const first = await keeper.begin(ask(claim));
  await lab.work(keeper);
  const second = await keeper.begin(ask(claim, 'again'));
  expect(second.test.question).toMatchObject({ attempt: 2, alpha: expect.closeTo(0.012 * (3 / 16), 9) });
  expect(second.test.number).toBe(2);
  expect(second.test.seeds.some((seed) => first.test.seeds.includes(seed))).toBe(false);
});

test('a change that the runs so far do not bear out is not claimed, and leaves the champion that is confirmed without it', async () => {
  const lab = await createLab({ a: 0.2, b: 0, c: 0.1 }, { a: 0.2, b: -0.004, c: 0.1 });
  const keeper = lab.start();
  const { test: laid, notes } = await keeper.begin(ask(claim));
  expect(notes.join()).toContain('do not bear it out: b');
  expect(laid.champion.changes.map(({ slug }) => slug)).toEqual(['a', 'c']);
  const code = laid.arms[1]?.commit ?? '';
  const read = (part: string) => lab.repository.git('show', `${code}:${part}`);
  expect([await read('a'), await read('b'), await read('c')]).toEqual(['1', '0', '3']);
  const [view] = await lab.work(keeper);
  expect(view?.verdict).toEqual({ test: 1, state: 'confirmed', revert: [] });
  const { champion } = lab.book.all().findLast(({ recorded }) => recorded?.champion)?.recorded ?? {};
  expect(champion).toMatchObject({ commit: code, changes: laid.champion.changes, near: [{ slug: 'b' }] });
});

test('a refuted claim begins its bisection by itself, the guilty change leaves, and only one bisection ever follows', async () => {
  const lab = await createLab({ a: 0.2, b: -0.9, c: 0.1 }, { a: 0.2, b: 0.3, c: 0.1 });
  const keeper = lab.start();
  await keeper.begin(ask(claim));
  const views = await lab.work(keeper);
  expect(views.map(({ test: { question }, state }) => [question.kind, state])).toEqual([
    ['claim', 'refuted'],
    ['bisect', 'done'],
  ]);
  expect(views[1]?.test.arms.map(({ name }) => name)).toEqual([
    'baseline',
    'first 1 change',
    'first 2 changes',
    'champion',
  ]);
  expect(views[1]?.verdict?.revert).toEqual([lab.state.changes[1]?.commit]);
  expect(
    lab.book
      .all()
      .findLast(({ recorded }) => recorded?.champion)
      ?.recorded?.champion?.changes.map(({ slug }) => slug),
  ).toEqual(['a', 'c']);
  const again = lab.start();
  await lab.work(again);
  expect(await again.list([], false)).toHaveLength(2);
});

test('a bisection that cannot be laid down is told, once however often it is tried, and keeps no other test from going on', async () => {
  const lab = await createLab({ a: 0.2, b: -0.9, c: 0.1 }, { a: 0.2, b: 0.3, c: 0.1 });
  const keeper = lab.start();
  await keeper.begin(ask(claim));
  // The commit of the second change is lost; the champion's own, built on it, is there still.
  const gone = lab.state.changes[1]?.commit ?? '';
  rmSync(join(lab.repository.root, '.git', 'objects', gone.slice(0, 2), gone.slice(2)));
  const [refuted] = await lab.work(keeper, () => false, false);
  expect(refuted?.state).toBe('refuted');
  await waitUntil('the problem is told', async () => keeper.problem() !== null);
  const { looks } = lab.watched;
  const [first] = refuted?.runs ?? [];
  await waitUntil('it was tried again and again', async () => {
    // A change of one of its jobs is a reason to look.
    await lab.book.setEntry(first?.job ?? 0, (entry) => ({ ...entry, priority: entry.priority + 1 }));
    return lab.watched.looks >= looks + 6;
  });
  expect(lab.watched.problems).toEqual([keeper.problem()]);
  await keeper.stop();
  const laid = readFreshTest(lab.paths.state, 1);
  if (laid === null) throw new Error('test 1 is gone');
  await writeFreshTest(lab.paths.state, { ...laid, number: 2, key: 'other', deviceModel: 'y' });
  const next = lab.start();
  await waitUntil('the other test is gone on with', async () => lab.waiting().some(({ job }) => job.test?.test === 2));
  await waitUntil('the problem is told again', async () => next.problem() !== null);
  expect(next.problem()).toMatch(/^test 1: .*no commit/);
});

test('a keeper that finds a test half-way goes on with it, and ends where it would have ended', async () => {
  const lab = await createLab({ a: 0.2, b: 0.1, c: 0.1 });
  const first = lab.start();
  const { jobs } = await first.begin(ask({ kind: 'ablation', each: 3, slugs: [], revert: false }));
  expect(jobs).toHaveLength(12);
  await first.stop();
  const second = lab.start();
  let crashes = 0;
  const [view] = await lab.work(second, () => crashes++ === 0);
  expect(view?.runs).toHaveLength(13);
  expect(new Set(view?.runs.map(({ arm, place }) => `${arm}:${place}`)).size).toBe(13);
  expect(view?.finding).toMatchObject({
    kind: 'ablation',
    revert: [],
    worth: [{ verdict: 'helps' }, { verdict: 'helps' }, { verdict: 'helps' }],
  });
});

test('a test about another track than the lab’s is over, its waiting runs are taken out, and that is said', async () => {
  const lab = await createLab({ a: 0.2, b: 0.1, c: 0.1 });
  const keeper = lab.start();
  await keeper.begin(ask(claim));
  await lab.repository.write('eval.py', '1\n');
  await lab.repository.git('commit', '--quiet', '--all', '--message=another evaluator');
  // Looked at when something changes: the end of a run.
  const [first] = lab.waiting();
  await lab.book.setEntry(first?.job.number ?? 0, (entry) => ({ ...entry, priority: 1 }));
  await waitUntil('the runs are taken out', async () => lab.waiting().length === 0);
  const [view] = await keeper.list([], false);
  expect(view).toMatchObject({
    state: 'provisional',
    verdict: null,
    why: expect.stringContaining('it was about track'),
  });
});

test('a test that another metric of the lab cut is over, and what ran of it gets no late row', async () => {
  const lab = await createLab({ a: 0.2, b: 0.1, c: 0.1 });
  const keeper = lab.start();
  await keeper.begin(ask(claim));
  lab.context.config = configSchema.parse({ metric: { name: 'another', direction: 'higher' } });
  for (const { job } of lab.waiting().slice(0, 1)) await lab.run(job);
  await waitUntil('the other runs are taken out', async () => lab.waiting().length === 0);
  const findOver = async () => (await keeper.list([], false)).find(({ state }) => state !== 'open') ?? false;
  expect(await waitUntil('the test is over', findOver)).toMatchObject({ verdict: null });
  expect(await lab.repository.git('rev-parse', 'main')).toBe(lab.head);
});

test('a test whose last run is taken out while it waits says what the others measured, on main and once', async () => {
  const lab = await createLab({ a: 0.2, b: -0.9, c: 0.1 }, { a: 0.2, b: 0.3, c: 0.1 });
  const keeper = lab.start();
  const { jobs } = await keeper.begin(ask({ kind: 'ablation', each: 3, slugs: [], revert: true }));
  const last = jobs.at(-1) ?? 0;
  for (const { job } of lab.waiting()) if (job.number !== last) await lab.run(job);
  const before = await lab.repository.git('rev-parse', 'main');
  await lab.remove(last);
  const view = await waitUntil('the test is over', async () => {
    const [only] = await keeper.list([], false);
    return only !== undefined && only.state !== 'open' && only;
  });
  const guilty = lab.state.changes[1]?.commit;
  expect(view).toMatchObject({ state: 'done', why: 'a run was taken out of the queue' });
  expect(view.verdict).toEqual({ test: 1, state: 'done', revert: [guilty] });
  expect(view.finding).toMatchObject({ kind: 'ablation', revert: [guilty] });
  const { champion } = lab.book.all().findLast(({ recorded }) => recorded?.champion)?.recorded ?? {};
  expect(champion?.changes.map(({ slug }) => slug)).toEqual(['a', 'c']);
  const journal = await lab.repository.git('show', 'main:RESEARCH_JOURNAL.md');
  expect(journal).toContain('over as it stood: a run was taken out of the queue');
  expect(journal).toContain('not worth their place, and taken back: b');
  // A daemon that was started anew looks at it before it begins another test.
  await keeper.stop();
  await lab.start().begin(ask(claim, 'next'));
  expect(lab.book.all().filter(({ recorded }) => recorded?.verdict?.test === 1)).toHaveLength(1);
  expect(await lab.repository.git('rev-list', '--count', `${before}..main`)).toBe('1');
});

test('a test of which nothing ran is over without a verdict, and nothing is recorded', async () => {
  const lab = await createLab({ a: 0.2, b: 0.1, c: 0.1 });
  const keeper = lab.start();
  const { jobs } = await keeper.begin(ask(claim));
  for (const job of jobs) await lab.remove(job);
  const [view] = await lab.work(keeper);
  expect(view).toMatchObject({ state: 'provisional', verdict: null, why: 'a run was taken out of the queue' });
  expect(view?.runs).toHaveLength(jobs.length);
  expect(await lab.repository.git('rev-parse', 'main')).toBe(lab.head);
});

test.each([
  ['no run of the baseline', [], {}, 'is unknown: no code ran with two seeds'],
  ['one seed', [1], {}, 'is unknown: no code ran with two seeds'],
  ['seeds that change nothing', [1, 2, null], {}, 'ignores LAB_SEED'],
  [
    'an unknown change',
    [1, 2, 3],
    { kind: 'ablation', each: 2, slugs: ['x'], revert: false },
    'expected one of: a, b, c',
  ],
  ['too few runs', [1, 2, 3], { kind: 'claim', runs: 3 }, 'expected at least 4'],
  ['a test that is not there', [1, 2, 3], null, 'there is no test 5'],
] as [string, (number | null)[], Partial<TestRequest['ask']> | null, string][])(
  'with %s nothing is begun, and the reason is said',
  async (_, seeds, what, said) => {
    const lab = await createLab({ a: 0.2, b: 0.1, c: 0.1 }, undefined, seeds);
    const keeper = lab.start();
    const asked =
      what === null ? keeper.list([5], false) : keeper.begin(ask({ ...claim, ...what } as TestRequest['ask']));
    await expect(asked).rejects.toThrow(said);
    expect(lab.book.all().every(({ job }) => job.test === null)).toBe(true);
    expect(await keeper.list([], false)).toEqual([]);
  },
);
