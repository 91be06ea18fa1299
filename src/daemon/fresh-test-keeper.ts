/**
 * Sees the tests with fresh seeds to their end: begins them, queues their runs, and begins the bisection of a claim that was refuted. It keeps
 * nothing of its own: a test is its file and its jobs, so that a daemon that was killed goes on where the last one was. The verdict is
 * the recorder's; the keeper only reads it.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { BookedJob } from '../../queue/job-book.ts';
import {
  findJobOwingVerdict,
  findVerdict,
  listTestJobs,
  progressOf,
  testJobKey,
} from '../../workers/recorder/test-runs.ts';
import { formatLocalTime } from '../domain/time.ts';
import { LabError, messageOf } from '../errors/lab-error.ts';
import { type KeptTest, listFreshTests, writeFreshTest } from '../lab/fresh-tests.ts';
import { reachPoint } from '../lab/named-point.ts';
import type { TestProgress } from '../stats/test-progress.ts';
import type { AddContext } from './add-job.ts';
import { layDownBisect, layDownTest, type TestRequest } from './begin-test.ts';
import type { QueueFeed } from './queue-feed.ts';
import type { Routes, TestView } from './routes.ts';
import { findGround, type TestGround } from './test-ground.ts';
import { queueTestJob } from './test-job.ts';
import { isRecording, isWaiting, viewTest, withoutEnvironment } from './test-view.ts';
import { createTrackReader } from './track-cache.ts';

/** What it works with. */
export interface FreshTestParts {
  /** The lab as it is now. */
  door(): AddContext;
  feed: Pick<QueueFeed, 'whileWaiting'>;
  /** Queues a job in turn with all others; the secrets go with its key. */
  queueJob(
    request: { key: string; secrets: Record<string, string> },
    create: () => Promise<BookedJob>,
  ): Promise<BookedJob>;
  /** Has the recorder look again at a recorded run of a test that ended without a verdict. */
  recordVerdict(job: number): Promise<unknown>;
  say(line: string, details?: Record<string, unknown>): void;
}

/** The keeper of the tests. */
export interface FreshTestKeeper {
  /** Begins a test and queues its first runs; the same key twice is one test. Throws LabError (user, usage) with the reason where it is refused. */
  begin(request: TestRequest): Promise<Routes['test']['response']>;
  /** The tests of these numbers, all where there are none. `wait`: after the next change, or about 20 seconds; at once where none is open. */
  list(numbers: readonly number[], wait: boolean): Promise<TestView[]>;
  /** What keeps a test from going on; null where nothing does. */
  problem(): string | null;
  /** Ends the watching; what is queued stays queued. */
  stop(): Promise<void>;
}

/** Longest time between two looks while a test is open, milliseconds: the lab's track may move without a change of a job. */
const lookMs = 20_000;
const retryMs = 1_000;

/** Creates the keeper; it goes on at once with what an earlier daemon left open. */
export function createFreshTestKeeper(parts: FreshTestParts): FreshTestKeeper {
  const { paths, book } = parts.door();
  const readTrack = createTrackReader(paths);
  const secrets = new Map<number, Record<string, string>>();
  /** Tests that have their verdict: nothing of them is looked at again. */
  const closed = new Set<number>();
  const waiters = new Set<() => void>();
  let tests: KeptTest[] | null = null;
  let problem: string | null = null;
  let isStopped = false;
  let turn: Promise<unknown> = Promise.resolve();
  let wake: () => void = () => undefined;

  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const done = turn.then(work);
    turn = done.catch(() => undefined);
    return done;
  };
  const readTests = (): KeptTest[] => {
    tests ??= listFreshTests(paths.state);
    return tests;
  };
  const keep = async (test: KeptTest, values: Record<string, string>) => {
    await writeFreshTest(paths.state, test);
    reachPoint('test-written');
    tests = [...readTests(), test];
    secrets.set(test.number, values);
    parts.say('a test begins', { test: test.number, asks: test.question.kind, arms: test.arms.length });
  };
  const currentTrack = async (): Promise<string> => {
    const { config, main } = parts.door();
    return await readTrack(config, main);
  };

  const view = (test: KeptTest, track: string): TestView => viewTest(test, book.all(), parts.door().config, track);
  const isOpen = (test: KeptTest, track: string): boolean =>
    !closed.has(test.number) && view(test, track).state === 'open';

  const progressNow = (test: KeptTest): TestProgress => progressOf(test, book.all(), parts.door().config);
  const numbersOf = (test: KeptTest): number[] => listTestJobs(test, book.all()).map(({ job }) => job);

  /** Queues what the test wants next; gives where it stood before that. */
  const goOn = async (test: KeptTest): Promise<TestProgress> => {
    const progress = progressNow(test);
    const wanted = progress.kind === 'run' ? progress.wanted : [];
    const values = secrets.get(test.number) ?? {};
    for (const run of wanted) {
      const key = testJobKey(test.number, run.arm, run.place);
      await parts.queueJob({ key, secrets: values }, () => queueTestJob(parts.door(), test, run));
      reachPoint('test-run-queued');
    }
    return progress;
  };
  const goOnNumbered = async (test: KeptTest): Promise<number[]> => {
    await goOn(test);
    return numbersOf(test);
  };

  /** The lab measures by another rule now: what has not begun is taken out, and the test is over. */
  const takeOut = async (test: KeptTest) => {
    for (const { job } of listTestJobs(test, book.all())) {
      if (!isWaiting(book.get(job))) continue;
      const removedAt = formatLocalTime(new Date());
      await parts.feed.whileWaiting(job, () => book.setEntry(job, (entry) => ({ ...entry, removedAt })));
      parts.say('a run of a test is taken out: the track moved', { test: test.number, job });
    }
  };

  const follow = async (test: KeptTest, track: string) => {
    const own = listTestJobs(test, book.all());
    const verdict = findVerdict(
      test.number,
      own.map(({ stored }) => stored),
    );
    if (verdict !== null) {
      // Its row comes first; the record's end is a change that leads here again.
      if (own.some(({ job }) => isRecording(book.get(job)))) return;
      if (verdict.state === 'refuted' && test.track === track) await beginBisect(test);
      closed.add(test.number);
      return;
    }
    if (test.track !== track) await takeOut(test);
    const progress = test.track === track ? await goOn(test) : progressNow(test);
    // The last of its runs was taken out, by a person or just now: no record is to come that would say what the others measured.
    const owing = findJobOwingVerdict(test, book.all(), progress, parts.door().config);
    if (owing !== null) await parts.recordVerdict(owing);
  };

  /** Only of the newest test of its ground: what was tested since says more than an old refutation. */
  const beginBisect = async (claim: KeptTest) => {
    const all = readTests();
    const later = all.filter(({ number }) => number > claim.number);
    if (later.some((test) => test.track === claim.track && test.deviceModel === claim.deviceModel)) return;
    const context = parts.door();
    const { track, deviceClass, deviceModel } = claim;
    const found = await findGround(context);
    const present = found.view.champion?.state?.changes ?? [];
    if (!claim.champion.changes.some(({ commit }) => present.some((change) => change.commit === commit))) return;
    const ground: TestGround = { ...found, track, deviceClass, deviceModel };
    const test = await layDownBisect(context, ground, claim, all);
    await keep(test, secrets.get(claim.number) ?? {});
    await goOn(test);
  };

  /** Gives what keeps tests from going on: one that cannot (a file that is frozen by now, a commit that is gone) is not in the way of the others. */
  const lookAtAll = async (): Promise<string[]> => {
    const track = await currentTrack();
    const found: string[] = [];
    // One that begins meanwhile is looked at, too: a bisection follows its claim.
    for (let index = 0; index < readTests().length; index++) {
      const test = readTests()[index];
      if (test === undefined || closed.has(test.number) || isStopped) continue;
      await follow(test, track).catch((error: unknown) => found.push(`test ${test.number}: ${messageOf(error)}`));
    }
    return found;
  };

  const watch = async () => {
    while (!isStopped) {
      const seen = book.version;
      const told = problem;
      const woken = new Promise<void>((resolve) => {
        wake = resolve;
      });
      try {
        const found = await inTurn(lookAtAll);
        problem = found.length === 0 ? null : found.join('; ');
      } catch (error) {
        problem = `tests: ${messageOf(error)}`;
      }
      if (problem !== null && problem !== told) parts.say('a test does not go on', { problem });
      for (const tell of waiters) tell();
      if (problem !== null) await sleep(retryMs, undefined, { ref: false });
      const followed = (tests ?? []).filter(({ number }) => !closed.has(number));
      const numbers = followed.flatMap(numbersOf);
      const isAnyOpen = followed.length > 0 || tests === null;
      if (numbers.length > 0) await Promise.race([woken, book.waitForChange(numbers, seen, lookMs)]);
      else await (isAnyOpen ? Promise.race([woken, sleep(lookMs, undefined, { ref: false })]) : woken);
    }
  };
  const watching = watch();

  const begin = async (request: TestRequest): Promise<Routes['test']['response']> => {
    const known = readTests().find(({ key }) => key === request.key);
    if (known !== undefined) return { test: withoutEnvironment(known), jobs: await goOnNumbered(known), notes: [] };
    const context = parts.door();
    const ground = await findGround(context);
    const open = readTests().find(
      (test) => test.track === ground.track && test.deviceModel === ground.deviceModel && isOpen(test, ground.track),
    );
    if (open !== undefined) {
      const words = { claim: 'a claim', bisect: 'the bisection of a refuted claim', ablation: 'an ablation' };
      const numbers = listTestJobs(open, book.all()).flatMap(({ job, outcome }) =>
        outcome.kind === 'pending' ? [job] : [],
      );
      throw new LabError(
        'user',
        `test ${open.number}, ${words[open.question.kind]}, is open on track ${open.track}: one at a time, so that each says what it was laid down for`,
        {
          hints:
            numbers.length === 0
              ? ['its verdict is being recorded; `lab status` says what holds that up']
              : [`\`lab wait ${numbers.join(' ')}\` waits for its runs, \`lab kill\` takes them out and ends it`],
        },
      );
    }
    const { test, notes } = await layDownTest(context, ground, request, readTests());
    await keep(test, request.secrets);
    return { test: withoutEnvironment(test), jobs: await goOnNumbered(test), notes };
  };

  return {
    async begin(request) {
      const answer = await inTurn(() => begin(request));
      wake();
      return answer;
    },
    async list(numbers, wait) {
      const select = () => readTests().filter(({ number }) => numbers.length === 0 || numbers.includes(number));
      const missing = numbers.filter((number) => !select().some((test) => test.number === number));
      if (missing.length > 0) throw new LabError('user', `there is no test ${missing.join(', ')}`);
      const look = async () => {
        const track = await currentTrack();
        return select().map((test) => view(test, track));
      };
      const found = await look();
      if (!wait || !found.some(({ state }) => state === 'open')) return found;
      await new Promise<void>((resolve) => {
        const finish = () => {
          clearTimeout(timer);
          waiters.delete(finish);
          resolve();
        };
        const timer = setTimeout(finish, lookMs);
        waiters.add(finish);
      });
      return await look();
    },
    problem: () => problem,
    async stop() {
      isStopped = true;
      wake();
      for (const tell of [...waiters]) tell();
      await turn.catch(() => undefined);
      // Not the watching itself: it may wait for a change of the book that never comes.
      void watching;
    },
  };
}
