/**
 * The door of the queue: from requests to jobs that are safe on disk, one or thousands, all or none. What many jobs share is done once:
 * the snapshot, the check of frozen files, the track, the refs in one transaction of git. What one job may ask is add-job.ts's.
 */
import type { BookedJob } from '../../queue/job-book.ts';
import { jobFolder } from '../../queue/job-store.ts';
import { formatPause } from '../domain/group-pause.ts';
import type { DeviceClass } from '../domain/run.ts';
import { formatLocalTime } from '../domain/time.ts';
import { LabError } from '../errors/lab-error.ts';
import { findCommit } from '../git/repository.ts';
import { runGit } from '../git/run-git.ts';
import { ensureFrozen } from '../rules/frozen.ts';
import { bindTrack } from '../rules/track-store.ts';
import { judgingOf } from '../stats/against-baseline.ts';
import { chooseModel, viewTrack } from '../stats/track-view.ts';
import { type AddContext, type AskedJob, describeEntry, describeJob, ensureBridge, parseAsked } from './add-job.ts';
import { type Before, orderRequests } from './batch-order.ts';
import { type BuiltOn, findBuiltOn, listBases } from './experiment-base.ts';
import { findExperiment, type JobSource, sourceKey, takeSource } from './job-source.ts';
import { findKnownJobs } from './known-jobs.ts';
import type { AddedJob, AddRequest } from './routes.ts';
import { scoredRunsOf } from './scored-runs.ts';

/** How many run folders are written at once. */
const writersAtOnce = 16;

/** How many passed checks of frozen files are remembered. */
const rememberedChecks = 256;

/** A request's job, made now or by the same request before. */
export interface QueuedJob {
  booked: BookedJob;
  response: AddedJob;
}

/**
 * Queues the jobs of one submission, in their order. A request whose key is known gives the job that it made. Throws LabError with what
 * was wrong, also where a key stands for another job; nothing is left of refused ones but unused numbers.
 */
export async function addJobs(context: AddContext, requests: readonly AddRequest[]): Promise<QueuedJob[]> {
  const { book } = context;
  ensureOwnKeys(requests);
  const known = findKnownJobs(book, requests);
  const fresh = requests.filter(({ key }) => !known.has(key));
  const made = fresh.length === 0 ? [] : await createJobs(context, fresh);
  const byKey = new Map(made.map((job) => [job.booked.job.key, job]));
  return requests.map(({ key }) => {
    const booked = known.get(key);
    const queued = booked === undefined ? byKey.get(key) : describeKnown(booked);
    if (queued === undefined) throw new LabError('internal', `the request ${key} made no job`);
    return queued;
  });
}

function describeKnown(booked: BookedJob): QueuedJob {
  const { number, commit, snapshot } = booked.job;
  return {
    booked,
    response: { number, commit, snapshot, untracked: [], notes: ['asked before: this is the same job'] },
  };
}

function ensureOwnKeys(requests: readonly AddRequest[]): void {
  const seen = new Set<string>();
  for (const { key } of requests) {
    if (seen.has(key))
      throw new LabError('usage', `the key "${key}" is given to two jobs, expected one of its own each`);
    seen.add(key);
  }
}

async function createJobs(context: AddContext, requests: readonly AddRequest[]): Promise<QueuedJob[]> {
  const { paths, config, main } = context;
  const asked = requests.map((request) => parseAsked(context, request));
  const before = orderRequests(requests, (key) => context.book.findKey(key)?.job.number ?? null);
  const tip = await findCommit(paths.root, main);
  if (tip === null) {
    throw new LabError('user', `the branch ${main} has no commit yet, expected one with lab.yaml in it`, {
      hints: ['`git add -A && git commit -m start`'],
    });
  }
  await ensureCommits(context, requests);
  const sources = new Map<string, JobSource>();
  try {
    for (const { request, command } of asked) {
      const key = sourceKey(request);
      if (sources.has(key)) continue;
      const subject =
        requests.length === 1 ? (request.label ?? request.command ?? '') : `${request.label ?? command} …`;
      sources.set(key, await takeSource({ paths, config, tip }, request, subject));
    }
    const sourceOf = (request: AddRequest): JobSource => {
      const source = sources.get(sourceKey(request));
      if (source === undefined) throw new LabError('internal', `no source was taken for ${request.key}`);
      return source;
    };
    const isolated = new Set(requests.filter(({ here }) => !here).map((request) => sourceOf(request).commit));
    for (const commit of isolated) await ensureFrozenOnce(context, tip, commit);
    const track = await bindTrack(paths, config, main);
    const champions = findChampions(context, asked, track);
    const experiments = new Map<string, string | null>();
    for (const { checkout } of requests)
      if (!experiments.has(checkout)) experiments.set(checkout, await findExperiment(paths, checkout));
    const builtOn = new Map<string, BuiltOn | null>();
    const codeOf = (request: AddRequest) => `${sourceOf(request).commit} ${request.here}`;
    const bases = listBases(scoredRunsOf(context.book), track);
    for (const { request } of asked) {
      const isByHand = request.kind === 'plain' && request.base === null;
      if (!isByHand || (request.experiment ?? experiments.get(request.checkout) ?? null) === null) continue;
      const code = codeOf(request);
      if (builtOn.has(code)) continue;
      builtOn.set(code, await findBuiltOn(paths.root, main, sourceOf(request).commit, bases, request.here));
    }
    return await bookAll(context, { asked, before }, sources, (job, number) =>
      describeJob(context, job, {
        number,
        source: sourceOf(job.request),
        track,
        experiment: experiments.get(job.request.checkout) ?? null,
        champion: champions.get(job.device) ?? null,
        builtOn: builtOn.get(codeOf(job.request)) ?? null,
      }),
    );
  } finally {
    // Only where the jobs' own refs did not take over. One that stays is swept at the daemon's next start.
    for (const { ref } of sources.values())
      if (ref !== null) await runGit(paths.root, ['update-ref', '-d', ref]).catch(() => undefined);
  }
}

/** Throws LabError (user) where a hash that a request names is no commit here. */
async function ensureCommits({ paths }: AddContext, requests: readonly AddRequest[]): Promise<void> {
  const hashes = new Set(requests.flatMap(({ base, commit }) => [base, commit]));
  for (const hash of hashes) {
    if (hash === null || (await findCommit(paths.root, hash)) === hash) continue;
    throw new LabError('user', `${hash} is no commit of ${paths.root}, expected one to run or to compare with`, {
      hints: ['`git log --oneline --all` lists the commits'],
    });
  }
}

/** The check of frozen files, remembered where it passed: it depends on nothing but the two commits and the configuration. */
async function ensureFrozenOnce(
  { paths, config, main, passed }: AddContext,
  tip: string,
  commit: string,
): Promise<void> {
  const key = JSON.stringify([tip, commit, config.rules, config.commands]);
  if (passed.has(key)) return;
  await ensureFrozen(paths.root, main, commit, config.rules, config.commands);
  const [oldest] = passed;
  if (oldest !== undefined && passed.size >= rememberedChecks) passed.delete(oldest);
  passed.add(key);
}

/** The champion's commit by device class; also looks at what bridges bring. */
function findChampions(context: AddContext, asked: AskedJob[], track: string): Map<DeviceClass, string | null> {
  const { config, book, devices } = context;
  const runs = scoredRunsOf(book);
  const found = new Map<DeviceClass, string | null>();
  for (const { request, device } of asked) {
    const models = devices.get(device) ?? [];
    if (request.kind === 'bridge') ensureBridge(context, request, track, runs, models);
    if (found.has(device)) continue;
    const view = viewTrack(runs, track, chooseModel(runs, track, device, models), judgingOf(config));
    found.set(device, view.champion?.commit ?? null);
  }
  return found;
}

/** Numbers the jobs, points all refs at their commits in one transaction, and writes the folders, some at a time. */
async function bookAll(
  { paths, book, groups }: AddContext,
  { asked, before }: { asked: AskedJob[]; before: Before[][] },
  sources: Map<string, JobSource>,
  describe: (job: AskedJob, number: number) => ReturnType<typeof describeJob>,
): Promise<QueuedJob[]> {
  const numbers: number[] = [];
  let release: (refs: Promise<unknown>) => void = () => undefined;
  const refs = new Promise<unknown>((resolve) => {
    release = resolve;
  });
  const turns = createTurns(writersAtOnce);
  const entries = asked.map(({ request }) => describeEntry(request));
  const bookings: Promise<BookedJob>[] = asked.map(async (job, place) => {
    let hasTurn = false;
    try {
      return await book.create(async (number) => {
        // All numbers are taken before anything is waited for, so that they are in the order of the requests.
        numbers.push(number);
        await refs;
        // No folder may name a job that is not written: after a crash its number would stand for nothing.
        for (const one of before[place] ?? []) if ('place' in one) await bookings[one.place];
        await turns.take();
        hasTurn = true;
        return describe(job, number);
      }, entries[place]);
    } finally {
      if (hasTurn) turns.give();
    }
  });
  const settled = Promise.allSettled(bookings);
  // All have their numbers by now and none is written.
  for (const [place, list] of before.entries())
    for (const one of list)
      entries[place]?.after?.push({ job: 'number' in one ? one.number : (numbers[one.place] ?? 0), any: one.any });
  release(
    numbers.length === asked.length ? writeRefs(paths.root, asked, numbers, sources) : Promise.reject(unnumbered()),
  );
  const results = await settled;
  const made = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  // The first reason is the one that says what is wrong: where a number could not be taken, the others only say that none is written.
  const reasons = results.flatMap((result): unknown[] => (result.status === 'rejected' ? [result.reason] : []));
  if (reasons.length > 0) {
    await withdraw(book, made);
    throw reasons.find((reason) => !isUnnumbered(reason)) ?? reasons[0];
  }
  return made.map((booked, place) => {
    const { number, commit, snapshot } = booked.job;
    const request = asked[place]?.request;
    const source = request === undefined ? undefined : sources.get(sourceKey(request));
    const { group, forced, stashed } = booked.entry;
    const isHeldUp = groups.get(group).isPaused && !forced && !stashed;
    const why = formatPause(groups.get(group));
    const paused = isHeldUp ? [`${why}; \`lab start --group ${group}\` goes on`] : [];
    const own = [...(source?.notes ?? []), ...(asked[place]?.notes ?? [])];
    const notes = [...own, ...paused, `run folder ${jobFolder(paths.runs, number)}`];
    return { booked, response: { number, commit, snapshot, untracked: source?.untracked ?? [], notes } };
  });
}

const unnumberedText = 'not every job of the submission got a number';

const unnumbered = (): LabError => new LabError('internal', unnumberedText);

const isUnnumbered = (reason: unknown): boolean => reason instanceof LabError && reason.message === unnumberedText;

/** Points the jobs' refs at their commits and drops the snapshots' temporary ones, in one transaction. */
async function writeRefs(
  root: string,
  asked: AskedJob[],
  numbers: number[],
  sources: Map<string, JobSource>,
): Promise<void> {
  const lines = asked.map(({ request }, place) => {
    const commit = sources.get(sourceKey(request))?.commit ?? '';
    return `update refs/nightlab/jobs/${numbers[place] ?? ''} ${commit}\n`;
  });
  const kept = [...sources.values()].filter(({ ref }) => ref !== null);
  for (const { ref } of kept) lines.push(`delete ${ref ?? ''}\n`);
  await runGit(root, ['update-ref', '--stdin'], { input: lines.join('') });
  for (const source of kept) source.ref = null;
}

/**
 * Takes out again what was written of a submission that failed half-way, so that the same one can be asked for again. Throws LabError (user)
 * that names what could not be taken out.
 */
async function withdraw(book: AddContext['book'], made: BookedJob[]): Promise<void> {
  const removedAt = formatLocalTime(new Date());
  const stuck: number[] = [];
  let cause: unknown = null;
  for (const { job } of made) {
    try {
      await book.setEntry(job.number, (entry) => ({ ...entry, removedAt, isWithdrawn: true }));
    } catch (error) {
      stuck.push(job.number);
      cause = error;
    }
  }
  if (stuck.length === 0) return;
  throw new LabError('user', `the batch failed half-way, and these of its jobs stay queued: ${stuck.join(', ')}`, {
    hints: [`\`lab kill ${stuck.join(' ')}\` takes them out`],
    cause,
  });
}

/** Lets `free` at once have a turn, the others in the order in which they asked. */
function createTurns(free: number): { take(): Promise<void>; give(): void } {
  let left = free;
  const waiting: (() => void)[] = [];
  return {
    async take() {
      if (left > 0) left -= 1;
      else await new Promise<void>((resolve) => waiting.push(resolve));
    },
    give() {
      const next = waiting.shift();
      if (next === undefined) left += 1;
      else next();
    },
  };
}
